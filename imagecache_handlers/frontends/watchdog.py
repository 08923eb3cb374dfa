"""Watchdog: systemd hears of a service for as long as its work goes on."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import faulthandler
import threading
import time

from imagecache_handlers.frontends import systemd

# Of the time within which systemd wants to hear of us: what happens seldom
# may happen just after a look.
_LOOKS = 4
# Seconds of work; less is what the measuring itself takes.
_LEAST = 0.001


class Watchdog:
    """Tells systemd of each time in which the service rested or worked.

    Work is what threads other than our own did on a processor, less the
    ``beside``, which is none of the service's.  So a look may take hours, and
    yet who waits for a mount or a host that never answers is given up when
    systemd's time is over.
    """

    def __init__(self, beside: Callable[[], float] = lambda: 0.0) -> None:
        self._beside = beside
        self._resting = False
        self._end = threading.Event()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch meanwhile, if systemd asks for it."""
        limit = systemd.watchdog_seconds()
        if limit is None:
            yield
            return
        # SIGABRT is how systemd gives up: the journal shall say where.
        faulthandler.enable()
        thread = threading.Thread(
            target=self._watch_work, args=[limit / _LOOKS], daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """Tell that nothing is being done, and that this is right."""
        self._resting = True
        try:
            yield
        finally:
            self._resting = False

    def _watch_work(self, seconds: float) -> None:
        before = self._time_worked()
        while not self._end.wait(seconds):
            now = self._time_worked()
            if self._resting or now - before > _LEAST:
                systemd.notify(WATCHDOG=1)
                before = now

    def _time_worked(self) -> float:
        return time.process_time() - time.thread_time() - self._beside()
