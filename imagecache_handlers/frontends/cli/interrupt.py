"""Interrupt: Ctrl-C or SIGTERM once ends in order, twice ends at once.

What would leave something half done is undone first, room that was reserved is
given back, and whoever is logged in somewhere logs out.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import signal
import sys
import threading
from typing import NoReturn
from typing import Protocol

from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers.frontends.cli.exit_codes import INTERRUPTED
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.cli.waking import main_woken

# Shows the cursor, which a progress bar hides.
_CURSOR = '\x1b[?25h\n'

# Seconds: room is given back by a call or two, a handler closes within five.
_LEAVING = 3.0
_FAREWELL = 6.0


class Site(Protocol):
    """What a command works on, as far as it is to be left."""

    @property
    def calls(self) -> RunningCalls:
        """What it is at."""

    @property
    def leave(self) -> Callable[[], object]:
        """Takes back what others would wait for, from any thread."""

    @property
    def close(self) -> Callable[[], object]:
        """Lets go of connections, from any thread."""


@contextlib.contextmanager
def stoppable(
    site: Site, ending: str = 'after the current image'
) -> Iterator[Callable[[], bool]]:
    """Give what tells if the user wants an end; the second time, close.

    ``ending`` says when the work comes to one.
    """
    wanted = threading.Event()

    def end(*_: object) -> None:
        wanted.set()
        _take_signals(lambda *_: _end_at_once(site))
        running = printable(site.calls.describe())
        waiting = f'; waiting for {running}' if running else ''
        _say_on_stderr(
            f'\nimagecache: ending {ending}; press Ctrl-C again to end at '
            f'once{waiting}\n'
        )

    with _signals_taken(end):
        yield wanted.is_set


@contextlib.contextmanager
def terminable() -> Iterator[Callable[[Site], None]]:
    """Have an end by SIGTERM undo what is half done, as Ctrl-C does.

    Give what is to be told what to close: it is, when the user cannot wait.
    """
    sites: list[Site] = []

    def end(*_: object) -> NoReturn:
        _take_signals(lambda *_: _end_at_once(*sites))
        # Now, for what is interrupted is no longer running afterwards.
        raise KeyboardInterrupt(_running_text(sites))

    with main_woken(_SIGNALS), _signals_taken(end):
        try:
            yield sites.append
        except KeyboardInterrupt as error:
            _say_interrupted(str(error))
            raise


def _running_text(sites: Iterable[Site]) -> str:
    return ', '.join(filter(None, (one.calls.describe() for one in sites)))


def _say_interrupted(running: str) -> None:
    what = printable(f' {running}' if running else '')
    _say_on_stderr(f'imagecache: interrupted{what}\n')


_Handler = Callable[[int, object], object]
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _take_signals(handler: _Handler) -> None:
    for number in _SIGNALS:
        signal.signal(number, handler)


@contextlib.contextmanager
def _signals_taken(handler: _Handler) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    _take_signals(handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _end_at_once(*sites: Site) -> NoReturn:
    if sys.stderr.isatty():
        _say_on_stderr(_CURSOR)
    _say_interrupted(_running_text(sites))
    for site in sites:
        _call_bounded(site.leave, _LEAVING)
        _call_bounded(site.close, _FAREWELL)
    # Threads that work on other stores would be waited for.
    os._exit(INTERRUPTED)


def _call_bounded(call: Callable[[], object], seconds: float) -> None:
    # Not here, where what was interrupted may hold a lock.
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)


def _say_on_stderr(text: str) -> None:
    # Not by a buffer: whatever the signal interrupts may be writing to it.
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), text.encode())
