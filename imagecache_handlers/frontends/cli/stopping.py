"""Ctrl-C: once to end after the current image, twice to end at once.

What would leave something half done is undone first.
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


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Give what tells if the user wants an end."""
    wanted = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def end(*_: object) -> None:
        wanted.set()
        signal.signal(signal.SIGINT, _at_once)
        _say(
            '\nimagecache: ending after the current image; press Ctrl-C again '
            'to end at once\n'
        )

    signal.signal(signal.SIGINT, end)
    try:
        yield wanted.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Have an end by SIGTERM undo what is half done, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        _say('imagecache: interrupted\n')
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _at_once(*_: object) -> NoReturn:
    if sys.stderr.isatty():
        _say(_CURSOR)
    # Threads that work on other stores would be waited for.
    os._exit(FAILED)


def _say(text: str) -> None:
    # Not by a buffer: whatever the signal interrupts may be writing to it.
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), text.encode())
