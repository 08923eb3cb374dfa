"""File source: an image that is a file of this host, holes and all."""

from collections.abc import Iterator
import contextlib
import dataclasses
from typing import BinaryIO

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Hole
from imagecache_handlers.source import Holed
from imagecache_handlers.source import LocalFile
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.checksums import parse_checksum
from imagecache_handlers.sources.pieces import PIECE

# Made once: most holes have many of it.
_ZEROS = Hole(PIECE)


class FileSource:
    """The image in a file, whatever id it is to have.

    ``checksum`` is ``sha256:...`` or ``sha512:...``; without it the bytes
    are believed as they are, and always read from the first.

    :raises SourceError: when ``checksum`` is of no use.
    """

    def __init__(self, path: str, checksum: str | None = None) -> None:
        self._path = path
        self._file = LocalFile(path)
        self.checksum = checksum and parse_checksum(checksum, path) or None

    def __str__(self) -> str:
        return self._path

    def describe(self, image_id: str) -> ImageMeta:
        """Tell what the file is now."""
        with self._open(image_id) as (meta, _):
            return meta

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        """Give the bytes from there on; from 0 if nothing verifies them.

        Those before may have been another content.
        """
        with self._open(meta.image_id) as (now, content):
            if (now.size, now.checksum) != (meta.size, meta.checksum):
                why = f'it had {meta.size:,} bytes, and now has {now.size:,}'
                raise SourceError(self._path, why)
            start = min(offset, now.size) if now.checksum else 0
            content.seek(start)
            yield Stretch(start, _read_pieces(content))

    @contextlib.contextmanager
    def _open(self, image_id: str) -> Iterator[tuple[ImageMeta, BinaryIO]]:
        with contextlib.ExitStack() as stack:
            try:
                opened = stack.enter_context(self._file.opened(image_id))
            except ValueError as error:
                raise SourceError(self._path, str(error)) from error
            meta, content = opened
            meta = dataclasses.replace(meta, checksum=self.checksum)
            yield meta, content


def _read_pieces(content: BinaryIO) -> Iterator[bytes]:
    """Give the rest; holes are not read."""
    while True:
        hole = content.skip_hole() if isinstance(content, Holed) else 0
        for _ in range(hole // PIECE):
            yield _ZEROS
        if hole % PIECE:
            yield Hole(hole % PIECE)
        piece = content.read(PIECE)
        if not piece:
            return
        yield piece
