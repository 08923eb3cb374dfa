"""Shared login: one for all threads, and another one when it ends."""

from collections.abc import Callable
import contextlib
import threading
from typing import TypeVar

from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.connection import Connection
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port.logins import Login
from imagecache_handlers_vmware.port.logins import Logins
from imagecache_handlers_vmware.port.managers import Managers
from imagecache_handlers_vmware.port.managers import read_managers
from imagecache_handlers_vmware.port.replies import copy_elements
from imagecache_handlers_vmware.port import service_requests

T = TypeVar('T')


class SharedLogin:
    """The login to one vCenter, and the managers that it has."""

    def __init__(
        self, address: Address, logins: Logins, options: ConnectionOptions
    ) -> None:
        self._address = address
        self._logins = logins
        self._options = options
        self._guard = threading.Lock()
        self._login: Login | None = None
        self._managers: Managers | None = None
        self._is_closed = False

    @property
    def managers(self) -> Managers:
        """Give what a vCenter has one of each; it is asked once.

        :raises CallError: when it does not tell.
        """
        with self._guard:
            if self._managers is None:
                self._managers = self._find_managers()
            return self._managers

    def obtain_login(self) -> Login:
        """Log in, unless that is done.

        :raises CallError: when that fails, or all is over.
        """
        manager = self.managers.session_manager
        with self._guard:
            if self._is_closed:  # nobody would log out
                raise Unreachable('the session is closed')
            if self._login is None:
                self._login = self._logins.obtain(manager)
            return self._login

    def call_with(self, make: Callable[[Login], T]) -> T:
        """Make a call, under another login where it needs one."""
        may_renew = True
        while True:
            login = self.obtain_login()
            try:
                return make(login)
            except VimFault as error:
                # The call was not made: it may be made under another login.
                if error.name != 'NotAuthenticated' or not may_renew:
                    raise
                may_renew = False
                self._drop_login(login)

    def forget_login(self) -> None:
        """Log in anew for the next call, whatever the login is worth."""
        with self._guard:
            self._login = None

    def close_login(self) -> None:
        """Log out, and never in again."""
        with self._guard:
            self._is_closed = True
            login, self._login = self._login, None
        if login is not None and self._managers is not None:
            self._logins.give_back(self._managers.session_manager, login)

    def _drop_login(self, login: Login) -> None:
        with self._guard:
            if self._login == login:
                self._login = None

    def _find_managers(self) -> Managers:
        """Ask for what a vCenter has one of each, for which nobody logs in."""
        request = service_requests.retrieve_content()
        with contextlib.closing(
            Connection(self._address, self._options)
        ) as connection:
            answer = connection.exchange(request, '', ('returnval',))
            found = copy_elements(answer)
        for content in found:
            if managers := read_managers(content):
                return managers
        raise WrongAnswer(f'{self._address} answers, but is not a vCenter')
