"""Session: every call to vSphere goes through here, and every error.

A session is one login shared by all threads.  Each call takes a connection
of its own out of those that are idle.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import time
from typing import TypeVar

from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers.transport.idle_connections import IdleConnections
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.connection import Connection
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.logins import Login
from imagecache_handlers_vmware.port.logins import Logins
from imagecache_handlers_vmware.port.managers import Managers
from imagecache_handlers_vmware.port.replies import copy_elements
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.shared_login import SharedLogin
from imagecache_handlers_vmware.port import uploads

# Seconds in which a call that must not be late leaves.
PROMPT = 60.0

T = TypeVar('T')


class Session:
    """Calls to one vCenter, under a login that is renewed when it ends."""

    def __init__(
        self, address: Address, logins: Logins, options: ConnectionOptions
    ) -> None:
        self.address = address
        self._options = options
        self._shared = SharedLogin(address, logins, options)
        self._connections: IdleConnections[Address, Connection] = (
            IdleConnections(
                lambda address: Connection(address, options), VimFault
            )
        )

    @property
    def managers(self) -> Managers:
        return self._shared.managers

    def read(
        self, request: Request, names: Collection[str] = ('returnval',)
    ) -> list[Element]:
        """Make a call that may be made twice; a lost one is made again.

        Gives the elements of some names in its answer.

        :raises CallError: when there is no answer.
        """
        return self.stream(request, names, copy_elements)

    def stream(
        self,
        request: Request,
        names: Collection[str],
        use: Callable[[Iterator[Element]], T],
    ) -> T:
        """Read as ``read`` does, each element used while it comes."""
        bearable = 1
        while True:
            try:
                return self._make_call(request, names, use, at_any_time)
            except (ReplyLost, Unreachable):
                if not bearable:
                    raise
                bearable -= 1

    def once(
        self, request: Request, leave: Leave = at_any_time
    ) -> list[Element]:
        """Make a call that must not be made twice, nor late.

        ``leave`` is called with nothing left to do but to send, and raises
        to keep it back.

        :raises ReplyLost: when it may have been made.
        :raises CallError: when it was not.
        """
        end = time.monotonic() + PROMPT

        def leave_now() -> None:
            if time.monotonic() > end:
                raise Unreachable(f'{self.address}: reached too late')
            leave()

        return self._make_call(
            request, ('returnval',), copy_elements, leave_now
        )

    def put_file(
        self, target: str, chunks: Iterable[bytes], size: int
    ) -> None:
        """Send a file of a datastore; it is sent once.

        :raises VimFault: when it was refused.
        :raises CallError: when it may be there, whole or in part.
        """
        login = self._shared.obtain_login()
        with contextlib.closing(
            self._options.connect(self.address)
        ) as connection:
            uploads.send_file(connection, target, login.cookie, chunks, size)

    def put_disk(
        self,
        address: Address,
        target: str,
        chunks: Iterable[bytes],
        size: int,
    ) -> None:
        """Send the disk of a lease to who asks for it: vCenter, or a host.

        A host is not told by what cookie vCenter knows us.

        :raises CallError: as ``put_file`` does, and when it was said to be
            there too soon: its file is as long without a byte of it.
        """
        if address.scheme == 'http' and not self._options.insecure:
            raise Unreachable(f'{address}: it would be sent in the clear')
        is_here = address == self.address
        cookie = self._shared.obtain_login().cookie if is_here else ''
        with contextlib.closing(self._options.connect(address)) as connection:
            is_sent = uploads.send_file(
                connection, target, cookie, chunks, size, uploads.DISK
            )
        if not is_sent:
            raise ReplyLost(f'{uploads.DISK}: done before all was sent')

    def access_file(
        self, method: str, target: str, content: bytes | None = None
    ) -> bytes:
        """Read or write a small file over HTTP, never twice.

        :raises CallError: as ``once`` does.
        """

        def make(login: Login) -> bytes:
            with self._connections.lend_one(self.address) as connection:
                return connection.access_file(
                    method, target, login.cookie, content
                )

        return self._shared.call_with(make)

    def forget_login(self) -> None:
        """Log in anew for the next call, for what came looked like no login.

        A session that has ended may still be answered, with nothing.
        """
        self._shared.forget_login()

    def close(self) -> None:
        """Log out; no call is made any more."""
        self._shared.close_login()
        self._connections.close()

    def _make_call(
        self,
        request: Request,
        names: Collection[str],
        use: Callable[[Iterator[Element]], T],
        leave: Leave,
    ) -> T:
        return self._shared.call_with(
            lambda login: self._make_once(request, login, names, use, leave)
        )

    def _make_once(
        self,
        request: Request,
        login: Login,
        names: Collection[str],
        use: Callable[[Iterator[Element]], T],
        leave: Leave,
    ) -> T:
        with self._connections.lend_one(self.address) as connection:
            return use(
                connection.exchange(request, login.cookie, names, leave)
            )
