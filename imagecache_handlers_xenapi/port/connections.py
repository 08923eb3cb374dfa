"""Connections: those that are idle, each lent to one call at a time."""

from collections.abc import Iterator
import contextlib
import threading

from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.connection import Connection
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import XapiFailure


class Connections:
    """Makes connections, and keeps them for the next call."""

    def __init__(self, dialling: ConnectionOptions) -> None:
        self._dialling = dialling
        self._guard = threading.Lock()
        self._idle: list[Connection] = []

    @contextlib.contextmanager
    def lend_one(self, address: Address) -> Iterator[Connection]:
        """Lend one to a host.

        :raises Unreachable: when nobody answers there.
        """
        connection = self._take_idle(address) or Connection(
            address, self._dialling
        )
        try:
            yield connection
        except XapiFailure:
            self._put_back(connection)
            raise
        except BaseException:
            # Ctrl-C too: the answer may yet come, to somebody else's call.
            connection.close()
            raise
        self._put_back(connection)

    def close(self) -> None:
        """Close those that are idle."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take_idle(self, address: Address) -> Connection | None:
        while True:
            with self._guard:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.address == address and not connection.is_stale:
                return connection
            connection.close()

    def _put_back(self, connection: Connection) -> None:
        with self._guard:
            self._idle.append(connection)
