"""Timed calls: what etcd and redis are reached by, on timed sockets."""

from typing import Any

import redis
import requests
from requests import adapters
import urllib3
from urllib3 import connection

from imagecache_handlers.frontends.fleet.timed_socket import TimedSocket


def make_session(seconds: float) -> requests.Session:
    """Make a session of which each request has so many seconds in all."""
    session = requests.Session()
    # Else each place that it is led to would have as many again.
    session.max_redirects = 0
    for scheme in 'http://', 'https://':
        session.mount(scheme, _TimedAdapter(seconds))
    return session


def make_pool(url: str, seconds: float, **how: Any) -> redis.ConnectionPool:
    """Make connections of which each call has so many seconds in all.

    :raises ValueError: when the URL cannot be read.
    """
    pool = redis.ConnectionPool.from_url(url, **how)
    kind: Any = pool.connection_class

    class Timed(kind):  # type: ignore[misc]
        def _connect(self) -> TimedSocket:
            return TimedSocket(super()._connect(), seconds)

    pool.connection_class = Timed
    return pool


class _TimedAdapter(adapters.HTTPAdapter):
    """Has connections to servers, and to proxies before them, timed."""

    def __init__(self, seconds: float) -> None:
        self._pools = _pools_of(seconds)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *given: Any, **named: Any) -> Any:
        manager: Any = super().proxy_manager_for(*given, **named)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools_of(seconds: float) -> dict[str, type]:
    class Plain(connection.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            self.sock: Any = TimedSocket(self.sock, seconds)

    class Secure(connection.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            self.sock: Any = TimedSocket(self.sock, seconds)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {'http': PlainPool, 'https': SecurePool}
