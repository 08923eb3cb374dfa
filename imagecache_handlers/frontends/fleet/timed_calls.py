"""Timed calls: what etcd and redis are reached by, on timed sockets."""

from typing import Any

import redis
import requests
from requests import adapters
import urllib3
from urllib3 import connection

from imagecache_handlers.frontends.fleet.distrust import make_trust
from imagecache_handlers.frontends.fleet.timed_socket import TimedSocket


def make_session(seconds: float) -> requests.Session:
    """Make a session of which each request has so many seconds in all."""
    session = requests.Session()
    # Neither proxies nor passwords nor authorities of the environment, which
    # would overrule those that were given.
    session.trust_env = False
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

        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            # Its own would trust whom the system does besides.
            trust = make_trust(self.ca_certs)
            if self.certfile or self.keyfile:
                trust.load_cert_chain(self.certfile, self.keyfile)
            return trust.wrap_socket(sock, server_hostname=self.host)

    pool.connection_class = Timed
    return pool


class _TimedAdapter(adapters.HTTPAdapter):
    """Has connections to servers timed."""

    def __init__(self, seconds: float) -> None:
        self._pools = _pools_of(seconds)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = self._pools


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
