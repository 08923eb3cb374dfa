"""Unmanaged: files with a sidecar that is not theirs, which nobody sees else.

They were restored, copied or written to.  By their sidecar nothing can be
told of them, so they are foreign; but who did that took them for images.
"""

from collections.abc import Iterable
import logging

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout

LOG = logging.getLogger(__name__)

_TEXT = (
    'Store %s: files with a sidecar that is not theirs (%d, such as %s), '
    'restored, copied or written to since: they are not managed and stay. '
    'Move each away with its sidecar, and add it anew'
)


def tell(layout: Layout, store: str, fd: int, names: Iterable[str]) -> None:
    """Warn of those among what might be an image and was found to be none."""
    found = [
        name
        for name in names
        # One may have come since the others were looked at, or be going.
        if folder.regular(fd, name)
        and layout.find(fd, name) is None
        and folder.regular(fd, name)
    ]
    if found:
        LOG.warning(_TEXT, store, len(found), min(found))
