"""How much a pool wants freed, and what keeps it from being freed."""

import dataclasses
from typing import Any

import pytest

from imagecache_handlers.model import Store
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Reason
from tests.planning.values import DAY
from tests.planning.values import going
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf
from tests.planning.values import stamp

# Nothing goes for its age alone: what goes, goes to make space.
LAZY: dict[str, Any] = {
    'expire_at_min_age': False,
    'high_watermark': 85,
    'low_watermark': 70,
}
FULL = shelf(100, 0)


def pool(*stores):
    (only,) = space.group_by_pool(stores)
    return only


@pytest.mark.parametrize(
    ('total', 'free', 'usage', 'wanted'),
    [
        # usage = 100 - int(free * 100 / total), and only above the mark.
        (100, 100, 0, 0),
        (100, 16, 84, 0),
        (100, 15, 85, 0),
        (100, 14, 86, 16),
        (100, 0, 100, 30),
        # Whole percent: a byte less than 15 % free is 86 % used.
        (1000, 150, 85, 0),
        (1000, 149, 86, 151),
        # Just enough for the low mark, rounded up to a byte.
        (99, 0, 100, 30),
        (101, 0, 100, 31),
        (3, 0, 100, 1),
        (2**50 + 1, 0, 100, 337769972052788),
        # More free than there is counts as all of it.
        (100, 10**9, 0, 0),
        (0, 0, None, 0),
        (0, 5, None, 0),
        (None, None, None, 0),
        (100, None, None, 0),
        (None, 5, None, 0),
    ],
)
def test_the_marks_are_the_kubelets(total, free, usage, wanted):
    measured = pool(shelf(total, free))

    assert measured.usage == usage
    assert (
        measured.wanted(Rules(high_watermark=85, low_watermark=70)) == wanted
    )


@pytest.mark.parametrize(
    ('high', 'low', 'free', 'wanted'),
    [
        (100, 80, 0, 0),
        (100, 0, 0, 0),
        (99, 99, 0, 1),
        (99, 0, 0, 100),
        (0, 0, 100, 0),
        (0, 0, 99, 1),
        (80, 80, 20, 0),
        (80, 80, 19, 1),
    ],
)
def test_the_marks_at_their_bounds(high, low, free, wanted):
    rules = Rules(high_watermark=high, low_watermark=low)

    assert pool(shelf(100, free)).wanted(rules) == wanted


def test_what_is_being_released_counts_as_free():
    assert pool(shelf(100, 0, releasing=15)).usage == 85
    assert pool(shelf(100, 0, releasing=10)).wanted(Rules(**LAZY)) == 20
    assert pool(shelf(100, 90, releasing=90)).free == 100
    assert pool(shelf(None, None, releasing=9)).wanted(Rules(**LAZY)) == 0


def test_stores_of_a_pool_share_one_free_space():
    stores = [
        shelf(100, 5, name='a', pool='disk', releasing=1),
        shelf(100, 6, name='b', pool='disk', releasing=2),
        shelf(None, None, name='c', pool='disk'),
        shelf(50, 50, name='d'),
    ]

    disk, other = space.group_by_pool(stores)

    assert disk.stores == {'a', 'b', 'c'}
    assert (disk.name, disk.total, disk.free) == ('disk', 100, 9)
    assert (other.name, other.total, other.free) == ('d', 50, 50)


def test_a_pool_frees_from_all_of_its_stores_and_once():
    stores = [shelf(100, 0, name=name, pool='disk') for name in 'ab']
    images = [
        ready('young', store='a', cached_at=NOW - 2 * DAY, size=20),
        ready('old', store='b', size=20),
        ready('other', store='elsewhere', size=20),
    ]

    plan = planned(*images, stores=stores, **LAZY)

    assert going(plan) == ['old', 'young']
    (told,) = plan.spaces
    assert (told.pool, told.wanted, told.planned) == ('disk', 30, 40)


def test_pools_do_not_make_space_for_each_other():
    stores = [shelf(100, 0, name='full'), shelf(100, 50, name='roomy')]
    images = [
        ready(f'{store}-{n}', store=store, size=30)
        for store in ('full', 'roomy')
        for n in (1, 2)
    ]

    plan = planned(*images, stores=stores, **LAZY)

    assert going(plan) == ['full-1']
    assert [told.planned for told in plan.spaces] == [30, 0]


@pytest.mark.parametrize(
    ('frees', 'expected'),
    [
        # What would free nothing is never chosen, however near the front.
        ({'a': 0}, ['b', 'c', 'd']),
        ({'a': 0, 'b': 0, 'c': 0, 'd': 0}, []),
        # A chain that shares some of its bytes frees what it says.
        ({'a': 1}, ['a', 'b', 'c', 'd']),
        ({'a': 30}, ['a']),
        ({}, ['a', 'b', 'c']),
    ],
)
def test_space_is_made_by_what_evictions_release(frees, expected):
    images = [
        ready(name, frees=frees.get(name), cached_at=NOW - days * DAY)
        for name, days in zip('abcd', (8, 7, 6, 5), strict=True)
    ]

    assert going(planned(*images, stores=[FULL], **LAZY)) == expected


def test_what_goes_anyway_makes_space_first():
    images = [
        ready('twin', location='2', cached_at=NOW - 2 * DAY),
        ready('twin', location='1', cached_at=NOW - 3 * DAY),
        ready('expired', cached_at=NOW - 40 * DAY),
        ready('next', cached_at=NOW - 4 * DAY),
    ]
    rules = {**LAZY, 'max_age': 9 * DAY}

    plan = planned(*images, stores=[FULL], **rules)

    assert [
        (one.image.image_id, one.reason.value) for one in plan.evictions
    ] == [
        ('expired', 'expired'),
        ('next', 'space'),
        ('twin', 'duplicate'),
    ]
    assert plan.spaces[0].planned == 30
    assert plan.spaces[0].short == 0


def test_age_asks_for_no_shortage_and_space_for_no_age():
    fresh = ready('fresh', cached_at=NOW - DAY)
    stale = ready('stale')
    by_age = {'expire_at_min_age': False, 'max_age': 9 * DAY}

    assert going(planned(fresh, stale, **by_age)) == ['stale']
    assert going(planned(fresh, stale, stores=[shelf(100, 95)], **by_age)) == [
        'stale'
    ]
    assert going(planned(fresh, stores=[FULL], **LAZY)) == ['fresh']
    assert going(planned(fresh, stale, **LAZY)) == []


def test_the_high_mark_at_100_is_off():
    assert (
        going(planned(ready(), stores=[FULL], expire_at_min_age=False)) == []
    )


def test_a_shortage_is_explained_by_bytes_and_reason():
    soon = NOW + HOUR
    images = [
        image('a', users=frozenset({'vm-1'}), size=1),
        image('b', users=frozenset({'vm-2'}), size=2),
        ready('c', f'pin.ops.{stamp(soon)}', size=4),
        ready('d', 'pin.dev', f'pin.qa.{stamp(soon)}', size=8),
        image('e', f'unused.{stamp(NOW - HOUR)}', size=16),
        image('f', f'unused.{stamp(NOW - 2 * HOUR)}', size=32, frees=0),
        ready('g', size=3),
        ready('h', size=64, store='elsewhere', unknown='no reply'),
    ]

    (told,) = planned(*images, stores=[FULL], **LAZY).spaces

    assert (told.wanted, told.planned, told.short) == (30, 3, 27)
    assert [
        (one.reason, one.size, one.who, one.first) for one in told.blocked
    ] == [
        (Reason.IN_USE, 3, {'vm-1', 'vm-2'}, None),
        (Reason.PINNED, 12, {'ops', 'dev', 'qa'}, soon + MINUTE),
        (Reason.TOO_YOUNG, 16, frozenset(), NOW + 22 * HOUR),
    ]


def test_no_shortage_needs_no_explanation():
    images = [ready('a', size=30), ready('b', 'pin.ops')]

    (told,) = planned(*images, stores=[FULL], **LAZY).spaces

    assert told.blocked == ()


MARKS_OFF = "pool 'shelf' does not say its size: no watermarks there"


@pytest.mark.parametrize('store', [shelf(), shelf(0, 0), shelf(100, None)])
def test_marks_without_a_size_are_warned_about(store):
    plan = planned(stores=[store], **LAZY)

    assert plan.warnings == (MARKS_OFF,)
    assert planned(stores=[store]).warnings == ()


@pytest.mark.parametrize(
    ('sizes', 'warned'), [((35, 35), False), ((35, 36), True)]
)
def test_more_kept_by_hand_than_the_low_mark_is_warned_about(sizes, warned):
    by_pin, by_pattern = sizes
    images = [
        ready('a', 'pin.ops', size=by_pin),
        # Kept by hand twice, and in use as well: it counts once.
        ready('b', 'pin.dev', size=by_pattern, users=frozenset({'vm'})),
        image('c', size=1000, users=frozenset({'vm'})),
    ]
    protected = Patterns.parse(['b'])

    plan = planned(*images, stores=[FULL], protected=protected, **LAZY)

    assert plan.warnings == (
        (
            "pins and patterns keep 71 B in pool 'shelf', more than its "
            'low watermark of 70 B: no sweep can reach it',
        )
        if warned
        else ()
    )


def test_a_pool_is_a_value():
    measured = pool(Store(name='s', total=1, free=1))

    with pytest.raises(dataclasses.FrozenInstanceError):
        measured.free = 2
