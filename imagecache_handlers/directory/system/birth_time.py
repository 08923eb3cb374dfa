"""Birth time of a file: unlike its number, it is never given out again."""

from collections.abc import Callable
import ctypes
import functools
import os
import struct
from typing import Any

# From ``statx(2)``; Python has no call of it before 3.15.
_NO_FOLLOW, _ITSELF = 0x100, 0x1000
_BIRTH = 0x800
_FIELDS = struct.Struct('=I76xqI')  # mask, seconds and nanoseconds of birth
_Answer = ctypes.c_char * 256


def read(folder: int, entry: str = '') -> int | None:
    """Give the birth of an entry in nanoseconds; None: nobody knows.

    Without an entry it is that of what is open itself.
    """
    call = _find_statx()
    if call is None:
        return None
    answer = _Answer()
    flags = _NO_FOLLOW if entry else _ITSELF
    if call(folder, os.fsencode(entry), flags, _BIRTH, answer):
        return None
    mask, seconds, nanoseconds = _FIELDS.unpack_from(answer)
    return int(seconds * 10**9 + nanoseconds) if mask & _BIRTH else None


@functools.cache
def _find_statx() -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None), 'statx', None)
