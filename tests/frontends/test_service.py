"""When the service sweeps: its times, as a table."""

import contextlib
import datetime
import unittest

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
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
