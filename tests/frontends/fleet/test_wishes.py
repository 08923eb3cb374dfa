"""Wishes and states: what they are, and what strangers wrote."""

import datetime
import json

import pytest

from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.wish_board import is_over
from imagecache_handlers.frontends.fleet.wish_board import judge_states
from imagecache_handlers.frontends.fleet.wish_board import seconds_left
from imagecache_handlers.frontends.fleet.wishes import is_due
from imagecache_handlers.frontends.fleet.wishes import is_final
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from imagecache_handlers.frontends.fleet.wishes import Wish
from tests.frontends.fleet.test_members import NOW

HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)


def wish_of(*images, **how):
    how = {'wish_id': 'w1', 'hosts': 'h*', **how}
    return Wish(images=images or ('a',), **how)


def state_of(stage, **how):
    return State(stage=Stage(stage), **{'at': NOW, **how})


@pytest.mark.parametrize(
    'wish',
    [
        wish_of('a', 'b'),
        wish_of(parallel=7, retries=0, ttl=3600, until=NOW + HOUR),
        wish_of(is_standing=True),
        wish_of(until=NOW + HOUR, span=3600),
    ],
)
def test_what_was_written_is_read(wish):
    assert Wish.decode('w1', wish.encode()) == wish


@pytest.mark.parametrize(
    ('given', 'why'),
    [
        ({'hosts': ''}, 'is for hosts'),
        ({'images': ()}, 'one image or more'),
        ({'images': ('../a',)}, 'cannot name an image'),
        ({'wish_id': '..'}, '1 to 253'),
        ({'parallel': 0}, 'parallel 0 is not from 1'),
        ({'parallel': 1001}, 'parallel 1001'),
        ({'retries': -1}, 'retries -1 is not from 0'),
        ({'ttl': 0}, 'ttl 0'),
        ({'span': 0}, 'span 0'),
    ],
)
def test_what_makes_no_sense_cannot_be_made(given, why):
    how = {'wish_id': 'w1', 'hosts': 'h*', 'images': ('a',), **given}
    with pytest.raises(ValueError, match=why):
        Wish(**how)


def test_a_wish_for_ten_thousand_images_is_refused():
    images = [f'image-{number}' for number in range(10_000)]
    with pytest.raises(ValueError, match='make several'):
        wish_of(*images).encode()


def changed(**what):
    return json.dumps(json.loads(wish_of().encode()) | what).encode()


STRANGE = {
    b'?': 'no JSON',
    b'x' * (LONGEST_NOTE + 1): 'longer than',
    changed(edition=2): 'edition',
    changed(wish_id='w2'): 'another wish',
    changed(images='a'): 'no list',
    changed(images=[1]): 'no text',
    changed(images=['../../etc']): 'cannot name an image',
    changed(images=[]): 'one image or more',
    changed(parallel=10**9): 'parallel',
    changed(parallel=True): 'parallel is no number',
    changed(retries='1'): 'retries is no number',
    changed(ttl=-1): 'ttl is no number',
    changed(until='soon'): 'until is no time',
    changed(span='1'): 'span is no number',
    changed(hosts=None): 'hosts is no text',
}


@pytest.mark.parametrize(('data', 'why'), STRANGE.items())
def test_what_is_strange_is_no_wish(data, why):
    with pytest.raises(ValueError, match=why):
        Wish.decode('w1', data)


@pytest.mark.parametrize(
    ('pattern', 'host', 'is_meant'),
    [
        ('h*', 'h1', True),
        ('H1', 'h1', True),
        ('h1', 'H1', True),
        ('h', 'h1', False),
        ('*', 'x', True),
        ('h[12]', 'h3', False),
    ],
)
def test_who_is_meant(pattern, host, is_meant):
    assert wish_of(hosts=pattern).is_for(host) is is_meant


def test_a_state_is_read():
    one = state_of('failed', tries=3, why='no room')
    assert State.decode(one.encode()) == one
    long = state_of('failed', why='x' * 9000)
    assert len(State.decode(long.encode()).why) == 500


FINAL = [
    (None, False),
    (state_of('waiting'), False),
    (state_of('running', tries=9), False),
    (state_of('done', tries=1), True),
    (state_of('refused', tries=1), True),
    (state_of('failed', tries=2), False),
    (state_of('failed', tries=3), True),
]


@pytest.mark.parametrize(('state', 'is_last'), FINAL)
def test_when_it_is_final(state, is_last):
    assert is_final(wish_of(retries=2), state) is is_last


DUE = [
    (None, NOW, True),
    (state_of('waiting'), NOW, True),
    (state_of('running', tries=1), NOW, True),
    (state_of('failed', tries=1), NOW, False),
    (state_of('failed', tries=1), NOW + 29 * SECOND, False),
    (state_of('failed', tries=1), NOW + 30 * SECOND, True),
    (state_of('failed', tries=2), NOW + 59 * SECOND, False),
    (state_of('failed', tries=99), NOW + 2 * HOUR, True),
    # A clock that was set back.
    (state_of('failed', tries=1), NOW - HOUR, True),
]


@pytest.mark.parametrize(('state', 'now', 'is_now'), DUE)
def test_when_it_is_tried_again(state, now, is_now):
    assert is_due(state, now) is is_now


def test_notes_outlive_clocks_that_are_apart():
    assert seconds_left(wish_of(), NOW) is None
    assert seconds_left(wish_of(until=NOW + HOUR), NOW) == 3900
    assert seconds_left(wish_of(until=NOW - HOUR), NOW) == 300
    # By days, even: such a host tells what came of it for as long.
    wish = wish_of(until=NOW + HOUR, span=3600)
    assert seconds_left(wish, NOW + 720 * HOUR) == 3900


def test_no_end_of_a_note_is_too_far_for_a_board():
    """etcd refuses what is to end in 285 years."""
    far = datetime.datetime.max.replace(microsecond=0, tzinfo=datetime.UTC)
    for span in None, 10**12:
        left = seconds_left(wish_of(until=far, span=span), NOW)
        assert left < 11 * 366 * 24 * 3600


OVER = [
    (None, NOW, False),
    (NOW + SECOND, NOW, False),
    (NOW, NOW, True),
    (NOW, NOW + 299 * SECOND, True),
    # The board would have it no more: it is this clock that is ahead.
    (NOW, NOW + 300 * SECOND, False),
    (datetime.datetime.max.replace(tzinfo=datetime.UTC), NOW, False),
]


@pytest.mark.parametrize(('until', 'now', 'is_now'), OVER)
def test_when_a_wish_is_over(until, now, is_now):
    assert is_over(wish_of(until=until), now) is is_now


def test_progress():
    states = {
        'h1': state_of('running', tries=1).encode(),
        'h2': state_of('running', tries=1).encode(),
        'h3': state_of('failed', tries=3, why='no room').encode(),
        'h4': b'?',
    }
    found = judge_states(wish_of(), states, ['h1', 'h3'])
    shown = [(one.host, one.stage.value, one.is_over) for one in found]
    assert shown == [
        ('h1', 'running', False),
        ('h2', 'waiting', False),
        ('h3', 'failed', True),
        ('h4', 'failed', True),
    ]
    assert 'its agent is gone' in found[1].why
    assert found[2].why == 'no room'
    assert 'cannot be read' in found[3].why
