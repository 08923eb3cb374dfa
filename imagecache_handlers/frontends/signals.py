"""Signals of a service: SIGTERM and SIGINT to end, SIGHUP to reload."""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import datetime
import signal
import socket
import threading
import time
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError

Answer = TypeVar('Answer')
_TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Longer than this no socket waits; who waits longer waits again.
_LONGEST = 86_400.0


class ToldToEnd(CacheError):
    """The service was told to end before an answer came."""

    def __str__(self) -> str:
        return 'the service was told to end before an answer came'


class Signals:
    """What was asked for by signals, each kept until it is asked for.

    Who waits is woken through a socket, which Python writes to at the very
    moment of a signal.  A lock or a queue would not do: what comes just
    before somebody waits for it, or to another thread, does not end that.
    """

    def __init__(self) -> None:
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._is_ended = False
        self._is_reload_due = False

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take these signals instead of whoever takes them now, once."""
        with self._woken, self._wake, self._waking():
            before = {one: signal.signal(one, self._take) for one in _TAKEN}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    @contextlib.contextmanager
    def _waking(self) -> Iterator[None]:
        fd = self._wake.fileno()
        before = signal.set_wakeup_fd(fd, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    def _take(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self._is_reload_due = True
        else:
            self._is_ended = True
        # Again, for another thread may have been woken before it was said.
        self._wake_up()

    def _wake_up(self) -> None:
        # It is full, or closed after the end.
        with contextlib.suppress(OSError):
            self._wake.send(b'.')

    def ended(self) -> bool:
        return self._is_ended

    def reload(self) -> bool:
        """Tell, once, if a reload was asked for."""
        if not self._is_reload_due:
            return False
        # One that comes before this line is met by the reload to come.
        self._is_reload_due = False
        return True

    def wait(self, span: datetime.timedelta | None) -> None:
        """Wait so long, or for a signal."""
        seconds = None if span is None else span.total_seconds()
        self._wait_until(
            lambda: self._is_ended or self._is_reload_due, seconds
        )

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
            # Whatever it is, it is raised where somebody waits for it.
            except BaseException as error:
                answer.set_exception(error)
            self._wake_up()

        threading.Thread(target=act, name='imagecache', daemon=True).start()
        self._wait_until(lambda: self._is_ended or answer.done(), None)
        if self._is_ended:
            raise ToldToEnd
        return answer.result()

    def _wait_until(
        self, is_over: Callable[[], bool], seconds: float | None
    ) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        while not is_over():
            rest = _LONGEST if end is None else end - time.monotonic()
            if rest <= 0:
                return
            self._woken.settimeout(min(rest, _LONGEST))
            with contextlib.suppress(TimeoutError):
                self._woken.recv(4096)
