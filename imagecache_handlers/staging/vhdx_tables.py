"""VHDX tables: where a vhdx tells its size, or that it never will.

oslo.utils reads both tables anew at each piece of a file that does not tell,
to its end: minutes for each GiB.
"""

from collections.abc import Iterator
import os
import struct
import uuid

_MAGIC = b'vhdxfile'
_REGIONS, _TABLE = 192 * 2**10, 2**16
_ENTRY = 32
_REGION = uuid.UUID('8b7ca206-4790-4b9a-b8fe-575f050f886e').bytes_le
_SIZE = uuid.UUID('2fa54224-cd1b-4876-b211-5dbed83bf4b8').bytes_le
# No program writes these behind more than its log, and what lies before these
# has been read by then and never comes.
_FURTHEST = 2**26
_FIRST_REGION, _FIRST_ITEM = 2**20, 2**16
_SIZE_OF_SIZE = 8
_BROKEN = 'it begins as a vhdx, and its tables tell no size'


def explain_tables(fd: int) -> str | None:
    """Say why nobody is to read such a file on; None: it is fine, or no vhdx.

    So many of its bytes are read, whatever is in them.
    """
    if os.pread(fd, len(_MAGIC), 0) != _MAGIC:
        return None
    regions = _list_entries(fd, _REGIONS, b'regi', '<8xI', 16)
    at, _ = _find_place(regions, _REGION, '<QI')
    if not _FIRST_REGION <= at <= _FURTHEST:
        return _BROKEN
    items = _list_entries(fd, at, b'metadata', '<10xH', _ENTRY)
    place, length = _find_place(items, _SIZE, '<II')
    is_near = _FIRST_ITEM <= place <= _FURTHEST - at
    return None if is_near and length == _SIZE_OF_SIZE else _BROKEN


def _list_entries(
    fd: int, at: int, sign: bytes, count: str, begin: int
) -> Iterator[bytes]:
    table = os.pread(fd, _TABLE, at)
    if len(table) < begin or not table.startswith(sign):
        return
    (many,) = struct.unpack_from(count, table)
    for place in range(begin, min(begin + many * _ENTRY, _TABLE), _ENTRY):
        yield table[place : place + _ENTRY]


def _find_place(
    entries: Iterator[bytes], wanted: bytes, form: str
) -> tuple[int, int]:
    """Give where that lies, and how long it is; nothing lies at 0."""
    for entry in entries:
        if entry.startswith(wanted) and len(entry) == _ENTRY:
            place, length = struct.unpack_from(form, entry, len(wanted))
            return int(place), int(length)
    return 0, 0
