"""Idle connections: each is lent to one call at a time."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import threading
from typing import Any
from typing import Generic
from typing import TypeVar

from imagecache_handlers.transport.address import Address
from imagecache_handlers.transport.exchanges import KeptConnection

A = TypeVar('A', bound=Address)
C = TypeVar('C', bound=KeptConnection[Any])


class IdleConnections(Generic[A, C]):
    """Makes connections, and keeps them for the next call.

    ``refusal`` is an error after which an answer was read to its end; after
    any other the connection is closed.
    """

    def __init__(
        self, make: Callable[[A], C], refusal: type[Exception]
    ) -> None:
        self._make = make
        self._refusal = refusal
        self._guard = threading.Lock()
        self._idle: list[C] = []

    @contextlib.contextmanager
    def lend_one(self, address: A) -> Iterator[C]:
        """Lend one to an address.

        :raises Unreachable: when nobody answers there.
        """
        connection = self._take_idle(address) or self._make(address)
        is_read = False
        try:
            yield connection
            is_read = True
        except self._refusal:
            is_read = True
            raise
        finally:
            if is_read:
                self._put_back(connection)
            else:
                # Ctrl-C too: the answer may yet come, to another's call.
                connection.close()

    def close(self) -> None:
        """Close those that are idle."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take_idle(self, address: A) -> C | None:
        while True:
            with self._guard:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.address == address and not connection.is_stale:
                return connection
            connection.close()

    def _put_back(self, connection: C) -> None:
        with self._guard:
            self._idle.append(connection)
