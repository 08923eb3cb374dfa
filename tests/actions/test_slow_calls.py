"""Calls of a handler are on record while they run, and told when slow."""

import datetime
import threading

import pytest

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers import CachedImage
from imagecache_handlers import CacheHandler
from imagecache_handlers import Debris
from imagecache_handlers import ImageMeta
from imagecache_handlers import Store

MINUTE = datetime.timedelta(minutes=1)
IMAGE = CachedImage(image_id='a', store='bay', location='a', size=1)
REST = Debris(store='bay', location='x', size=1, since=None, why='broken')
META = ImageMeta(image_id='a', size=1, disk_format='raw')


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Asking(CacheHandler):
    """Notes, at each of its calls, what is on record."""

    def __init__(self):
        self.calls = None
        self.seen = []

    def note(self, result=None):
        self.seen.append(self.calls.describe())
        return result

    def stores(self):
        return self.note([Store(name='bay')])

    def enumerate(self, store, image_ids=None):
        # A generator: it begins when its first result is taken.
        self.note()
        yield IMAGE
        self.note()

    def evict(self, image, alive=None):
        return self.note(1)

    def evict_many(self, images, in_time):
        for _ in images:
            yield self.note(1)

    def mark(self, image, add=(), remove=()):
        self.note()

    def key(self, image_id):
        return self.note(image_id)

    def room(self, meta, store):
        return self.note(1)

    def add(self, meta, content, store, labels=()):
        return self.note(IMAGE)

    def debris(self, store):
        return self.note([REST])

    def clean(self, debris):
        return self.note(1)


CALLS = {
    'stores': lambda one: one.stores(),
    'enumerate in the store bay': lambda one: list(one.enumerate('bay')),
    'evict in the store bay': lambda one: one.evict(IMAGE, None),
    'evict_many in the store bay': lambda one: list(
        one.evict_many([IMAGE], None)
    ),
    'mark in the store bay': lambda one: one.mark(IMAGE, {'x'}),
    'age in the store bay': lambda one: one.age(
        IMAGE, used=False, now=datetime.datetime.now(datetime.UTC)
    ),
    'pin in the store bay': lambda one: one.pin(IMAGE, 'ops', None),
    'room in the store bay': lambda one: one.room(META, 'bay'),
    'add in the store bay': lambda one: one.add(META, None, store='bay'),
    'debris in the store bay': lambda one: one.debris('bay'),
    'clean in the store bay': lambda one: one.clean(REST),
}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def calls(clock, told):
    return RunningCalls(MINUTE, tell=told.append, monotonic=clock)


@pytest.fixture
def handler(calls):
    handler = Asking()
    handler.calls = calls
    return handler


@pytest.mark.parametrize('said', CALLS)
def test_a_call_is_on_record_while_it_runs(said, calls, handler):
    CALLS[said](calls.watch_handler(handler))

    assert set(handler.seen) == {f'{said} (0 s)'}
    assert calls.describe() == ''


def test_what_waits_for_no_backend_is_not(calls, handler):
    assert calls.watch_handler(handler).key('a') == 'a'
    assert handler.seen == ['']


def test_between_two_results_nothing_runs(calls, handler):
    results = calls.watch_handler(handler).enumerate('bay')
    next(iter(results))
    assert calls.describe() == ''


def test_results_that_nobody_wants_are_closed(calls):
    closed = []

    class Closing(Asking):
        def enumerate(self, store, image_ids=None):
            try:
                yield IMAGE
            finally:
                closed.append((store, calls.describe()))

    results = calls.watch_handler(Closing()).enumerate('bay')
    next(results)
    results.close()
    # That may take its time as well.
    assert closed == [('bay', 'enumerate in the store bay (0 s)')]


def test_an_error_takes_a_call_off_the_record(calls, handler):
    handler.note = None
    with pytest.raises(TypeError):
        calls.watch_handler(handler).evict(IMAGE, None)
    assert calls.describe() == ''


def test_the_rest_of_the_handler_is_as_it_was(calls, handler):
    handler.batch = 7
    assert calls.watch_handler(handler).batch == 7
    with pytest.raises(AttributeError):
        _ = calls.watch_handler(handler).nonsense


def test_the_guard_has_them_on_record(calls, handler):
    GuardedHandler(handler, calls).stores()
    assert handler.seen == ['stores (0 s)']


def test_a_call_is_told_once_it_lasts_too_long_and_once_only(
    calls, clock, told
):
    with calls.record_call('evict', 'bay'):
        clock.now = 59
        calls.tell_slow()
        assert told == []
        clock.now = 60
        calls.tell_slow()
        calls.tell_slow()
    assert told == [
        'the handler has not returned from evict in the store bay for 60 s '
        '(call_timeout); still waiting'
    ]


def test_the_next_look_is_when_another_call_can_last_too_long(calls, clock):
    assert calls.tell_slow() == 60
    with calls.record_call('evict', 'bay'):
        clock.now = 20
        with calls.record_call('mark', 'bay'):
            clock.now = 25
            assert calls.tell_slow() == 35
            clock.now = 60
            # Of the first it was told just now.
            assert calls.tell_slow() == 20


def test_one_that_could_not_be_told_keeps_no_other_from_it(clock, caplog):
    said = []

    def tell(text):
        said.append(text)
        raise OSError('nobody listens')

    calls = RunningCalls(MINUTE, tell=tell, monotonic=clock)
    with calls.record_call('evict', 'a'), calls.record_call('evict', 'b'):
        clock.now = 60
        calls.tell_slow()
    assert len(said) == 2
    assert 'which could not be told' in caplog.text


def test_each_call_is_told_by_itself(calls, clock, told):
    for _ in range(2):
        with calls.record_call('mark', 'bay'):
            clock.now += 61
            calls.tell_slow()
    assert len(told) == 2


def test_without_a_timeout_nothing_is_told(clock, told):
    calls = RunningCalls(None, tell=told.append, monotonic=clock)
    before = threading.active_count()
    with calls.watching(), calls.record_call('evict', 'bay'):
        assert threading.active_count() == before
        clock.now = 1e9
        assert calls.tell_slow() is None
    assert told == []


def test_a_thread_looks_meanwhile_and_ends():
    told = threading.Event()
    short = datetime.timedelta(milliseconds=1)
    calls = RunningCalls(short, tell=lambda text: told.set())
    before = threading.active_count()
    with calls.watching(), calls.record_call('evict', 'bay'):
        assert told.wait(60)
    assert threading.active_count() == before


def test_the_log_is_told_by_default(caplog, clock):
    calls = RunningCalls(MINUTE, monotonic=clock)
    with calls.record_call('evict', 'a%sb'):
        clock.now = 61
        calls.tell_slow()
    [record] = caplog.records
    assert 'evict in the store a%sb for 61 s' in record.getMessage()


def test_each_call_is_told_as_it_ends(clock):
    ends = []
    calls = RunningCalls(
        None, monotonic=clock, tell_end=lambda *told: ends.append(told)
    )
    with calls.record_call('stores', ''):
        clock.now += 2
    with pytest.raises(ValueError), calls.record_call('evict', 'bay'):
        clock.now += 3
        raise ValueError
    assert [
        (call.method, call.store, seconds, failed)
        for call, seconds, failed in ends
    ] == [('stores', '', 2, False), ('evict', 'bay', 3, True)]
