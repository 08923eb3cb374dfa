"""A clock that can be moved: what takes an hour need not be waited for."""

from collections.abc import Callable
import datetime
import threading
import time


class Clock:
    """The time of a simulated world: it runs as ours does, or stands still.

    Moments and spans are seconds; ``now`` is an aware datetime, in UTC.
    """

    def __init__(self) -> None:
        self._moved = threading.Condition()
        # Called when time was moved, by those who wait for more than that.
        self.on_move: list[Callable[[], None]] = []
        self._ahead = 0.0
        self._frozen: float | None = None
        self._start = time.time() - time.monotonic()

    @property
    def moment(self) -> float:
        """Seconds since 1970; it never goes back by itself."""
        if self._frozen is not None:
            return self._frozen
        return self._start + time.monotonic() + self._ahead

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.moment, datetime.UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass at once; whoever waits for it wakes."""
        with self._moved:
            if self._frozen is None:
                self._ahead += seconds
            else:
                self._frozen += seconds
        self.wake()

    def freeze(self) -> None:
        """Let time stand still from now on, but for ``advance``."""
        with self._moved:
            self._frozen = self.moment

    def wake(self) -> None:
        """Have everybody who waits look again."""
        with self._moved:
            self._moved.notify_all()
        for notify in self.on_move:
            notify()

    def wait(self, until: float, *ended: threading.Event) -> bool:
        """Wait until a moment; tell if it came before an event of ``ended``.

        Whoever sets one of them calls ``wake`` afterwards.
        """
        with self._moved:
            while (left := until - self.moment) > 0:
                if any(one.is_set() for one in ended):
                    return False
                self._moved.wait(None if self._frozen is not None else left)
        return True
