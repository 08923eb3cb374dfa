"""Logins: sessions of vCenter, opened with our own name and password."""

import abc
import contextlib
import dataclasses
import logging

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.connection import Connection
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port import service_requests

LOG = logging.getLogger(__name__)

# Seconds that a logout may take: a vCenter that is gone takes none.
_FAREWELL = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """A session of vCenter: the cookie that stands for it, a secret."""

    cookie: str = dataclasses.field(repr=False)


class Logins(abc.ABC):
    """Where a login comes from."""

    @abc.abstractmethod
    def obtain(self, manager: Reference) -> Login:
        """Give a login that should work now.

        :raises CallError: when none can be had.
        :raises ConfigurationError: when none ever will be.
        """

    @abc.abstractmethod
    def give_back(self, manager: Reference, login: Login) -> None:
        """Let go of a login, within seconds, or else let it be."""


class PasswordLogins(Logins):
    """Logs in with a name and a password, once each time it is asked."""

    def __init__(
        self,
        address: Address,
        username: str,
        password: str,
        options: ConnectionOptions,
    ) -> None:
        if not username or not password:
            raise ConfigurationError(
                'the handler logs in by name: set [imagecache_vmware] '
                'username and password'
            )
        if address.scheme == 'http' and not options.insecure:
            raise ConfigurationError(
                f'{address} would send the password in clear: use https, or '
                f'set [imagecache_vmware] insecure = true'
            )
        self._address = address
        self._username = username
        self._password = password
        self._options = options

    def obtain(self, manager: Reference) -> Login:
        request = service_requests.log_in(
            manager, self._username, self._password
        )
        with contextlib.closing(
            Connection(self._address, self._options)
        ) as connection:
            try:
                return Login(connection.read_cookie(request))
            except VimFault as error:
                if error.name != 'InvalidLogin':
                    raise
                raise ConfigurationError(
                    f'{self._address} does not let {self._username!r} log in: '
                    f'correct [imagecache_vmware] username and password'
                ) from error

    def give_back(self, manager: Reference, login: Login) -> None:
        seconds = min(self._options.timeout, _FAREWELL)
        options = dataclasses.replace(self._options, timeout=seconds)
        request = service_requests.log_out(manager)
        try:
            with contextlib.closing(
                Connection(self._address, options)
            ) as connection:
                for _ in connection.exchange(request, login.cookie, ()):
                    pass
        except CacheError as error:
            LOG.debug('A session stays until vCenter ends it: %s', error)
