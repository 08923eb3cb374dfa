"""Signals wake whoever waits for them, whenever and wherever they come."""

import datetime
import signal
import subprocess
import sys
import threading
import time
import unittest

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.signals import Signals
from imagecache_handlers.frontends.signals import ToldToEnd

FAILED = CacheError('no')

# A signal at each line of what waits, and of what that calls; who waits for
# itself is ended by the alarm.
AT_EACH_LINE = """
import datetime, signal, sys
from imagecache_handlers.frontends.signals import Signals

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
        self.signals = Signals()
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
        with self.assertRaises(ToldToEnd):
            self.signals.await_answer(lambda: self.never.wait(60))

    def test_a_reload_is_done_afterwards(self):
        ask = receive(signal.SIGHUP)
        self.assertEqual('said', self.signals.await_answer(ask))
        self.signals.wait(None)
        self.assertTrue(self.signals.reload())


# The thread that waits never gets it: as one that comes just before it waits,
# it interrupts nothing.
TO_ANOTHER_THREAD = """
import datetime, os, signal, threading
from imagecache_handlers.frontends.signals import Signals

signal.alarm(30)
signals = Signals()
with signals.taken():
    begun = threading.Event()

    def send():
        begun.wait()
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=send).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    begun.set()
    signals.wait(None)
    assert signals.reload()
"""


def test_a_signal_that_interrupts_nobody_wakes_who_waits():
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, '-c', TO_ANOTHER_THREAD], check=False
    )
    assert done.returncode == 0


def test_who_waits_for_a_time_is_woken_by_no_other_signal():
    signals = Signals()
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with signals.taken():
            signal.raise_signal(signal.SIGUSR1)
            begun = time.monotonic()
            signals.wait(datetime.timedelta(seconds=0.2))
            assert time.monotonic() - begun >= 0.2
    finally:
        signal.signal(signal.SIGUSR1, before)
