"""Ranges: the bytes of an image from one on, or all, and no others."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib

from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.pieces import count_pieces

Asked = contextlib.AbstractContextManager[tuple[Answer, Iterator[bytes]]]

_PART = 206


@contextlib.contextmanager
def read_range(
    ask: Callable[[Mapping[str, str]], Asked], size: int, offset: int
) -> Iterator[Stretch]:
    """Give the bytes of ``size`` from ``offset`` on, as ``ask`` gets them.

    :raises SourceError: when it sends other ones than were asked for.
    """
    if offset >= size:
        yield Stretch(size, iter(()))
        return
    with ask(_name_range(offset)) as (answer, pieces):
        # Some answer whatever is asked for with all that there is.
        start = offset if answer.status == _PART else 0
        answer.check_status(200, *([_PART] if offset else []))
        answer.check_encoding()
        if answer.status == _PART:
            answer.check_range(start, size)
        answer.check_length(size - start)
        counted = count_pieces(pieces, size - start, answer.source)
        yield Stretch(start, counted)


def _name_range(offset: int) -> dict[str, str]:
    return {'Range': f'bytes={offset}-'} if offset else {}
