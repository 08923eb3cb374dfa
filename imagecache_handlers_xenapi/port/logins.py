"""Logins, and their ends: by our own name and password, or a lender."""

import abc
from collections.abc import Iterable
import contextlib
import dataclasses
import logging
import time

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.connection import Connection
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import leaders

LOG = logging.getLogger(__name__)

ORIGINATOR = 'imagecache'

# Seconds that a logout may take, all in all: a host that is gone takes none.
_FAREWELL = 5.0

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
        :raises ConfigurationError: when none ever will be.
        """

    @abc.abstractmethod
    def give_back(self, *logins: Login) -> None:
        """Let go of logins, within seconds, or else let them be."""


class PasswordLogin(Logins):
    """Logs in with a name and a password, at whichever host leads.

    That is one of the ``urls``, unless it may be ``any_leader``: else whoever
    answers at one of them could send us, and the password, anywhere.
    """

    def __init__(
        self,
        urls: Iterable[str],
        username: str,
        password: str,
        dialling: ConnectionOptions,
        *,
        any_leader: bool = False,
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
        if not dialling.insecure:
            _check_secrecy(self._addresses)
        self._username = username
        self._password = password
        self._dialling = dialling
        self._any_leader = any_leader

    def obtain(self) -> Login:
        problems = []
        kind: type[Unreachable | ConfigurationError] = Unreachable
        for address in self._addresses:
            try:
                return self._log_in(address)
            except XapiFailure as error:
                # A host that is still starting, say; another may be up.
                problems.append(f'{address}: {error}')
            except (Unreachable, ReplyLost) as error:
                problems.append(str(error))
            except _Stranger as error:
                # An old leader that has come back, say.
                problems.append(str(error))
                kind = ConfigurationError
        raise kind('; '.join(problems))

    def _log_in(self, address: Address) -> Login:
        """Open a session at a host, or at the one that it says leads.

        :raises ConfigurationError: when it refuses the password, which is
            then tried nowhere else: that may lock the account.
        :raises _Stranger: when a host leads that is not to be followed.
        :raises CallError: when there is none to be had.
        """
        sent_on = ''
        for _ in range(_REDIRECTS):
            try:
                return Login(address, self._try_login(address))
            except (Unreachable, ReplyLost) as error:
                raise Unreachable(f'{sent_on}{error}') from error
            except XapiFailure as error:
                if error.code == 'SESSION_AUTHENTICATION_FAILED':
                    raise self._refused_login(address, error) from error
                if error.code != 'HOST_IS_SLAVE' or not error.params:
                    raise
                LOG.debug('%s is led by %s', address, error.params[0])
                sent_on = f'{address} says that {error.params[0]} leads: '
                address = self._led(address, error.params[0])
        raise Unreachable(f'{address}: every host says that another leads')

    def _led(self, address: Address, named: str) -> Address:
        """Give the host that is said to lead, if it is one of ours."""
        try:
            leader = address.at(named)
        except ValueError as error:
            raise Unreachable(f'{address}: {error}') from error
        hosts = [one.host for one in self._addresses]
        if not self._any_leader and not leaders.is_among(leader.host, hosts):
            raise _Stranger(
                f'{address} says that {named} leads, which is not a host of '
                f'[imagecache_xenapi] url: add {leader} to it if that is one '
                f'of the pool, or set follow_any = true'
            )
        return leader

    def _try_login(self, address: Address) -> str:
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

    def _refused_login(
        self, address: Address, error: XapiFailure
    ) -> ConfigurationError:
        return ConfigurationError(
            f'{address} refuses user {self._username!r} '
            f'({error.code}): correct [imagecache_xenapi] username, password'
        )

    def give_back(self, *logins: Login) -> None:
        end = time.monotonic() + _FAREWELL
        for login in logins:
            # Half for the connection, half for the answer.
            left = (end - time.monotonic()) / 2
            if left > 0:
                with contextlib.suppress(CacheError):
                    self._log_out(login, min(left, self._dialling.timeout))

    def _log_out(self, login: Login, timeout: float) -> None:
        dialling = dataclasses.replace(self._dialling, timeout=timeout)
        connection = Connection(login.address, dialling)
        with contextlib.closing(connection):
            connection.xml('session.logout', login.ref)


class _Stranger(CacheError):
    """A host is said to lead that nobody has named."""


def _check_secrecy(addresses: Iterable[Address]) -> None:
    """Make sure that no password goes in clear.

    :raises ConfigurationError: when it would.
    """
    for address in addresses:
        if address.scheme != 'https':
            raise ConfigurationError(
                f'[imagecache_xenapi] url {address}: anybody in between could '
                f'read the password: make it https://, or set insecure = true'
            )
