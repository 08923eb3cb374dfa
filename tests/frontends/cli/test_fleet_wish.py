"""Waiting for a wish, and how that ends."""

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.fleet_prefetch import await_end
from imagecache_handlers.frontends.cli.commands import fleet_wish
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.wish_board import post_wish
from imagecache_handlers.frontends.fleet.wish_board import remove_wish
from imagecache_handlers.frontends.fleet.wish_board import state_name
from tests.frontends.fleet.memory_board import MemoryBoard
from tests.frontends.fleet.test_members import NOW
from tests.frontends.fleet.test_wishes import state_of
from tests.frontends.fleet.test_wishes import wish_of


def put_state(board, host, stage, **how):
    how = {'tries': 1, **how}
    board.put(state_name('w1', host), state_of(stage, **how).encode(), None)


def post(*hosts, **how):
    board, wish = MemoryBoard(), wish_of(**how)
    post_wish(board, wish, hosts, NOW)
    return board, wish


def test_it_is_waited_for_until_all_came_to_an_end():
    board, wish = post('h1', 'h2', retries=0)
    steps = [('h1', 'running'), ('h1', 'done'), ('h2', 'failed')]
    found = await_end(
        board, wish, lambda seconds: put_state(board, *steps.pop(0))
    )
    assert [one.stage.value for one in found] == ['done', 'failed']
    assert steps == []


def test_the_waiting_ends_with_the_wish():
    board, wish = post('h1')
    found = await_end(
        board, wish, lambda seconds: remove_wish(board, wish.wish_id)
    )
    assert [one.stage.value for one in found] == ['waiting']


def test_the_waiting_ends_when_the_wish_is_over():
    """Its notes are on the board for some minutes more."""
    board, wish = post('h1', span=60)
    board.now = 1000.0
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        board.now += seconds
        put_state(board, 'h1', 'running')

    [found] = await_end(board, wish, sleep, lambda: board.now)
    assert found.stage.value == 'waiting'
    assert sum(waits) == 60


CODES = [
    ([], 3),
    (['done', 'done'], 0),
    (['done', 'failed'], 1),
    (['done', 'waiting'], 1),
    (['refused', 'failed'], 3),
]


@pytest.mark.parametrize(('stages', 'code'), CODES)
def test_codes(stages, code):
    hosts = [f'h{number}' for number, _ in enumerate(stages)]
    board, wish = post(*hosts)
    for host, stage in zip(hosts, stages, strict=True):
        put_state(board, host, stage)
    assert fleet_wish.code_of(fleet_wish.read_progress(board, wish)) == code


def test_a_wish_is_found_or_not():
    board, wish = post('h1')
    assert fleet_wish.find_wish(board, 'w1') == wish
    for name in 'w2', '../w1':
        with pytest.raises(ConfigurationError):
            fleet_wish.find_wish(board, name)
    board.put('wishes/w1', b'?', None)
    with pytest.raises(
        fleet_wish.WishUnreadable, match='cannot be read: it is no JSON'
    ):
        fleet_wish.find_wish(board, 'w1')


class Faults:
    """A board that is lost at some of the looks."""

    def __init__(self, board, looks):
        self.board = board
        self.looks = looks
        self.count = 0

    def sleep(self, seconds):
        self.count += 1
        is_lost = self.count in self.looks
        self.board.trouble = 'cannot be reached' if is_lost else None


def test_a_failover_does_not_end_the_waiting():
    board, wish = post('h1')
    faults = Faults(board, range(2, 61))

    def sleep(seconds):
        faults.sleep(seconds)
        if faults.count == 61:
            put_state(board, 'h1', 'done')

    [found] = await_end(board, wish, sleep)
    assert found.stage.value == 'done'


def test_a_board_that_stays_lost_ends_the_waiting():
    board, wish = post('h1')
    faults = Faults(board, range(1000))
    with pytest.raises(BoardLost):
        await_end(board, wish, faults.sleep)
    assert faults.count == 60


@pytest.mark.parametrize('shown', ['bad name!', 'b\\x1bd', 'b\x1bd', '../w2'])
def test_what_has_the_name_of_no_wish_can_be_removed(shown):
    """As it is shown, for it cannot always be typed as it is."""
    board, wish = post('h1')
    others = ['bad name!', 'b\x1bd', '../w2']
    for name in others:
        board.put(f'wishes/{name}', b'?', None)
    assert fleet_wish.remove_stranger(board, shown)
    left = board.read_all('wishes').keys()
    assert {printable(one) for one in left} == {
        *map(printable, [*others, wish.wish_id])
    } - {printable(shown)}
    assert not fleet_wish.remove_stranger(board, wish.wish_id)
    assert not fleet_wish.remove_stranger(board, 'no such')
