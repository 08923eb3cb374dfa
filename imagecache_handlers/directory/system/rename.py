"""Renaming: a file gets a name in its folder that no other file has."""

from collections.abc import Callable
import ctypes
import errno
import functools
import os
from typing import Any

_NO_REPLACE = 1  # from renameat2(2)


def rename_alone(folder: int, old: str, new: str) -> None:
    """Rename an entry of a folder, unless something has that name.

    :raises FileExistsError: when something has; nothing was changed.
    :raises OSError: when it cannot be done so, or the entry is gone.
    """
    call = _find_call()
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    names = os.fsencode(old), os.fsencode(new)
    if call(folder, names[0], folder, names[1], _NO_REPLACE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@functools.cache
def _find_call() -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)
