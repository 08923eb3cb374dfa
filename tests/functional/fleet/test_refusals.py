"""What redis refuses is told in its words, whichever call was refused."""

import contextlib

import pytest

from imagecache_handlers.frontends.fleet.board import BoardLost
from tests.functional.fleet.servers import choose_port
from tests.functional.fleet.servers import Redis
from tests.functional.fleet.test_lying_boards import CALLS

USERS = {
    'none may be looked for': '~* +@all -scan',
    'nothing may be done': '~* -@all',
    'no keys of ours': '~other:* +@all',
    'no scripts': '~* +@all -eval',
    'nothing may be read': '~* +@all -getrange -get',
}
STATES = {
    'full': {'maxmemory': '1mb'},
    'alone': {'min-replicas-to-write': '1'},
    'of another': {},
    'of another, which is gone': {'replica-serve-stale-data': 'no'},
}


@pytest.fixture(scope='module')
def own(tmp_path_factory):
    one = Redis(tmp_path_factory.mktemp('redis'))
    one.start()
    yield one
    one.kill()


def words_of(board):
    """Give what each call says, of those that are refused."""
    found = {}
    for name, call in CALLS.items():
        try:
            call(board)
        except BoardLost as error:
            found[name] = error.why
    return found


def check_words(words):
    assert words
    for why in words.values():
        assert why.startswith('redis refuses: ')


@pytest.mark.parametrize('name', USERS)
def test_whoever_may_not_is_told(own, name):
    client = own.board().client
    rights = USERS[name].split()
    client.execute_command('ACL', 'SETUSER', 'h', 'reset', 'on', 'nopass')
    client.execute_command('ACL', 'SETUSER', 'h', *rights)
    url = f'redis://h:x@127.0.0.1:{own.port}/0'
    check_words(words_of(own.board(url=url)))


@contextlib.contextmanager
def being(client, name):
    """Have a server be so for a while."""
    before = {key: client.config_get(key)[key] for key in STATES[name]}
    for key, value in STATES[name].items():
        client.config_set(key, value)
    if 'another' in name:
        client.replicaof('127.0.0.1', choose_port())
    try:
        yield
    finally:
        client.replicaof('NO', 'ONE')
        for key, value in before.items():
            client.config_set(key, value)


@pytest.mark.parametrize('name', STATES)
def test_what_it_is_is_told(own, name):
    board = own.board()
    with being(board.client, name):
        check_words(words_of(board))
