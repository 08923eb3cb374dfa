"""Sessions that somebody lends us: one call in flight, none that blocks."""

from collections.abc import Iterator
import contextlib
import http.client
from typing import Any
import xmlrpc.client

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_xenapi.address import Address
from imagecache_handlers_xenapi.failures import Away
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.logins import Login
from imagecache_handlers_xenapi.logins import Logins
from imagecache_handlers_xenapi.session import Port
from imagecache_handlers_xenapi.session import Session
from imagecache_handlers_xenapi.wire import Dialling


def port(lent: Any, dialling: Dialling, url: str | None = None) -> Port:
    """Work with what Nova has: os_xenapi's session, or XenAPI's own.

    Of either only the login is taken: the calls go over connections of our
    own, because theirs send by themselves once more what was cut off, and
    a destroy must not be.  A plain session does not say where it is.

    :raises ConfigurationError: when it is neither, or lacks the ``url``.
    """
    # Asked by its type: a proxy claims to have every method.
    kind = type(lent)
    logins: Logins
    if hasattr(kind, 'get_session_id'):
        logins = _Pooled(lent)
    elif hasattr(kind, 'xenapi_request'):
        logins = _Plain(lent, url)
    else:
        raise ConfigurationError(
            f'a {kind.__name__} was lent that is no session of XenAPI'
        )
    return Session(logins, dialling, alone=True)


class _Pooled(Logins):
    """The login of os_xenapi, which renews it by itself."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def obtain(self) -> Login:
        with _asking():
            ref = self._lent.get_session_id()
            return Login(Address.parse(self._lent.master_url), ref)

    def give_back(self, login: Login) -> None:
        """It is not ours to log out."""


class _Plain(Logins):
    """The login of a plain session, at the address that we are told."""

    def __init__(self, lent: Any, url: str | None) -> None:
        if not url:
            raise ConfigurationError(
                'a plain session was lent, which does not say where it is: '
                'set [imagecache_xenapi] url'
            )
        self._lent = lent
        self._address = Address.parse(url)

    def obtain(self) -> Login:
        with _asking():
            return Login(self._address, self._lent.handle)

    def give_back(self, login: Login) -> None:
        """It is not ours to log out."""


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Have a lender's errors be ours."""
    from XenAPI import Failure

    try:
        yield
    except Failure as error:
        raise Failed('a lent session', error.details) from error
    except (
        OSError,
        http.client.HTTPException,
        xmlrpc.client.Error,
    ) as error:
        raise Away(f'a lent session: {error!r}') from error
