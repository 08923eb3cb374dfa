"""Which image goes first: the orders that policies choose from."""

from collections.abc import Callable
import datetime
from typing import Any
from typing import Protocol

from imagecache_handlers.marks import FUTURE
from imagecache_handlers.model import CachedImage


class SupportsLessThan(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


# All that a policy plug-in is: the image with the smallest value goes first.
# It never sees a blocked image.
Order = Callable[[CachedImage, datetime.datetime], SupportsLessThan]

# A fetch costs its bytes, and about as long as these take to get going.
FETCH_OVERHEAD = 256 * 2**20


def age(image: CachedImage, now: datetime.datetime) -> SupportsLessThan:
    """The longest idle goes first; whatever reached its minimum age goes."""
    return idle_since(image, now)


def lru(image: CachedImage, now: datetime.datetime) -> SupportsLessThan:
    """The longest idle goes first, and only to make space."""
    return idle_since(image, now)


def popularity(image: CachedImage, now: datetime.datetime) -> SupportsLessThan:
    """The fewest uses over idle time go first, and only to make space."""
    return _uses(image) / _idle_seconds(image, now)


def gdsf(image: CachedImage, now: datetime.datetime) -> SupportsLessThan:
    """The fewest uses over idle time go first, weighed by cost and size.

    What costs least to fetch again for each byte it holds goes first: of
    two images used alike, the larger.
    """
    size = max(image.size, 1)
    cost = FETCH_OVERHEAD + size
    return _uses(image) * cost / (size * _idle_seconds(image, now))


def _uses(image: CachedImage) -> int:
    # The use that brought it here left no hit.
    return image.marks.hits + 1


def _idle_seconds(image: CachedImage, now: datetime.datetime) -> float:
    # One more, for what was used just now must still compare.
    return 1 + max(0.0, (now - idle_since(image, now)).total_seconds())


def idle_since(
    image: CachedImage, now: datetime.datetime
) -> datetime.datetime:
    """Give the later of its last use and its arrival; now while unmarked.

    A last use well in the future counts as now; an arrival in the future is
    a clock's mistake and is ignored.
    """
    since = image.marks.unused_since
    if since is None or since > now + FUTURE:
        return now
    arrived = image.cached_at
    if arrived is not None and since < arrived <= now:
        return arrived
    return since
