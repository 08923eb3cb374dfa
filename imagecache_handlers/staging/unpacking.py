"""Unpacking: the disk out of a tar.gz of VHDs, and nothing else of it."""

from collections.abc import Iterator
import gzip
from typing import BinaryIO
import zlib

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers import packed_vhd

_CHUNK = 2**18
# What may follow the disk: zeros, as tar has them up to a record.
_MOST_AFTER = 2**20


def unpack_disk(
    packed: BinaryIO, image_id: str, size: int | None = None
) -> Iterator[bytes]:
    """Give the bytes of the disk; whoever has taken all knows it is whole.

    No more is unpacked than it has, and no name in it is a file's.
    ``size`` is what it is to have (None: whatever it says).

    :raises Unsupported: when it is a chain of disks, not whole, or not that.
    """

    def refuse(why: str) -> Unsupported:
        return Unsupported(image_id, why)

    try:
        with gzip.GzipFile(fileobj=packed, mode='rb') as stream:
            yield from _read_disk(stream, size)
    except ValueError as error:
        raise refuse(str(error)) from error
    except (EOFError, OSError, zlib.error) as error:
        raise refuse(f'its tar.gz is not whole: {error}') from error


def _read_disk(stream: gzip.GzipFile, size: int | None) -> Iterator[bytes]:
    head = stream.read(packed_vhd.HEAD_SIZE)
    disk = packed_vhd.find_disk(head)
    if size not in (None, disk.size):
        raise ValueError(f'its disk has {disk.size:,} bytes, not {size:,}')
    first = head[disk.start : disk.start + disk.size]
    yield first
    rest = head[disk.start + len(first) :]
    yield from _read_rest(stream, disk.size - len(first))
    _check_end(rest, disk.size, stream)


def _read_rest(stream: gzip.GzipFile, left: int) -> Iterator[bytes]:
    while left:
        piece = stream.read(min(left, _CHUNK))
        if not piece:
            raise ValueError(f'its tar ends {left:,} bytes too early')
        left -= len(piece)
        yield piece


def _check_end(rest: bytes, size: int, stream: gzip.GzipFile) -> None:
    """Make sure that only zeros follow, for the sum of all lies behind."""
    rest += stream.read(_MOST_AFTER)
    end = rest[-size % packed_vhd.BLOCK :]
    if end.strip(b'\0'):
        raise ValueError(packed_vhd.explain_more(end[: packed_vhd.BLOCK]))
    if stream.read(1):
        raise ValueError('more follows its disk than a tar has there')
