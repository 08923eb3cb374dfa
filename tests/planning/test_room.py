"""What goes before an image comes in: nothing, enough, or it is refused."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers.model import Reservation
from imagecache_handlers.planning.room import make_room
from imagecache_handlers.planning.room import measure_headroom
from imagecache_handlers.planning.room import Room
from imagecache_handlers.planning.rules import Rules
from tests.planning.values import DAY
from tests.planning.values import evidence
from tests.planning.values import HOUR
from tests.planning.values import idle
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import SECOND
from tests.planning.values import shelf

RULES = Rules(high_watermark=85, low_watermark=70, max_age=90 * DAY)


def reserved(size, name='x', token='t', until=NOW + HOUR, store='shelf'):
    return Reservation(
        image_id=name, store=store, token=token, size=size, until=until
    )


def measured(*reservations, stores=(), own='own', rules=RULES, **store):
    members = stores or [shelf(**{'total': 100, 'free': 40, **store})]
    return measure_headroom(members, reservations, own, NOW, rules)


def room(size, *images, there=None, said=None, **rules):
    plan = planned(*images, said=said, expire_at_min_age=False, **rules)
    return make_room(size, there or measured(), plan.verdicts)


def names(room):
    return [one.image.image_id for one in room.evict]


@pytest.mark.parametrize(
    ('store', 'available'),
    [
        ({'free': 40}, 25),
        ({'free': 15}, 0),
        ({'free': 3}, 0),
        ({'free': 40, 'releasing': 20}, 45),
        # However much is released: a pool is no larger than it is.
        ({'free': 90, 'releasing': 50}, 85),
        ({'total': 101, 'free': 41}, 25),
        ({'total': None, 'free': 40}, 40),
        ({'total': None, 'free': None}, None),
        ({'total': 0, 'free': 0}, 0),
    ],
)
def test_what_is_available_ends_at_the_high_watermark(store, available):
    assert measured(**store).available == available


def test_without_a_watermark_all_that_is_free_is_available():
    assert measured(rules=Rules()).available == 40


@pytest.mark.parametrize(
    ('reservations', 'available'),
    [
        ([], 25),
        ([reserved(10)], 15),
        ([reserved(10), reserved(10, 'y', 'u')], 5),
        # Of one image only one comes in, the largest as far as is known.
        ([reserved(10), reserved(12, token='u')], 13),
        # But each store has its own.
        ([reserved(10), reserved(12, store='b')], 3),
        ([reserved(10, token='own')], 25),
        # Others' clocks may be a skew behind.
        ([reserved(10, until=NOW - 60 * SECOND)], 15),
        ([reserved(10, until=NOW - 61 * SECOND)], 25),
        # Nor does one count whose clock was out of its mind.
        ([reserved(10, until=NOW + DAY + 60 * SECOND)], 15),
        ([reserved(10, until=NOW + DAY + 61 * SECOND)], 25),
        ([reserved(99)], 0),
    ],
)
def test_what_others_have_reserved_is_taken(reservations, available):
    assert measured(*reservations).available == available


def test_stores_of_one_pool_have_one_space():
    two = [
        shelf(100, 40, releasing=5, pool='p'),
        shelf(100, 38, name='b', pool='p'),
    ]
    assert measured(stores=two).available == 30


ONE_USED = image('used', idle(30), users=frozenset({'vm'}))


@pytest.mark.parametrize(
    ('size', 'images', 'gone'),
    [
        (25, [ready('a')], []),
        (26, [ready('a')], ['a']),
        (35, [ready('a'), ready('b')], ['a']),
        # In the order of the policy: the longest idle first.
        (26, [image('new', idle(5)), image('old', idle(9))], ['old']),
        # What frees nothing is spared.
        (26, [ready('a', frees=0), image('b', idle(2))], ['b']),
    ],
)
def test_just_enough_goes(size, images, gone):
    made = room(size, *images)
    assert names(made) == gone
    assert not made.why


def test_what_goes_anyway_goes_first():
    one = ready('dup', location='first')
    two = image('dup', idle(2), location='second')
    old = image('old', idle(20))
    made = room(26, one, two, old)
    assert [one.image.location for one in made.evict] == ['second']


@pytest.mark.parametrize(
    'kept',
    [
        ONE_USED,
        image('claimed', idle(), 'claim.x.20261122t083000z'),
        image('leased', idle(), 'lease.x.20261122t083000z'),
        image('pinned', idle(), 'pin.x'),
        image('new'),
        image('unclear', idle(), unknown='who knows'),
    ],
)
def test_what_is_to_stay_stays(kept):
    made = room(26, kept)
    assert made.evict == ()
    assert made.why


def test_nothing_goes_for_what_never_fits():
    made = room(46, ready('a'), ready('b'))
    assert made == Room(
        why=(
            'it takes 46 B there, 25 B are free below the high watermark, '
            'and what may go frees 20 B'
        )
    )


@pytest.mark.parametrize(
    ('size', 'blind', 'ending', 'images'),
    [
        (35, True, '; who uses 10 B more is not known', 'unseen'),
        # What does not age meanwhile is not kept by its age.
        (35, True, '; who uses 10 B more is not known', 'young'),
        # However much is told then, it does not fit.
        (36, False, '; who uses 10 B more is not known', 'unseen'),
        # No word of anybody opens the eyes of a backend.
        (35, False, '; who uses 10 B more is not known', 'unclear'),
        (45, False, '; who uses 20 B more is not known', 'unseen unclear'),
        (35, False, 'frees 0 B', 'pinned'),
        (35, False, 'frees 0 B', 'used'),
        (
            36,
            True,
            'frees 10 B; who uses 10 B more is not known',
            'seen unseen',
        ),
        (35, False, 'frees 0 B', ''),
    ],
)
def test_it_tells_what_is_kept_since_nobody_knows(size, blind, ending, images):
    known = {
        'seen': ready('seen'),
        'unseen': ready('unseen', users=None),
        'young': image('young', users=None),
        'unclear': ready('unclear', unknown='who knows'),
        'pinned': ready('pinned', 'pin.x', users=None),
        'used': ready('used', users=frozenset({'vm'}), unknown='who else'),
    }
    these = [known[name] for name in images.split()]
    made = room(size, *these, said=evidence(complete=False))
    assert (made.blind, made.evict) == (blind, ())
    assert made.why.endswith(ending)


def test_what_is_only_reserved_needs_nobody_to_say_who_uses_what():
    unseen = ready('a', users=None)
    said = evidence(complete=False)
    made = room(20, unseen, there=measured(reserved(10)), said=said)
    assert (made.crowded, made.blind) == (True, False)


def test_it_tells_what_is_only_reserved():
    there = measured(reserved(10))
    made = room(26, there=there)
    assert not made.crowded
    made = room(20, there=there)
    assert made.crowded
    assert '15 B are free' in made.why
    assert '10 B more are reserved' in made.why


def test_where_nobody_tells_what_is_free_nothing_goes():
    there = measured(total=None, free=None)
    assert room(10**9, ready('a'), there=there) == Room()
    assert there.explain() == 'how much is free is not known'


def test_without_evidence_nothing_unseen_goes():
    unseen = ready('a', users=None)
    assert room(26, unseen, said=evidence(complete=False)).why
    assert names(room(26, unseen)) == ['a']


images = st.lists(
    st.builds(
        lambda size, days, used: (size, days, used),
        st.integers(0, 40),
        st.integers(0, 30),
        st.booleans(),
    ),
    max_size=6,
)


@given(
    images,
    st.integers(1, 300),
    st.integers(0, 300),
    st.integers(0, 100),
    st.integers(0, 120),
    st.lists(st.integers(0, 50), max_size=3),
)
def test_never_above_the_high_watermark(
    sizes, total, free, high, wanted, others
):
    free = min(free, total)
    rules = Rules(high_watermark=high, low_watermark=0, max_age=99 * DAY)
    kept = [
        image(
            f'i{number}',
            idle(days),
            size=size,
            users=frozenset({'vm'} if used else ()),
        )
        for number, (size, days, used) in enumerate(sizes)
    ]
    waiting = [
        reserved(size, f'r{number}', f't{number}')
        for number, size in enumerate(others)
    ]
    there = measured(*waiting, rules=rules, total=total, free=free)
    verdicts = planned(*kept, expire_at_min_age=False).verdicts
    made = make_room(wanted, there, verdicts)
    freed = [one.image.reclaimable for one in made.evict]
    after = free + sum(freed) - wanted - sum(others)
    if made.why:
        everything = sum(
            one.image.reclaimable for one in verdicts if not one.blockers
        )
        assert made.evict == ()
        assert free + everything - wanted - sum(others) < there.kept
        return
    assert after >= there.kept
    assert 100 - after * 100 // total <= high
    # No more than it takes: without the last of them it would not fit.
    assert not freed or after - freed[-1] < there.kept
