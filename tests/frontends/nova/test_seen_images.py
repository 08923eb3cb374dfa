"""What is cached, by tables of what was looked at and what happened since."""

import datetime

import pytest

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.frontends.fleet.digest import names_of
from imagecache_handlers.frontends.nova.seen_images import choose_store
from imagecache_handlers.frontends.nova.seen_images import GIB
from imagecache_handlers.frontends.nova.seen_images import Look
from imagecache_handlers.frontends.nova.seen_images import SeenImages
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

THEN = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def image(image_id, store='s', variant=''):
    return CachedImage(
        image_id=image_id,
        store=store,
        location=f'{image_id}{variant}',
        variant=variant,
        size=1,
    )


def look(*images, at=THEN, stores=('s',), problems=()):
    return Look(
        at=at,
        stores=[Store(name=name) for name in stores],
        images=images,
        problems=problems,
    )


def outcome(one, did):
    verdict = Verdict(image=one, evict=True, reason=Reason.EXPIRED, rank=0)
    return Outcome(verdict=verdict, did=did)


class Passing:
    """Clocks by which all of these tests are over, until time passes."""

    def __init__(self):
        self.now_is = THEN + 2 * HOUR
        self.seconds = 0.0

    def make(self):
        return Clocks(now=lambda: self.now_is, monotonic=lambda: self.seconds)

    def pass_time(self, span):
        self.now_is += span
        self.seconds += span.total_seconds()


def seeing(*images, **how):
    seen = SeenImages(Passing().make())
    seen.learn_look(look(*images, **how))
    return seen


def names(seen, store=None):
    images, coming = seen.list_images(store)
    return sorted(one.image_id for one in images), coming


def test_before_the_first_look_no_time_is_known():
    seen = SeenImages(Passing().make())
    seen.learn_arrivals(['a'], None, THEN)
    assert seen.as_of is None
    seen.learn_look(look(image('b')))
    assert (names(seen), seen.as_of) == ((['a', 'b'], []), THEN)


def test_a_later_look_replaces_an_earlier_one():
    seen = seeing(image('a'), image('b'))
    seen.learn_look(look(image('b'), at=THEN + HOUR))
    assert (names(seen), seen.as_of) == ((['b'], []), THEN + HOUR)


def test_a_look_that_began_earlier_is_none():
    seen = seeing(image('a'))
    seen.learn_look(look(image('b'), at=THEN - HOUR))
    assert (names(seen), seen.as_of) == ((['a'], []), THEN)


def test_a_look_counts_after_a_clock_was_set_back():
    clocks = Passing()
    clocks.now_is = THEN + 8 * HOUR
    seen = SeenImages(clocks.make())
    seen.learn_look(look(image('a'), at=clocks.now_is))
    clocks.pass_time(HOUR)
    seen.learn_arrivals(['c'], None, clocks.now_is)
    # And that one which took its time was set back in the middle of it.
    clocks.pass_time(HOUR)
    clocks.now_is = THEN
    seen.learn_look(look(image('b'), at=THEN + 10 * HOUR))
    assert names(seen) == (['b'], [])
    clocks.pass_time(HOUR)
    seen.learn_look(look(image('d'), at=clocks.now_is))
    assert (names(seen), seen.as_of) == ((['d'], []), THEN + HOUR)


def test_what_cannot_be_read_is_not_empty():
    seen = seeing(image('a'))
    seen.learn_look(look(at=THEN + HOUR, problems=['s']))
    assert (names(seen), seen.as_of) == ((['a'], []), THEN)


def test_what_can_be_read_of_several_stores_counts():
    seen = seeing(image('a'))
    later = look(image('b'), at=THEN + HOUR, stores=['s', 't'], problems=['s'])
    seen.learn_look(later)
    assert names(seen) == (['b'], [])
    assert [one.name for one in seen.stores] == ['t']


@pytest.mark.parametrize(
    ('did', 'left'),
    [
        (Did.EVICTED, ['b']),
        (Did.GONE, ['b']),
        # It may be gone.
        (Did.UNCERTAIN, ['b']),
        (Did.KEPT, ['a', 'b']),
        (Did.FAILED, ['a', 'b']),
    ],
)
def test_what_goes_is_told_no_more(did, left):
    seen = seeing(image('a'), image('b'))
    seen.learn_outcome(outcome(image('a'), did))
    assert names(seen) == (left, [])


def test_what_came_and_goes_is_told_no_more():
    """By whatever name the backend lists it."""
    for name in names_of('a'):
        seen = seeing()
        seen.learn_arrivals(['a', 'b'], None, THEN)
        seen.learn_outcome(outcome(image(name), Did.EVICTED))
        assert names(seen) == (['b'], [])


def test_what_came_before_a_look_is_what_the_look_says():
    seen = seeing()
    seen.learn_arrivals(['a'], None, THEN)
    seen.learn_look(look(at=THEN + HOUR))
    assert names(seen) == ([], [])


def test_what_came_since_a_look_began_is_there():
    seen = seeing()
    seen.learn_arrivals(['a'], None, THEN + HOUR)
    seen.learn_look(look(at=THEN + HOUR))
    assert names(seen) == (['a'], [])


def test_what_is_there_neither_comes_nor_came():
    """By whatever name the backend lists it: the stats stay the same."""
    for name in names_of('a'):
        seen = seeing(image(name))
        seen.learn_arrivals(['a'], None, THEN)
        seen.expect_images(['a'])
        assert names(seen) == ([name], [])
    seen = seeing()
    seen.learn_arrivals(['a'], None, THEN)
    seen.expect_images(['a'])
    assert names(seen) == (['a'], [])


def test_what_comes_for_two_comes_until_both_have_it():
    seen = seeing()
    seen.expect_images(['a', 'b'])
    seen.expect_images(['a'])
    assert names(seen) == ([], ['a', 'b'])
    seen.end_expecting(['a', 'b'])
    assert names(seen) == ([], ['a'])
    seen.end_expecting(['a'])
    assert names(seen) == ([], [])


def test_of_one_store_only_what_is_in_it():
    seen = seeing(image('a'), image('b', 't'), stores=['s', 't'])
    seen.learn_arrivals(['c'], 't', THEN)
    seen.learn_arrivals(['d'], None, THEN)
    assert names(seen, 's') == (['a', 'd'], [])
    assert names(seen, 't') == (['b', 'c', 'd'], [])
    assert names(seen) == (['a', 'b', 'c', 'd'], [])


def test_what_is_made_of_an_image_is_not_the_image():
    assert names(seeing(image('a', variant='20'))) == ([], [])


def store(name, total, free):
    return Store(name=name, total=total, free=free)


SIZED = [
    store('a', 100 * GIB + 5, 50 * GIB),
    store('b', 100 * GIB + 9, 40 * GIB),
    store('c', 300 * GIB, None),
    store('d', None, 9 * GIB),
]


@pytest.mark.parametrize(
    ('total', 'free', 'name'),
    [
        (100, 49, 'a'),
        (100, 50, 'a'),
        (100, 44, 'b'),
        (100, 0, 'b'),
        # As near to one as to the other.
        (100, 45, 'a'),
        (300, 200, 'c'),
        (99, 50, None),
        (0, 0, None),
    ],
)
def test_the_store_of_that_size_is_chosen(total, free, name):
    assert choose_store(SIZED, total, free) == name
