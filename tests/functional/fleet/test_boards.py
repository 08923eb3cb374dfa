"""Boards in etcd and redis keep what all of them promise."""

import time
import tracemalloc
import uuid

import pytest

from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers.frontends.fleet.timed_socket import TimedSocket
from tests.frontends.fleet.board_contract import BoardContract
from tests.frontends.fleet.test_members import entry_of
from tests.functional.fleet.servers import choose_port


class TestBoards(BoardContract):
    @pytest.fixture(autouse=True)
    def _use_server(self, server):
        self.server = server
        self.own = uuid.uuid4().hex

    def make_board(self, group='ours'):
        return self.server.board(f'{self.own}{group}')

    def pass_time(self, seconds):
        time.sleep(seconds)


def test_nobody_there_is_told_in_words(server):
    url = server.url.replace(str(server.port), str(choose_port()))
    with pytest.raises(BoardLost, match='cannot be reached'):
        server.board(url=url).read_all('hosts')


def write_raw(board, name, value):
    """Write as a stranger does, who heeds nothing."""
    client = board.client
    put = client.set if hasattr(client, 'set') else client.put
    put(board.key_of(name), value)


def test_strangers_spoil_nothing(server):
    group = uuid.uuid4().hex
    board = server.board(group)
    board.write_all({'hosts/h1': entry_of('a').encode()}, 600)
    large = 10**7 if server.program == 'redis-server' else 10**6
    write_raw(board, 'hosts/large', b'x' * large)
    write_raw(board, 'hosts/../h1', entry_of('a').encode())
    write_raw(board, 'hosts/h2', entry_of('a').encode())
    write_raw(board, 'hosts/bytes', b'\xff\x00')
    found = {one.host: one for one in read_members(board)}
    assert found['h1'].entry.digest.has_image('a')
    problems = {name: one.problem for name, one in found.items()}
    assert problems.pop('h1') is None
    assert f'longer than {LONGEST_NOTE}' in problems.pop('large')
    assert '1 to 253 of' in problems.pop('../h1')
    assert "of 'h1'" in problems.pop('h2')
    assert 'no JSON' in problems.pop('bytes')
    assert not problems


def test_what_a_stranger_wrote_fills_no_memory(server):
    board = server.board(uuid.uuid4().hex)
    for number in range(40):
        write_raw(board, f'wishes/w{number}', b'x' * 10**6)
    tracemalloc.start()
    try:
        found = board.read_all('wishes')
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        board.remove('wishes')
    assert len(found) == 40
    assert most < 50 * 10**6


class TestRedis:
    """What only redis can be met as."""

    @pytest.fixture(autouse=True)
    def _only_redis(self, request, tmp_path):
        from tests.functional.fleet.servers import Redis

        self.server = Redis(tmp_path)
        self.server.start()
        request.addfinalizer(self.server.kill)

    def test_a_note_of_another_type_spoils_nothing(self):
        board = self.server.board()
        board.write_all({'hosts/h1': entry_of('a').encode()}, 600)
        board.client.lpush(board.key_of('hosts/list'), 'x')
        found = {one.host: one for one in read_members(board)}
        assert found['h1'].entry is not None
        assert 'no JSON' in found['list'].problem

    def test_a_full_one_refuses_in_words_and_is_read(self):
        board = self.server.board()
        board.write_all({'hosts/h1': b'1'}, 600)
        board.client.config_set('maxmemory', 1)
        with pytest.raises(BoardLost, match='redis refuses: .*memory'):
            board.write_all({'hosts/h2': b'1'}, 600)
        assert board.read_all('hosts') == {'h1': b'1'}

    def test_a_read_only_one_refuses_in_words(self):
        board = self.server.board()
        board.client.replicaof('127.0.0.1', choose_port())
        with pytest.raises(BoardLost, match='redis refuses: .*read only'):
            board.write_all({'hosts/h2': b'1'}, 600)


class TestEtcd:
    """What only etcd can be met as."""

    @pytest.fixture(autouse=True)
    def _only_etcd(self, request, tmp_path):
        from tests.functional.fleet.servers import Etcd

        class Small(Etcd):
            def command(self):
                return [*super().command(), '--quota-backend-bytes=1000000']

        self.server = Small(tmp_path)
        self.server.start()
        request.addfinalizer(self.server.kill)

    def test_a_note_that_is_written_anew_leaves_no_lease(self):
        board = self.server.board()
        for value in range(5):
            board.write_all({'hosts/h1': b'%d' % value}, 600)
        assert board.read('hosts/h1') == b'4'
        assert len(leases_of(board)) == 1

    def test_a_note_that_is_refused_leaves_no_lease(self):
        board = self.server.board()
        with pytest.raises(BoardLost, match='refuses'):
            board.write_all({'hosts/h1': bytes(2_000_000)}, 600)
        assert leases_of(board) == []

    def test_a_full_one_refuses_in_words_and_is_read(self):
        board = self.server.board()
        board.write_all({'hosts/h1': b'1'}, None)
        with pytest.raises(BoardLost, match='space exceeded'):
            for number in range(200):
                board.write_all({f'hosts/x{number}': b'1' * 16000}, None)
        assert board.read('hosts/h1') == b'1'


def test_an_idle_beat_is_two_requests(server, monkeypatch):
    """Of 1,000 hosts every 20 seconds that makes 100 a second."""
    agent = Agent(server.board(uuid.uuid4().hex), 'h1', 50, lambda news: None)
    agent.tell(entry_of('a'))
    agent.beat()
    requests, sendall = [], TimedSocket.sendall

    def count(timed, *given):
        if timed._is_answered:
            requests.append(given)
        return sendall(timed, *given)

    monkeypatch.setattr(TimedSocket, 'sendall', count)
    agent.beat()
    assert agent.stay is not None
    assert len(requests) == 2


def test_what_is_lost_is_given_anew_and_turns_stay(server):
    """A board that lost some notes, and the agent that had written them."""
    board = server.board(uuid.uuid4().hex)
    agent = Agent(board, 'h1', 50, lambda news: None)
    agent.tell(entry_of('a'))
    agent.beat()
    assert agent.stay.claim('turns/w/0')
    before = board.read('hosts/h1')
    agent.tell(entry_of('b'))
    agent.beat()
    board.write_all({'hosts/h1': before}, 600)
    board.remove('alive/h1')
    agent.beat()
    [member] = read_members(board)
    assert member.is_alive
    assert member.entry.digest.has_image('b')
    # What rests on it goes on for a while: it is nobody else's yet.
    assert not board.stay(50).claim('turns/w/0')


def leases_of(board):
    url = board.client.get_url('/lease/leases')
    return board.client.post(url, json={}).get('leases', [])
