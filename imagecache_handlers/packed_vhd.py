"""Packed VHD: a tar.gz with a disk, as Nova's XenAPI plug-in makes of one.

The disk is ``0.vhd``.  Where it is a child, its ancestors are ``1.vhd`` and so
on: a chain, of which the disk is the newest changes only.
"""

import dataclasses
import re
import tarfile
import zlib

# What it is called where images have a format; Glance has a vhd in an ovf.
FORMAT = 'vhd-tgz'
DISK = 'vhd'
# So many unpacked bytes tell it, and of packed ones these are enough.
HEAD_SIZE = 2**13
PACKED_HEAD = 2**15
BLOCK = 512
WBITS = 31  # of gzip, with its header and its sum

_GZIP = b'\x1f\x8b'
_NAME = re.compile(r'(\d{1,4})\.vhd', re.ASCII)
_FOLDERS = frozenset({'', '.'})
_KIND = slice(60, 64)
_CHILD = 4
# Of others the bytes that follow are not what they name.
_TYPES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE})
CHAIN = (
    'it is a chain of several VHDs, and a disk is imported whole: have its '
    'snapshots coalesced, and upload it again'
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The disk: ``size`` bytes, from ``start`` of what is unpacked."""

    start: int
    size: int


def unpack_head(packed: bytes) -> bytes:
    """Give the first bytes that are packed there; none: it is no gzip."""
    if not packed.startswith(_GZIP):
        return b''
    try:
        return zlib.decompressobj(WBITS).decompress(packed, HEAD_SIZE)
    except zlib.error:
        return b''


def is_packed(packed: bytes) -> bool:
    """Tell by the first bytes of a file if it is one, chain or not."""
    try:
        return find_name(unpack_head(packed)) is not None
    except ValueError:
        return False


def find_name(head: bytes) -> str | None:
    """Name the first VHD in it; None: something else comes first.

    :raises ValueError: when it is no tar, or what an attacker would make.
    """
    _, entry = _find_first(head)
    return entry.name if _NAME.fullmatch(entry.name) else None


def find_disk(head: bytes) -> Member:
    """Tell where the disk is by the first bytes that were unpacked.

    :raises ValueError: says why no disk is to be made of it.
    """
    at, entry = _find_first(head)
    name = _NAME.fullmatch(entry.name)
    if not name:
        raise ValueError(f'it has {entry.name!r:.100} in it, not 0.vhd')
    start = at + BLOCK
    kind = int.from_bytes(head[start:][_KIND], 'big')
    if int(name[1]) or kind == _CHILD:
        raise ValueError(CHAIN)
    return Member(start=start, size=entry.size)


def explain_more(block: bytes) -> str:
    """Say what is wrong with a header that follows the disk."""
    try:
        entry = _read_header(block)
    except ValueError as error:
        return str(error)
    if _NAME.fullmatch(entry.name):
        return CHAIN
    return f'it has {entry.name!r:.100} in it, and not the disk alone'


def _find_first(head: bytes) -> tuple[int, tarfile.TarInfo]:
    """Give the first file in it, and where its header is."""
    for at in range(0, len(head), BLOCK):
        entry = _read_header(head[at : at + BLOCK])
        if not entry.isdir():
            return at, entry
    raise ValueError('it is a tar.gz without a disk')


def _read_header(block: bytes) -> tarfile.TarInfo:
    """Read a plain header: others could name anything, of any length."""
    try:
        entry = tarfile.TarInfo.frombuf(block, 'utf-8', 'surrogateescape')
    except tarfile.HeaderError as error:
        raise ValueError(f'it is no tar of VHDs: {error}') from error
    entry.name = entry.name.removeprefix('./')
    if entry.type == tarfile.GNUTYPE_SPARSE:
        raise ValueError('holes are left out in it: pack it without tar -S')
    if entry.type not in _TYPES or entry.size < 0:
        raise ValueError(f'it has {entry.name!r:.100} in it, which is no file')
    if entry.isdir() and entry.name not in _FOLDERS:
        raise ValueError(f'it has a folder {entry.name!r:.100} in it')
    return entry
