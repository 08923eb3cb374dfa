"""The watchdog: a service that hangs is not heard of, one that works is."""

import os
import signal
import time
from unittest import mock

import pytest

from tests.frontends.cli.test_run import Service

pytestmark = pytest.mark.alone

WATCHDOG = 'WATCHDOG=1'
SECONDS = 1.5
# Tells of a look, which ends in none of these tests.
PLUGIN = """
import os
import time

from imagecache_handlers.directory import DirectoryHandler


class Gated(DirectoryHandler):
    '''The folder handler, whose looks take for ever.'''

    def enumerate(self, store, image_ids=None):
        with open(os.environ['GATE_ASKED'], 'w') as asked:
            print('a look', file=asked)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if os.environ['BUSY'] == 'no':
                time.sleep(60)
        return super().enumerate(store, image_ids)
"""


class Watched(Service):
    def watch(self, *arguments, **variables):
        limit = str(int(SECONDS * 1_000_000))
        given = {'WATCHDOG_USEC': limit} | variables
        with mock.patch.dict(os.environ, given):
            self.start(*arguments)

    def told(self, seconds):
        """Give when what was told in so many seconds from now."""
        told = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                text = self.socket.recv(4096).decode()
            except TimeoutError:
                break
            told.append((time.monotonic(), text.splitlines()))
        return told

    def pings(self, seconds):
        return [at for at, said in self.told(seconds) if WATCHDOG in said]

    def await_status(self, words):
        self.socket.settimeout(60)
        while words not in self.socket.recv(4096).decode():
            pass

    def settle(self):
        """Await the gate, and let pass what is told of the way there."""
        self.await_eviction()
        time.sleep(SECONDS / 2)
        self.told(0.01)

    def steady(self, seconds):
        begin = time.monotonic()
        times = [begin, *self.pings(seconds), begin + seconds]
        gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
        return max(gaps) < SECONDS


class TestWatchdog(Watched):
    def test_it_is_heard_of_while_it_waits(self):
        self.configure('manager_interval = -1')
        self.watch()
        self.await_status('READY=1')
        self.assertTrue(self.steady(3 * SECONDS))

    def test_a_removal_that_hangs_is_not_heard_of_until_it_goes_on(self):
        self.add()
        self.age()
        self.configure('handler = gated', 'manager_interval = 1')
        self.watch(*self.in_use('# none\n'))
        self.await_status('READY=1')
        self.settle()
        self.assertEqual([], self.pings(3 * SECONDS))
        self.let_go()
        self.assertTrue(self.pings(2 * SECONDS))

    def looking(self, busy):
        (self.root / 'gated_plugin.py').write_text(PLUGIN)
        self.configure('handler = gated', 'manager_interval = 1')
        self.watch(*self.in_use('# none\n'), BUSY=busy)
        self.await_status('READY=1')
        self.settle()

    def test_a_long_look_is_heard_of(self):
        self.looking('yes')
        self.assertTrue(self.steady(3 * SECONDS))

    def test_a_look_that_hangs_is_not(self):
        self.looking('no')
        self.assertEqual([], self.pings(2 * SECONDS))

    def test_given_up_it_says_where_it_stands(self):
        self.looking('no')
        self.process.send_signal(signal.SIGABRT)
        _, err = self.process.communicate(timeout=60)
        self.assertEqual(-signal.SIGABRT, self.process.returncode)
        self.assertIn('in enumerate', err)

    def test_what_is_not_asked_for_is_not_told(self):
        self.configure('manager_interval = -1')
        for variables in (
            {'WATCHDOG_PID': '1'},
            {'WATCHDOG_USEC': '0'},
            {'WATCHDOG_USEC': 'soon'},
        ):
            with self.subTest(variables):
                self.watch(**variables)
                self.await_status('READY=1')
                self.assertEqual([], self.pings(2 * SECONDS))
                self.process.kill()
