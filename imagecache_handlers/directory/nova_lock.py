"""Nova lock: the files by which its processes take turns at an image.

They lie in ``<instances_path>/locks`` and are locked as fasteners does it,
with ``fcntl(2)``.  They are never removed here: a process that waits for one
would not notice, and share its turn with whoever makes the next.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import errno
import os
import secrets
import stat

from imagecache_handlers.directory.folder import give_away
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import record_lock
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import ImageBusy

PREFIX = 'nova-'
_FOLDER = 'locks'
_TRIES = 10
_MAKING = os.O_RDWR | os.O_CREAT | os.O_EXCL
_LOCKED = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@contextlib.contextmanager
def opened_folders(instance_paths: Iterable[str]) -> Iterator[list[int]]:
    """Open the folders where Nova keeps its locks, each once."""
    folders: dict[tuple[int, int], int] = {}
    with contextlib.ExitStack() as stack:
        for path in instance_paths:
            try:
                fd = safe_open.open_folder(os.path.join(path, _FOLDER))
            except FileNotFoundError:
                continue
            stack.callback(close, fd)
            found = os.fstat(fd)
            folders.setdefault((found.st_dev, found.st_ino), fd)
        yield list(folders.values())


@contextlib.contextmanager
def held(folders: Iterable[int], names: Collection[str]) -> Iterator[None]:
    """Hold Nova's locks of these files, in open folders of them.

    In a process of Nova's own that would drop them: it lends its locks.

    :raises ImageBusy: when Nova holds one of them.
    """
    with contextlib.ExitStack() as stack:
        for fd in folders:
            for name in names:
                stack.callback(close, _take_lock(fd, name))
        yield


def busy(name: str) -> ImageBusy:
    return ImageBusy(name, f'Nova holds its lock {PREFIX}{name}')


def _held_by_others(name: str, fd: int) -> ImageBusy:
    # Whoever may read a file may lock it: that need not be Nova.
    process = record_lock.holder(fd) or 0
    who = f' (process {process})' if process > 0 else ''
    return ImageBusy(name, f"somebody holds Nova's lock {PREFIX}{name}{who}")


def _take_lock(folder: int, name: str) -> int:
    entry = f'{PREFIX}{name}'
    for _ in range(_TRIES):
        try:
            fd = _open_lock(folder, entry)
        except FileNotFoundError:
            continue  # removed again while it was opened
        with contextlib.ExitStack() as stack:
            stack.callback(close, fd)
            if not record_lock.take(fd):
                raise _held_by_others(name, fd)
            # Nova removes the lock of an image that it has removed.
            if entries.is_open_as(folder, entry, fd):
                stack.pop_all()
                return fd
    raise ImageBusy(name, f"Nova's lock {PREFIX}{name} comes and goes")


def _open_lock(folder: int, entry: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        return _opened_there(folder, entry)
    _make_lock(folder, entry)
    return _opened_there(folder, entry)


def _opened_there(folder: int, entry: str) -> int:
    """Open a lock that is there, unless it may be a file of elsewhere.

    Who may write in the folder could give root's own files such a name.

    :raises OSError: when it is not a regular file of that name alone.
    """
    with closing(safe_open.open_file(folder, entry, os.O_PATH)) as fd:
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
            _drop_new(folder, entry, found)
            found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, 'not a regular file', entry)
        if found.st_nlink > 1:
            why = 'that file has other names, and is not locked: remove it'
            raise OSError(errno.EMLINK, why, entry)
        try:
            return os.open(f'/proc/self/fd/{fd}', _LOCKED)
        except OSError as error:
            raise OSError(error.errno, error.strerror, entry) from error


def _drop_new(folder: int, entry: str, lock: os.stat_result) -> None:
    """Remove the names that a lock had while it was made, or ever since."""
    for name in os.listdir(folder):
        if name.startswith(f'.{entry}.'):
            with contextlib.suppress(OSError):
                there = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if os.path.samestat(there, lock):
                    os.unlink(name, dir_fd=folder)


def _make_lock(folder: int, entry: str) -> None:
    """Make a lock that Nova can take, or none; one that is there stays.

    It gets its name last: from one that is not Nova's own, left by whoever
    died on the way, Nova could not start another machine of that image.
    """
    if _is_ours(os.fstat(folder)):
        # Nova can take it from its first moment on.
        with contextlib.suppress(FileExistsError):
            close(safe_open.open_file(folder, entry, _MAKING, 0o644))
        return
    new = f'.{entry}.{secrets.token_hex(4)}'
    with closing(safe_open.open_file(folder, new, _MAKING, 0o644)) as fd:
        try:
            owner = os.fstat(folder)
            give_away(fd, owner)
            if os.fstat(fd).st_uid != owner.st_uid:
                why = f'run this as root, or as user {owner.st_uid}'
                raise OSError(errno.EPERM, f'{why}, whose locks these are')
            # Not by its name, which the folder's owner may have given to a
            # symlink meanwhile.
            with contextlib.suppress(FileExistsError):
                os.link(f'/proc/self/fd/{fd}', entry, dst_dir_fd=folder)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(new, dir_fd=folder)


def _is_ours(folder: os.stat_result) -> bool:
    """Tell if what we make belongs to whom a folder belongs to."""
    return (folder.st_uid, folder.st_gid) == (os.geteuid(), os.getegid())
