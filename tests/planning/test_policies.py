"""Which image goes first, by each order."""

import pytest

from imagecache_handlers.planning import policies
from tests.planning.values import DAY
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import SECOND
from tests.planning.values import stamp

GIB = 2**30


def used(name, ago, hits=0, **fields):
    labels = [f'unused.{stamp(NOW - ago)}', f'hits.{hits}']
    return image(name, *labels, **fields)


OLD = used('old', 9 * DAY, hits=99)
NEW = used('new', 2 * DAY)


@pytest.mark.parametrize(
    ('order', 'first', 'then'),
    [
        (policies.age, OLD, NEW),
        (policies.lru, OLD, NEW),
        (policies.popularity, NEW, OLD),
        (policies.gdsf, NEW, OLD),
        # As often used, the longer idle goes first.
        (policies.popularity, used('a', 2 * DAY, 5), used('b', DAY, 5)),
        (policies.gdsf, used('a', 2 * DAY, 5), used('b', DAY, 5)),
        # As long idle, the less used goes first; never used is least.
        (policies.popularity, used('a', DAY, 0), used('b', DAY, 1)),
        (policies.gdsf, used('a', DAY, 0), used('b', DAY, 1)),
        # Twice the uses make up for twice the idle time and no more.
        (policies.popularity, used('a', 3 * DAY, 1), used('b', DAY, 0)),
        # Used alike, the larger goes first: it costs less for each byte.
        (
            policies.gdsf,
            used('a', DAY, 5, size=8 * GIB),
            used('b', DAY, 5, size=GIB),
        ),
        # One that holds nothing costs the most for each byte.
        (policies.gdsf, used('a', DAY, 5), used('b', DAY, 5, size=0)),
        # What was used this very second still compares.
        (policies.popularity, used('a', SECOND), used('b', 0 * DAY)),
        (policies.gdsf, used('a', SECOND), used('b', 0 * DAY)),
        (policies.popularity, used('a', -MINUTE, 0), used('b', -MINUTE, 1)),
    ],
)
def test_what_goes_first(order, first, then):
    assert order(first, NOW) < order(then, NOW)


@pytest.mark.parametrize('order', [policies.age, policies.lru])
def test_hits_and_size_mean_nothing_to_the_idle_orders(order):
    one, other = used('a', DAY, 0, size=1), used('b', DAY, 9, size=9)

    assert order(one, NOW) == order(other, NOW)


def test_size_means_nothing_to_popularity():
    one, other = used('a', DAY, 3, size=1), used('b', DAY, 3, size=9)

    assert policies.popularity(one, NOW) == policies.popularity(other, NOW)
