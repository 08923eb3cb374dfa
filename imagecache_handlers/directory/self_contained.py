"""Self-contained: an image that is added names no other file, nor else.

Whoever may upload an image would else have QEMU read files of the host
through it (CVE-2024-32498 and its kind).
"""

import os
import struct

from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import shown

_MOST_SHOWN = 3
_ADVICE = 'make one file of it first, with "qemu-img convert"'

# Where a header says that something lies below, wherever that is served.
_BACKING = {
    'qcow2': struct.Struct('>8xQI'),
    'qcow': struct.Struct('>8xQI'),
    'qed': struct.Struct('<56xII'),
}
_LONGEST_NAME = 1023
_FEATURES = struct.Struct('>4xI64xQ')  # of qcow2: its version, then these
_HAS_DATA_FILE = 1 << 2
_PARENT = b'parentfilenamehint'
_TEXT = 2**20


def explain_unfit(fd: int, size: int) -> str | None:
    """Say what an open image of that size names, and what to do.

    :raises OSError: when it cannot be read.
    """
    found = known_formats.read_header(fd, size)
    if found.below:
        names = list(dict.fromkeys(below.path for below in found.below))
        told = ', '.join(map(shown, names[:_MOST_SHOWN]))
        if len(names) > _MOST_SHOWN:
            told += f' and {len(names) - _MOST_SHOWN} more'
        return f'this {found.form} names {told}: {_ADVICE}'
    if found.problems:
        return (
            f'this {found.form} may name other files, for '
            f'{found.problems[0]}: {_ADVICE}'
        )
    told = _what_lies_below(fd, found.form)
    return f'this {found.form} names {told}: {_ADVICE}' if told else None


def _what_lies_below(fd: int, form: str) -> str:
    """Say what lies below an image on other hosts, where nothing does here."""
    head = os.pread(fd, _FEATURES.size, 0)
    where = _BACKING.get(form)
    if where is not None and len(head) >= where.size:
        at, size = where.unpack_from(head)
        if at and size:
            name = os.pread(fd, min(size, _LONGEST_NAME), at)
            return shown(os.fsdecode(name))
    if form == 'qcow2' and len(head) == _FEATURES.size:
        version, features = _FEATURES.unpack(head)
        if version > 2 and features & _HAS_DATA_FILE:
            return 'a data file of another host'
    if form == 'vmdk' and _PARENT in os.pread(fd, _TEXT, 0).lower():
        return 'a parent of another host'
    return ''
