"""Entries and members: what hosts told, and what strangers wrote."""

import dataclasses
import datetime
import json

import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.entry import DIGEST_BUDGET
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.members import count_unknown
from imagecache_handlers.frontends.fleet.members import judge_members
from imagecache_handlers.frontends.fleet.members import lacks_of
from imagecache_handlers.frontends.fleet.members import state_of

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
GIB = 2**30


def digest_of(*names, coming=(), budget=8192, **how):
    how = {'generation': 1, 'as_of': NOW, 'free': 50, 'total': 100, **how}
    images = [
        CachedImage(image_id=one, store='s', location='l', size=1)
        for one in names
    ]
    return make_digest(images, coming, budget=budget, **how)


def entry_of(*names, host='h1', shared_store=None, **how):
    digest = digest_of(*names, **how)
    return Entry(host=host, digest=digest, shared_store=shared_store)


def test_what_was_written_is_read():
    one = entry_of('a', coming=['b'], shared_store='nfs')
    read = Entry.decode(one.encode())
    assert read.host == 'h1'
    assert read.shared_store == 'nfs'
    assert read.digest.has_image('a')
    assert read.digest.awaits_image('b')


def test_the_largest_digest_fits_whatever_the_names():
    names = [str(one) for one in range(4000)]
    how = {'host': 'h' * 253, 'shared_store': 's' * 253}
    one = entry_of(*names, budget=DIGEST_BUDGET, **how)
    one = dataclasses.replace(one, store='f' * 32)
    assert not one.digest.is_complete
    assert len(one.digest.whole) > 2900
    assert LONGEST_NOTE - 600 < len(one.encode()) <= LONGEST_NOTE
    assert Entry.decode(one.encode()) == one


def test_what_is_too_long_is_not_written():
    names = map(str, range(4000))
    one = entry_of(*names, budget=LONGEST_NOTE, host='h' * 253)
    with pytest.raises(ValueError, match='are over 16384'):
        one.encode()


@pytest.mark.parametrize('name', ['', '..', 'a..b', '-a', 'a/b', 'a b', 'ü'])
def test_a_name_that_may_mean_more_is_none(name):
    with pytest.raises(ValueError, match='1 to 253 of'):
        entry_of(host=name)
    with pytest.raises(ValueError, match='1 to 253 of'):
        entry_of(shared_store=name)


@pytest.mark.parametrize(
    'other',
    [
        entry_of('b'),
        entry_of('a', 'b'),
        entry_of('a', coming=['b']),
        entry_of('a', shared_store='nfs'),
        entry_of('a', free=51),
        entry_of('a', free=None),
        entry_of('a', total=200),
        entry_of('a', host='h2'),
    ],
)
def test_what_differs_is_news(other):
    assert not entry_of('a').tells_as(other)


def test_time_and_a_little_space_are_none():
    late = NOW + datetime.timedelta(hours=1)
    how = {'total': 100 * GIB}
    one = entry_of('a', free=50 * GIB, **how)
    other = entry_of('a', free=50 * GIB + 1, as_of=late, generation=2, **how)
    assert one.tells_as(other)


def changed(**what):
    return json.dumps(json.loads(entry_of('a').encode()) | what).encode()


STRANGE = {
    b'': 'it is no JSON',
    b'\xff\xfe': 'it is no JSON',
    b'[' * 9000: 'it is no JSON',
    b'[]': 'it is no object',
    b'1' * (LONGEST_NOTE + 1): 'it is longer than',
    changed(edition=2): "its edition is '2', not 1",
    changed(host=3): 'its host is no text',
    changed(host='h2'): "it says that it is of 'h2'",
    changed(host='../h1'): 'is not 1 to 253 of',
    changed(digest=None): 'its digest is no text',
    changed(whole=None): 'its whole is no text',
    changed(whole='='): 'no base64',
    changed(whole='*AAA'): 'no base64',
    changed(whole='AAAA'): '3 bytes are no prefixes of 4',
    changed(whole='AAAAAQAAAAA='): 'not sorted',
    changed(coming='AAAAAQAAAAE='): 'not sorted',
    changed(digest='2 x'): "edition '2' is not 1",
    changed(digest='1 x'): 'too many or too few',
    changed(shared_store=[]): 'its shared_store is no text',
    changed(shared_store='a/../b'): 'is not 1 to 253 of',
    changed(store='a/../b'): 'is not 1 to 253 of',
}


@pytest.mark.parametrize(('data', 'why'), STRANGE.items())
def test_what_is_strange_spoils_no_other(data, why):
    good = entry_of('a', host='h2')
    found = judge_members({'h1': data, 'h2': good.encode()}, ['h2'])
    assert [one.host for one in found] == ['h1', 'h2']
    assert found[0].entry is None
    assert why in (found[0].problem or '')
    assert found[1].entry == good
    assert found[1].problem is None


@pytest.mark.parametrize('host', ['..', '../h1', 'a/b', '\\xff', ''])
def test_a_strange_name_is_a_problem(host):
    for told, alive in ({host: entry_of('a').encode()}, []), ({}, [host]):
        [one] = judge_members(told, alive)
        assert '1 to 253 of' in (one.problem or '')
        assert one.entry is None


def test_a_host_is_stale_unless_it_is_there():
    notes = {
        'h1': entry_of('a', host='h1').encode(),
        'h2': entry_of('a', host='h2').encode(),
    }
    found = judge_members(notes, ['h2', 'h3'])
    assert [(one.host, one.is_alive) for one in found] == [
        ('h1', False),
        ('h2', True),
        ('h3', True),
    ]
    assert found[2].entry is None


@pytest.mark.parametrize('minutes', [-5, 5])
def test_a_clock_that_is_off_makes_nobody_stale(minutes):
    at = NOW + datetime.timedelta(minutes=minutes)
    notes = {'h1': entry_of('a', as_of=at).encode()}
    [one] = judge_members(notes, ['h1'])
    assert one.is_alive


def member_of(*names, **how):
    [one] = judge_members({'h1': entry_of(*names, **how).encode()}, ['h1'])
    return one


def test_states():
    one = member_of('a', coming=['b'])
    states = {name: state_of(one, name) for name in 'abc'}
    assert states == {'a': 'cached', 'b': 'coming', 'c': 'missing'}


def test_what_is_not_told_is_not_missing():
    cut = member_of(*map(str, range(900)), budget=200)
    states = {state_of(cut, str(one)) for one in range(900)}
    assert states == {'cached', 'unknown'}
    [silent] = judge_members({}, ['h1'])
    assert state_of(silent, 'a') == 'unknown'
    lacking = member_of('b')
    assert count_unknown([silent, lacking, silent], 'a') == 2


def test_lacks():
    notes = {
        'h1': entry_of('a', 'b', host='h1').encode(),
        'h2': entry_of('a', coming=['b'], host='h2').encode(),
        'h3': b'?',
    }
    found = lacks_of(judge_members(notes, ['h1']), ['a', 'b'])
    assert [(one.host, image, state) for one, image, state in found] == [
        ('h2', 'b', 'coming'),
        ('h3', 'a', 'unknown'),
        ('h3', 'b', 'unknown'),
    ]
