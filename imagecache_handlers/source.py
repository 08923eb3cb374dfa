"""Source: where images come from, a stream of bytes that is what it says."""

from collections.abc import Iterator
import contextlib
import dataclasses
import errno
import io
import os
import stat
from typing import Any
from typing import BinaryIO
from typing import cast
from typing import Protocol
from typing import runtime_checkable

from imagecache_handlers.disk_head import disk_format
from imagecache_handlers.disk_head import disk_properties
from imagecache_handlers.disk_head import disk_size
from imagecache_handlers.disk_head import HEAD_SIZE
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import symlink_trust

_CHUNK = 2**20

# Never waiting for the other end of a pipe.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Source(Protocol):
    """Somewhere that an image comes from."""

    def opened(
        self, image_id: str
    ) -> contextlib.AbstractContextManager[tuple[ImageMeta, BinaryIO]]:
        """Tell what the image is, and give its bytes.

        Reading ends with an error unless they are all of its bytes.  Whatever
        is raised here, and by reading, is told as a ``SourceError``.
        """


class Hole(bytes):
    """Zeros of an image that nobody read or sent: ``Hole(count)``.

    They count for no rate.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of an image, from ``start`` to its end, in pieces.

    Those that need not be read or sent may come as a ``Hole``.
    """

    start: int
    chunks: Iterator[bytes]


class RangedSource(Protocol):
    """Somewhere that an image can be fetched from, from any byte on.

    Each method, and each piece, waits for a bounded time.  Whatever is
    raised is a ``SourceError``, whose ``retry`` tells if the same again may
    help.
    """

    def describe(self, image_id: str) -> ImageMeta:
        """Tell what the image is now; one that is not to be had raises."""

    def read_from(
        self, meta: ImageMeta, offset: int
    ) -> contextlib.AbstractContextManager[Stretch]:
        """Give the bytes from there on; from 0 where it cannot do that.

        They may end too early, as a connection does.  One thread enters,
        reads and leaves it, and another one may call ``describe``.
        """


@runtime_checkable
class Linkable(Protocol):
    """Content that is a whole file of this host, and stays as it is.

    Its ``fileno`` is that file's: by it the other name is known again.
    """

    def link_into(self, folder: int, name: str) -> bool:
        """Have the file appear in a folder (its descriptor), too.

        False: it lies on another file system, and has to be copied.

        :raises FileExistsError: when something of that name is there.
        """


@runtime_checkable
class Holed(Protocol):
    """Content that may know of zeros which nobody has to read."""

    def skip_hole(self) -> int:
        """Skip the zeros that come next, as far as known; tell how many."""


@dataclasses.dataclass(frozen=True, slots=True)
class LocalFile:
    """An image that is a file of this host."""

    path: str

    @contextlib.contextmanager
    def opened(self, image_id: str) -> Iterator[tuple[ImageMeta, BinaryIO]]:
        """Tell what the file is, and give its bytes.

        Reading ends with an error unless they are all the bytes of one and
        the same content.

        :raises SourceError: when it is not a regular file, cannot be read, or
            is changed meanwhile.
        """
        with contextlib.ExitStack() as stack:
            with _translate_errors(self.path):
                fd = os.open(self.path, _READ)
                stack.callback(os.close, fd)
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode):
                    raise SourceError(self.path, 'it is not a regular file')
                if why := symlink_trust.explain_refusal(self.path, found):
                    raise SourceError(self.path, why)
                head = os.pread(fd, HEAD_SIZE, 0)
                allocated = _count_allocated(fd, found.st_size)
            meta = ImageMeta(
                image_id=image_id,
                size=found.st_size,
                disk_format=disk_format(head),
                allocated=allocated,
                virtual_size=disk_size(head),
                properties=disk_properties(head),
            )
            content = _Content(_Steady(self.path, fd, found), _CHUNK)
            yield meta, cast(BinaryIO, content)


def _count_allocated(fd: int, size: int) -> int:
    """Count the bytes of a file that are not holes."""
    total = end = 0
    while end < size:
        begin = _next_data(fd, end)
        if begin is None:
            break
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        total += end - begin
    return total


def _next_data(fd: int, at: int) -> int | None:
    """Tell where a hole ends; None: the rest of the file is one."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return None


class _Steady(io.RawIOBase):
    """The bytes of a file that must not change while they are read."""

    def __init__(self, path: str, fd: int, found: os.stat_result) -> None:
        self._path = path
        self._fd = fd
        self._found = found
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        starts = {os.SEEK_CUR: self._at, os.SEEK_END: self._found.st_size}
        self._at = offset + starts.get(whence, 0)
        return self._at

    def next_data(self, at: int) -> int:
        with _translate_errors(self._path):
            found = _next_data(self._fd, at)
        return self._found.st_size if found is None else found

    def readinto(self, buffer: Any) -> int:
        with _translate_errors(self._path):
            size = os.preadv(self._fd, [buffer], self._at)
            self._at += size
            if not size:
                self._check_unchanged()
        return size

    def _check_unchanged(self) -> None:
        now, then = os.fstat(self._fd), self._found
        if (now.st_mtime_ns, now.st_size, self._at) != (
            then.st_mtime_ns,
            then.st_size,
            then.st_size,
        ):
            raise SourceError(self._path, 'it was changed while it was read')


class _Content(io.BufferedReader):
    """The same, a piece at a time; its holes need not be read."""

    raw: _Steady

    def skip_hole(self) -> int:
        at = self.tell()
        end = max(at, self.raw.next_data(at))
        self.seek(end)
        return end - at


@contextlib.contextmanager
def _translate_errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(path, error.strerror or str(error)) from error
