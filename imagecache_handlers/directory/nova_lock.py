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
import os
import secrets

from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory.closing import closing
from imagecache_handlers.directory.folder import give_away
from imagecache_handlers.directory import record_lock
from imagecache_handlers.directory import safe_open
from imagecache_handlers.exceptions import ImageBusy

PREFIX = 'nova-'
_FOLDER = 'locks'
_TRIES = 10


@contextlib.contextmanager
def held(
    instance_paths: Iterable[str], names: Collection[str]
) -> Iterator[None]:
    """Hold Nova's locks of these files, where Nova keeps any.

    In a process of Nova's own that would drop them: it lends its locks.

    :raises ImageBusy: when Nova holds one of them.
    """
    seen = set()
    with contextlib.ExitStack() as stack:
        for path in instance_paths:
            try:
                fd = safe_open.open_folder(os.path.join(path, _FOLDER))
            except FileNotFoundError:
                continue
            stack.callback(close, fd)
            found = os.fstat(fd)
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                for name in names:
                    stack.callback(close, _take(fd, name))
        yield


def busy(name: str) -> ImageBusy:
    return ImageBusy(name, f'Nova holds its lock {PREFIX}{name}')


def _take(folder: int, name: str) -> int:
    entry = f'{PREFIX}{name}'
    for _ in range(_TRIES):
        try:
            fd = _opened(folder, entry)
        except FileNotFoundError:
            continue  # removed again while it was opened
        with contextlib.ExitStack() as stack:
            stack.callback(close, fd)
            if not record_lock.take(fd):
                break
            # Nova removes the lock of an image that it has removed.
            if _is_there(folder, entry, fd):
                stack.pop_all()
                return fd
    raise busy(name)


def _opened(folder: int, entry: str) -> int:
    with contextlib.suppress(FileNotFoundError):
        return safe_open.open_file(folder, entry, os.O_RDWR)
    _make(folder, entry)
    return safe_open.open_file(folder, entry, os.O_RDWR)


def _make(folder: int, entry: str) -> None:
    """Make a lock that Nova can take, or none; one that is there stays.

    It gets its name last: from one that is not Nova's own, left by whoever
    died on the way, Nova could not start another machine of that image.
    """
    new = f'.{entry}.{secrets.token_hex(4)}'
    making = os.O_RDWR | os.O_CREAT | os.O_EXCL
    with closing(safe_open.open_file(folder, new, making, 0o644)) as fd:
        try:
            owner = os.fstat(folder)
            give_away(fd, owner)
            if os.fstat(fd).st_uid != owner.st_uid:
                why = f'run this as root, or as user {owner.st_uid}'
                raise OSError(errno.EPERM, f'{why}, whose locks these are')
            with contextlib.suppress(FileExistsError):
                os.link(new, entry, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(new, dir_fd=folder)


def _is_there(folder: int, entry: str, fd: int) -> bool:
    try:
        there = os.stat(entry, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))
