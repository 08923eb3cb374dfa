"""Vmdk: the parent and the extents that such a disk, or its text, names.

By VMware's "Virtual Disk Format 1.1", and as QEMU reads it.
"""

import re
import struct

from imagecache_handlers.directory.users.formats import names
from imagecache_handlers.directory.users.formats import protocols
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import text
from imagecache_handlers.directory.users.formats.values import Unresolved

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
_EXTENT = re.compile(
    rb'^[ \t\r\v\f]*(?:RW|RDONLY|NOACCESS)\s[^\n]*', re.MULTILINE
)
_NAME_ENDS = re.compile(rb'["\r]')
_FLAT = frozenset([b'FLAT', b'VMFS', b'VMFSRDM', b'VMFSRAW'])
_NAMELESS = b'ZERO'
# In so many parts of 2 GiB no disk of today is cut, nor has two parents.
_MOST_EXTENTS = 1 << 15
_MOST_PARENTS = 2


def is_one(disk: Disk) -> bool:
    head = disk.head
    if head.startswith((_SPARSE, _COWD, _SESPARSE)):
        return True
    return bool(_TEXT.match(head)) or head.lower().startswith(_COMMENT)


def read(disk: Disk) -> Header:
    if disk.head.startswith(_SPARSE):
        return header(FORM, _read_sparse(disk))
    if disk.head.startswith(_COWD):
        return header(FORM, _read_cowd(disk))
    if disk.head.startswith(_SESPARSE):
        # Its parent stands in the text that names this one.
        return header(FORM)
    content = disk.some(0, _MOST_TEXT)
    return header(FORM, [*_find_parents(content), *_find_extents(content)])


def _read_sparse(disk: Disk) -> list[Named]:
    capacity, at, size = _WHERE.unpack(disk.all(0, _WHERE.size))
    found = _find_parents(disk.some(*(one * _SECTOR for one in _TEXT_OF_QEMU)))
    if at and (at, size) != _TEXT_OF_QEMU:
        size = min(size * _SECTOR or _MOST_TEXT, _MOST_TEXT)
        content = disk.some(at * _SECTOR, size)
        found += _find_parents(content)
    elif at:
        content = disk.some(at * _SECTOR, size * _SECTOR)
    else:
        return found
    extents = _find_extents(content)
    # The only extent is the disk itself, by the name that it once had.
    if not capacity or len(extents) > 1:
        found += extents
    return found


def _read_cowd(disk: Disk) -> list[Named]:
    (flags,) = _COWD_FLAGS.unpack(disk.all(0, _COWD_FLAGS.size))
    if flags & _COWD_IS_ROOT:
        return []
    name, _, _ = disk.all(*_COWD_PARENT).partition(b'\0')
    return [names.read(name)]


def _find_parents(content: bytes) -> list[Named]:
    content, _, _ = content.partition(b'\0')
    told = _PARENT.findall(content)
    if len(_PARENT_KEY.findall(content)) > len(told):
        raise Unresolved('the name of its parent cannot be read')
    if len(told) > _MOST_PARENTS:
        raise Unresolved(f'it names {len(told)} parents')
    found = [names.read(name) for name in told if name]
    ids = {one.decode().lower() for one in _PARENT_ID.findall(content)}
    if not found and ids - {_NO_PARENT}:
        raise Unresolved('its parent is named by a number only')
    return found


def _find_extents(content: bytes) -> list[Named]:
    content, _, _ = content.partition(b'\0')
    lines = _EXTENT.findall(content)
    if len(lines) > _MOST_EXTENTS:
        raise Unresolved(f'it has {len(lines)} extents')
    return [_read_extent(line) for line in lines]


def _read_extent(line: bytes) -> Named:
    _, _, kind, rest = [*line.split(None, 3), b'', b'', b''][:4]
    if kind == _NAMELESS:
        return Named()
    name = _NAME_ENDS.split(rest[1:], maxsplit=1)[0]
    if not rest.startswith(b'"') or not name:
        told = line.decode(errors='replace')
        return protocols.unknown(told)
    return Named((Backing(text(name), kind in _FLAT),))
