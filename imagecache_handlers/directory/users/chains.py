"""Chains of files that lie below each other, and who uses all of them."""

import os
import stat

from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory.users import headers
from imagecache_handlers.directory.users.headers import Below
from imagecache_handlers.directory.users.values import shown
from imagecache_handlers.directory.users.values import Unresolved

# Device and inode: which file it is, by whatever name.
Identity = tuple[int, int]

# Never waiting for the other end of a pipe.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def is_disk(found: os.stat_result) -> bool:
    """Tell if something can be a disk at all: a file or a device of blocks."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode)


def below(path: str) -> tuple[Below, ...]:
    """Name the files right below a disk, as ``headers.read`` does."""
    fd = os.open(path, _READ)
    try:
        found = headers.read(fd, os.lseek(fd, 0, os.SEEK_END))
    finally:
        close(fd)
    if found.problems:
        raise Unresolved(found.problems[0])
    return found.below


class Chains:
    """The users of every file that lies below a disk.

    ``problems`` tells what could not be followed; each file is looked at
    once, however many lie above it.
    """

    def __init__(self) -> None:
        self.users: dict[Identity, set[str]] = {}
        self.problems: list[str] = []
        self._files: dict[str, Identity] = {}
        self._below: dict[str, list[Below]] = {}

    def tell(self, path: str, error: Exception) -> None:
        """Note what keeps the users of some file from being known."""
        why = str(error)
        if isinstance(error, OSError) and error.strerror:
            why = error.strerror
        self.problems.append(f'{shown(path)}: {why}')

    def add(self, user: str, folder: str, files: tuple[Below, ...]) -> None:
        """Make one the user of files, and of whatever lies below those.

        What cannot be followed does not keep the others from being.
        """
        pending = _from(folder, files)
        seen = set()
        for path, last in pending:
            try:
                file = self._files.get(path) or self._identity(path)
                self.users.setdefault(file, set()).add(user)
                # A chain that bites its tail has an end as well.
                if not last and file not in seen:
                    seen.add(file)
                    pending += self._next(path)
            except (OSError, ValueError) as error:
                self.tell(path, error)

    def _identity(self, path: str) -> Identity:
        found = os.stat(path)
        if not is_disk(found):
            raise Unresolved('is no disk')
        self._files[path] = identity(found)
        return self._files[path]

    def _next(self, path: str) -> list[Below]:
        if path not in self._below:
            self._below[path] = _from(os.path.dirname(path), below(path))
        return self._below[path]


def _from(folder: str, files: tuple[Below, ...]) -> list[Below]:
    # As QEMU does: from where the file that names them was found.
    return [
        Below(path if path.startswith('/') else f'{folder}/{path}', last)
        for path, last in files
    ]
