"""The agent: one host on a board that comes and goes."""

import threading

import pytest

from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.agent import LONGEST
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet import heart as heart_module
from imagecache_handlers.frontends.fleet.heart import Heart
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers.frontends.fleet.opening import AGENT_TIMEOUT
from tests.frontends.fleet.memory_board import MemoryBoard
from tests.frontends.fleet.test_members import entry_of
from tests.frontends.fleet.test_members import NOW

TTL = 50


class World:
    """A board, and agents on it whose news are kept."""

    def __init__(self):
        self.board = MemoryBoard()
        self.said = []

    def make_agent(self, host='h1'):
        return Agent(
            self.board,
            host,
            TTL,
            self.said.append,
            monotonic=lambda: self.board.now,
            clock=lambda: NOW,
            spread=lambda: 0.5,
        )

    def members(self):
        return {one.host: one for one in read_members(self.board)}


@pytest.fixture
def world():
    return World()


def test_it_is_there_and_tells(world):
    agent = world.make_agent()
    assert agent.beat() == TTL * 0.4
    assert world.members()['h1'].entry is None
    agent.tell(entry_of('a'))
    agent.beat()
    one = world.members()['h1']
    assert one.is_alive
    assert one.entry.digest.has_image('a')
    assert world.said == []


def test_what_was_told_before_a_restart_is_not_shown_as_fresh(world):
    """Its disk may be a new one, and its first look may never end."""
    before = world.make_agent()
    before.tell(entry_of('a'))
    before.beat()
    before.end()
    agent = world.make_agent()
    remove = world.board.remove

    def remove_at_last(name):
        world.board.remove = remove
        raise BoardLost('memory', 'cannot be reached')

    world.board.remove = remove_at_last
    agent.beat()
    agent.beat()
    one = world.members()['h1']
    assert (one.is_alive, one.entry) == (True, None)
    agent.tell(entry_of('b'))
    agent.beat()
    world.board.calls.clear()
    agent.beat()
    assert 'remove' not in world.board.calls
    assert world.members()['h1'].entry.digest.has_image('b')


def test_what_is_no_news_is_not_written(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    world.board.calls.clear()
    agent.tell(entry_of('a', generation=7))
    agent.beat()
    assert world.board.calls == ['renew', 'glance']
    world.board.calls.clear()
    agent.tell(entry_of('b'))
    agent.beat()
    assert world.board.calls == ['renew', 'glance', 'write_all']


def test_it_is_written_anew_before_it_ends(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    for _ in range(40 * 24 * 3600 // 40):
        agent.beat()
        world.board.now += 40
    assert world.members()['h1'].entry is not None
    assert world.board.calls.count('write_all') == 40


def test_one_that_was_killed_is_stale_within_its_time(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    world.board.now += TTL
    one = world.members()['h1']
    assert not one.is_alive
    assert one.entry.digest.has_image('a')


def test_one_that_ends_is_stale_at_once(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    agent.end()
    one = world.members()['h1']
    assert not one.is_alive
    assert one.entry is not None
    assert agent.stay is None


def test_a_board_that_is_lost_is_told_once_and_tried_again_soon(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    world.board.trouble = 'cannot be reached'
    assert [agent.beat() for _ in range(4)] == [0.5, 1, 1.5, 1.5]
    [said] = world.said
    assert 'memory: cannot be reached' in said
    assert f'stale since {NOW.isoformat()}' in said
    world.board.trouble = None
    assert agent.beat() == TTL * 0.4
    assert world.said[1:] == ['the board of the fleet is there again']


def test_a_board_that_is_there_again_is_found_within_five_seconds():
    """Whatever a request that got lost, and the wait after it, may take."""
    assert AGENT_TIMEOUT + 1.5 * LONGEST < 5


def test_the_words_of_a_server_are_one_line(world):
    agent = world.make_agent()
    world.board.trouble = 'no\n2026-01-01 error: forged \x1b[2J'
    agent.beat()
    assert world.said[0].isprintable()
    assert 'no\\n2026' in world.said[0]


def test_one_that_was_never_there_knows_no_since(world):
    agent = world.make_agent()
    world.board.trouble = 'cannot be reached'
    agent.beat()
    assert 'nothing is known of this host' in world.said[0]


def test_a_board_that_forgot_all_is_told_all(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    world.board.forget_all()
    agent.beat()
    one = world.members()['h1']
    assert one.is_alive
    assert one.entry.digest.has_image('a')
    assert world.said == ['the fleet had missed h1, which joins again']


@pytest.mark.parametrize('is_kept', [False, True])
def test_a_sign_of_life_that_was_lost_is_given_anew(world, is_kept):
    """Whether the board says then that it is lost, or keeps the rest."""
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    stay = agent.stay
    if is_kept:
        stay.names.clear()
    world.board.remove('alive/h1')
    agent.beat()
    assert world.members()['h1'].is_alive
    assert agent.is_held(stay) == is_kept


def test_what_rests_on_a_stay_outlives_a_lost_sign_of_life(world):
    """Its work has not ended: only after the whole time may another begin."""
    agent = world.make_agent()
    agent.beat()
    stay = agent.stay
    assert stay.claim('turns/w1/0')
    world.board.remove('alive/h1')
    agent.beat()
    assert not agent.is_held(stay)
    assert not world.board.stay(TTL).claim('turns/w1/0')
    assert agent.stay is not None
    world.board.now += TTL
    assert world.board.stay(TTL).claim('turns/w1/0')


def test_a_place_that_another_has_taken_is_lost(world):
    first, second = world.make_agent(), world.make_agent()
    first.beat()
    stay = first.stay
    stay.names.clear()
    world.board.remove('alive/h1')
    second.beat()
    first.beat()
    assert not first.is_held(stay)
    assert first.stay is None
    assert second.stay is not None


def test_what_a_failover_forgot_is_told_again(world):
    agent = world.make_agent()
    agent.tell(entry_of('a'))
    agent.beat()
    before = world.board.read('hosts/h1')
    agent.tell(entry_of('b'))
    agent.beat()
    world.board.put('hosts/h1', before, None)
    agent.beat()
    assert world.members()['h1'].entry.digest.has_image('b')


def test_of_two_with_one_name_one_waits(world):
    first, second = world.make_agent(), world.make_agent()
    first.tell(entry_of('a'))
    first.beat()
    second.tell(entry_of('b'))
    for _ in range(3):
        second.beat()
        assert second.stay is None
    assert world.members()['h1'].entry.digest.has_image('a')
    [said] = world.said
    assert 'another agent calls itself h1' in said
    first.end()
    second.beat()
    assert world.members()['h1'].entry.digest.has_image('b')
    first.beat()
    assert first.stay is None


def test_what_rests_on_a_stay_ends_before_it_does(world):
    agent = world.make_agent()
    agent.beat()
    stay = agent.stay
    assert agent.is_held(stay)
    world.board.now += TTL * 0.7 - 1
    assert agent.is_held(stay)
    world.board.now += 1
    assert not agent.is_held(stay)
    assert agent.stay is None
    # It is there still, so that nobody else takes it while that ends.
    assert world.members()['h1'].is_alive


def test_the_time_of_a_stay_counts_from_before_the_call(world):
    agent = world.make_agent()
    agent.beat()
    stay = agent.stay
    note_call = world.board.note_call

    def take_time(name):
        note_call(name)
        world.board.now += 20

    world.board.note_call = take_time
    agent.beat()
    world.board.now = TTL * 0.7 - 1
    assert agent.is_held(stay)
    world.board.now += 1
    assert not agent.is_held(stay)


def test_a_stay_that_was_lost_holds_nothing_of_the_next(world):
    agent = world.make_agent()
    agent.beat()
    stay = agent.stay
    world.board.forget_all()
    agent.beat()
    assert agent.stay is not None
    assert not agent.is_held(stay)


def test_a_heart_beats_until_it_is_closed(world):
    agent = world.make_agent()
    beats = []
    heart = Heart(agent)
    heart.start(lambda: beats.append(agent.stay is not None))
    heart.close()
    assert beats
    assert not world.members().get('h1')


def test_a_heart_beats_on_after_a_fault_of_ours(world, monkeypatch, caplog):
    monkeypatch.setattr(heart_module, '_AGAIN_AFTER_FAULT', 0.0)
    agent = world.make_agent()
    beats, faults = [], [RuntimeError('of a beat'), KeyError('of a look')]
    seen = threading.Event()
    beat = agent.beat

    def fail_first():
        if len(faults) == 2:
            raise faults.pop()
        return beat()

    def look():
        beats.append(agent.stay is not None)
        if len(faults) == 1:
            heart.hurry()
            raise faults.pop()
        if beats[-1]:
            seen.set()

    agent.beat = fail_first
    heart = Heart(agent)
    heart.start(look)
    heart.hurry()
    assert seen.wait(30)
    heart.close()
    assert caplog.text.count('A fault in what is done for the fleet') == 2
