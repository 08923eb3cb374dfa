"""Lent sessions: one call in flight, none that blocks."""

from collections.abc import Iterator
import contextlib
import http.client
import queue
from typing import Any
import xmlrpc.client

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.logins import Login
from imagecache_handlers_xenapi.port.logins import Logins
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.port.session import Session


def port(
    lent: Any, dialling: ConnectionOptions, url: str | None = None
) -> Port:
    """Work with what Nova has: os_xenapi's session, or XenAPI's own.

    Of either only the login is taken: the calls go over connections of our
    own, because theirs send by themselves once more what was cut off, and
    a destroy must not be.  A plain session does not say where it is.

    Where that is, and by http or https, is the lender's choice: no password
    of ours goes there.

    :raises ConfigurationError: when it is neither, or lacks the ``url``.
    :raises ImportError: when the package XenAPI is not installed.
    """
    import_sdk()
    # Asked by its type: a proxy claims to have every method.
    kind = type(lent)
    logins: Logins
    if hasattr(kind, 'get_session_id'):
        logins = _Pooled(lent)
    elif hasattr(kind, 'xenapi_request'):
        logins = _Plain(lent, url)
    else:
        raise ConfigurationError(
            f'a {kind.__name__} was lent that is not a session of XenAPI'
        )
    return Session(logins, dialling, alone=True)


def import_sdk() -> Any:
    """Give the package XenAPI: what is lent raises its errors.

    Not before somebody lends: handlers are listed without, and log in.

    :raises ImportError: when it is not installed.
    """
    import XenAPI

    return XenAPI


class _Pooled(Logins):
    """The login of os_xenapi, which renews it with calls of its own."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def obtain(self) -> Login:
        with _asking_lender(self._lent):
            ref = self._lent.get_session_id()
            return _login_of(self._address(), ref)

    def _address(self) -> Address:
        url = self._lent.master_url
        try:
            return Address.parse(url)
        except ConfigurationError as error:
            raise Unreachable(
                f'a lent session is at no URL: {url!r}'
            ) from error

    def give_back(self, *logins: Login) -> None:
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
        with _asking_lender(self._lent):
            return _login_of(self._address, self._lent.handle)

    def give_back(self, *logins: Login) -> None:
        """It is not ours to log out."""


def _login_of(address: Address, ref: object) -> Login:
    """Make sure that a lender is logged in.

    os_xenapi makes a text of whatever it has, of nothing too.

    :raises Unreachable: when it is not.
    """
    if not isinstance(ref, str) or ref in ('', 'None'):
        raise Unreachable('a lent session: it is not logged in')
    return Login(address, ref)


@contextlib.contextmanager
def _asking_lender(lent: Any) -> Iterator[None]:
    """Have a lender's errors be ours."""
    try:
        yield
    except _failures_of(lent) as error:
        details = getattr(error, 'details', ())
        raise _refused_call(details) from error
    except _ODD as error:
        raise Unreachable(f'a lent session: {error!r}') from error


def _failures_of(lent: Any) -> tuple[type[Exception], ...]:
    """Give what it fails with: os_xenapi has a XenAPI of its own."""
    packages: tuple[Any, ...] = (import_sdk(), getattr(lent, 'XenAPI', None))
    found = (getattr(one, 'Failure', None) for one in packages)
    # A proxy claims to have whatever it is asked for.
    return tuple(
        one
        for one in found
        if isinstance(one, type) and issubclass(one, Exception)
    )


# What a lender may meet on its way, and what it raises when it was closed,
# or has no session to spare.
_ODD = (
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    http.client.HTTPException,
    queue.Empty,
    xmlrpc.client.Error,
)


def _refused_call(details: object) -> CallError:
    # os_xenapi gives a mere sentence when it cannot log in.
    if isinstance(details, list | tuple) and details:
        return XapiFailure('a lent session', details)
    return Unreachable(f'a lent session: {details}')
