"""Pieces: the bytes of an answer as they come, each within bounded time."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import time

from imagecache_handlers.exceptions import SourceError

PIECE = 2**18
# Whoever sends fewer bytes in the time of a piece makes no progress.
_LEAST = 2**16
# Far more than Glance says of an image, or Keystone of whoever logs in.
SHORT = 2**20


def read_pieces(
    read: Callable[[int], bytes], seconds: float
) -> Iterator[bytes]:
    """Give what comes in pieces of 256 KiB, or of what came in ``seconds``.

    ``read`` gives up to so many bytes, as soon as there are any; none: the
    end.

    :raises TimeoutError: when next to nothing came in that time.
    """
    while piece := _gather_piece(read, seconds):
        yield piece


def _gather_piece(read: Callable[[int], bytes], seconds: float) -> bytes:
    end = time.monotonic() + seconds
    parts, size = [], 0
    while size < PIECE and (part := read(PIECE - size)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            if size < _LEAST:
                raise TimeoutError(f'{size:,} bytes within {seconds:g} s')
            break
    return b''.join(parts)


def read_short(
    pieces: Iterable[bytes], seconds: float, source: str, most: int = SHORT
) -> bytes:
    """Give a body of up to so many bytes that comes within two pieces' time.

    :raises SourceError: when it is longer, or takes longer.
    """
    end, parts, size = time.monotonic() + 2 * seconds, [], 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > most or time.monotonic() > end:
            why = 'what it answers has no end: is it of OpenStack?'
            raise SourceError(source, why)
    return b''.join(parts)


def count_pieces(
    pieces: Iterator[bytes], size: int, source: str
) -> Iterator[bytes]:
    """Give the pieces as long as they are ``size`` bytes together.

    :raises SourceError: when they are more, or end before.
    """
    left = size
    with contextlib.closing(pieces):  # type: ignore[type-var]
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise SourceError(source, f'it sends more than {size:,} bytes')
            yield piece
    if left:
        why = f'it was cut off {left:,} bytes before its end'
        raise SourceError(source, why, retry=True)
