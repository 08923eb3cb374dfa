"""Contents: the bytes of an image, of that very file and no other."""

from collections.abc import Iterator
import contextlib
import io
import os
from typing import Any
from typing import BinaryIO
from typing import cast

from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.store_folder import translated
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.model import CachedImage

_CHUNK = 2**20


@contextlib.contextmanager
def opened_content(
    layout: Layout, store: str, image: CachedImage
) -> Iterator[BinaryIO]:
    """Give the bytes, as ``CacheHandler.content`` promises."""
    if layout.read_name(image.location) != (image.image_id, image.variant):
        raise ImageNotFound(image.image_id, 'no file here has that name')
    with opened(store) as fd:
        file = _open_image(layout, fd, image)
    with closing(file):
        bytes_of_it = _Bytes(store, file)
        yield cast(BinaryIO, io.BufferedReader(bytes_of_it, _CHUNK))


def _open_image(layout: Layout, fd: int, image: CachedImage) -> int:
    found = layout.find_image(fd, image.location)
    if found is None:
        raise ImageNotFound(image.image_id, 'that file is gone')
    if found.cached_at != image.cached_at:
        raise ImageNotFound(image.image_id, 'it was added again meanwhile')
    with contextlib.ExitStack() as stack:
        try:
            file = safe_open.open_file(fd, image.location, os.O_RDONLY)
        except FileNotFoundError:
            raise ImageNotFound(image.image_id, 'that file is gone') from None
        stack.callback(close, file)
        there = os.fstat(file)
        if (there.st_dev, there.st_ino) != found.identity:
            raise ImageNotFound(image.image_id, 'it was replaced meanwhile')
        stack.pop_all()
        return file


class _Bytes(io.RawIOBase):
    """An open file whose troubles are those of its store."""

    def __init__(self, store: str, fd: int) -> None:
        self._store = store
        self._fd = fd

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with translated(self._store):
            return os.readv(self._fd, [buffer])
