"""Heart: has an agent beat by a thread of its own, whatever goes wrong."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import logging
import threading
import time

from imagecache_handlers.frontends.fleet.agent import Agent

LOG = logging.getLogger(__name__)

# Seconds, short enough for any stay.
_AGAIN_AFTER_FAULT = 3.0
# Seconds: how long the end waits for a board that does not answer.
_FAREWELL = 6.0


class Heart:
    """Has an agent beat by a thread, until it is closed."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._wake = threading.Event()
        self._end = False
        self._thread: threading.Thread | None = None
        self._worked = 0.0

    def start(self, after: Callable[[], object] = lambda: None) -> None:
        """Begin; ``after`` is called after each beat, by the thread."""
        self._thread = threading.Thread(
            target=self._go_on, args=[after], daemon=True
        )
        self._thread.start()

    def hurry(self) -> None:
        """Have it beat now: there is something new to tell."""
        self._wake.set()

    def worked(self) -> float:
        """Give the seconds of a processor that went into it."""
        return self._worked

    def close(self) -> None:
        """Have the host leave the board; waits for that for some seconds."""
        self._end = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL)

    def _go_on(self, after: Callable[[], object]) -> None:
        while not self._end:
            wait = self._beat()
            with logged_faults():
                after()
            self._worked = time.thread_time()
            self._wake.wait(wait)
            self._wake.clear()
        with logged_faults():
            self._agent.end()

    def _beat(self) -> float:
        with logged_faults():
            return self._agent.beat()
        return _AGAIN_AFTER_FAULT


@contextlib.contextmanager
def logged_faults() -> Iterator[None]:
    """Have a fault of ours logged, and the thread of this go on."""
    try:
        yield
    # Whatever it is: a host does its work without a fleet too.
    except Exception:
        LOG.exception('A fault in what is done for the fleet; it goes on')
