"""Bounded socket: its exchanges end at a moment, and at so many bytes."""

from collections.abc import Iterator
import contextlib
import http.client
import io
import socket
import ssl
import time
from typing import Any
from typing import Literal

# Bytes beside a body: status line, headers, what stands between chunks.
_AROUND = 2**18

# The most that is given to a send at once, so that the clock is looked at.
_PIECE = 2**16

# Seconds for a peer to notice that nothing more comes.
_FAREWELL = 5.0


class TooLong(http.client.HTTPException):
    """The answer has more bytes than it may have."""

    def __str__(self) -> str:
        return 'the answer is too long'


class BoundedSocket:
    """A connected socket, with what http.client wants of one.

    Each exchange is told of by ``begin``.  From then on all that is sent and
    received together takes ``seconds``, or TimeoutError is raised: a peer
    that goes on slowly is no better than one that does not.
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.seconds = seconds
        self._sock = sock
        self._end = 0.0
        self._left = 0
        self._begun = False

    def begin(self, size: int) -> None:
        """Start the clock for an exchange that may bring so many bytes."""
        self._end = time.monotonic() + self.seconds
        self._left = size + _AROUND
        self._begun = False

    def sendall(self, data: bytes) -> None:
        """Send all of it.

        :raises TimeoutError: when the peer does not take it in time.
        """
        rest = memoryview(data)
        while rest:
            with self._in_time('it takes no request'):
                rest = rest[self._sock.send(rest[:_PIECE]) :]

    def receive(self, source: Any, buffer: memoryview) -> int:
        """Fill a buffer from a source that reads this socket.

        :raises TimeoutError: when nothing comes in time.
        :raises TooLong: when more came than may.
        """
        what = 'no end of the answer' if self._begun else 'no answer'
        with self._in_time(what):
            count: int = source.readinto(buffer[: self._left])
        self._begun = self._begun or count > 0
        self._left -= count
        if not self._left:
            raise TooLong
        return count

    def makefile(self, mode: Literal['rb']) -> io.BufferedReader:
        return io.BufferedReader(_Source(self, self._sock.makefile(mode, 0)))

    def wait(self) -> None:
        """Wait for one byte more, or the end."""
        with self._in_time('no end'):
            self._sock.recv(1)

    def break_off(self) -> None:
        """Send nothing more, and wait a while until the peer has noticed."""
        self._end = time.monotonic() + min(self.seconds, _FAREWELL)
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            self.wait()

    @property
    def has_unread(self) -> bool:
        """Tell if TLS has bytes ready, which no poll of the socket tells."""
        sock = self._sock
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    @contextlib.contextmanager
    def _in_time(self, what: str) -> Iterator[None]:
        left = self._end - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            yield
        except TimeoutError as error:
            why = f'{what} within {self.seconds:g} s'
            raise TimeoutError(why) from error


class _Source(io.RawIOBase):
    """What a socket brings, as far as it may."""

    def __init__(self, bounded: BoundedSocket, source: Any) -> None:
        self._bounded = bounded
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.receive(self._source, memoryview(buffer))

    def close(self) -> None:
        self._source.close()
        super().close()
