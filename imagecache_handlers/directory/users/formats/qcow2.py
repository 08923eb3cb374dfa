"""Qcow2: what the header of such a disk says of the files below it.

The form is that of ``docs/interop/qcow2.txt`` in QEMU, versions 2 and 3.
"""

import struct

from imagecache_handlers.directory.users.formats import names
from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved

FORM = 'qcow2'

_MAGIC = b'QFI\xfb'
_FORMAT = 0xE2792ACA  # extension: the format of the backing file
_DATA_FILE = 0x44415441  # extension: the name of the external data file

_MAGIC_AND_VERSION = struct.Struct('>4sI')
# Backing offset and size, cluster bits; then incompatible features and the
# length of the header.
_V2 = struct.Struct('>8xQII48x')
_V3 = struct.Struct('>8xQII48xQ20xI')
_EXTENSION = struct.Struct('>II')  # type, length

_HAS_DATA_FILE = 1 << 2
_KNOWN_FEATURES = (1 << 5) - 1
_CLUSTER_BITS = range(9, 22)
_LONGEST_NAME = 1023
# A header cluster has up to 2 MiB; nobody fills as much with extensions.
_MOST_EXTENSIONS = 2**16


def is_one(disk: Disk) -> bool:
    # Version 1 is a form of its own, and not this one.
    return disk.head.startswith(_MAGIC) and disk.head[4:8] != b'\0\0\0\1'


def read(disk: Disk) -> Header:
    offset, size, bits, features, length = _header_fields(disk.head)
    if bits not in _CLUSTER_BITS:
        raise Unresolved(f'its clusters have 2^{bits} bytes')
    end = offset or 1 << bits
    found = []
    if offset and size:
        if size > _LONGEST_NAME or end + size > 1 << bits:
            raise Unresolved(f'its backing file has {size} bytes at {end}')
        name = disk.all(offset, size)
        form = _find_extension(disk, length, end, _FORMAT) or b''
        found.append(names.read(name, form.decode(errors='replace')))
    if features & _HAS_DATA_FILE:
        text = _find_extension(disk, length, end, _DATA_FILE)
        if not text:
            raise Unresolved('its data file has no name')
        found.append(names.read_data(text))
    return header(FORM, found)


def _header_fields(head: bytes) -> tuple[int, int, int, int, int]:
    try:
        _, version = _MAGIC_AND_VERSION.unpack_from(head)
        if version == 2:
            return *_V2.unpack_from(head), 0, _V2.size
        if version != 3:
            raise Unresolved(f'it is qcow2 of version {version}')
        offset, size, bits, features, length = _V3.unpack_from(head)
    except struct.error:
        raise Unresolved('its header is cut off') from None
    if features & ~_KNOWN_FEATURES:
        raise Unresolved(f'it has features that nobody knows: {features:#x}')
    if not _V3.size <= length <= _MOST_EXTENSIONS:
        raise Unresolved(f'its header claims to have {length} bytes')
    return offset, size, bits, features, length


def _find_extension(disk: Disk, at: int, end: int, kind: int) -> bytes | None:
    """Give what an extension of that type says, if there is one."""
    end = min(end, _MOST_EXTENSIONS)
    while (begin := at + _EXTENSION.size) <= end:
        if begin <= len(disk.head):
            found, size = _EXTENSION.unpack_from(disk.head, at)
        else:
            found, size = _EXTENSION.unpack(disk.all(at, _EXTENSION.size))
        at = begin + size + -size % 8
        if not found or begin + size > end:
            break
        if found == kind:
            return disk.all(begin, size) if size else b''
    return None
