"""Folder: where the stages of this host lie, which nobody else may enter."""

from collections.abc import Iterator
import contextlib
import os
import stat

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.staging.troubles import translated

_MODE = 0o700
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened_folder(path: str) -> Iterator[int]:
    """Give the folder, which is made where only its parent is there.

    :raises StoreUnavailable: when it is not ours, or others may enter it.
    """
    with translated(path):
        fd = _open_folder(path)
    with closing(fd):
        if why := _refuse_folder(os.fstat(fd)):
            raise StoreUnavailable(path, why)
        yield fd


def _open_folder(path: str) -> int:
    parent, name = os.path.split(os.path.normpath(path))
    above = safe_open.open_folder(parent)
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, _MODE, dir_fd=above)
        # Never through a symlink: it might lead into a folder of others.
        return os.open(name, _FOLDER, dir_fd=above)
    finally:
        close(above)


def _refuse_folder(found: os.stat_result) -> str | None:
    if found.st_uid != os.geteuid():
        return f'it belongs to user {found.st_uid}: name a folder of its own'
    if stat.S_IMODE(found.st_mode) & 0o077:
        return 'others may enter it: chmod 700'
    return None
