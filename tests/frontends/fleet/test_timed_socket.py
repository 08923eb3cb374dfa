"""A socket on which a request and its answer have so many seconds in all."""

import socket

import pytest

from imagecache_handlers.frontends.fleet.timed_socket import TimedSocket

SECONDS, IDLE = 5.0, 3.0
PIECE = 4


class Wrapped:
    """A socket that keeps how long each call of it might wait."""

    def __init__(self):
        self.timeout = IDLE
        self.waits = []

    def gettimeout(self):
        return self.timeout

    def settimeout(self, timeout):
        self.timeout = timeout

    def note_wait(self, *_):
        self.waits.append(self.timeout)
        return b''

    recv = recv_into = note_wait

    def send(self, data):
        """Take no more than some of it, as over TLS."""
        self.note_wait()
        return min(len(data), PIECE)


class World:
    def __init__(self):
        self.now = 0.0
        self.wrapped = Wrapped()
        self.timed = TimedSocket(
            self.wrapped, SECONDS, monotonic=lambda: self.now
        )

    def do(self, steps):
        """Send, receive, or let time pass."""
        for step in steps:
            if step == 'send':
                self.timed.sendall(b'x' * PIECE)
            elif step == 'recv':
                self.timed.recv(1)
            elif step == 'into':
                self.timed.recv_into(bytearray(1))
            else:
                self.now += step
        return self.wrapped.waits


STEPS = [
    (['send', 'recv'], [3, 3]),
    (
        ['send', 1, 'recv', 1, 'recv', 1, 'recv', 1.5, 'recv'],
        [3, 3, 3, 2, 0.5],
    ),
    (['send', 4, 'send', 0.5, 'into'], [3, 1, 0.5]),
    # A new request has its own time, however long nobody asked.
    (['send', 1, 'recv', 900, 'send', 1, 'recv'], [3, 3, 3, 3]),
]


@pytest.mark.parametrize(('steps', 'waits'), STEPS)
def test_it_waits_no_longer_than_what_is_left(steps, waits):
    assert World().do(steps) == waits


def test_who_takes_it_piece_by_piece_has_no_more_time_for_that():
    world = World()
    real = world.wrapped.send

    def take_slowly(data):
        world.now += 2
        return real(data)

    world.wrapped.send = take_slowly
    world.timed.sendall(b'x' * 2 * PIECE)
    assert world.wrapped.waits == [3, 3]
    with pytest.raises(TimeoutError):
        world.timed.sendall(b'x' * 2 * PIECE)
    assert world.wrapped.waits == [3, 3, 1]


LATE = [
    ['send', 3, 'recv', 2, 'recv'],
    ['send', 3, 'into', 2, 'into'],
    ['send', 5, 'send'],
    ['send', 6, 'recv'],
]


@pytest.mark.parametrize('steps', LATE)
def test_at_the_end_of_it_nobody_is_waited_for(steps):
    world = World()
    with pytest.raises(TimeoutError):
        world.do(steps)


def test_a_look_that_waits_for_nothing_is_never_late():
    world = World()
    world.do(['send', 900])
    world.timed.settimeout(0)
    assert world.do(['recv']) == [3, 0]


def test_without_a_time_of_its_own_it_has_what_is_left():
    world = World()
    world.timed.settimeout(None)
    assert world.do(['send', 1, 'recv']) == [5, 4]


def test_an_answer_is_read_from_it_as_from_a_file():
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(30)
        timed = TimedSocket(one, 30)
        timed.sendall(b'ask\n')
        other.sendall(other.recv(9) + b'rest\n')
        with timed.makefile('rb') as file:
            assert [file.readline(), file.readline()] == [b'ask\n', b'rest\n']
        assert timed.fileno() == one.fileno()
