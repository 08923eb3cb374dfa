"""Errands: has a taker look for wishes, and take them, by two threads."""

from collections.abc import Callable
import threading
import time

from imagecache_handlers.frontends.fleet.heart import logged_faults
from imagecache_handlers.frontends.fleet.taking import Taker


class Errands:
    """Has a taker look for wishes, and take them, until it is closed.

    It looks by a thread of its own, for what is fetched ends by what it sees;
    and so that whatever it has to read there costs the host no beat.
    """

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._wake = threading.Event()
        self._seen = threading.Event()
        self._end = False
        self._worked = 0.0
        self._looker = threading.Thread(
            target=self._go_on, args=[self._wake, self._look], daemon=True
        )
        self._thread = threading.Thread(
            target=self._go_on, args=[self._seen, taker.take_all], daemon=True
        )

    def start(self) -> None:
        self._looker.start()
        self._thread.start()

    def look(self) -> None:
        """Have wishes looked for, and taken, if there may be any."""
        if not self._taker.is_idle():
            self._wake.set()

    def worked(self) -> float:
        """Give the seconds of a processor that went into the looks."""
        return self._worked

    def close(self, seconds: float) -> None:
        """Have what is being fetched stopped; waits so long for that."""
        self._end = True
        self._taker.end()
        self._wake.set()
        self._seen.set()
        self._thread.join(seconds)

    def _go_on(self, wake: threading.Event, work: Callable[[], None]) -> None:
        while True:
            wake.wait()
            wake.clear()
            if self._end:
                return
            with logged_faults():
                work()

    def _look(self) -> None:
        self._taker.look()
        self._worked = time.thread_time()
        self._seen.set()
