"""Sessions that somebody lends us: one call in flight, none that blocks."""

import http.client
import threading
from typing import Any
import xmlrpc.client

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_xenapi.address import Address
from imagecache_handlers_xenapi.failures import Away
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.failures import Lost
from imagecache_handlers_xenapi.logins import Login
from imagecache_handlers_xenapi.logins import Logins
from imagecache_handlers_xenapi.session import Port
from imagecache_handlers_xenapi.session import Session
from imagecache_handlers_xenapi.wire import Dialling


def port(lent: Any, dialling: Dialling, url: str | None = None) -> Port:
    """Work with what Nova has: os_xenapi's session, or XenAPI's own.

    The former names its address, so that we call over connections of our
    own and take none out of its pool.  The latter makes the calls itself;
    ``url`` is only used for uploads then.

    :raises ConfigurationError: when it is neither.
    """
    # Asked by its type: a proxy claims to have every method.
    kind = type(lent)
    if hasattr(kind, 'get_session_id'):
        return Session(_Pooled(lent), dialling, alone=True)
    if hasattr(kind, 'xenapi_request'):
        return _Plain(lent, dialling, url)
    raise ConfigurationError(
        f'a {type(lent).__name__} was lent that is no session of XenAPI'
    )


class _Pooled(Logins):
    """The login of os_xenapi, which renews it by itself."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def obtain(self) -> Login:
        ref = self._lent.get_session_id()
        return Login(Address.parse(self._lent.master_url), ref)

    def give_back(self, login: Login) -> None:
        """It is not ours to log out."""


class _Plain(Port):
    """A plain session makes the calls, one after the other."""

    may_block = False

    def __init__(self, lent: Any, dialling: Dialling, url: str | None) -> None:
        self._lent = lent
        self._dialling = dialling
        self.timeout = dialling.timeout
        self._address = Address.parse(url) if url else None
        self._turn = threading.Lock()

    def read(self, method: str, *params: Any) -> Any:
        return self.call(method, *params)

    def call(self, method: str, *params: Any) -> Any:
        try:
            return self.once(method, *params)
        except Lost:
            return self.once(method, *params)

    def once(self, method: str, *params: Any) -> Any:
        from XenAPI import Failure

        try:
            with self._turn:
                return self._lent.xenapi_request(method, params)
        except Failure as error:
            raise Failed(method, error.details) from error
        except ConnectionRefusedError as error:
            raise Away(f'{method}: {error}') from error
        except (
            OSError,
            http.client.HTTPException,
            xmlrpc.client.Error,
        ) as error:
            raise Lost(f'{method}: {error!r}') from error

    def login(self) -> Login:
        if self._address is None:
            raise Away(
                'set [imagecache_xenapi] url: the lent session has none'
            )
        return Login(self._address, self._lent.handle)

    def connect(self, address: Address) -> http.client.HTTPConnection:
        return self._dialling.connect(address)

    def close(self) -> None:
        """It is not ours to close."""
