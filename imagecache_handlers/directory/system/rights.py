"""Rights: who may write in a folder, and whose files there count.

Who owns a folder may do what they like in it, and root looks after it for
them.  Whatever anybody else has put there says nothing to us.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import ctypes
import errno
import functools
import os
import stat
from typing import Any

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import safe_open

_ACL = 'system.posix_acl_access'


def explain_problem(folder: int, path: str) -> str | None:
    """Say who may write in the folder of a store, and should not."""
    found = os.fstat(folder)
    if why := _open_to(folder, found, path):
        return why
    if why := safe_open.swapped_by(path, found.st_uid):
        return f'{why}, and could put another folder in its place'
    return None


def _open_to(folder: int, found: os.stat_result, path: str) -> str | None:
    if found.st_mode & stat.S_IWOTH:
        return f'everybody may write in it: chmod o-w {path}'
    if not found.st_mode & stat.S_IWGRP:
        return None
    if _has_acl(folder):
        return f'others may write in it by an ACL: setfacl -b {path}'
    if found.st_gid not in (0, safe_open.own_group(found.st_uid)):
        return f'group {found.st_gid} may write in it: chmod g-w {path}'
    return None


def counts(folder: int, found: os.stat_result) -> bool:
    """Tell if what a file beside an image says is to be believed.

    Root's, or ours, in a folder of others might be one from elsewhere that
    they gave a second name.
    """
    owner = os.fstat(folder).st_uid
    if found.st_uid == owner:
        return True
    ours = 0, os.geteuid()
    return found.st_uid in ours and (found.st_nlink == 1 or owner in ours)


def is_owned(folder: int, found: os.stat_result) -> bool:
    """Tell if a file is root's, ours, or its folder's owner's."""
    return found.st_uid in (0, os.geteuid(), os.fstat(folder).st_uid)


def make(folder: int, name: str, flags: int, mode: int) -> int:
    """Make a file that belongs to whom its folder belongs to.

    That is so from its first moment: root that dies leaves nothing which
    the owner of the folder could not open.

    :raises PermissionError: when it would belong to somebody else, whom
        nobody believes there.
    """
    flags |= os.O_CREAT | os.O_EXCL
    there = os.fstat(folder)
    with _acting_for(there):
        fd = safe_open.open_file(folder, name, flags, mode)
    try:
        # Where root may not act for others it may yet give away.
        if os.fstat(fd).st_uid != there.st_uid:
            os.fchown(fd, there.st_uid, there.st_gid)
    except OSError as error:
        close(fd)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        why = f'it belongs to user {there.st_uid}: be that user, or root'
        raise PermissionError(errno.EPERM, why) from error
    return fd


def make_folder(folder: int, name: str) -> None:
    """Make a folder for whom the one it lies in belongs to, and nobody else.

    :raises FileExistsError: when something of that name is there.
    """
    there = os.fstat(folder)
    with _acting_for(there):
        os.mkdir(name, 0o700, dir_fd=folder)
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if found.st_uid == there.st_uid:
        return
    with contextlib.suppress(OSError):
        os.rmdir(name, dir_fd=folder)
    why = f'it belongs to user {there.st_uid}: be that user, or root'
    raise PermissionError(errno.EPERM, why, name)


def _has_acl(folder: int) -> bool:
    try:
        return bool(os.getxattr(folder, _ACL))
    except OSError:
        return False


@contextlib.contextmanager
def _acting_for(owner: os.stat_result) -> Iterator[None]:
    """Have root make files in the name of another, in this thread only."""
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    user, group = _system_calls()
    was = group(owner.st_gid)
    user(owner.st_uid)
    try:
        yield
    finally:
        user(0)
        group(was)


@functools.cache
def _system_calls() -> tuple[Callable[..., Any], Callable[..., Any]]:
    libc = ctypes.CDLL(None)
    return libc.setfsuid, libc.setfsgid
