"""Qed: what the header of such a disk says of its backing file.

The form is that of ``docs/interop/qed_spec.rst`` in QEMU.
"""

import struct

from imagecache_handlers.directory.users.formats import names
from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved

FORM = 'qed'

_MAGIC = b'QED\0'
_FEATURES = struct.Struct('<16xQ')
_NAME = struct.Struct('<56xII')  # its offset and size
_HAS_BACKING = 1 << 0
_BACKING_IS_RAW = 1 << 2
_KNOWN_FEATURES = (1 << 3) - 1
_LONGEST_NAME = 1023


def is_one(disk: Disk) -> bool:
    return disk.head.startswith(_MAGIC)


def read(disk: Disk) -> Header:
    head = disk.all(0, _NAME.size)
    (features,) = _FEATURES.unpack_from(head)
    if features & ~_KNOWN_FEATURES:
        raise Unresolved(f'it has features that nobody knows: {features:#x}')
    if not features & _HAS_BACKING:
        return header(FORM)
    offset, size = _NAME.unpack_from(head)
    if not 0 < size <= _LONGEST_NAME:
        raise Unresolved(f'its backing file has {size} bytes at {offset}')
    form = 'raw' if features & _BACKING_IS_RAW else ''
    return header(FORM, [names.read(disk.all(offset, size), form)])
