"""Waking: the main thread takes a signal, though it had begun to wait.

Python notes a signal at once, and acts on it when the main thread runs next.
One that begins to wait in between sleeps on, and the note lies unread: the
user has pressed Ctrl-C and nothing happens.
"""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import os
import signal
import threading
import time

# By default it is ignored, and nothing here makes use of it.
_NUDGE = signal.SIGURG

# Seconds between two nudges.
_PAUSE = 0.05


@contextlib.contextmanager
def main_woken(numbers: Collection[int]) -> Iterator[None]:
    """Have these signals acted on soon, whatever the main thread waits for.

    To be entered by the main thread.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    waker = _Waker(reading, frozenset(numbers))
    earlier_handler = signal.signal(_NUDGE, waker.note_awake)
    earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=waker.wake_for_each, daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        os.close(writing)
        thread.join()
        os.close(reading)
        signal.signal(_NUDGE, earlier_handler)


class _Waker:
    """Nudges the main thread for each signal that Python has noted."""

    def __init__(self, notes: int, numbers: frozenset[int]) -> None:
        self._notes = notes
        self._numbers = numbers
        self._is_awake = True

    def note_awake(self, *_: object) -> None:
        # Of signals that are due together the lowest number comes first: by
        # now whatever the nudge was for has been acted on.
        self._is_awake = True

    def wake_for_each(self) -> None:
        """Go on until nobody writes notes any more."""
        while noted := os.read(self._notes, 64):
            if self._numbers & set(noted):
                self._nudge()

    def _nudge(self) -> None:
        self._is_awake = False
        main = threading.main_thread().ident
        while not self._is_awake and main is not None:
            signal.pthread_kill(main, _NUDGE)
            time.sleep(_PAUSE)
