"""Lock files: each held by one process or thread, and gone afterwards."""

from collections.abc import Iterator
import contextlib
import fcntl
import os
import time

from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory.closing import closing

# Nobody holds one longer than a few small writes take.
PATIENCE = 30.0
_PAUSE = 0.01

# Never through a symlink, and never waiting for the other end of a pipe.
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextlib.contextmanager
def held(folder: int, entry: str, mode: int = 0o600) -> Iterator[int]:
    """Make a lock file, hold it and remove it; gives its descriptor.

    A lock whose holder died is free at once, for the kernel lets go of it.

    :raises TimeoutError: when somebody holds it for very long.
    """
    deadline = time.monotonic() + PATIENCE
    while (fd := _take(folder, entry, mode)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f'{entry} was locked for {PATIENCE:.0f} s')
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
def turn(folder: int, *, alone: bool = False) -> Iterator[None]:
    """Lock an open folder itself, with others or alone, for a moment.

    :raises TimeoutError: when somebody else has it for very long.
    """
    how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    deadline = time.monotonic() + PATIENCE
    while not _lock(folder, how):
        if time.monotonic() > deadline:
            raise TimeoutError(f'it was locked for {PATIENCE:.0f} s')
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        # Closing it, soon, does that too.
        with contextlib.suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_UN)


def is_held(folder: int, entry: str) -> bool:
    """Tell if a lock file is there and somebody holds it."""
    try:
        fd = os.open(entry, _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        return False
    with closing(fd):
        return not _lock(fd)


def _take(folder: int, entry: str, mode: int) -> int | None:
    fd = os.open(entry, _FLAGS | os.O_CREAT, mode, dir_fd=folder)
    with contextlib.ExitStack() as stack:
        stack.callback(close, fd)
        if _lock(fd) and _is_there(folder, entry, fd):
            stack.pop_all()
            return fd
    return None


def _lock(fd: int, how: int = fcntl.LOCK_EX) -> bool:
    try:
        # Not lockf(), which lets another handle of the same process in.
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_there(folder: int, entry: str, fd: int) -> bool:
    """Tell if the path still leads to what was locked."""
    try:
        there = os.stat(entry, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))
