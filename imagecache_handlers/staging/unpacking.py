"""Unpacking: the disk out of a tar.gz of VHDs, and nothing else of it."""

from collections.abc import Iterator
import itertools
from typing import BinaryIO
import zlib

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers import packed_vhd

_CHUNK = 2**18
# What may follow the disk, and the gzip: zeros, as tar has them up to a
# record, and a tape up to a block.
_MOST_AFTER = 2**20


def unpack_disk(
    packed: BinaryIO, image_id: str, size: int | None = None
) -> Iterator[bytes]:
    """Give the bytes of the disk; whoever has taken all knows it is whole.

    No more is unpacked than it has, and no name in it is a file's.
    ``size`` is what it is to have (None: whatever it says).  Where nothing
    comes out of much that goes in, a piece is empty.

    :raises Unsupported: when it is a chain of disks, not whole, or not that.
    """

    def refuse(why: str) -> Unsupported:
        return Unsupported(image_id, why)

    try:
        yield from _read_disk(_unpack_pieces(packed), size)
    except ValueError as error:
        raise refuse(str(error)) from error
    except (EOFError, OSError, zlib.error) as error:
        raise refuse(f'its tar.gz is not whole: {error}') from error


def _unpack_pieces(packed: BinaryIO) -> Iterator[bytes]:
    """Unpack as much at once as a piece has, wherever in the gzip that is.

    Python's own module goes through what belongs to no data byte by byte.
    """
    gzip = zlib.decompressobj(packed_vhd.WBITS)
    while not gzip.eof:
        more = gzip.unconsumed_tail or packed.read(_CHUNK)
        if not more:
            raise EOFError('it ends too early')
        yield gzip.decompress(more, _CHUNK)
    rest = gzip.unused_data + packed.read(_MOST_AFTER)
    if rest.strip(b'\0') or len(rest) > _MOST_AFTER:
        raise ValueError('more follows its gzip than zeros')


def _read_disk(pieces: Iterator[bytes], size: int | None) -> Iterator[bytes]:
    head = b''
    for piece in pieces:
        head += piece
        if len(head) >= packed_vhd.HEAD_SIZE:
            break
        yield b''
    disk = packed_vhd.find_disk(head[: packed_vhd.HEAD_SIZE])
    if size not in (None, disk.size):
        raise ValueError(f'its disk has {disk.size:,} bytes, not {size:,}')
    data = itertools.chain([head[disk.start :]], pieces)
    yield from _cut_disk(data, disk.size)


def _cut_disk(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    left, rest = size, b''
    for piece in pieces:
        yield piece[:left]
        rest += piece[left:]
        left -= min(left, len(piece))
        if len(rest) > _MOST_AFTER + packed_vhd.BLOCK:
            # It is refused, and what else there is goes unread.
            break
    if left:
        raise ValueError(f'its tar ends {left:,} bytes too early')
    _check_end(rest[-size % packed_vhd.BLOCK :])


def _check_end(end: bytes) -> None:
    """Make sure that only zeros follow, and not many."""
    if end.strip(b'\0'):
        raise ValueError(packed_vhd.explain_more(end[: packed_vhd.BLOCK]))
    if len(end) > _MOST_AFTER:
        raise ValueError('more follows its disk than a tar has there')
