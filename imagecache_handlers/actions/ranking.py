"""Ranks that a policy gives: values that can be compared, or it is named."""

import dataclasses
import datetime

from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Order
from imagecache_handlers.model import SupportsLessThan
from imagecache_handlers.planning import policies
from imagecache_handlers.planning.rules import Rules


class CheckedOrder:
    """The order of a policy, for one plan.

    A value that cannot be compared with the one before, or not with itself,
    is a ``HandlerFailed`` that names the policy, the image and the value.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._last: SupportsLessThan | None = None

    def __call__(
        self, image: CachedImage, now: datetime.datetime
    ) -> SupportsLessThan:
        return call_safely(lambda: self._rank_image(image, now))

    def _rank_image(
        self, image: CachedImage, now: datetime.datetime
    ) -> SupportsLessThan:
        rank = self._order(image, now)
        other = rank if self._last is None else self._last
        if not _is_comparable(rank, other):
            raise ValueError(
                f'policy {_name_of(self._order)}: it gave '
                f'{_show_rank(rank)} for image {image.image_id!r}, which '
                f'cannot be ordered beside {_show_rank(other)}'
            )
        self._last = rank
        return rank


def check_ranks(rules: Rules) -> Rules:
    """Have the values of an order checked, unless it is one of our own."""
    if getattr(rules.order, '__module__', None) == policies.__name__:
        return rules
    return dataclasses.replace(rules, order=CheckedOrder(rules.order))


def _is_comparable(one: SupportsLessThan, other: SupportsLessThan) -> bool:
    try:
        one < other  # noqa: B015 -- asked whether, not which
    except TypeError:
        return False
    # What does not equal itself, as NaN, has no place anywhere.
    return bool(one == one)  # noqa: PLR0124


def _name_of(order: Order) -> str:
    module = getattr(order, '__module__', '?')
    return f'{module}.{getattr(order, "__qualname__", type(order).__name__)}'


def _show_rank(rank: object) -> str:
    return repr(rank)[:100]
