"""Service: sweeps again and again; times between, failures and reloads."""

from collections.abc import Callable
import contextlib
import datetime
import logging
import random
from typing import Generic
from typing import Protocol
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.signals import Signals
from imagecache_handlers.frontends import systemd
from imagecache_handlers.frontends.watchdog import Watchdog

LOG = logging.getLogger(__name__)

# The first sweep after a failure; each failure more doubles the time.
_AGAIN = datetime.timedelta(minutes=1)
# Of the interval, so that many hosts do not sweep in step for ever.
_JITTER = 0.1


class Site(Protocol):
    """What is swept, as its configuration says."""

    @property
    def interval(self) -> datetime.timedelta | None:
        """The time between two sweeps; None: no sweeps."""


S = TypeVar('S', bound=Site)
# Opens a site anew, as the configuration is now.
Open = Callable[[], contextlib.AbstractContextManager[S]]
# Sweeps a site until it is told to stop; tells if it was read as a whole.
Sweep = Callable[[S, Callable[[], bool]], bool]


class Service(Generic[S]):
    """Sweeps a site at its interval until it is told to end.

    ``beside`` gives the seconds of a processor that went into what is not
    sweeping, so that nobody takes it for that.  ``begin`` is given each site
    once it is open and that is told: what it waits for holds up no start.
    """

    def __init__(
        self,
        open_site: Open[S],
        sweep: Sweep[S],
        signals: Signals,
        say: Callable[[str], object],
        spread: Callable[[], float] = random.random,
        beside: Callable[[], float] = lambda: 0.0,
        begin: Callable[[S], object] = lambda site: None,
    ) -> None:
        self._open = open_site
        self._sweep = sweep
        self._signals = signals
        self._say = say
        self._spread = spread
        self._begin = begin
        self._failures = 0
        self._watchdog = Watchdog(beside)

    def run(self) -> None:
        """Go on until the end.

        :raises CacheError: when the site cannot be opened at all.
        """
        with (
            self._signals.taken(),
            self._watchdog.watching(),
            contextlib.ExitStack() as opened,
        ):
            site = opened.enter_context(self._open())
            self._tell_ready(site)
            self._wait_for_signal(self._time_to_first(site))
            while not self._signals.ended():
                if self._signals.reload():
                    site = self._reopen_site(opened, site)
                    self._wait_for_signal(self._time_to_first(site))
                elif site.interval is None:
                    self._wait_for_signal(None)
                else:
                    self._run_pass(site)
                    self._wait_for_signal(self._time_to_next(site))
            systemd.notify(STOPPING=1)
            self._say('ended on request')

    def _wait_for_signal(self, time: datetime.timedelta | None) -> None:
        with self._watchdog.resting():
            self._signals.wait(time)

    def _time_to_first(self, site: S) -> datetime.timedelta | None:
        if site.interval is None:
            return None
        return site.interval * (_JITTER * self._spread())

    def _time_to_next(self, site: S) -> datetime.timedelta | None:
        if site.interval is None:
            return None
        time = site.interval * (1 + _JITTER * self._spread())
        if not self._failures:
            return time
        # Shifted no further than to what is longer than any interval.
        return min(time, _AGAIN * (1 << min(self._failures - 1, 20)))

    def _run_pass(self, site: S) -> None:
        try:
            whole = self._sweep(site, self._signals.ended)
        except CacheError as error:
            LOG.error('The sweep failed: %s', error)
            whole = False
        self._failures = 0 if whole else self._failures + 1
        systemd.notify(STATUS=_status_text(site, self._failures))

    def _reopen_site(self, opened: contextlib.ExitStack, site: S) -> S:
        systemd.reloading()
        try:
            opening = self._open()
            new = opening.__enter__()
        except CacheError as error:
            LOG.error('Going on with the configuration as it was: %s', error)
            new = site
        else:
            opened.close()
            opened.push(opening)
            self._failures = 0
        self._tell_ready(new)
        return new

    def _tell_ready(self, site: S) -> None:
        status = _status_text(site)
        systemd.notify(READY=1, STATUS=status)
        self._say(status)
        self._begin(site)


def _status_text(site: Site, failures: int = 0) -> str:
    if site.interval is None:
        return 'no sweeps, for manager_interval is -1; waiting for SIGHUP'
    text = f'sweeps every {site.interval.total_seconds():.0f} s'
    return f'{text}, failed {failures} times in a row' if failures else text
