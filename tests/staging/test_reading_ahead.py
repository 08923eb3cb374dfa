"""Reading ahead: the source is read while its bytes are written."""

import contextlib
import threading
import time

import pytest

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.exceptions import Stopped
from imagecache_handlers.source import Stretch
from imagecache_handlers.staging.reading_ahead import read_ahead
from imagecache_handlers.staging.stage import Stages
from tests.staging.sources import Memory
from tests.staging.sources import PIECE
from tests.staging.sources import random_bytes

# In the queue, and one in hand on either side.
MOST = 4


class Told:
    """A stretch of so many pieces that tells what is done with it."""

    def __init__(self, count, error=None):
        self.count = count
        self.error = error
        self.given = 0
        self.threads = []

    @contextlib.contextmanager
    def opened(self):
        self.note_thread()
        try:
            yield Stretch(7, self.give())
        finally:
            time.sleep(0.01)  # it may take a while
            self.note_thread()

    def note_thread(self):
        self.threads.append(threading.get_ident())

    def give(self):
        while self.given < self.count:
            self.given += 1
            yield b'%d' % self.given
        if self.error is not None:
            raise self.error


def test_all_comes_in_order_and_from_where_it_starts():
    with read_ahead(Told(100).opened(), 'debian') as stretch:
        pieces = list(stretch.chunks)

    assert stretch.start == 7
    assert pieces == [b'%d' % number for number in range(1, 101)]


def test_what_it_raises_comes_after_what_came():
    error = SourceError('told', 'cut off', retry=True)
    found = []
    with (
        pytest.raises(SourceError) as caught,
        read_ahead(Told(20, error).opened(), 'debian') as stretch,
    ):
        found.extend(stretch.chunks)

    assert caught.value is error
    assert len(found) == 20


def test_a_source_may_fill_one_buffer_again_and_again():
    @contextlib.contextmanager
    def give():
        yield Stretch(0, fill(bytearray(3)))

    def fill(buffer):
        for word in b'one', b'two', b'six':
            buffer[:] = word
            yield buffer

    with read_ahead(give(), 'debian') as stretch:
        assert b''.join(stretch.chunks) == b'onetwosix'


def test_one_that_cannot_be_opened_raises_that():
    @contextlib.contextmanager
    def fail():
        raise SourceError('told', 'deleted')
        yield

    with (
        pytest.raises(SourceError, match='deleted'),
        read_ahead(fail(), 'debian'),
    ):
        pass


@pytest.mark.parametrize('taken', [0, 1, 5])
def test_it_was_left_when_this_ends(taken):
    told = Told(1000)
    with (
        contextlib.suppress(ZeroDivisionError),
        read_ahead(told.opened(), 'debian') as stretch,
    ):
        for _ in range(taken):
            next(stretch.chunks)
        raise ZeroDivisionError

    # One thread entered and left it, and it was not this one.
    first, last = told.threads
    assert first == last != threading.get_ident()


@pytest.mark.parametrize('begins', [True, False])
def test_it_is_stopped_while_nothing_comes(begins):
    said, stop = threading.Event(), threading.Event()
    if not begins:
        stop.set()

    @contextlib.contextmanager
    def be_silent():
        assert begins or said.wait(60)
        yield Stretch(0, give())
        left.append(threading.get_ident())

    def give():
        yield b'one'
        assert said.wait(60)
        yield b'two'

    left, before = [], threading.enumerate()
    with (
        pytest.raises(Stopped),
        read_ahead(be_silent(), 'debian', stop.is_set) as stretch,
    ):
        assert next(stretch.chunks) == b'one'
        stop.set()
        next(stretch.chunks)
    assert not left
    # It leaves by itself then.
    [reader] = [one for one in threading.enumerate() if one not in before]
    said.set()
    reader.join(60)
    assert left == [reader.ident]


def test_few_pieces_are_read_ahead():
    told = Told(10**6)
    with read_ahead(told.opened(), 'debian') as stretch:
        next(stretch.chunks)
        # More than these never come, however long nobody takes any.
        while told.given < MOST:
            time.sleep(0.001)
        time.sleep(0.05)

    assert told.given <= MOST


def test_it_is_read_while_its_bytes_are_written(tmp_path):
    source = Writing(random_bytes(4 * PIECE))

    def wait_for_next(done):
        # What is read by who writes cannot come as long as this waits.
        assert not done or source.has_second.wait(60)

    with Stages(f'{tmp_path}/s').open_stage(source.meta) as stage:
        stage.fetch_image(source, wait_for_next)

    assert source.given == 4 * PIECE


class Writing(Memory):
    """One that tells when its second piece was asked for."""

    def __init__(self, content):
        super().__init__(content, Memory.of(content).meta)
        self.has_second = threading.Event()

    def _give(self, at):
        for number, piece in enumerate(super()._give(at)):
            if number:
                self.has_second.set()
            yield piece
