"""Interrupt: Ctrl-C or SIGTERM once ends in order, twice ends at once.

What would leave something half done is undone first, and whoever is logged in
somewhere logs out.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import signal
import sys
import threading
from typing import NoReturn

from imagecache_handlers.frontends.cli.app import FAILED

# Shows the cursor, which a progress bar hides.
_CURSOR = '\x1b[?25h\n'

# Seconds: a handler closes within five.
_FAREWELL = 6.0

Close = Callable[[], object]


@contextlib.contextmanager
def stoppable(close: Close) -> Iterator[Callable[[], bool]]:
    """Give what tells if the user wants an end; the second time, close."""
    wanted = threading.Event()

    def end(*_: object) -> None:
        wanted.set()
        _take(lambda *_: _end_at_once(close))
        _say_on_stderr(
            '\nimagecache: ending after the current image; press Ctrl-C again '
            'to end at once\n'
        )

    with _taken(end):
        yield wanted.is_set


@contextlib.contextmanager
def terminable() -> Iterator[Callable[[Close], None]]:
    """Have an end by SIGTERM undo what is half done, as Ctrl-C does.

    Give what is to be told what to close: it is, when the user cannot wait.
    """
    closing: list[Close] = []

    def end(*_: object) -> NoReturn:
        _take(lambda *_: _end_at_once(*closing))
        raise KeyboardInterrupt

    with _taken(end):
        try:
            yield closing.append
        except KeyboardInterrupt:
            _say_on_stderr('imagecache: interrupted\n')
            raise


_Handler = Callable[[int, object], object]
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _take(handler: _Handler) -> None:
    for number in _SIGNALS:
        signal.signal(number, handler)


@contextlib.contextmanager
def _taken(handler: _Handler) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _take(handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _end_at_once(*closing: Close) -> NoReturn:
    if sys.stderr.isatty():
        _say_on_stderr(_CURSOR)
    # Not here, where what was interrupted may hold a lock.
    for close in closing:
        thread = threading.Thread(target=close, daemon=True)
        thread.start()
        thread.join(_FAREWELL)
    # Threads that work on other stores would be waited for.
    os._exit(FAILED)


def _say_on_stderr(text: str) -> None:
    # Not by a buffer: whatever the signal interrupts may be writing to it.
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), text.encode())
