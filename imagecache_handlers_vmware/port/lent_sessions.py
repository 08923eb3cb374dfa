"""Lent sessions: oslo.vmware's, used by its cookie and never logged out.

Of what is lent only the address and the cookie are taken, by what
oslo.vmware gives everybody: ``vim.soap_url``, ``vim.get_http_cookie()`` and
``invoke_api``.  When the session has ended, a cheap call over the lender's
own client has it logged in again.  That may take for ever, so it is waited
for in a thread of its own, and not for longer than any other call.
"""

from collections.abc import Callable
import threading
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import Login
from imagecache_handlers_vmware.port.logins import Logins
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session

# Where every vCenter answers calls; the rest of a URL is its address.
_PATH = '/sdk'

# What oslo.vmware sleeps before it tries once more, and some more.
_SHORTEST = 30.0


def open_session(lent: Any, options: ConnectionOptions) -> Session:
    """Work with what Nova has: a session of oslo.vmware.

    Its login is used over connections of our own, because oslo.vmware sends
    by itself once more what was lost, and a delete must not be.  Where that
    is, and by http or https, is the lender's choice: no password of ours
    goes there.

    :raises ConfigurationError: when it is no such session.
    :raises Unreachable: when it does not say where it is.
    """
    kind = type(lent)
    # Asked by its type: a proxy claims to have every method.
    if not (hasattr(kind, 'invoke_api') and hasattr(kind, 'vim')):
        raise ConfigurationError(
            f'a {kind.__name__} was lent that is not a session of oslo.vmware'
        )
    asking = _Asking(max(options.timeout, _SHORTEST))
    address = asking.ask(lambda: _read_address(lent))
    return Session(address, LentLogins(lent, asking), options)


class LentLogins(Logins):
    """The login of somebody else, who logs in again when it has ended."""

    def __init__(self, lent: Any, asking: '_Asking') -> None:
        self._lent = lent
        self._asking = asking
        self._given: Login | None = None

    def obtain(self, manager: Reference) -> Login:
        login = self._read_login()
        if login is None or login == self._given:
            # Nobody logs in before a call of the lender's own needs it.
            self._asking.ask(self._call_cheaply)
            login = self._read_login()
        if login is None:
            raise Unreachable('a lent session: it is not logged in')
        self._given = login
        return login

    def give_back(self, manager: Reference, login: Login) -> None:
        """It is not ours to log out."""

    def _read_login(self) -> Login | None:
        cookie = self._asking.ask(lambda: self._lent.vim.get_http_cookie())
        return Login(cookie) if isinstance(cookie, str) and cookie else None

    def _call_cheaply(self) -> None:
        vim = self._lent.vim
        index = vim.service_content.searchIndex
        self._lent.invoke_api(
            vim, 'FindByInventoryPath', index, inventoryPath='/'
        )


class _Asking:
    """Asks a lender, for so many seconds; one question after another."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: threading.Thread | None = None

    def ask(self, question: Callable[[], Any]) -> Any:
        """Give the answer.

        :raises Unreachable: when it fails, or comes too late; then it, and
            none beside it, may go on.
        """
        told = _Answer(question)
        thread = threading.Thread(target=told.fetch, daemon=True)
        if self._last is not None:
            self._wait_for(self._last)
        self._last = thread
        thread.start()
        self._wait_for(thread)
        if told.error is not None:
            raise told.error
        return told.value

    def _wait_for(self, thread: threading.Thread) -> None:
        thread.join(self._seconds)
        if thread.is_alive():
            why = f'no answer within {self._seconds:g} s'
            raise Unreachable(f'a lent session: {why}')


class _Answer:
    """What came of a question that another thread asks."""

    def __init__(self, question: Callable[[], Any]) -> None:
        self._question = question
        self.value: Any = None
        self.error: Exception | None = None

    def fetch(self) -> None:
        try:
            self.value = self._question()
        except ConfigurationError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 -- whatever a lender meets
            self.error = Unreachable(
                f'a lent session: {_explain_error(error)}'
            )
            self.error.__cause__ = error


def _read_address(lent: Any) -> Address:
    url = lent.vim.soap_url
    try:
        return Address.parse(url.removesuffix(_PATH))
    except ConfigurationError as error:
        raise Unreachable(f'it is at no URL: {url!r}') from error


def _explain_error(error: Exception) -> str:
    """Say what a lender failed with, of which vCenter may have written some.

    oslo.vmware names the faults of vCenter beside what it says of them.
    """
    faults = getattr(error, 'fault_list', None) or ()
    said = ' '.join(str(error).split())[:200] or type(error).__name__
    return ', '.join([*map(str, faults), said])
