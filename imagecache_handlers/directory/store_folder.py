"""Store folder: opened, with what goes wrong in our own words."""

from collections.abc import Iterator
import contextlib
import errno
import os
import pwd

from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import answering
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import flock
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextlib.contextmanager
def opened(store: str) -> Iterator[int]:
    """Open the folder of a store; what fails meanwhile is the store's."""
    with (
        translated(store),
        closing(answering.open_folder(store)) as fd,
        _naming_owner(fd),
    ):
        yield fd


@contextlib.contextmanager
def _naming_owner(fd: int) -> Iterator[None]:
    """Say of what this user may not do in an open folder who may."""
    try:
        yield
    except PermissionError as error:
        owner = os.fstat(fd).st_uid
        if os.geteuid() in (0, owner):
            raise
        why = f'{error.strerror}: run this as {_name_users(owner)}'
        raise PermissionError(error.errno, why, error.filename) from error


def _name_users(owner: int) -> str:
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    return f'{name}, who owns the folder, or root' if owner else name


@contextlib.contextmanager
def changing(store: str, name: str) -> Iterator[int]:
    """Open it, and keep others from changing a file or its sidecar."""
    with opened(store) as fd, hold_image(fd, name):
        yield fd


def hold_image(
    fd: int, name: str, patience: float | None = None
) -> contextlib.AbstractContextManager[int]:
    """Keep others from changing a file, or its sidecar, in an open folder.

    :raises TimeoutError: when somebody holds it for very long.
    """
    lock = sidecar.path(name, sidecar.LOCK)
    return flock.held(fd, lock, patience=patience)


@contextlib.contextmanager
def translated(store: str) -> Iterator[None]:
    """Say of any failure that the store is unavailable, and why."""
    try:
        yield
    except OSError as error:
        kind = StoreFull if error.errno in _NO_ROOM else StoreUnavailable
        raise kind(store, _explain_error(store, error)) from error


def _explain_error(store: str, error: OSError) -> str:
    why = error.strerror or str(error)
    # Names that are opened were checked, or are the operator's own.
    path = error.filename
    return why if path in (None, store) else f'{path}: {why}'
