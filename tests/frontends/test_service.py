"""When the service sweeps: its times, as a table."""

import contextlib
import datetime
import signal
import subprocess
import sys
import threading
import unittest

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends import service as real_service
from imagecache_handlers.frontends.service import Service

LATEST = 10**9


class Site:
    def __init__(self, seconds):
        self.interval = None
        if seconds is not None:
            self.interval = datetime.timedelta(seconds=seconds)


class Signals:
    """Ends the service after so many waits; keeps how long each was."""

    def __init__(self, waits, reloads=()):
        self.waits = []
        self._most = waits
        self._reloads = reloads

    def taken(self):
        return contextlib.nullcontext()

    def ended(self):
        return len(self.waits) >= self._most

    def reload(self):
        return len(self.waits) in self._reloads

    def wait(self, time):
        self.waits.append(None if time is None else time.total_seconds())


def waits(interval, sweeps, spread=0.0, reloads=(), opens=()):
    """Give the waits of a service whose sweeps turn out so."""
    turns = iter(sweeps)
    sites = iter([*opens, *[interval] * 9])

    @contextlib.contextmanager
    def open_site():
        given = next(sites)
        if isinstance(given, Exception):
            raise given
        yield Site(given)

    def sweep(site, stop):
        outcome = next(turns)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    count = len(sweeps) + len(reloads) + 1
    signals = Signals(count, reloads)
    Service(open_site, sweep, signals, str, lambda: spread).run()
    return signals.waits


FAILED = CacheError('no')


class TestTimes(unittest.TestCase):
    def test_the_table(self):
        for interval, spread, sweeps, expected in (
            # The first comes soon, then one each interval, a little late.
            (1000, 0.0, [True, True], [0, 1000, 1000]),
            (1000, 0.5, [True, True], [50, 1050, 1050]),
            (1000, 1.0, [True], [100, 1100]),
            # A failure is tried again sooner, and then less and less.
            (2400, 0.0, [False] * 7, [0, 60, 120, 240, 480, 960, 1920, 2400]),
            (2400, 0.0, [FAILED, False, True], [0, 60, 120, 2400]),
            (2400, 0.0, [False, True, False], [0, 60, 2400, 60]),
            # Never later than without the failure.
            (10, 0.0, [False] * 3, [0, 10, 10, 10]),
        ):
            with self.subTest(sweeps=sweeps, spread=spread):
                self.assertEqual(expected, waits(interval, sweeps, spread))

    def test_many_failures_are_no_overflow(self):
        found = waits(LATEST, [False] * 100)
        self.assertEqual(60 * 2**20, found[-1])
        self.assertEqual(sorted(found), found)

    def test_switched_off_it_waits_for_a_signal(self):
        self.assertEqual([None], waits(None, []))
        self.assertEqual(
            [None, 0], waits(None, [], reloads=[1], opens=[None, 60])
        )


class TestReload(unittest.TestCase):
    def test_a_reload_begins_anew_and_forgets_failures(self):
        self.assertEqual(
            [0, 60, 0, 60],
            waits(600, [False, False], reloads=[2], opens=[600, 700]),
        )

    def test_a_configuration_that_is_refused_changes_nothing(self):
        refused = ConfigurationError('no')
        with self.assertLogs('imagecache_handlers', 'ERROR') as logged:
            found = waits(600, [True], reloads=[1], opens=[600, refused])
        self.assertEqual([0, 0, 600], found)
        self.assertIn('as it was: no', logged.output[0])

    def test_what_cannot_be_opened_at_first_is_raised(self):
        with self.assertRaises(ConfigurationError):
            waits(600, [], opens=[ConfigurationError('no')])


class TestBegin(unittest.TestCase):
    def test_each_site_begins_once_it_is_told_that_it_is_open(self):
        told = []
        sites = iter([Site(10), Site(20)])

        @contextlib.contextmanager
        def open_site():
            yield next(sites)

        def begin(site):
            told.append(site.interval.total_seconds())

        Service(
            open_site,
            lambda site, stop: True,
            Signals(3, reloads=[1]),
            told.append,
            begin=begin,
        ).run()
        said = 'sweeps every 10 s', 10, 'sweeps every 20 s', 20
        self.assertEqual([*said, 'ended on request'], told)


# A signal at each line of what waits, and of what that calls; who waits for
# itself is ended by the alarm.
AT_EACH_LINE = """
import datetime, signal, sys
from imagecache_handlers.frontends.service import Signals

signal.alarm(30)
signals, lines = Signals(), []

def trace(frame, event, argument):
    if event == 'line' and len(lines) < 200:
        lines.append(frame.f_lineno)
        signal.raise_signal(signal.SIGHUP)
    return trace

with signals.taken():
    sys.settrace(trace)
    signals.wait(datetime.timedelta(seconds=20))
    signals.reload()
    signals.wait(datetime.timedelta(0))
    sys.settrace(None)
    assert len(lines) > 3, lines
    assert not signals.ended()
    sys.settrace(trace)
    lines.clear()
    assert signals.await_answer(lambda: 'said') == 'said'
    assert signals.reload()
    signals.wait(datetime.timedelta(seconds=20))
    sys.settrace(None)
    assert len(lines) > 3, lines
    signal.raise_signal(signal.SIGTERM)
    assert signals.ended()
"""


def test_a_signal_at_any_step_keeps_nobody_waiting():
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, '-c', AT_EACH_LINE], check=False
    )
    assert done.returncode == 0


def receive(number):
    """Give what somebody says who is asked, and who sends a signal first."""

    def ask():
        signal.raise_signal(number)
        return 'said'

    return ask


class TestAwaitAnswer(unittest.TestCase):
    def setUp(self):
        self.signals = real_service.Signals()
        taken = self.signals.taken()
        taken.__enter__()
        self.addCleanup(taken.__exit__, None, None, None)
        self.never = threading.Event()
        self.addCleanup(self.never.set)

    def hang(self):
        signal.raise_signal(signal.SIGTERM)
        self.never.wait(60)

    def test_what_is_said_is_given(self):
        self.assertEqual(7, self.signals.await_answer(lambda: 7))
        # Nobody is woken by it later on.
        self.assertTrue(self.signals._wake.empty())

    def test_what_is_raised_is_raised(self):
        def fail():
            raise FAILED

        with self.assertRaises(CacheError) as caught:
            self.signals.await_answer(fail)
        self.assertIs(FAILED, caught.exception)

    def test_who_is_told_to_end_waits_for_nobody(self):
        with self.assertRaisesRegex(CacheError, 'told to end'):
            self.signals.await_answer(self.hang)
        self.assertTrue(self.signals.ended())
        # Nor later on.
        self.signals.wait(None)

    def test_who_was_told_to_end_waits_for_nobody(self):
        signal.raise_signal(signal.SIGTERM)
        with self.assertRaises(real_service.ToldToEnd):
            self.signals.await_answer(lambda: self.never.wait(60))

    def test_a_reload_is_done_afterwards(self):
        ask = receive(signal.SIGHUP)
        self.assertEqual('said', self.signals.await_answer(ask))
        self.signals.wait(None)
        self.assertTrue(self.signals.reload())
