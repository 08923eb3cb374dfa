"""Timed socket: a request and the whole of its answer have so many seconds.

A time-out of a socket is for its next bytes only: who sends them one by one
would be waited for without an end.
"""

from collections.abc import Callable
import io
import socket
import time
from typing import Any


class TimedSocket:
    """A socket whose time runs from the first bytes sent after an answer."""

    def __init__(
        self,
        wrapped: Any,
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wrapped = wrapped
        self._seconds = seconds
        self._monotonic = monotonic
        self._timeout: float | None = wrapped.gettimeout()
        self._end = monotonic() + seconds
        self._is_answered = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def sendall(self, data: Any, *flags: int) -> None:
        if self._is_answered:
            self._is_answered = False
            self._end = self._monotonic() + self._seconds
        left = memoryview(data).cast('B')
        # Piece by piece, each with what is left of the time.
        while left:
            self._limit_time()
            left = left[self._wrapped.send(left, *flags) :]

    def recv(self, *given: Any) -> Any:
        self._is_answered = True
        self._limit_time()
        return self._wrapped.recv(*given)

    def recv_into(self, *given: Any) -> Any:
        self._is_answered = True
        self._limit_time()
        return self._wrapped.recv_into(*given)

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._wrapped.settimeout(timeout)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """Give what http.client reads an answer from."""
        # It asks for no more than what is wrapped here.
        reader: Any = socket.SocketIO(self, 'rb')  # type: ignore[arg-type]
        self._wrapped._io_refs += 1
        return io.BufferedReader(reader)

    def _limit_time(self) -> None:
        if self._timeout == 0:
            return  # a look if there is something, which waits for nothing
        left = self._end - self._monotonic()
        if left <= 0:
            raise TimeoutError('timed out')
        known = self._timeout
        self._wrapped.settimeout(left if known is None else min(left, known))
