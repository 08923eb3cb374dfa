"""Own folder: one beside images that nobody enters but who owns them."""

from collections.abc import Iterator
import contextlib
import errno
import os
import stat

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import rights
from imagecache_handlers.directory.system import safe_open

_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_SHUT = stat.S_IRWXG | stat.S_IRWXO


def find_own(folder: int, name: str) -> os.stat_result | None:
    """Look at the entry of that name, if it is such a folder."""
    found = entries.lstat(folder, name)
    if found is None or _explain_other(folder, found) is not None:
        return None
    return found


def make_own(folder: int, name: str) -> None:
    """Make the folder, unless it is there, and see that it is one.

    :raises OSError: when it cannot be made, or is open to others.
    """
    with contextlib.suppress(FileExistsError):
        rights.make_folder(folder, name)
    with opened_own(folder, name):
        pass


def make_ours(folder: int, name: str) -> None:
    """Make one for us alone, whomever the folder it lies in belongs to.

    :raises OSError: when it cannot be made, or is of others.
    """
    with contextlib.suppress(FileExistsError):
        _make_for_us(folder, name)
    with opened_ours(folder, name):
        pass


@contextlib.contextmanager
def opened_ours(folder: int, name: str) -> Iterator[int]:
    """Open one that is ours; what lies there is by our own hand alone.

    Whoever owns the folder it lies in may move it away, and not enter it.

    :raises FileNotFoundError: when it is not there.
    :raises OSError: when it is of others, or open to them.
    """
    with opened_own(folder, name) as fd:
        owner = os.fstat(fd).st_uid
        if owner != os.geteuid():
            why = f'it belongs to user {owner}: move it away'
            raise PermissionError(errno.EPERM, why, name)
        yield fd


@contextlib.contextmanager
def opened_own(folder: int, name: str) -> Iterator[int]:
    """Open the folder; what lies there is by its owner's hand, or root's.

    :raises FileNotFoundError: when it is not there.
    :raises OSError: when it is open to others.
    """
    with closing(_open_folder(folder, name)) as fd:
        if why := _explain_other(folder, os.fstat(fd)):
            raise PermissionError(errno.EPERM, why, name)
        yield fd


def _make_for_us(folder: int, name: str) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except PermissionError as error:
        raise _refuse_us(name) from error
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    # A share that squashes root makes it somebody else's.
    if found.st_uid != os.geteuid():
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=folder)
        raise _refuse_us(name)


def _refuse_us(name: str) -> PermissionError:
    why = f'user {os.geteuid()} can have no folder there: name one elsewhere'
    return PermissionError(errno.EPERM, why, name)


def _open_folder(folder: int, name: str) -> int:
    try:
        return safe_open.open_file(folder, name, _FOLDER)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


def _explain_other(folder: int, found: os.stat_result) -> str | None:
    """Say why that is not such a folder; None: it is."""
    there = os.fstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        return 'it is not a folder: move it away'
    if found.st_dev != there.st_dev:
        return 'it is mounted from elsewhere: unmount it'
    if not rights.is_owned(folder, found):
        return f'it belongs to user {found.st_uid}: move it away'
    if found.st_mode & _SHUT:
        return 'others may enter it: chmod go= it'
    return None
