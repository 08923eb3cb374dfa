"""Qcow: what the header of such a disk, version 1, says of its backing."""

import struct

from imagecache_handlers.directory.users.formats import names
from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved

FORM = 'qcow'

_MAGIC = b'QFI\xfb\0\0\0\1'
_NAME = struct.Struct('>QI')  # its offset and size
_LONGEST_NAME = 1023


def is_one(disk: Disk) -> bool:
    return disk.head.startswith(_MAGIC)


def read(disk: Disk) -> Header:
    offset, size = _NAME.unpack(disk.all(len(_MAGIC), _NAME.size))
    if not offset or not size:
        return header(FORM)
    if size > _LONGEST_NAME:
        raise Unresolved(f'its backing file has {size} bytes at {offset}')
    return header(FORM, [names.read(disk.all(offset, size))])
