"""Vmdk: the parent and the extents that such a disk, or its text, names.

By VMware's "Virtual Disk Format 1.1", and as QEMU reads it.
"""

import re
import struct

from imagecache_handlers.directory.users import names
from imagecache_handlers.directory.users import protocols
from imagecache_handlers.directory.users.values import Below
from imagecache_handlers.directory.users.values import Disk
from imagecache_handlers.directory.users.values import Header
from imagecache_handlers.directory.users.values import header
from imagecache_handlers.directory.users.values import Named
from imagecache_handlers.directory.users.values import shown
from imagecache_handlers.directory.users.values import text
from imagecache_handlers.directory.users.values import Unresolved

FORM = 'vmdk'

_SPARSE = b'KDMV'
_COWD = b'COWD'
_SESPARSE = bytes.fromhex('bebafeca00000000')
# Of KDMV: bytes of the disk, and where its text is and how long, in sectors.
_WHERE = struct.Struct('<12xQ8xQQ')
_COWD_FLAGS = struct.Struct('<8xI')
_COWD_IS_ROOT = 1
_COWD_PARENT = 32, 1024
_SECTOR = 512
# QEMU looks for the parent there, whatever the header says.
_TEXT_OF_QEMU = 1, 20
_MOST_TEXT = (1 << 20) - 1

# Comments and empty lines may come before it; QEMU takes fewer of these.
_TEXT = re.compile(rb'(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*version[ \t]*=', re.I)
_COMMENT = b'# disk descriptorfile'
_PARENT_KEY = re.compile(rb'parentFileNameHint', re.I)
_PARENT = re.compile(rb'parentFileNameHint[ \t]*=[ \t]*"([^"\n]*)"', re.I)
_PARENT_ID = re.compile(rb'parentCID[ \t]*=[ \t]*([0-9a-f]+)', re.I)
_NO_PARENT = 'ffffffff'
_EXTENT_BEGINS = re.compile(rb'[ \t\r]*(?:RW|RDONLY|NOACCESS)[ \t]')
_EXTENT = re.compile(
    rb'[ \t\r]*\w+[ \t]+\d+[ \t]+(\w+)(?:[ \t]+"([^"]+)")?[^"]*\Z'
)
_FLAT = frozenset([b'FLAT', b'VMFS', b'VMFSRDM', b'VMFSRAW'])
_NAMELESS = b'ZERO'


def is_one(disk: Disk) -> bool:
    head = disk.head
    if head.startswith((_SPARSE, _COWD, _SESPARSE)):
        return True
    return bool(_TEXT.match(head)) or head.lower().startswith(_COMMENT)


def read(disk: Disk) -> Header:
    if disk.head.startswith(_SPARSE):
        return header(FORM, _sparse(disk))
    if disk.head.startswith(_COWD):
        return header(FORM, _cowd(disk))
    if disk.head.startswith(_SESPARSE):
        # Its parent stands in the text that names this one.
        return header(FORM)
    content = disk.some(0, _MOST_TEXT)
    return header(FORM, [*_parents(content), *_extents(content)])


def _sparse(disk: Disk) -> list[Named]:
    capacity, at, size = _WHERE.unpack(disk.all(0, _WHERE.size))
    found = _parents(disk.some(*(one * _SECTOR for one in _TEXT_OF_QEMU)))
    if at and (at, size) != _TEXT_OF_QEMU:
        size = min(size * _SECTOR or _MOST_TEXT, _MOST_TEXT)
        content = disk.some(at * _SECTOR, size)
        found += _parents(content)
    elif at:
        content = disk.some(at * _SECTOR, size * _SECTOR)
    else:
        return found
    extents = _extents(content)
    # The only extent is the disk itself, by the name that it once had.
    if not capacity or len(extents) > 1:
        found += extents
    return found


def _cowd(disk: Disk) -> list[Named]:
    (flags,) = _COWD_FLAGS.unpack(disk.all(0, _COWD_FLAGS.size))
    if flags & _COWD_IS_ROOT:
        return []
    name, _, _ = disk.all(*_COWD_PARENT).partition(b'\0')
    return [names.read(name)]


def _parents(content: bytes) -> list[Named]:
    content, _, _ = content.partition(b'\0')
    found = [names.read(name) for name in _PARENT.findall(content) if name]
    if len(_PARENT_KEY.findall(content)) > len(_PARENT.findall(content)):
        raise Unresolved('the name of its parent cannot be read')
    ids = {one.decode().lower() for one in _PARENT_ID.findall(content)}
    if not found and ids - {_NO_PARENT}:
        raise Unresolved('its parent is named by a number only')
    return found


def _extents(content: bytes) -> list[Named]:
    content, _, _ = content.partition(b'\0')
    return [
        _extent(line)
        for line in content.split(b'\n')
        if _EXTENT_BEGINS.match(line)
    ]


def _extent(line: bytes) -> Named:
    parts = _EXTENT.match(line)
    if parts is None or (parts[2] is None and parts[1] != _NAMELESS):
        said = f'its extent {shown(text(line))} cannot be read'
        return Named((), (said,), protocols.hints(text(line)))
    kind, name = parts.groups()
    if name is None:
        return Named()
    return Named((Below(text(name), kind in _FLAT),))
