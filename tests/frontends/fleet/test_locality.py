"""Locality: tables of what places told, and of what they are worth."""

import datetime

import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.locality import Place
from imagecache_handlers.frontends.fleet.locality import score_places

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)
MIB = 2**20
GIB = 2**30
HUGE = 100 * GIB


def image(image_id):
    return CachedImage(image_id=image_id, store='s', location='l', size=1)


def place(*names, coming=(), age=datetime.timedelta(), **more):
    images = map(image, names)
    told = make_digest(images, coming, generation=1, as_of=NOW - age)
    return Place(digest=told, **more)


def score(*places, size=HUGE):
    return score_places(places, 'wanted', size, now=NOW, max_age=HOUR)


def test_who_has_it_is_worth_more():
    assert score(place('wanted'), place('other'), Place(digest=None)) == [
        pytest.approx(2 / 3),
        0.0,
        0.0,
    ]


def test_nobody_is_worth_nothing_of_what_nobody_has():
    assert score(place('other'), place()) == [0.0, 0.0]
    assert score() == []


def test_what_is_on_its_way_counts_half():
    assert score(place('wanted'), place(coming=['wanted'])) == [1.0, 0.5]


@pytest.mark.parametrize(
    ('size', 'worth'),
    [
        (1, 0.0),
        (64 * MIB, 0.0),
        (572 * MIB, 0.25),
        (2096 * MIB, 0.5),
        (8 * GIB, 1.0),
        (HUGE, 1.0),
        (None, 0.494),
        (0, 0.494),
    ],
)
def test_small_images_count_little(size, worth):
    assert score(place('wanted'), size=size) == [
        pytest.approx(worth, abs=0.001)
    ]


@pytest.mark.parametrize(
    ('holders', 'worth'), [(1, 0.525), (3, 0.575), (10, 0.75), (20, 1.0)]
)
def test_an_image_on_few_hosts_counts_less(holders, worth):
    places = [place('wanted')] * holders + [place()] * (20 - holders)
    assert score(*places)[0] == pytest.approx(worth)


@pytest.mark.parametrize(
    ('io_ops', 'worth'),
    [(-1, 1.0), (0, 1.0), (4, 1.0), (5, 0.5), (6, 0.0), (99, 0.0)],
)
def test_work_under_way_lowers_it(io_ops, worth):
    assert score(place('wanted', io_ops=io_ops)) == [pytest.approx(worth)]


@pytest.mark.parametrize(
    ('servers', 'others', 'worth'),
    [
        # Few servers are no crowd, whatever the others have.
        (0, 0, 1.0),
        (4, 0, 1.0),
        (5, 0, 0.5),
        (6, 0, 0.0),
        (6, 1, 0.0),
        # Then it goes by twice its share of all that there are.
        (20, 20, 1.0),
        (30, 15, 0.75),
        (30, 10, 0.3),
        (30, 7.5, 0.0),
        (99, 5, 0.0),
    ],
)
def test_a_host_with_more_than_its_share_is_worth_less(servers, others, worth):
    places = [place('wanted', servers=servers)]
    places += [place('wanted', servers=others)] * 2
    assert score(*places)[0] == pytest.approx(worth, abs=0.001)


@pytest.mark.parametrize(
    ('memory', 'worth'), [(100, 0.0), (200, 0.75), (400, 1.0), (0, 0.0)]
)
def test_the_share_goes_by_the_size_of_a_host(memory, worth):
    """0 where Nova does not know it: all are as large then."""
    places = [place('wanted', servers=30, memory=memory)]
    places += [place('wanted', servers=5, memory=100)] * 2
    assert score(*places)[0] == pytest.approx(worth)


@pytest.mark.parametrize(
    ('fresh', 'servers', 'worth'),
    [
        (0, 10, 1.0),
        (4, 10, 1.0),
        (5, 10, 0.5),
        (6, 10, 0.0),
        (99, 99, 0.0),
        # What was there before is no crowd.
        (0, 20, 1.0),
        (4, 20, 1.0),
    ],
)
def test_new_servers_of_the_image_lower_it(fresh, servers, worth):
    places = [place('wanted', fresh=fresh, servers=servers)]
    places += [place('wanted', fresh=0, servers=10)] * 2
    assert score(*places)[0] == pytest.approx(worth)


@pytest.mark.parametrize(
    ('servers', 'others', 'worth'),
    [(4, 0, 1.0), (6, 0, 0.0), (24, 9, 1.0), (24, 6, 0.5), (24, 4, 0.0)],
)
def test_others_lower_it_from_three_times_its_share(servers, others, worth):
    places = [place('wanted', fresh=0, servers=servers)]
    places += [place('wanted', fresh=0, servers=others)] * 4
    assert score(*places)[0] == pytest.approx(worth, abs=0.001)


def test_the_busier_of_both_counts():
    one = place('wanted', servers=5, io_ops=4)
    other = place('wanted', servers=4, io_ops=5)
    idle = [place('wanted')] * 2
    assert score(one, other, *idle)[:2] == [pytest.approx(0.5)] * 2


@pytest.mark.parametrize(
    ('age', 'worth'),
    [
        (0 * HOUR, 1.0),
        (HOUR, 1.0),
        (HOUR + SECOND, 0.5),
        (2 * HOUR, 0.5),
        (2 * HOUR + SECOND, 0.0),
        # Its clock is ahead of ours.
        (-300 * SECOND, 1.0),
        (-HOUR - SECOND, 0.5),
        (-3 * HOUR, 0.0),
    ],
)
def test_what_was_told_long_ago_counts_less(age, worth):
    assert score(place('wanted', age=age)) == [worth]


def test_what_counts_nothing_makes_an_image_no_more_common():
    old = place('wanted', age=3 * HOUR)
    assert score(place('wanted'), old) == score(place('wanted'), place())


def test_what_cannot_be_an_image_is_refused():
    with pytest.raises(ValueError, match='cannot name an image'):
        score_places([place()], '../etc', 1, now=NOW, max_age=HOUR)
