"""Head: as much of an image as tells how large the disk in it is."""

from collections.abc import Iterator
import contextlib
import tempfile
from typing import BinaryIO

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.failures import ContentError
from imagecache_handlers.staging.headers import FOOTER
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import stop_between
from imagecache_handlers import units

# Bytes that tell it, one after the other until they do.  What a vhdx says of
# itself lies behind its log.
_ENOUGH = (2**20,)
_SIZES = {'vhdx': (2**20, 2**22, 2**24, 2**26)}
# What these say of themselves may lie at their end alone.
_FOOTED = frozenset({'vhd', 'vpc'})


def find_virtual_size(
    source: RangedSource, meta: ImageMeta, should_stop: ShouldStop
) -> int:
    """Tell how large the disk in an image is, by its first bytes.

    :raises Unsupported: when they do not tell.
    :raises SourceError: when they cannot be had.
    :raises Stopped: when it is not to go on.
    """
    with tempfile.TemporaryFile() as file:
        _make_hole(file, meta)
        if meta.disk_format in _FOOTED:
            _write_footer(file, source, meta)
        with source.read_from(meta, 0) as stretch:
            pieces = stop_between(stretch.chunks, should_stop, meta.image_id)
            return _read_on(file, pieces, meta)


def inspect_first(first: bytes, meta: ImageMeta) -> int:
    """Tell how large the disk is whose first bytes these are.

    :raises Unsupported: when they do not tell.
    """
    with tempfile.TemporaryFile() as file:
        _make_hole(file, meta)
        file.write(first)
        return _inspect_head(file, meta, len(first))


def _make_hole(file: BinaryIO, meta: ImageMeta) -> None:
    """Have a hole for all that is still with its source."""
    try:
        file.truncate(meta.size)
    except (OSError, OverflowError) as error:
        why = f'no file has {units.size(meta.size)} ({error})'
        raise Unsupported(meta.image_id, why) from error


def _read_on(file: BinaryIO, pieces: Iterator[bytes], meta: ImageMeta) -> int:
    *sizes, most = _SIZES.get(meta.disk_format, _ENOUGH)
    at = 0
    for size in sizes:
        at = _write_up_to(size, file, pieces, at, meta)
        with contextlib.suppress(Unsupported):
            return _inspect_head(file, meta, at)
    at = _write_up_to(most, file, pieces, at, meta)
    return _inspect_head(file, meta, at)


def _write_up_to(
    size: int,
    file: BinaryIO,
    pieces: Iterator[bytes],
    at: int,
    meta: ImageMeta,
) -> int:
    """Write on from there until it has so many bytes; tell how many."""
    end = min(size, meta.size)
    file.seek(at)
    while at < end:
        piece = next(pieces, None)
        if piece is None:
            why = f'{at:,} of its first {end:,} bytes came'
            raise ContentError(meta.image_id, why, retry=True)
        at += file.write(piece)
    return at


def _write_footer(
    file: BinaryIO, source: RangedSource, meta: ImageMeta
) -> None:
    start = max(0, meta.size - FOOTER)
    with source.read_from(meta, start) as stretch:
        # Who gives it from another byte on would give all of it.
        if stretch.start == start:
            file.seek(start)
            file.write(next(iter(stretch.chunks), b'')[:FOOTER])


def _inspect_head(file: BinaryIO, meta: ImageMeta, known: int) -> int:
    file.flush()
    # What a source gives beyond its end is told when all of it comes.
    file.truncate(meta.size)
    file.seek(0)
    return inspect_file(file, meta, Limits(), known).virtual_size
