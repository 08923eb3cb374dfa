"""Service: sweeps again and again; times between, failures and reloads."""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import datetime
import logging
import queue
import random
import signal
import threading
from typing import Generic
from typing import Protocol
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends import systemd
from imagecache_handlers.frontends.watchdog import Watchdog

LOG = logging.getLogger(__name__)

# The first sweep after a failure; each failure more doubles the time.
_AGAIN = datetime.timedelta(minutes=1)
# Of the interval, so that many hosts do not sweep in step for ever.
_JITTER = 0.1
_TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Site(Protocol):
    """What is swept, as its configuration says."""

    @property
    def interval(self) -> datetime.timedelta | None:
        """The time between two sweeps; None: no sweeps."""


S = TypeVar('S', bound=Site)
Answer = TypeVar('Answer')
# Opens a site anew, as the configuration is now.
Open = Callable[[], contextlib.AbstractContextManager[S]]
# Sweeps a site until it is told to stop; tells if it was read as a whole.
Sweep = Callable[[S, Callable[[], bool]], bool]


class ToldToEnd(CacheError):
    """The service was told to end before an answer came."""

    def __str__(self) -> str:
        return 'the service was told to end before an answer came'


class Signals:
    """SIGTERM and SIGINT to end, SIGHUP to reload; kept until asked for.

    Nothing here takes a lock that is not the queue's own: a signal may come
    while this very thread is at any step of ``wait``, and an Event that is
    set then would wait for itself.
    """

    def __init__(self) -> None:
        self._wake = queue.SimpleQueue[object]()
        self._is_ended = False
        self._is_reload_due = False

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take these signals instead of whoever takes them now."""

        def take(number: int, _frame: object) -> None:
            if number == signal.SIGHUP:
                self._is_reload_due = True
            else:
                self._is_ended = True
            self._wake.put(None)

        before = {number: signal.signal(number, take) for number in _TAKEN}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def ended(self) -> bool:
        return self._is_ended

    def reload(self) -> bool:
        """Tell, once, if a reload was asked for."""
        if not self._is_reload_due:
            return False
        # One that comes before this line is met by the reload to come.
        self._is_reload_due = False
        return True

    def wait(self, time: datetime.timedelta | None) -> None:
        """Wait so long, or for a signal."""
        with contextlib.suppress(queue.Empty):
            self._wake.get(
                timeout=None if time is None else time.total_seconds()
            )
        while not self._wake.empty():
            self._wake.get()

    def await_answer(self, ask: Callable[[], Answer]) -> Answer:
        """Ask in a thread, and give what it says or raises.

        Any thread may wait so, one at a time.

        :raises ToldToEnd: when the end is asked for meanwhile; who was asked
            is left behind then, and ends with the process.
        """
        answer = futures.Future[Answer]()

        def act() -> None:
            try:
                answer.set_result(ask())
            except BaseException as error:
                answer.set_exception(error)
            self._wake.put(answer)

        threading.Thread(target=act, name='imagecache', daemon=True).start()
        while not self._is_ended and self._wake.get() is not answer:
            pass
        if self._is_ended or self._is_reload_due:
            # What told of it was taken out here: whoever waits next is to
            # be woken by it.
            self._wake.put(None)
        if self._is_ended:
            raise ToldToEnd
        return answer.result()


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
