"""Results: one for each of many images, told as a handler gives them."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sized
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
) -> Iterator[T | CacheError | Untold]:
    """Give just ``count`` results, each as it comes.

    What is raised, or is wrong with the whole, stands for all that had no
    result yet.
    """
    told = 0
    try:
        for result in _take_results(call, count, safely):
            told += 1
            if isinstance(result, CacheError) or is_result(result):
                yield result
            else:
                yield _blame_handler(f'gave {result!r} for a result')
    except CacheError as error:
        for number in range(told, count):
            yield Untold(error, first=number == told)


def _take_results(
    call: Callable[[], Iterable[T]], count: int, safely: Safely
) -> Iterator[T]:
    given = safely(call)
    if isinstance(given, Sized) and len(given) != count:
        raise _blame_handler(f'gave {len(given)} results for {count} images')
    iterator = safely(lambda: iter(given))
    for number in range(count):
        result = safely(lambda: next(iterator, _NO_MORE))
        if result is _NO_MORE:
            raise _blame_handler(f'gave {number} results for {count} images')
        yield result
    # Only now has it done what it does after the last.
    if safely(lambda: next(iterator, _NO_MORE)) is not _NO_MORE:
        raise _blame_handler(f'gave more than {count} results')


def _blame_handler(wrong: str) -> HandlerFailed:
    LOG.error('The handler %s', wrong)
    return HandlerFailed(ValueError(wrong))
