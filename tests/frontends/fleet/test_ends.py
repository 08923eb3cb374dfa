"""A board that has forgotten how a wish ended, and is told so again."""

import pytest

from imagecache_handlers.frontends.fleet.wish_board import remove_wish
from imagecache_handlers.frontends.fleet.wish_board import state_name
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from tests.frontends.fleet.test_members import NOW
from tests.frontends.fleet.test_taking import World

ENDS = Stage.DONE, Stage.REFUSED, Stage.FAILED
NAME = state_name('w1', 'h1')


@pytest.fixture
def world():
    return World()


@pytest.fixture
def host(world):
    """Give one that keeps what the board had at each of its steps."""
    host = world.hosts[0]
    host.before = []
    write_all = world.board.write_all

    def write(notes, seconds):
        host.before.append(world.board.find(NAME))
        write_all(notes, seconds)

    world.board.write_all = write
    return host


def go_on_by_beats(host):
    """As the service does: it looks where the beat saw something."""
    for _ in range(3):
        host.agent.beat()
        if not host.taker.is_idle():
            host.taker.look()
            host.taker.take_all()


def roll_back(world, note):
    if note is None:
        world.board.remove(NAME)
    else:
        world.board.put(NAME, note, None)


@pytest.mark.parametrize('end', ENDS)
@pytest.mark.parametrize('has_seen_it', [True, False])
def test_whatever_it_has_of_before_is_put_right(world, host, end, has_seen_it):
    host.meanwhile = lambda should_stop: (end, '')
    world.post(hosts=['h1'], retries=0)
    host.go_on()
    wanted = host.state()
    assert wanted.stage is end
    before = [None, *host.before]
    assert len(set(before)) == 3
    for note in before:
        if has_seen_it:
            go_on_by_beats(host)
            assert host.taker.is_idle()
        roll_back(world, note)
        go_on_by_beats(host)
        assert host.state() == wanted
    assert host.runs == 1
    go_on_by_beats(host)
    assert host.taker.is_idle()


def test_what_was_read_there_is_put_right_as_well(world, host):
    """By a process that began after it had ended."""
    world.post(hosts=['h1'])
    host.go_on()
    host.restart()
    go_on_by_beats(host)
    roll_back(world, host.before[-1])
    go_on_by_beats(host)
    assert host.state().stage is Stage.DONE
    assert host.runs == 1


LATER = [
    State(stage=Stage.RUNNING, at=NOW, tries=2),
    State(stage=Stage.DONE, at=NOW, tries=1, why='by a successor'),
]


@pytest.mark.parametrize('later', [*(one.encode() for one in LATER), b'?'])
def test_what_another_knows_better_stays(world, host, later):
    world.post(hosts=['h1'], retries=5)
    host.go_on()
    go_on_by_beats(host)
    roll_back(world, later)
    go_on_by_beats(host)
    assert world.board.find(NAME) == later
    assert host.taker.is_idle()


def test_of_a_wish_that_is_removed_nothing_is_put_right(world, host):
    world.post(hosts=['h1'])
    host.go_on()
    go_on_by_beats(host)
    remove_wish(world.board, 'w1')
    go_on_by_beats(host)
    assert world.board.find(NAME) is None
    assert host.agent.watched() == []


def test_what_is_removed_while_it_is_put_right_is_removed(world, host):
    """By a process that had not begun it."""
    world.post(hosts=['h1'])
    host.go_on()
    host.restart()
    go_on_by_beats(host)
    roll_back(world, None)
    host.agent.beat()
    host.taker.look()
    remove_wish(world.board, 'w1')
    host.taker.take_all()
    go_on_by_beats(host)
    assert world.board.find(NAME) is None


def test_the_looks_stay_small(world, host):
    for number in range(100):
        world.post(wish_id=f'w{number}', hosts=['h1'])
    host.go_on()
    assert host.runs == 100
    assert len(host.agent.watched()) == 60
