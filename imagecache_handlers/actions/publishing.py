"""Publishing: a verified image is listed, with the lease that keeps it."""

from imagecache_handlers.actions.prefetch_way import OWNER
from imagecache_handlers.actions.prefetch_way import Way
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import sha256_label
from imagecache_handlers.staging.staged_image import Stage


def publish_stage(way: Way, key: str, stage: Stage) -> Got:
    """Add what was verified, with its lease; unless it came meanwhile.

    :raises ImageExists: when a foreign object has that name.
    :raises ImageBusy: when it went as it came.
    """
    with stage.open_content() as (meta, content, sha256):
        timer = Timer(way.means.clocks)
        labels = {lease_label(OWNER, way.end_of_lease()), sha256_label(sha256)}
        try:
            way.means.handler.add(meta, content, way.store, labels)
        except ImageExists:
            # Ours by now, or a foreign object of that name.
            if way.lease_copies(key):
                return Got.EXISTING
            raise
    _keep_lease(way, key, timer)
    return Got.CACHED


def _keep_lease(way: Way, key: str, timer: Timer) -> None:
    """Renew the lease of what took long to be added.

    :raises ImageBusy: when it went meanwhile: its lease was over.
    """
    if timer.elapsed > way.ttl / 2 and not way.lease_copies(key):
        raise ImageBusy(key, 'it went as it came; ask for a longer lease')
