"""Where a login comes from: our own name and password, or a lender."""

import abc
from collections.abc import Iterable
import contextlib
import dataclasses
import logging

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_xenapi.address import Address
from imagecache_handlers_xenapi.dialling import Dialling
from imagecache_handlers_xenapi.failures import Away
from imagecache_handlers_xenapi.failures import CallError
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.failures import Lost
from imagecache_handlers_xenapi.wire import Connection

LOG = logging.getLogger(__name__)

ORIGINATOR = 'imagecache'

# A pool has one leader: who is sent on more often is sent in circles.
_REDIRECTS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """A session of XAPI: where it was opened, and its reference."""

    address: Address
    ref: str = dataclasses.field(repr=False)


class Logins(abc.ABC):
    """Where a login comes from."""

    @abc.abstractmethod
    def obtain(self) -> Login:
        """Give a login that should work now.

        :raises CallError: when none can be had.
        """

    @abc.abstractmethod
    def give_back(self, login: Login) -> None:
        """Let go of a login; what goes wrong is nobody's concern."""


class Own(Logins):
    """Logs in with a name and a password, at whichever host leads."""

    def __init__(
        self,
        urls: Iterable[str],
        username: str,
        password: str,
        dialling: Dialling,
    ) -> None:
        self._addresses = [Address.parse(url) for url in urls]
        if not self._addresses:
            raise ConfigurationError(
                'the handler needs a host: set [imagecache_xenapi] url'
            )
        if not password:
            raise ConfigurationError(
                f'user {username!r} has no password: set [imagecache_xenapi] '
                f'password, or lend a session'
            )
        self._username = username
        self._password = password
        self._dialling = dialling

    def obtain(self) -> Login:
        problems = []
        for address in self._addresses:
            try:
                return self._log_in(address)
            except Failed as error:
                # A host that is still starting, say; another may be up.
                problems.append(f'{address}: {error}')
            except (Away, Lost) as error:
                problems.append(str(error))
        raise Away('; '.join(problems))

    def _log_in(self, address: Address) -> Login:
        """Open a session at a host, or at the one that it says leads.

        :raises ConfigurationError: when it refuses the password, which is
            then tried nowhere else: that may lock the account.
        :raises CallError: when there is none to be had.
        """
        sent_on = ''
        for _ in range(_REDIRECTS):
            try:
                return Login(address, self._try(address))
            except (Away, Lost) as error:
                raise Away(f'{sent_on}{error}') from error
            except Failed as error:
                if error.code == 'SESSION_AUTHENTICATION_FAILED':
                    raise self._refused(address, error) from error
                if error.code != 'HOST_IS_SLAVE' or not error.params:
                    raise
                LOG.debug('%s is led by %s', address, error.params[0])
                sent_on = f'{address} says that {error.params[0]} leads: '
                try:
                    address = address.at(error.params[0])
                except ValueError as why:
                    raise Away(f'{address}: {why}') from error
        raise Away(f'{address}: every host says that another leads')

    def _try(self, address: Address) -> str:
        connection = Connection(address, self._dialling)
        with contextlib.closing(connection):
            ref: str = connection.xml(
                'session.login_with_password',
                self._username,
                self._password,
                '1.0',
                ORIGINATOR,
            )
            return ref

    def _refused(self, address: Address, error: Failed) -> ConfigurationError:
        return ConfigurationError(
            f'{address} refuses user {self._username!r} '
            f'({error.code}): correct [imagecache_xenapi] username, password'
        )

    def give_back(self, login: Login) -> None:
        with contextlib.suppress(CallError):
            connection = Connection(login.address, self._dialling)
            with contextlib.closing(connection):
                connection.xml('session.logout', login.ref)
