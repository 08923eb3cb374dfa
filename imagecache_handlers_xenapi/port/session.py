"""Session: every call to XAPI goes through here, and every error.

A session is one login shared by all threads.  Each call takes a connection
of its own out of those that are idle, so none is ever shared; which host
leads is found out again whenever the one that did does not any more.
"""

import collections
from collections.abc import Callable
import contextlib
import logging
import threading
import time
from typing import Any

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.transport.dialling import Http
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers.transport.idle_connections import IdleConnections
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.answers import NoJson
from imagecache_handlers_xenapi.port.answers import Warnings
from imagecache_handlers_xenapi.port.connection import Connection
from imagecache_handlers_xenapi.port.connection import MUCH_XML
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.logins import Login
from imagecache_handlers_xenapi.port.logins import Logins
from imagecache_handlers_xenapi.port.port import Port

LOG = logging.getLogger(__name__)

# Seconds in which a call that must not be late leaves: connecting and logging
# in take some, and at another host once more.
PROMPT = 60.0

# Of each store at work; there may be eight at once.
_LANES = 4

_LEFT = 20

# After these the call was not made, and the next login may do better.
_LOGIN_AGAIN = frozenset({'SESSION_INVALID', 'HOST_IS_SLAVE'})


class Session(Port):
    """Calls over connections of our own."""

    def __init__(
        self,
        logins: Logins,
        dialling: ConnectionOptions,
        *,
        alone: bool = False,
    ) -> None:
        self.may_block = not alone
        self.lanes = 1 if alone else _LANES
        self.timeout = dialling.timeout
        self._logins = logins
        self._dialling = dialling
        self._guard = threading.Lock()
        # One call in flight where the login belongs to somebody else.
        self._turn: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if alone else contextlib.nullcontext()
        )
        self._login: Login | None = None
        self._is_closed = False
        # Logins of hosts that went away: they may be back when we end.
        self._left: collections.deque[Login] = collections.deque(maxlen=_LEFT)
        self._connections: IdleConnections[Address, Connection] = (
            IdleConnections(
                lambda address: Connection(address, dialling), XapiFailure
            )
        )
        self._json = True
        self._warnings = Warnings()

    def read(self, method: str, *params: Any) -> Any:
        return self._make_call(
            self._read_promptly, method, params, repeat=True
        )

    def call(self, method: str, *params: Any) -> Any:
        return self._make_call(Connection.xml, method, params, repeat=True)

    def once(
        self, method: str, *params: Any, leave: Leave = at_any_time
    ) -> Any:
        began = time.monotonic()

        def promptly(connection: Connection, method: str, *sent: Any) -> Any:
            def leave_now() -> None:
                if time.monotonic() - began > PROMPT:
                    raise Unreachable(
                        f'{connection.address}: reached too late'
                    )
                leave()

            return connection.xml(method, *sent, leave=leave_now)

        return self._make_call(promptly, method, params, repeat=False)

    def login(self) -> Login:
        with self._guard:
            if self._is_closed:  # nobody would log out
                raise Unreachable('the session is closed')
            if self._login is None:
                self._login = self._logins.obtain()
            return self._login

    def connect(self, address: Address) -> Http:
        return self._dialling.connect(address)

    def close(self) -> None:
        with self._guard:
            logins = [*filter(None, [self._login]), *self._left]
            self._is_closed = True
        self._connections.close()
        # Forgotten only then: this may be interrupted, and called once more.
        self._logins.give_back(*logins)
        with self._guard:
            self._login = None
            self._left.clear()

    def _make_call(
        self,
        use: Callable[..., Any],
        method: str,
        params: tuple[Any, ...],
        *,
        repeat: bool,
    ) -> Any:
        # One of each: an answer that is lost, a host or a login that is gone.
        bearable = {ReplyLost, Unreachable} if repeat else {Unreachable}
        lost: ReplyLost | None = None
        with self._turn:
            while True:
                try:
                    return self._make_once(use, method, params)
                except CacheError as error:
                    kind = _kind(error)
                    if kind not in bearable:
                        if lost is None or _is_answer(error, method):
                            raise
                        # The first time it may have been made, all the same.
                        raise lost from error
                    bearable.discard(kind)
                    lost = error if isinstance(error, ReplyLost) else lost
                    LOG.debug('Trying once more: %s', error)

    def _make_once(
        self, use: Callable[..., Any], method: str, params: tuple[Any, ...]
    ) -> Any:
        login = self.login()
        try:
            with self._connections.lend_one(login.address) as connection:
                return use(connection, method, login.ref, *params)
        except CallError as error:
            if _was_not_made(error):
                # Another host may lead by now, or none know the login.
                self._forget_login(
                    login, is_open=isinstance(error, Unreachable)
                )
            if isinstance(error, WrongAnswer):
                self._warnings.warn(error)
            raise

    def _read_promptly(
        self, connection: Connection, method: str, *params: Any
    ) -> Any:
        if self._json:
            try:
                return connection.json(method, *params)
            except NoJson:
                LOG.debug('%s speaks XML-RPC only', connection.address)
                self._json = False
                if connection.is_stale:
                    raise ReplyLost(f'{connection.address} hung up') from None
        return connection.xml(method, *params, limit=MUCH_XML)

    def _forget_login(self, login: Login, *, is_open: bool) -> None:
        with self._guard:
            if self._login == login:
                self._login = None
                if is_open:
                    self._left.append(login)


def _kind(error: CacheError) -> type[CacheError]:
    """Tell what becomes of the call after an error."""
    if _was_not_made(error):
        return Unreachable
    return ReplyLost if isinstance(error, ReplyLost) else type(error)


def _is_answer(error: CacheError, method: str) -> bool:
    """Tell if xapi said no to that very call, not to us."""
    return (
        isinstance(error, XapiFailure)
        and error.method == method
        and not _was_not_made(error)
    )


def _was_not_made(error: CacheError) -> bool:
    if isinstance(error, XapiFailure):
        return error.code in _LOGIN_AGAIN
    return isinstance(error, Unreachable)
