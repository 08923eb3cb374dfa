"""Stats: what Nova is told of a cache, and what is read of it."""

import datetime

import hypothesis
from hypothesis import strategies
import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.fleet.digest import BUDGET
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet import opts
from imagecache_handlers.frontends.fleet.stats import read_stats
from imagecache_handlers.frontends.fleet.stats import write_stats

NOW = datetime.datetime(2026, 11, 30, 12, 3, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def image(image_id):
    return CachedImage(image_id=image_id, store='s', location='l', size=1)


def digest(*names, coming=(), **how):
    how = {'generation': 1, 'as_of': NOW, 'free': 5, 'total': 9, **how}
    return make_digest(map(image, names), coming, **how)


def size_of(stats):
    return sum(len(key) + len(value) for key, value in stats.items())


def test_what_was_written_is_read():
    one = read_stats(write_stats(digest('a', 'b', coming=['c'])))
    assert one.has_image('a')
    assert one.has_image('b')
    assert one.awaits_image('c')
    assert (one.count, one.is_complete) == (2, True)
    assert one.as_of == NOW.replace(minute=0)


def test_all_keys_are_ours():
    assert all(key.startswith('imagecache_') for key in write_stats(digest()))


@pytest.mark.parametrize(
    'how',
    [
        {'generation': 2},
        {'free': 4},
        {'free': None, 'total': None},
        {'as_of': NOW + 6 * MINUTE},
        {'as_of': NOW - 3 * MINUTE},
    ],
)
def test_equal_images_are_equal_stats(how):
    assert write_stats(digest('b', 'a', **how)) == write_stats(
        digest('a', 'b')
    )


@pytest.mark.parametrize(
    'other',
    [
        digest('a'),
        digest('a', 'c'),
        digest('a', coming=['b']),
        digest('a', 'b', as_of=NOW + 7 * MINUTE),
    ],
)
def test_other_images_or_a_later_time_are_other_stats(other):
    assert write_stats(other) != write_stats(digest('a', 'b'))


def test_a_host_that_sweeps_as_nova_does_is_never_old():
    """Its time is up to a sweep and ten minutes ago, and it may miss one."""
    defaults = {one.name: one.default for one in opts.OPTS}
    interval = 2400  # of Nova's default
    longest = 2 * interval + 600
    assert longest < defaults['digest_max_age_seconds']


def test_a_full_digest_fits_with_its_key():
    many = [f'{number}' for number in range(1600)]
    stats = write_stats(digest(*many))
    assert size_of(stats) <= BUDGET
    assert read_stats(stats).is_complete


def test_what_is_left_out_of_8_kib_is_said_to_be():
    stats = write_stats(digest(*[f'{number}' for number in range(2000)]))
    assert size_of(stats) <= BUDGET
    one = read_stats(stats)
    assert (one.count, one.is_complete) == (2000, False)


def test_a_larger_one_is_refused():
    many = [f'{number}' for number in range(3000)]
    with pytest.raises(ValueError, match='over 8192'):
        write_stats(digest(*many, budget=2 * BUDGET))


@pytest.mark.parametrize('stats', [None, 7, 'imagecache_digest', [], {}])
def test_what_is_no_stats_has_no_digest(stats):
    assert read_stats(stats) is None


def test_what_was_changed_on_its_way_is_no_digest():
    text = write_stats(digest('a'))['imagecache_digest']
    assert read_stats({'imagecache_digest': f'{text} '}) is None


RUBBISH = (
    strategies.none()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=99)
    | strategies.binary(max_size=99)
    | strategies.lists(strategies.text(max_size=9), max_size=2)
)


GOOD = write_stats(digest('a', 'b'))['imagecache_digest']


@hypothesis.given(value=RUBBISH, place=strategies.integers(0, len(GOOD) - 1))
def test_nonsense_is_no_digest(value, place):
    assert read_stats({'imagecache_digest': value}) is None
    cut = GOOD[:place] + '\0' + GOOD[place + 1 :]
    assert read_stats({'imagecache_digest': cut}) is None
    assert read_stats({'imagecache_digest': GOOD[:place]}) is None
    assert read_stats({'imagecache_digest': GOOD * 999}) is None
