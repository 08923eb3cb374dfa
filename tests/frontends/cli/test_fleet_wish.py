"""Waiting for a wish, and how that ends."""

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.fleet_prefetch import await_end
from imagecache_handlers.frontends.cli.commands import fleet_wish
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
