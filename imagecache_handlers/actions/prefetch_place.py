"""Place of images on their way into a store: on which disk they are staged."""

import contextlib
import dataclasses
import os

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.means import Means
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.staging.bucket import Bucket
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stage import Stages


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where images are staged: ``is_there``, in their store itself.

    ``is_beside``: in another folder on the disk of that.
    """

    stages: Stages
    is_there: bool
    is_beside: bool


def find_place(means: Means, settings: PrefetchSettings, store: str) -> Place:
    """Tell where images for a store are staged."""
    handler = means.handler
    return Place(
        stages=_open_stages(means, settings, store),
        is_there=_is_staged_there(handler, settings, store),
        is_beside=_is_staged_beside(handler, settings, store),
    )


def _is_staged_there(
    handler: GuardedHandler, settings: PrefetchSettings, store: str
) -> bool:
    return settings.staging_path is None and handler.staging(store) is not None


def _is_staged_beside(
    handler: GuardedHandler, settings: PrefetchSettings, store: str
) -> bool:
    """Tell if ``staging_path`` is on the very disk of the store."""
    there = handler.staging(store)
    if settings.staging_path is None or there is None:
        return False
    disk = _find_disk(there)
    return disk is not None and disk == _find_disk(settings.staging_path)


def _find_disk(folder: str) -> int | None:
    # It may not be made yet; its parent is there, or it cannot be.
    for path in (folder, os.path.dirname(os.path.abspath(folder))):
        with contextlib.suppress(OSError):
            return os.stat(path).st_dev
    return None


def _open_stages(
    means: Means, settings: PrefetchSettings, store: str
) -> Stages:
    folder = settings.staging_path or means.handler.staging(store)
    return Stages(
        folder or _find_cache_folder(),
        limits=Limits(
            max_image_size=settings.max_image_size,
            memory=settings.conversion_memory,
            conversion_seconds=settings.conversion_seconds,
        ),
        clocks=means.clocks,
        bucket=Bucket(settings.max_rate, means.clocks),
    )


def _find_cache_folder() -> str:
    """Name the folder for what no handler has a place for."""
    home = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    os.makedirs(home, mode=0o700, exist_ok=True)
    return os.path.join(home, 'imagecache-staging')
