"""Servers that answer nonsense: each call says that the board is lost."""

import pytest

from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from tests.functional.fleet.lying_socket import DrippingSocket
from tests.functional.fleet.lying_socket import LyingSocket
from tests.functional.fleet.lying_socket import write_http

REDIS, ETCD = 'redis://127.0.0.1:{}/0', 'etcd3+http://127.0.0.1:{}'


def board_at(url):
    return open_board(
        FleetSettings(
            url=url, group='g', host='h', member_ttl=10, shared_store=None
        )
    )


NONSENSE = {
    'no number': (REDIS, b':abc\r\n'),
    'no length': (REDIS, b'$abc\r\n'),
    'another kind': (REDIS, b'*0\r\n'),
    'a number': (REDIS, b':7\r\n'),
    'too deep': (ETCD, write_http(b'[' * 100_000)),
    'a list': (ETCD, write_http(b'[]')),
    'nothing': (ETCD, write_http(b'null')),
    'no version': (ETCD, write_http(b'{"etcdserver": 7}')),
}
CALLS = {
    'read': lambda board: board.read('hosts/h'),
    'read_all': lambda board: board.read_all('hosts'),
    'glance': lambda board: board.glance([], 'wishes'),
    'write_all': lambda board: board.write_all({'hosts/h': b''}, 60),
    'remove': lambda board: board.remove('hosts/h'),
    'stay': lambda board: board.stay(60).claim('alive/h'),
    'renew': lambda board: board.stay(60).renew(),
    'leave': lambda board: board.stay(60).leave('alive/h'),
}


def test_who_leads_elsewhere_is_not_followed():
    """Each place that it led to would have seconds of its own."""
    asked = []

    class Leading(LyingSocket):
        def send_answer(self, one):
            asked.append(one)
            super().send_answer(one)

    head = '307 Elsewhere\r\nLocation: /elsewhere'
    with Leading(write_http(b'', head)) as server:
        board = board_at(ETCD.format(server.port))
        with pytest.raises(BoardLost, match='no answer of etcd'):
            board.write_all({'hosts/h': b''}, None)
    assert len(asked) == 1


@pytest.mark.parametrize('name', NONSENSE)
def test_nonsense_is_a_board_that_is_lost(name):
    """And nothing else, which would end who keeps a host on it."""
    url, answer = NONSENSE[name]
    with LyingSocket(answer) as server:
        board = board_at(url.format(server.port))
        for call in CALLS.values():
            try:
                call(board)
            except BoardLost as error:
                assert 'no answer of' in str(error)


SLOW = {
    'redis': (REDIS, b'$99\r\n' + b'x' * 99 + b'\r\n'),
    'etcd, its head': (ETCD, write_http(b'{}')),
    'etcd, its words': (ETCD, write_http(b'{}' + b' ' * 99)),
}


@pytest.mark.parametrize('name', SLOW)
def test_who_answers_drop_by_drop_is_not_waited_for(name):
    """Each piece comes in time, and all of them would take half a minute."""
    url, answer = SLOW[name]
    with DrippingSocket(answer) as server:
        board = board_at(url.format(server.port))
        with pytest.raises(BoardLost, match='does not answer in time'):
            board.read('hosts/h')
