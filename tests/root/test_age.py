"""How age is counted: since when, and by which labels."""

import pytest

from imagecache_handlers.age import count_use
from imagecache_handlers.age import idle_since
from imagecache_handlers.age import restart_age
from imagecache_handlers.age import start_age
from imagecache_handlers.labels import FUTURE
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import unused_label
from tests.planning.values import DAY
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import SECOND
from tests.planning.values import stamp

T = '20261122t082200z'
LATER = '20261123t082200z'


@pytest.mark.parametrize(
    ('unused', 'arrived', 'since'),
    [
        # Unmarked: idle since now, however long it lies there.
        (None, -10 * DAY, 0 * DAY),
        (None, None, 0 * DAY),
        # The later of its last use and its arrival.
        (-2 * DAY, -10 * DAY, -2 * DAY),
        (-2 * DAY, -HOUR, -HOUR),
        (-2 * DAY, 0 * DAY, 0 * DAY),
        # No arrival, or one that lies in the future, does not count.
        (-2 * DAY, None, -2 * DAY),
        (-2 * DAY, SECOND, -2 * DAY),
        (-2 * DAY, 365 * DAY, -2 * DAY),
        # Up to five minutes ahead is taken as it stands, more as now.
        (5 * MINUTE, None, 5 * MINUTE),
        (5 * MINUTE + SECOND, None, 0 * DAY),
        (365 * DAY, -HOUR, 0 * DAY),
    ],
)
def test_idle_since(unused, arrived, since):
    labels = [] if unused is None else [f'unused.{stamp(NOW + unused)}']
    cached_at = None if arrived is None else NOW + arrived

    found = image('a', *labels, cached_at=cached_at)

    assert idle_since(found, NOW) == NOW + since


def applied(labels, relabel):
    """As a handler does: each added, then each removed."""
    return (set(labels) | relabel.add) - relabel.remove


@pytest.mark.parametrize(
    ('labels', 'after'),
    [
        # Found in use for the first time: nothing was marked, no hit.
        ([], []),
        (['hits.3', 'pin.ops'], ['hits.3', 'pin.ops']),
        # Marked and in use again: a hit, and the age starts over.
        ([f'unused.{T}'], ['hits.1']),
        ([f'unused.{T}', 'hits.3', 'pin.ops'], ['hits.4', 'pin.ops']),
        ([f'unused.{T}', 'hits.3', 'hits.2'], ['hits.4']),
        ([f'unused.{T}', f'unused.{LATER}'], ['hits.1']),
        (['unused.garbage', 'hits.many'], ['hits.1']),
        ([f'unused.{T}', 'hits.999999999999'], ['hits.999999999999']),
    ],
)
def test_an_image_in_use_is_aged_no_more(labels, after):
    relabel = restart_age(Marks.read(labels))

    assert applied(labels, relabel) == set(after)
    assert bool(relabel) == (set(labels) != set(after))


@pytest.mark.parametrize(
    ('labels', 'after'),
    [
        ([], ['hits.1']),
        (['hits.1'], ['hits.2']),
        ([f'unused.{T}', 'hits.9'], ['hits.10']),
    ],
)
def test_an_image_that_is_taken_counts_a_hit(labels, after):
    assert applied(labels, count_use(Marks.read(labels))) == set(after)


@pytest.mark.parametrize(
    ('labels', 'after'),
    [
        ([], [f'unused.{T}']),
        (['hits.2'], ['hits.2', f'unused.{T}']),
        (['unused.20200101t000000z'], ['unused.20200101t000000z']),
        # Up to five minutes ahead is how clocks are; more is a mistake.
        (['unused.20261122t082700z'], ['unused.20261122t082700z']),
        (['unused.20261122t082701z'], [f'unused.{T}']),
        (['unused.99990101t000000z', 'unused.x'], [f'unused.{T}']),
        (['unused.garbage'], [f'unused.{T}']),
    ],
)
def test_the_age_of_an_idle_image_starts_once(labels, after):
    relabel = start_age(Marks.read(labels), NOW)

    assert applied(labels, relabel) == set(after)
    assert bool(relabel) == (set(labels) != set(after))


def test_no_relabel_removes_what_it_adds():
    label = unused_label(NOW)
    odd = Marks.read([label, 'unused.99990101t000000z'])

    assert label in applied(odd.labels, start_age(odd, NOW))
    assert FUTURE == 5 * MINUTE
