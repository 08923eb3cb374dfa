"""Ctrl-C: once to end after the current image, twice to end at once."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import signal
import sys
import threading


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give what tells if the user wants an end."""
    wanted = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def end(*_: object) -> None:
        wanted.set()
        signal.signal(signal.SIGINT, before)
        sys.stderr.write(
            '\nimagecache: ending after the current image; press Ctrl-C again '
            'to end at once\n'
        )

    signal.signal(signal.SIGINT, end)
    try:
        yield wanted.is_set
    finally:
        signal.signal(signal.SIGINT, before)
