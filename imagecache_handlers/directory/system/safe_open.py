"""Safe opening of folders and files: nobody else can lead us elsewhere.

Who owns a folder may swap what lies in it at any time: a symlink there
would have root read, or write, wherever its owner likes.
"""

import errno
import os
import pwd
import stat

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing

# So many links no honest path has; the kernel gives up at as many.
_MOST_LINKS = 40

# As whom the kernel shows those that a namespace of users has no number for.
_OUTSIDE = 65534
_EVERYBODY = ['0', '0', '4294967295']

# Without a right to read it, as in a folder of mode 711.
_STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Never through a symlink, never waiting for the other end of a pipe.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_folder(path: str) -> int:
    """Open a folder by its whole path, component by component.

    A symlink is followed only if root or we own it and its folder, and
    nobody else may write there; below a folder of others none is.

    :raises OSError: its text tells which component it is, and whose.
    """
    walk = _Walk(path)
    try:
        while walk.names:
            walk.step(walk.names.pop())
        return os.open('.', _FOLDER, dir_fd=walk.fd)
    except OSError as error:
        raise OSError(error.errno, error.strerror, walk.path) from error
    finally:
        close(walk.fd)


def open_file(folder: int, name: str, flags: int, mode: int = 0o600) -> int:
    """Open one entry of an open folder, never what lies elsewhere.

    :raises OSError: when it is a symlink, or cannot be opened.
    """
    if '/' in name or name in ('', '.', '..'):
        raise OSError(errno.EINVAL, 'not the name of a file', name)
    return os.open(name, flags | _FILE, mode, dir_fd=folder)


def swapped_by(path: str, owner: int) -> str | None:
    """Say who could put another folder in place of one that is opened.

    None: nobody but root, we and its owner.
    """
    walk = _Walk(path)
    try:
        while walk.names:
            if why := others(os.fstat(walk.fd), owner):
                return f'{why} {walk.path}'
            walk.step(walk.names.pop())
    finally:
        close(walk.fd)
    return None


def others(found: os.stat_result, *known: int) -> str | None:
    """Say who else may change what lies in a folder.

    None: root, we and those that are known.  A sticky folder as /tmp keeps
    each from the entries of the others.
    """
    if found.st_uid not in (0, os.geteuid(), *known):
        told = f'user {found.st_uid} owns'
        return None if _is_outside(found.st_uid) else told
    if found.st_mode & stat.S_ISVTX:
        return None
    if found.st_mode & stat.S_IWOTH:
        return 'everybody may write in'
    if not found.st_mode & stat.S_IWGRP:
        return None
    if found.st_gid in (0, own_group(found.st_uid)):
        return None
    return f'group {found.st_gid} may write in'


def own_group(user: int) -> int | None:
    """Give the group that a user has of their own, as most have."""
    try:
        return pwd.getpwuid(user).pw_gid
    except KeyError:
        return None


def _is_outside(user: int) -> bool:
    """Tell if that is how those look who are not in our own namespace.

    Root is one of these in one that a user has made.
    """
    if user != _OUTSIDE:
        return False
    with open('/proc/self/uid_map', encoding='ascii') as file:
        return file.read().split() != _EVERYBODY


class _Walk:
    """Where we are on the way to a folder, and whether others lead us."""

    def __init__(self, path: str) -> None:
        if not os.path.isabs(path):
            raise OSError(errno.EINVAL, 'not a whole path, from /', path)
        self.names = _path_components(path)
        self.path = '/'
        self.fd = os.open('/', _STEP)
        self._links = 0
        self._others = others(os.fstat(self.fd))

    def step(self, name: str) -> None:
        """Enter the next folder, or turn to where a symlink leads."""
        if name == '..' and self._others:
            raise _refusal(f'.. where {self._others} a folder above it')
        self.path = os.path.normpath(os.path.join(self.path, name))
        fd, found = _enter_folder(self.fd, name)
        if stat.S_ISLNK(found.st_mode):
            with closing(fd):
                self._follow_link(os.readlink('', dir_fd=fd), found.st_uid)
        elif stat.S_ISDIR(found.st_mode):
            close(self.fd)
            self.fd = fd
            self._others = self._others or others(found)
        else:
            close(fd)
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    def _follow_link(self, target: str, owner: int) -> None:
        whose = f'a symlink of user {owner}'
        if self._others:
            raise _refusal(f'{whose}, where {self._others} a folder above it,')
        if owner not in (0, os.geteuid()):
            raise _refusal(whose)
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self.names += _path_components(target)
        self.path = os.path.dirname(self.path)
        if os.path.isabs(target):
            close(self.fd)
            self.fd, self.path = os.open('/', _STEP), '/'


def _path_components(path: str) -> list[str]:
    """Give the components of a path, the last one first."""
    names = reversed(path.split('/'))
    return [name for name in names if name not in ('', '.')]


def _enter_folder(folder: int, name: str) -> tuple[int, os.stat_result]:
    try:
        # This flag has an automounter mount what belongs there.
        fd = os.open(name, _STEP | os.O_DIRECTORY, dir_fd=folder)
    except NotADirectoryError:
        fd = os.open(name, _STEP, dir_fd=folder)
    return fd, os.fstat(fd)


def _refusal(why: str) -> OSError:
    return OSError(
        errno.ELOOP, f'{why} is not followed: configure where it leads'
    )
