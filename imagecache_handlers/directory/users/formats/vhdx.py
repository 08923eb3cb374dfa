"""Vhdx: how such a disk names the parent that it is the difference to.

By Microsoft's [MS-VHDX].
"""

import struct
import uuid

from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved
from imagecache_handlers.directory.users.formats import windows

FORM = 'vhdx'

_MAGIC = b'vhdxfile'
_REGIONS = 192 << 10, 256 << 10  # two tables that say the same
_REGION_TABLE = struct.Struct('<4s4xI4x')  # 'regi', how many
_REGION = struct.Struct('<16sQI4x')  # kind, offset, length
_METADATA_TABLE = struct.Struct('<8s2xH20x')  # 'metadata', how many
_ITEM = struct.Struct('<16sII8x')  # kind, offset, length
_MOST_ENTRIES = 2047
_FLAGS = struct.Struct('<4xI')
_HAS_PARENT = 1 << 1
_LOCATOR = struct.Struct('<16s2xH')  # kind, how many
_PAIR = struct.Struct('<IIHH')  # offsets and lengths of key and value
_MOST_PAIRS = 64
_PATHS = frozenset(['relative_path', 'volume_path', 'absolute_win32_path'])


def _guid_bytes(text: str) -> bytes:
    return uuid.UUID(text).bytes_le


_METADATA = _guid_bytes('8B7CA206-4790-4B9A-B8FE-575F050F886E')
_PARAMETERS = _guid_bytes('CAA16737-FA36-4D43-B3B6-33F0AA44E76B')
_PARENT = _guid_bytes('A8D35F2D-B30B-454D-ABF7-D3D84834AB0C')


def is_one(disk: Disk) -> bool:
    return disk.head.startswith(_MAGIC)


def read(disk: Disk) -> Header:
    start = _find_metadata(disk)
    items = _metadata_items(disk, start)
    if _PARAMETERS not in items:
        raise Unresolved('its header does not say if it has a parent')
    at, _ = items[_PARAMETERS]
    (flags,) = _FLAGS.unpack(disk.all(start + at, _FLAGS.size))
    if not flags & _HAS_PARENT and _PARENT not in items:
        return header(FORM)
    if _PARENT not in items:
        raise Unresolved('the name of its parent cannot be found')
    return header(
        FORM, [windows.read(_parent_paths(disk, start, items[_PARENT]))]
    )


def _find_metadata(disk: Disk) -> int:
    """Give where its metadata begin, by the first table that is whole."""
    for at in _REGIONS:
        table = disk.some(at, _REGION_TABLE.size)
        if len(table) < _REGION_TABLE.size:
            continue
        magic, count = _REGION_TABLE.unpack(table)
        if magic != b'regi' or count > _MOST_ENTRIES:
            continue
        entries = disk.all(at + len(table), count * _REGION.size)
        for kind, offset, _ in _REGION.iter_unpack(entries):
            if kind == _METADATA:
                return int(offset)
    raise Unresolved('its table of regions cannot be read')


def _metadata_items(disk: Disk, start: int) -> dict[bytes, tuple[int, int]]:
    table = disk.all(start, _METADATA_TABLE.size)
    magic, count = _METADATA_TABLE.unpack(table)
    if magic != b'metadata' or count > _MOST_ENTRIES:
        raise Unresolved('its table of metadata cannot be read')
    entries = disk.all(start + len(table), count * _ITEM.size)
    return {
        kind: (offset, size)
        for kind, offset, size in _ITEM.iter_unpack(entries)
    }


def _parent_paths(disk: Disk, start: int, item: tuple[int, int]) -> list[str]:
    at = start + item[0]
    _, count = _LOCATOR.unpack(disk.all(at, _LOCATOR.size))
    if count > _MOST_PAIRS:
        raise Unresolved(f'its parent has {count} names')
    pairs = disk.all(at + _LOCATOR.size, count * _PAIR.size)
    found = []
    for key_at, value_at, key_size, value_size in _PAIR.iter_unpack(pairs):
        key = windows.text(disk.all(at + key_at, key_size), 'utf-16-le')
        if key.lower() in _PATHS:
            value = disk.all(at + value_at, value_size)
            found.append(windows.text(value, 'utf-16-le'))
    return found
