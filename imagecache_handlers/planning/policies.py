"""Policies: the orders in which images go."""

import datetime

from imagecache_handlers.age import idle_since
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import SupportsLessThan


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
    return _count_uses(image) / _idle_seconds(image, now)


def gdsf(image: CachedImage, now: datetime.datetime) -> SupportsLessThan:
    """The fewest uses over idle time go first, weighed by cost and size.

    What costs least to fetch again for each byte it holds goes first: of
    two images used alike, the larger.
    """
    size = max(image.size, 1)
    cost = FETCH_OVERHEAD + size
    return _count_uses(image) * cost / (size * _idle_seconds(image, now))


def _count_uses(image: CachedImage) -> int:
    # The use that brought it here left no hit.
    return image.marks.hits + 1


def _idle_seconds(image: CachedImage, now: datetime.datetime) -> float:
    # One more, for what was used just now must still compare.
    return 1 + max(0.0, (now - idle_since(image, now)).total_seconds())
