"""Stage file: the bytes of an image that are here, and no zeros of it."""

from collections.abc import Iterator
import contextlib
import os
import stat

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.system import sparse
from imagecache_handlers.directory.system import write_back
from imagecache_handlers.staging.troubles import translated

_CHUNK = 2**18
# So many bytes are sent on to the disk at once: it writes them in one go.
_BATCH = 2**23
_MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL


class StageFile:
    """A file that is written from its begin to its end, by one process."""

    def __init__(self, fd: int, folder: str) -> None:
        self._fd = fd
        self._folder = folder
        found = os.fstat(fd)
        self.size = self._sent = found.st_size
        # Which file it is, whatever has its name later.
        self.identity = found.st_dev, found.st_ino

    def write(self, piece: bytes) -> None:
        """Add bytes at the end; zeros take no room."""
        sparse.write(self._fd, piece, self.size)
        self.size += len(piece)
        if piece.endswith(b'\0'):
            # The next process sees by the size how far this one came.
            os.ftruncate(self._fd, self.size)
        self._send_on()

    def _send_on(self) -> None:
        """Have the disk begin with what was written, while more comes."""
        if self.size - self._sent >= _BATCH:
            write_back.begin(self._fd, self._sent, self.size - self._sent)
            self._sent = self.size

    def read_pieces(self) -> Iterator[bytes]:
        """Give what is there."""
        at = 0
        while piece := self._read_at(at):
            yield piece
            at += len(piece)

    def _read_at(self, at: int) -> bytes:
        with translated(self._folder):
            return os.pread(self._fd, _CHUNK, at)

    def clear(self) -> None:
        """Begin anew."""
        with translated(self._folder):
            os.ftruncate(self._fd, 0)
        self.size = self._sent = 0

    def cut(self) -> None:
        """Forget what a write that failed half-way has left."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self.size)


@contextlib.contextmanager
def opened_stage(folder: int, name: str, path: str) -> Iterator[StageFile]:
    """Give the file of that name, a new one where there is none of ours.

    ``path`` names the folder in errors.
    """
    with translated(path):
        fd = _open_file(folder, name)
    with closing(fd):
        yield StageFile(fd, path)


def make_file(folder: int, name: str) -> None:
    """Make an empty file in place of what has that name."""
    remove_file(folder, name)
    os.close(safe_open.open_file(folder, name, _MAKE))


def remove_file(folder: int, name: str) -> None:
    """Remove a file; none there is fine."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _open_file(folder: int, name: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        fd = safe_open.open_file(folder, name, os.O_RDWR)
        if _is_ours(os.fstat(fd)):
            return fd
        os.close(fd)
        os.unlink(name, dir_fd=folder)
    return safe_open.open_file(folder, name, _MAKE)


def _is_ours(found: os.stat_result) -> bool:
    """Tell if nobody else has that file, or had it.

    One with two names is in a cache by now: never written again.  One that
    was given away may be written by whom it was given to.
    """
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_nlink == 1
        and found.st_uid == os.geteuid()
    )
