"""Lock files: each held by one process or thread, and gone afterwards."""

from collections.abc import Iterator
import contextlib
import fcntl
import os
import time

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import rights
from imagecache_handlers.directory.system import safe_open

# Nobody holds one longer than a few small writes take.
PATIENCE = 30.0
_PAUSE = 0.01
# A list waits for the few names that a label takes on a full disk.
MANNERS = 2.0
# For the owner of the folder alone: who may open one may hold it, for ever.
_MODE = 0o600
# Folders that somebody kept locked the last time, and how we would have.
_in_vain: set[tuple[int, int, int]] = set()


@contextlib.contextmanager
def held(
    folder: int, entry: str, *, patience: float | None = None
) -> Iterator[int]:
    """Make a lock file, hold it and remove it; gives its descriptor.

    A lock whose holder died is free at once, for the kernel lets go of it.

    :raises TimeoutError: when somebody holds it for very long.
    """
    patience = PATIENCE if patience is None else patience
    deadline = time.monotonic() + patience
    while (fd := _take_lock(folder, entry)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f'{entry} was locked for {patience:.0f} s')
        time.sleep(_PAUSE)
    with closing(fd):
        try:
            yield fd
        finally:
            # Only while it is held: whoever waits compares the inode.  One
            # that cannot be removed is free, and debris.
            with contextlib.suppress(OSError):
                os.unlink(entry, dir_fd=folder)


@contextlib.contextmanager
def folder_lock(folder: int, *, alone: bool = False) -> Iterator[None]:
    """Lock an open folder itself, with others or alone, for a moment.

    :raises TimeoutError: when somebody else has it for very long.
    """
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    found = os.fstat(folder)
    which = found.st_dev, found.st_ino, how
    patience = PATIENCE if alone else MANNERS
    # Whoever may read it may lock it, for ever: we wait for that once.
    deadline = time.monotonic() + (0 if which in _in_vain else patience)
    while not _lock_file(folder, how):
        if time.monotonic() > deadline:
            _in_vain.add(which)
            raise TimeoutError(f'it was locked for {patience:.0f} s')
        time.sleep(_PAUSE)
    _in_vain.discard(which)
    try:
        yield
    finally:
        # Closing it, soon, does that too.
        with contextlib.suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_UN)


def is_held(folder: int, entry: str) -> bool:
    """Tell if a lock file is there and somebody holds it, or may do so."""
    try:
        fd = safe_open.open_file(folder, entry, os.O_RDWR)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    with closing(fd):
        return not _lock_file(fd)


def try_lock(fd: int) -> bool:
    """Hold an open file until it is closed, unless somebody holds it."""
    return _lock_file(fd)


def _take_lock(folder: int, entry: str) -> int | None:
    try:
        fd = _open_lock(folder, entry)
    except FileNotFoundError:
        return None  # removed again while it was opened
    with contextlib.ExitStack() as stack:
        stack.callback(close, fd)
        if _lock_file(fd) and entries.is_open_as(folder, entry, fd):
            stack.pop_all()
            return fd
    return None


def _open_lock(folder: int, entry: str) -> int:
    with contextlib.suppress(FileExistsError):
        return rights.make(folder, entry, os.O_RDWR, _MODE)
    return safe_open.open_file(folder, entry, os.O_RDWR)


def _lock_file(fd: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        # Not lockf(), which lets another handle of the same process in.
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
