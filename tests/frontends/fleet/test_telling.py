"""Telling: hosts that share a store, of which one tells what is in it."""

import dataclasses
import datetime

import pytest

from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.lead import Lead
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers.frontends.fleet.members import state_of
from tests.frontends.fleet.memory_board import MemoryBoard
from tests.frontends.fleet.test_members import entry_of
from tests.frontends.fleet.test_members import NOW

TTL = 50
STORE = 'f' * 32


class World:
    """A board, and agents on it that share a store."""

    def __init__(self):
        self.board = MemoryBoard()
        self.agents = {one: self.make_agent(one) for one in ('h1', 'h2')}

    def make_agent(self, host):
        return Agent(
            self.board,
            host,
            TTL,
            lambda news: None,
            monotonic=lambda: self.board.now,
            clock=lambda: NOW,
            spread=lambda: 0.5,
        )

    def tell(self, host, *names, minutes=0, store=STORE, **how):
        """Have a host tell what it saw so many minutes after the first."""
        as_of = NOW + datetime.timedelta(minutes=minutes)
        entry = entry_of(*names, host=host, as_of=as_of, **how)
        agent = self.agents[host]
        agent.tell(dataclasses.replace(entry, store=store))
        agent.beat()

    def beat(self, *hosts):
        for one in hosts:
            self.agents[one].beat()

    def pass_time(self, seconds, *hosts):
        """Have some hosts go on meanwhile, and no others."""
        end = self.board.now + seconds
        while self.board.now < end:
            self.board.now = min(end, self.board.now + 0.4 * TTL)
            self.beat(*hosts)

    def members(self):
        return {one.host: one for one in read_members(self.board)}

    def cached(self, *names):
        """Give which of these the fleet says that each host has."""
        return {
            host: {n for n in names if state_of(one, n) == 'cached'}
            for host, one in self.members().items()
        }

    def writes(self):
        return self.board.calls.count('write_all')

    def leader(self):
        return self.board.find(f'leads/{STORE}')


@pytest.fixture
def world():
    return World()


def test_a_store_is_told_of_once(world):
    world.tell('h1', 'a', 'b')
    world.tell('h2', 'a', 'b', generation=9, minutes=3)
    assert world.cached('a', 'b') == {'h1': {'a', 'b'}, 'h2': {'a', 'b'}}
    assert world.board.read_all('stores').keys() == {STORE}
    # A reference each, and the store itself.
    assert world.writes() == 3
    told = world.board.read_all('hosts')
    assert max(map(len, told.values())) < 200
    assert [one.shared_store for one in world.members().values()] == (
        [STORE, STORE]
    )


def test_a_name_is_shown_where_people_gave_one(world):
    world.tell('h1', 'a', shared_store='nfs')
    world.tell('h2', 'a')
    shown = [one.shared_store for one in world.members().values()]
    assert shown == ['nfs', STORE]


def test_a_store_that_one_host_has_is_not_marked_as_shared(world):
    world.tell('h1', 'a')
    world.tell('h2', 'a', store='e' * 32)
    shown = [one.shared_store for one in world.members().values()]
    assert shown == [None, None]
    assert len(world.board.read_all('stores')) == 2


def test_one_leads_and_the_others_write_nothing(world):
    world.tell('h1', 'a')
    world.tell('h2', 'a')
    leader = world.leader()
    world.board.calls.clear()
    world.pass_time(10 * TTL, 'h1', 'h2')
    assert world.leader() == leader
    # Of the leader one more, in each beat.
    beats = world.board.calls.count('glance')
    assert len(world.board.calls) == 2 * beats + beats // 2


def test_news_are_told_by_whoever_has_them(world):
    """At once, and not once the leader has looked as well."""
    world.tell('h1', 'a')
    world.tell('h2', 'a')
    leader = world.leader()
    world.tell('h2', 'a', 'b')
    assert world.leader() != leader
    assert world.cached('a', 'b') == {'h1': {'a', 'b'}, 'h2': {'a', 'b'}}
    # And is not undone by who led, and has not looked since.
    world.pass_time(3 * TTL, 'h1', 'h2')
    assert world.cached('a', 'b') == {'h1': {'a', 'b'}, 'h2': {'a', 'b'}}


def test_what_came_to_others_since_a_look_stays(world):
    world.tell('h1', 'a')
    world.tell('h2', 'a', minutes=1)
    world.tell('h1', 'a', 'b')
    world.tell('h2', 'a', coming=['c'], minutes=1)
    assert world.cached('a', 'b', 'c')['h1'] == {'a', 'b'}
    assert state_of(world.members()['h1'], 'c') == 'coming'
    world.tell('h2', 'a', 'c', minutes=1)
    assert world.cached('a', 'b', 'c')['h2'] == {'a', 'b', 'c'}
    one = world.members()['h1'].entry.digest
    assert (one.count, list(one.coming)) == (3, [])


def test_a_new_look_is_what_there_is(world):
    world.tell('h1', 'a', 'b')
    world.tell('h2', 'a', 'b')
    world.tell('h2', 'b', minutes=1)
    assert world.cached('a', 'b') == {'h1': {'b'}, 'h2': {'b'}}


def test_who_joins_again_writes_over_no_later_look(world):
    """As each host does once the board was begun anew, in any order."""
    world.tell('h1', 'a', 'b')
    world.tell('h2', 'a', minutes=10)
    world.board.remove('alive')
    world.board.remove('leads')
    world.beat('h2', 'h1')
    assert world.cached('a', 'b') == {'h1': {'a'}, 'h2': {'a'}}
    world.tell('h1', 'a', 'c', minutes=20)
    assert world.cached('a', 'c')['h2'] == {'a', 'c'}


def test_a_look_that_was_told_late_is_undone_by_the_next(world):
    """By any host, though that saw before what it sees now."""
    world.tell('h1', 'a')
    world.tell('h2', 'a', minutes=10)
    world.tell('h1', 'a', 'b', minutes=5)
    world.agents['h1'].end()
    assert world.cached('a', 'b')['h2'] == {'a', 'b'}
    world.tell('h2', 'a', minutes=50)
    assert world.cached('a', 'b') == {'h1': {'a'}, 'h2': {'a'}}


def test_who_leads_keeps_the_lead_by_a_look_without_news(world):
    world.tell('h1', 'a')
    world.tell('h2', 'a')
    leader = world.leader()
    for minutes in range(1, 5):
        # As a beat would be that the sweep comes in place of.
        world.board.now += 0.4 * TTL
        world.tell('h1', 'a', minutes=minutes)
        world.beat('h2')
        assert world.leader() == leader


def test_more_than_has_room_is_told_as_this_host_has_it(world):
    names = [str(one) for one in range(2000)]
    others = [f'x{one}' for one in range(2000)]
    how = {'budget': 15000}
    world.tell('h1', *names, **how)
    world.tell('h2', 'a', minutes=1)
    world.tell('h1', *names, minutes=2, **how)
    world.tell('h2', 'a', *others, minutes=1, **how)
    assert world.cached('a', 'x1', '1')['h1'] == {'a', 'x1'}


def test_of_a_leader_that_is_gone_another_has_the_lead_in_time(world):
    world.tell('h1', 'a')
    world.tell('h2', 'a')
    world.board.calls.clear()
    leader = world.leader()
    world.pass_time(TTL - 1, 'h2')
    assert world.leader() not in (None, leader)
    # It is there all the while, and nobody had to write it.
    assert world.cached('a') == {'h1': {'a'}, 'h2': {'a'}}
    assert world.writes() == 0
    world.pass_time(1, 'h2')
    assert not world.members()['h1'].is_alive


def test_what_another_told_stays_when_it_is_gone(world):
    """Whoever comes next may not have looked since."""
    world.tell('h1', 'a')
    world.tell('h2', 'a', minutes=1)
    world.tell('h1', 'a', 'b')
    world.pass_time(2 * TTL, 'h2')
    assert world.cached('a', 'b')['h2'] == {'a', 'b'}
    # And is kept by them from then on.
    world.board.remove('stores')
    world.beat('h2')
    assert world.cached('a', 'b')['h2'] == {'a', 'b'}


def test_who_leaves_leaves_the_lead(world):
    world.tell('h1', 'a')
    world.agents['h1'].end()
    assert world.leader() is None


def test_news_that_met_another_are_told_later(world, monkeypatch):
    """Another took the lead in between, and knows nothing of them."""
    world.tell('h1', 'a')
    world.tell('h2', 'a')
    monkeypatch.setattr(Lead, 'seize', lambda self: False)
    world.tell('h2', 'a', 'b')
    assert world.cached('b')['h2'] == set()
    monkeypatch.undo()
    world.beat('h2')
    assert world.cached('b')['h2'] == {'b'}


def test_a_lead_that_was_seized_is_lost(world):
    one, other = (Lead(world.board, STORE, TTL) for _ in range(2))

    def hold(lead):
        return lead.hold(world.board.find(lead.name))

    assert hold(one)
    assert not hold(other)
    assert other.seize()
    assert not hold(one)
    assert not hold(one)
    assert hold(other)


def test_a_host_that_changes_its_store_tells_of_the_new_one(world):
    world.tell('h1', 'a')
    world.tell('h1', 'b', store=None)
    assert world.leader() is None
    assert world.cached('a', 'b')['h1'] == {'b'}
    world.tell('h1', 'c', store='e' * 32)
    assert world.cached('a', 'b', 'c')['h1'] == {'c'}


STRANGE = {
    'nothing': (None, 'nobody tells what is in its store'),
    'no entry': (b'{}', "its edition is 'None'"),
    'of another': (entry_of('a').encode(), 'is of another'),
}


@pytest.mark.parametrize('name', STRANGE)
def test_a_store_of_which_nonsense_is_told_is_a_problem(world, name):
    data, words = STRANGE[name]
    world.tell('h1', 'a')
    world.board.remove('stores')
    if data is not None:
        world.board.put(f'stores/{STORE}', data, None)
    [one] = world.members().values()
    assert words in one.problem
    assert one.entry is None
    # Whoever leads writes it anew.
    world.beat('h1')
    assert world.cached('a') == {'h1': {'a'}}
