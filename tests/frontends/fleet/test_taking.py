"""Taking wishes: each once, by turns, whatever happens on the way."""

import datetime
import threading

import pytest

from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.errands import Errands
from imagecache_handlers.frontends.fleet.opts import OPTS
from imagecache_handlers.frontends.fleet.taking import Taker
from imagecache_handlers.frontends.fleet.wish_board import post_wish
from imagecache_handlers.frontends.fleet.wish_board import remove_wish
from imagecache_handlers.frontends.fleet.wish_board import state_name
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from tests.frontends.fleet.memory_board import MemoryBoard
from tests.frontends.fleet.test_members import NOW
from tests.frontends.fleet.test_wishes import wish_of

TTL = 50
DONE = Stage.DONE, ''


class Host:
    """A host whose fetches do what the test says; ``runs`` counts them."""

    def __init__(self, board, name):
        self.board = board
        self.runs = 0
        self.meanwhile = lambda should_stop: DONE
        self.agent = Agent(
            board,
            name,
            TTL,
            lambda said: None,
            monotonic=lambda: board.now,
            spread=lambda: 0.5,
        )
        self.restart()

    def restart(self):
        """Have a new process, which knows nothing of the one before."""
        self.taker = Taker(
            self.board,
            self.agent,
            self.fetch,
            clock=self.clock,
            shuffle=lambda numbers: None,
        )

    def clock(self):
        return NOW + datetime.timedelta(seconds=self.board.now)

    def fetch(self, wish, should_stop):
        self.runs += 1
        return self.meanwhile(should_stop)

    def go_on(self):
        self.agent.beat()
        self.taker.look()
        self.taker.take_all()

    def state(self, wish_id='w1'):
        data = self.board.find(state_name(wish_id, self.agent.host))
        return data and State.decode(data)


class World:
    def __init__(self):
        self.board = MemoryBoard()
        self.hosts = [Host(self.board, f'h{one}') for one in (1, 2, 3)]

    def post(self, *, hosts=('h1', 'h2', 'h3'), **how):
        wish = wish_of(**how)
        post_wish(self.board, wish, hosts, NOW)
        return wish

    def go_on(self):
        for one in self.hosts:
            one.go_on()

    def runs(self):
        return [one.runs for one in self.hosts]

    def pass_time(self, seconds):
        """Let time pass in which all are alive."""
        for _ in range(seconds // 10):
            self.board.now += 10
            for one in self.hosts:
                one.agent.beat()


@pytest.fixture
def world():
    return World()


def test_each_host_does_it_once(world):
    world.post()
    for _ in range(3):
        world.go_on()
    assert world.runs() == [1, 1, 1]
    assert {one.state().stage for one in world.hosts} == {Stage.DONE}
    assert world.hosts[0].state().tries == 1
    assert world.board.read_all('turns') == {}


def test_what_is_done_costs_no_more_calls(world):
    world.post()
    world.go_on()
    host = world.hosts[0]
    host.go_on()
    world.board.calls.clear()
    host.go_on()
    assert world.board.calls == ['renew', 'glance', 'read_all']


def test_a_look_is_for_what_may_be_to_do(world):
    host = world.hosts[0]
    assert not host.taker.is_idle()
    host.go_on()
    assert host.taker.is_idle()
    world.post(hosts=['h1'])
    assert host.taker.is_idle()
    host.agent.beat()
    assert not host.taker.is_idle()
    host.taker.look()
    assert not host.taker.is_idle()
    host.go_on()
    host.go_on()
    assert host.taker.is_idle()
    remove_wish(world.board, 'w1')
    host.agent.beat()
    assert not host.taker.is_idle()


def test_an_idle_fleet_makes_few_requests(world):
    """Each of these is one request, which is counted on the servers."""
    [ttl] = [one.default for one in OPTS if one.dest == 'member_ttl_seconds']
    world.post()
    for host in world.hosts:
        host.errands = Errands(host.taker)
        host.go_on()
        host.go_on()
    world.board.calls.clear()
    for host in world.hosts:
        host.agent.beat()
        host.errands.look()
        assert host.taker.is_idle()
    requests = len(world.board.calls) / len(world.hosts)
    assert 1000 * requests / (0.4 * ttl) <= 100


def test_a_new_process_does_nothing_twice(world):
    world.post()
    world.go_on()
    for one in world.hosts:
        one.restart()
    world.go_on()
    assert world.runs() == [1, 1, 1]


def test_only_who_is_named_is_meant(world):
    world.post(hosts=['h2'])
    world.go_on()
    assert world.runs() == [0, 1, 0]


def test_a_standing_wish_is_taken_by_who_joins_later(world):
    world.post(hosts=[], is_standing=True)
    world.go_on()
    assert world.runs() == [1, 1, 1]
    other = Host(world.board, 'x1')
    other.go_on()
    assert other.runs == 0


@pytest.mark.parametrize('parallel', [1, 2])
def test_no_more_than_may_be_are_at_it(world, parallel):
    """While one fetches, the others go on; and those while they do."""
    world.post(parallel=parallel)
    at_it, most = [], []

    def fetch_while_others_do(host):
        def fetch(should_stop):
            at_it.append(host)
            most.append(len(at_it))
            for other in world.hosts:
                if other not in at_it:
                    other.go_on()
            at_it.remove(host)
            return DONE

        return fetch

    for one in world.hosts:
        one.meanwhile = fetch_while_others_do(one)
    for _ in range(3):
        world.go_on()
    assert max(most) == parallel
    assert world.runs() == [1, 1, 1]


def test_of_two_who_see_the_same_turn_one_has_it(world):
    world.post(parallel=1)
    first, second = world.hosts[:2]
    first.agent.beat()

    def claim_it_first(numbers):
        assert first.agent.stay.claim(f'turns/w1/{numbers[0]}')

    second.taker = Taker(
        world.board, second.agent, second.fetch, shuffle=claim_it_first
    )
    second.go_on()
    assert second.runs == 0


def test_a_wish_that_went_meanwhile_is_not_begun(world):
    wish = world.post()
    host = world.hosts[0]
    host.agent.beat()
    host.taker.look()
    for room in 'wishes/w1', 'turns/w1':
        world.board.remove(room)
    host.taker.take_all()
    assert host.runs == 0
    assert host.state(wish.wish_id).stage is Stage.WAITING


def test_who_had_to_wait_for_the_board_begins_nothing(world):
    world.post(hosts=['h1'])
    host = world.hosts[0]
    write_all = world.board.write_all

    def write_slowly(notes, seconds):
        world.board.now += TTL
        write_all(notes, seconds)

    world.board.write_all = write_slowly
    host.go_on()
    assert host.runs == 0
    assert (host.state().stage, host.state().tries) == (Stage.WAITING, 0)


def test_one_that_fails_is_tried_again_later_and_not_for_ever(world):
    world.post(hosts=['h1'], retries=1)
    host = world.hosts[0]
    host.meanwhile = lambda should_stop: (Stage.FAILED, 'cut')
    world.go_on()
    world.go_on()
    assert host.runs == 1
    assert host.state().why == 'cut'
    world.pass_time(30)
    for _ in range(5):
        world.go_on()
        world.pass_time(3600)
    assert host.runs == 2
    assert (host.state().stage, host.state().tries) == (Stage.FAILED, 2)


def test_one_that_is_refused_is_not_tried_again(world):
    world.post(hosts=['h1'])
    host = world.hosts[0]
    host.meanwhile = lambda should_stop: (Stage.REFUSED, 'no room')
    for _ in range(3):
        world.go_on()
        world.pass_time(3600)
    assert host.runs == 1
    assert host.state().stage is Stage.REFUSED


class KilledError(Exception):
    """The process is gone in the middle."""


def die(should_stop):
    raise KilledError


def test_one_that_was_killed_in_the_middle_begins_again(world):
    world.post(hosts=['h1'], retries=1)
    host = world.hosts[0]
    for _ in range(2):
        host.meanwhile = die
        with pytest.raises(KilledError):
            host.go_on()
        assert host.state().stage is Stage.RUNNING
        host.restart()
    host.meanwhile = lambda should_stop: DONE
    for _ in range(2):
        host.go_on()
    # What kills its host is not tried for ever.
    assert host.runs == 2
    assert host.state().stage is Stage.FAILED
    assert 'ended in the middle, 2 times' in host.state().why


def test_what_rests_on_a_lost_stay_is_stopped_before_another_begins(world):
    """A board that is away: its turn is nobody else's until it stopped."""
    world.post(parallel=1, hosts=['h1', 'h2'])
    first, second = world.hosts[:2]
    stopped = []

    def fetch_without_a_board(should_stop):
        world.board.trouble = 'cannot be reached'
        while not should_stop():
            world.board.now += 1
            first.agent.beat()
        world.board.trouble = None
        second.go_on()
        stopped.append(second.runs)
        world.board.trouble = 'cannot be reached'
        return Stage.FAILED, 'stopped'

    first.meanwhile = fetch_without_a_board
    first.go_on()
    assert stopped == [0]
    world.board.trouble = None
    world.board.now += TTL
    second.go_on()
    assert second.runs == 1
    first.meanwhile = lambda should_stop: DONE
    for _ in range(2):
        first.go_on()
    # It was no fault of the try, so that is not counted.
    assert (first.state().stage, first.state().tries) == (Stage.DONE, 1)


def test_what_could_not_be_told_is_told_later(world):
    world.post(hosts=['h1'], retries=0)
    host = world.hosts[0]

    def fetch_without_a_board(should_stop):
        world.board.trouble = 'cannot be reached'
        return DONE

    host.meanwhile = fetch_without_a_board
    host.go_on()
    world.board.trouble = None
    host.taker.take_all()
    assert host.state().stage is Stage.RUNNING
    host.go_on()
    assert host.state().stage is Stage.DONE
    assert host.runs == 1


def test_a_wish_that_was_removed_is_stopped_and_leaves_nothing(world):
    wish = world.post(hosts=['h1'])
    host = world.hosts[0]

    def fetch_what_is_removed(should_stop):
        assert not should_stop()
        remove_wish(world.board, wish.wish_id)
        host.taker.look()
        assert should_stop()
        return Stage.FAILED, 'stopped'

    host.meanwhile = fetch_what_is_removed
    host.go_on()
    for room in 'wishes', 'states', 'turns':
        assert world.board.read_all(room) == {}


def test_the_end_of_the_service_stops_it_and_costs_no_try(world):
    world.post(hosts=['h1'], retries=0)
    host = world.hosts[0]

    def fetch_until_the_end(should_stop):
        host.taker.end()
        assert should_stop()
        return Stage.FAILED, 'stopped'

    host.meanwhile = fetch_until_the_end
    host.go_on()
    assert host.state().stage is Stage.WAITING
    assert host.state().tries == 0
    host.go_on()
    assert host.runs == 1


def test_who_is_not_on_the_board_begins_nothing(world):
    world.post()
    rival = Host(world.board, 'h1')
    world.hosts[0].agent.beat()
    for _ in range(3):
        rival.go_on()
    assert rival.runs == 0


def test_a_strange_wish_or_state_spoils_no_other(world, caplog):
    world.post()
    world.board.put('wishes/a', b'?', None)
    world.board.put('wishes/../b', b'?', None)
    other = wish_of(wish_id='w2')
    post_wish(world.board, other, ['h1'], NOW)
    world.board.put(state_name('w2', 'h1'), b'?', None)
    for _ in range(2):
        world.go_on()
    assert world.runs() == [1, 1, 1]
    assert caplog.text.count("Wish 'a' is passed over") == 3


def test_a_wish_that_is_over_is_not_begun(world):
    """Though the board has it still, for clocks differ."""
    world.post(hosts=['h1'], until=NOW + datetime.timedelta(seconds=60))
    host = world.hosts[0]
    host.agent.beat()
    world.pass_time(60)
    host.go_on()
    assert host.runs == 0
    # One whose clock is far ahead does it: the board counts the time.
    host.clock = lambda: NOW + datetime.timedelta(days=30)
    host.restart()
    host.go_on()
    assert host.runs == 1


def test_what_is_fetched_ends_with_the_wish(world):
    world.post(hosts=['h1'], until=NOW + datetime.timedelta(seconds=60))
    host = world.hosts[0]

    def fetch_until_it_is_over(should_stop):
        world.pass_time(50)
        assert not should_stop()
        world.pass_time(10)
        assert should_stop()
        return Stage.FAILED, 'stopped'

    host.meanwhile = fetch_until_it_is_over
    host.go_on()
    assert host.state().tries == 0


def test_what_another_agent_of_this_name_did_is_not_undone(world):
    """The first was stopped for longer than its stay, and goes on then."""
    world.post(hosts=['h1'])
    first, second = world.hosts[0], Host(world.board, 'h1')

    def fetch_until_too_late(should_stop):
        world.board.now += TTL
        second.go_on()
        assert second.state().stage is Stage.DONE
        assert should_stop()
        return Stage.FAILED, 'stopped'

    first.meanwhile = fetch_until_too_late
    first.go_on()
    assert (first.state().stage, first.state().tries) == (Stage.DONE, 2)


def test_what_another_agent_did_is_not_undone_later_either(world):
    world.post(hosts=['h1'])
    first, second = world.hosts[0], Host(world.board, 'h1')

    def fetch_without_a_board(should_stop):
        world.board.trouble = 'cannot be reached'
        world.board.now += TTL
        return Stage.REFUSED, 'no room'

    first.meanwhile = fetch_without_a_board
    first.go_on()
    world.board.trouble = None
    second.go_on()
    first.taker.look()
    assert (first.state().stage, first.state().tries) == (Stage.DONE, 2)


@pytest.mark.parametrize('stage', [Stage.DONE, Stage.FAILED])
def test_a_wish_that_is_removed_before_it_is_seen_leaves_nothing(world, stage):
    wish = world.post(hosts=['h1'], is_standing=True)
    host = world.hosts[0]

    def fetch_what_is_removed(should_stop):
        remove_wish(world.board, wish.wish_id)
        return stage, ''

    host.meanwhile = fetch_what_is_removed
    host.go_on()
    for room in 'wishes', 'states', 'turns':
        assert world.board.read_all(room) == {}


def test_a_state_that_outlived_its_wish_is_removed(world):
    """It was written while somebody removed the wish."""
    wish = world.post(hosts=['h1'], is_standing=True)
    host = world.hosts[0]
    host.go_on()
    world.board.remove(f'wishes/{wish.wish_id}')
    assert host.state() is not None
    host.taker.look()
    assert host.state() is None


def refuse_notes(board, words):
    """Have a board refuse what has these words in its name."""
    write_all = board.write_all

    def write_some(notes, seconds):
        if any(words in one for one in notes):
            raise BoardLost('memory', 'refused')
        write_all(notes, seconds)

    board.write_all = write_some


def test_a_wish_that_the_board_refuses_holds_up_no_other(world):
    for name in 'w1', 'w2':
        world.post(hosts=['h1'], wish_id=name)
    refuse_notes(world.board, 'w1')
    world.hosts[0].go_on()
    assert world.hosts[0].runs == 1
    assert world.hosts[0].state('w2').stage is Stage.DONE


def test_what_cannot_be_told_keeps_back_nothing_else(world):
    for name in 'w1', 'w2':
        world.post(hosts=['h1'], wish_id=name)
    host = world.hosts[0]
    whole = world.board.write_all

    def fetch_and_lose_the_board(should_stop):
        refuse_notes(world.board, f'w{host.runs}')
        return DONE

    host.meanwhile = fetch_and_lose_the_board
    host.go_on()
    assert host.state('w2').stage is Stage.RUNNING
    world.board.write_all = whole
    refuse_notes(world.board, 'w1')
    host.taker.look()
    assert host.state('w1').stage is Stage.RUNNING
    assert host.state('w2').stage is Stage.DONE


class SlowTaker:
    """Whoever looks with it waits until a test has seen that."""

    def __init__(self):
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.is_taken = threading.Event()

    def is_idle(self):
        return False

    def look(self):
        self.began.set()
        assert self.may_end.wait(30)

    def take_all(self):
        self.is_taken.set()

    def end(self):
        pass


def test_a_long_look_holds_up_no_beat():
    taker = SlowTaker()
    errands = Errands(taker)
    errands.start()
    errands.look()
    assert taker.began.wait(30)
    # So whoever asked for it has gone on.
    assert not taker.is_taken.is_set()
    taker.may_end.set()
    assert taker.is_taken.wait(30)
    assert errands.worked() > 0
    errands.close(30)
