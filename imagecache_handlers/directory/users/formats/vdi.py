"""Vdi: whether such a disk is the difference to another one.

By the header of VirtualBox's disks, 1.1.  A parent is named by its UUID
alone; which file that is, only VirtualBox's registry knows.
"""

import struct

from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved

FORM = 'vdi'

_AT = 0x40
_MAGIC = bytes.fromhex('7f10dabe')
_VERSION = 0x10001
_FIELDS = struct.Struct('<4xI4xI')  # version, kind
_KINDS = frozenset([1, 2])  # growing, of fixed size
_PARENTS = 0x1A8, 32  # UUIDs of the parent, and of its last change


def is_one(disk: Disk) -> bool:
    return disk.head[_AT:].startswith(_MAGIC)


def read(disk: Disk) -> Header:
    version, kind = _FIELDS.unpack(disk.all(_AT, _FIELDS.size))
    if version != _VERSION:
        raise Unresolved(f'it is VDI of version {version:#x}')
    if kind not in _KINDS or any(disk.all(*_PARENTS)):
        raise Unresolved('its parent is named by a number only')
    return header(FORM)
