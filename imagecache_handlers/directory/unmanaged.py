"""Unmanaged: files with a sidecar that is not theirs, which are no images.

They were restored, copied or written to.  By their sidecar nothing can be
told of them, so they are foreign; but who did that took them for images.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import logging
import os

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.model import CachedImage

LOG = logging.getLogger(__name__)

_TEXT = (
    'Store %s: files with a sidecar that is not theirs (%d, such as %s), '
    'restored, copied or written to since: they are not managed and stay. '
    'Move each away with its sidecar, and add it anew'
)
_WHY = (
    'its file was restored, copied or written to since it was cached: it is '
    'not managed and stays; move it away with its sidecar, and fetch it anew'
)


def list_unmanaged(layout: Layout, store: str) -> list[CachedImage]:
    """List them, as ``CacheHandler.altered`` promises."""
    with opened(store) as fd:
        names = layout.list_names(folder.Listing.of(fd))
        found = dict(_find_unmanaged(layout, fd, names))
    return [
        _describe_file(layout, store, name, file)
        for name, file in sorted(found.items())
    ]


def warn_of_unmanaged(
    layout: Layout, store: str, fd: int, names: Iterable[str]
) -> None:
    """Warn of those among what might be an image and was found to be none."""
    found = dict(_find_unmanaged(layout, fd, names))
    if found:
        LOG.warning(_TEXT, store, len(found), min(found))


def _find_unmanaged(
    layout: Layout, fd: int, names: Iterable[str]
) -> Iterator[tuple[str, os.stat_result]]:
    for name in names:
        # One may have come since the others were looked at, or be going.
        if (
            folder.look_at_regular(fd, name)
            and layout.find_image(fd, name) is None
        ):
            found = folder.look_at_regular(fd, name)
            if found and layout.read_name(name):
                yield name, found


def _describe_file(
    layout: Layout, store: str, name: str, file: os.stat_result
) -> CachedImage:
    image_id, variant = layout.read_name(name) or (name, '')
    return CachedImage(
        image_id=image_id,
        store=store,
        location=name,
        variant=variant,
        size=folder.count_allocated(file),
        unknown=_WHY,
    )
