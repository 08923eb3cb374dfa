"""Nova's own lock files, by which its processes take turns at an image.

They lie in ``<instances_path>/locks`` and are locked as fasteners does it,
with ``fcntl(2)``.  They are never removed here: a process that waits for one
would not notice, and share its turn with whoever makes the next.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import errno
import fcntl
import os
import struct

from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory.folder import give_away
from imagecache_handlers.exceptions import ImageBusy

_FOLDER = 'locks'
_PREFIX = 'nova-'
_TRIES = 10

_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAKE = _OPEN | os.O_CREAT | os.O_EXCL
# Type, whence, start, length and, to the end of the file, whose it is.
_WHOLE = struct.pack('hhqqi0q', fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


@contextlib.contextmanager
def held(
    instance_paths: Iterable[str], names: Collection[str]
) -> Iterator[None]:
    """Hold Nova's locks of these files, where Nova keeps any.

    :raises ImageBusy: when Nova holds one of them.
    """
    seen = set()
    with contextlib.ExitStack() as stack:
        for path in instance_paths:
            try:
                fd = os.open(
                    os.path.join(path, _FOLDER), os.O_RDONLY | os.O_DIRECTORY
                )
            except FileNotFoundError:
                continue
            stack.callback(close, fd)
            found = os.fstat(fd)
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                for name in names:
                    stack.callback(close, _take(fd, name))
        yield


def _take(folder: int, name: str) -> int:
    entry = f'{_PREFIX}{name}'
    for _ in range(_TRIES):
        try:
            fd = _opened(folder, entry)
        except FileNotFoundError:
            continue  # removed again while it was opened
        with contextlib.ExitStack() as stack:
            stack.callback(close, fd)
            if not _lock(fd):
                break
            # Nova removes the lock of an image that it has removed.
            if _is_there(folder, entry, fd):
                stack.pop_all()
                return fd
    raise ImageBusy(name, f'Nova holds its lock {entry}')


def _opened(folder: int, entry: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        return os.open(entry, _OPEN, dir_fd=folder)
    try:
        fd = os.open(entry, _MAKE, 0o644, dir_fd=folder)
    except FileExistsError:
        return os.open(entry, _OPEN, dir_fd=folder)
    give_away(fd, os.fstat(folder))
    return fd


def _lock(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _WHOLE)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _is_there(folder: int, entry: str, fd: int) -> bool:
    try:
        there = os.stat(entry, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))
