"""Releasing leases and pins: their labels go, from each copy by itself."""

from collections.abc import Callable
from collections.abc import Iterable
import logging

from imagecache_handlers.actions.listing import find_copies
from imagecache_handlers.actions.means import Means
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.labels import check_owner
from imagecache_handlers.labels import lease_label
from imagecache_handlers.model import CachedImage

LOG = logging.getLogger(__name__)


def release_leases(
    means: Means, image_id: str, owner: str, store: str | None
) -> list[CachedImage]:
    """End an owner's leases; the copies that bore one are returned."""
    check_owner(owner)
    copies = find_copies(means.handler, means.key_of(image_id), store)
    label = lease_label(owner, means.clocks.now())

    def end_leases(image: CachedImage) -> None:
        leases = image.marks.labels_of('lease', owner)
        if image.users is None:
            # Until the control plane is asked again, only the time at
            # which the lease ended tells of who was made under it.
            means.handler.mark(image, {label}, leases - {label})
        else:
            means.handler.mark(image, (), leases)

    return _end_labels(copies, 'lease', owner, end_leases)


def remove_pins(
    means: Means, image_id: str, owner: str, store: str | None
) -> list[CachedImage]:
    """Remove an owner's pins; the copies that bore one are returned."""
    check_owner(owner)
    copies = find_copies(means.handler, means.key_of(image_id), store)
    return _end_labels(
        copies, 'pin', owner, lambda one: means.handler.unpin(one, owner)
    )


def _end_labels(
    copies: Iterable[CachedImage],
    kind: str,
    owner: str,
    change: Callable[[CachedImage], None],
) -> list[CachedImage]:
    bearing = [one for one in copies if one.marks.labels_of(kind, owner)]
    errors = [error for one in bearing if (error := _try_change(change, one))]
    if errors:
        raise errors[0]
    return bearing


def _try_change(
    change: Callable[[CachedImage], None], image: CachedImage
) -> CacheError | None:
    """Change one image; what fails must not keep the others from it."""
    try:
        change(image)
    except ImageNotFound:
        LOG.debug('Image %s went, and its labels', image.image_id)
    except CacheError as error:
        return error
    return None
