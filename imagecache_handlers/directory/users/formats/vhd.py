"""Vhd: how such a disk names the parent that it is the difference to.

By Microsoft's "Virtual Hard Disk Image Format Specification"; XenServer
writes the same with names of its own.
"""

import struct

from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import header
from imagecache_handlers.directory.users.formats.values import Unresolved
from imagecache_handlers.directory.users.formats import windows

FORM = 'vpc'

_COOKIE = b'conectix'
_FOOTER = 512
_FIELDS = struct.Struct('>16xQ36xI')  # where its header is, its kind
_FIXED, _DYNAMIC, _DIFFERENCING = 2, 3, 4
_HEADER = b'cxsparse'
_HEADER_SIZE = 1024
_NAME = slice(64, 576)
_LOCATORS = slice(576, 576 + 8 * 24)
_LOCATOR = struct.Struct('>4sIIIQ')  # kind, space, length, -, offset
_LONGEST = 4096
_UTF16 = frozenset([b'W2ru', b'W2ku', b'Wi2r', b'Wi2k'])
_UTF8 = frozenset([b'MacX', b'Mac '])
_NONE = bytes(4)


def is_one(disk: Disk) -> bool:
    return _find_footer(disk) is not None


def _find_footer(disk: Disk) -> bytes | None:
    """Give its first bytes; those at its end are all that a fixed one has."""
    if disk.head.startswith(_COOKIE):
        return disk.head[:_FOOTER]
    # Some wrote one byte less there.
    for end in disk.tail, disk.tail[1:]:
        if end.startswith(_COOKIE):
            return end
    return None


def read(disk: Disk) -> Header:
    footer = _find_footer(disk) or b''
    if len(footer) < _FIELDS.size:
        raise Unresolved('its header is cut off')
    at, kind = _FIELDS.unpack_from(footer)
    if kind in (_FIXED, _DYNAMIC):
        return header(FORM)
    if kind != _DIFFERENCING:
        raise Unresolved(f'it is a VHD of kind {kind}')
    inner = disk.all(at, _HEADER_SIZE)
    if not inner.startswith(_HEADER):
        raise Unresolved('the name of its parent cannot be found')
    found = [windows.text(inner[_NAME], 'utf-16-be')]
    for kind_, _, size, _, where in _LOCATOR.iter_unpack(inner[_LOCATORS]):
        if kind_ != _NONE:
            found.append(_locator_text(disk, kind_, size, where))
    return header(FORM, [windows.read(found)])


def _locator_text(disk: Disk, kind: bytes, size: int, where: int) -> str:
    if not 0 < size <= _LONGEST:
        raise Unresolved(f'the name of its parent has {size} bytes')
    name = disk.all(where, size)
    if kind in _UTF16:
        return windows.text(name, 'utf-16-le')
    if kind in _UTF8:
        return windows.url(windows.text(name, 'utf-8'))
    raise Unresolved('its parent is named in a way that nobody knows')
