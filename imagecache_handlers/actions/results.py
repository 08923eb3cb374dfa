"""Results: one for each of many images, told as a handler gives them."""

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sized
import contextlib
import dataclasses
import logging
from typing import Any
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerFailed

LOG = logging.getLogger(__name__)

T = TypeVar('T')

# Calls what others wrote, so that it fails with ``CacheError`` only.
Safely = Callable[[Callable[[], Any]], Any]

_NO_MORE = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Untold:
    """What stands for an image that had no result of its own.

    One ``error`` may stand for several; ``first`` is the first of them.
    """

    error: CacheError
    first: bool


def tell_results(
    call: Callable[[], Iterable[T]],
    count: int,
    safely: Safely,
    is_result: Callable[[T], bool],
    who: str,
) -> Generator[T | CacheError | Untold, None, None]:
    """Give just ``count`` results, each as it comes; ``who`` gives them.

    What is raised, or is wrong with the whole, stands for all that had no
    result yet.  Whoever closes it closes what the handler gave.
    """
    told = 0
    try:
        with contextlib.closing(
            _take_results(call, count, safely, who)
        ) as results:
            for result in results:
                told += 1
                if isinstance(result, CacheError) or is_result(result):
                    yield result
                else:
                    yield _blame_handler(f'{who} gave {result!r} for a result')
    except CacheError as error:
        for number in range(told, count):
            yield Untold(error, first=number == told)


def _take_results(
    call: Callable[[], Iterable[T]], count: int, safely: Safely, who: str
) -> Generator[T, None, None]:
    given = safely(call)
    if isinstance(given, Sized) and len(given) != count:
        raise _blame_handler(
            f'{who} gave {len(given)} results for {count} images'
        )
    iterator = safely(lambda: iter(given))
    with _closed_after(iterator, safely):
        yield from _take_from(iterator, count, safely, who)


@contextlib.contextmanager
def _closed_after(iterator: Iterator[T], safely: Safely) -> Iterator[None]:
    """Have the handler let go of what it holds, however this ends."""
    try:
        yield
    finally:
        close = getattr(iterator, 'close', None)
        if close is not None:
            # What it tells of that changes no result.
            with contextlib.suppress(CacheError):
                safely(close)


def _take_from(
    iterator: Iterator[T], count: int, safely: Safely, who: str
) -> Generator[T, None, None]:
    for number in range(count):
        result = safely(lambda: next(iterator, _NO_MORE))
        if result is _NO_MORE:
            raise _blame_handler(
                f'{who} gave {number} results for {count} images'
            )
        yield result
    # Only now has it done what it does after the last.
    if safely(lambda: next(iterator, _NO_MORE)) is not _NO_MORE:
        raise _blame_handler(f'{who} gave more than {count} results')


def _blame_handler(wrong: str) -> HandlerFailed:
    LOG.error('%s', wrong)
    return HandlerFailed(ValueError(wrong))
