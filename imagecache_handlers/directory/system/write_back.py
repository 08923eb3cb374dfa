"""Write-back: bytes are on their way to the disk before anybody waits."""

from collections.abc import Callable
import ctypes
import functools
from typing import Any

# From ``sync_file_range(2)``: begin, and wait for nothing.
_WRITE = 2


def begin(fd: int, at: int, size: int) -> None:
    """Have these bytes of a file written soon, where the system can do so.

    It promises nothing: they are on the disk after an ``fsync`` only, which
    takes less time then.
    """
    call = _find_call()
    if call is not None:
        call(fd, ctypes.c_int64(at), ctypes.c_int64(size), _WRITE)


@functools.cache
def _find_call() -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None), 'sync_file_range', None)
