"""Port: all that the rest of this package knows of XAPI."""

import abc
from typing import Any

from imagecache_handlers.transport.dialling import Http
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.logins import Login


class Port(abc.ABC):
    """Calls to XAPI, however they are made."""

    #: Whether a call may block for long without keeping others waiting.
    may_block: bool
    #: Seconds after which an answer counts as lost.
    timeout: float
    #: How many calls may be in flight at once.
    lanes: int

    @abc.abstractmethod
    def read(self, method: str, *params: Any) -> Any:
        """Read much at once, in the cheaper protocol if there is one.

        :raises CallError: when there is no answer.
        """

    @abc.abstractmethod
    def call(self, method: str, *params: Any) -> Any:
        """Make a call that may be made twice; a lost one is made again.

        :raises CallError: when there is no answer.
        """

    @abc.abstractmethod
    def once(
        self, method: str, *params: Any, leave: Leave = at_any_time
    ) -> Any:
        """Make a call that must not be made twice, nor late.

        It leaves within a minute, for what was looked at before it
        holds no longer, or not at all.  ``leave`` is called with nothing left
        to do but to send, and raises to keep it back.

        :raises ReplyLost: when it may have been made.
        :raises CallError: when it was not.
        """

    @abc.abstractmethod
    def login(self) -> Login:
        """Give the login for an upload, which is not a call."""

    @abc.abstractmethod
    def connect(self, address: Address) -> Http:
        """Open a connection for an upload, trusting whom calls trust.

        :raises Unreachable: when nobody answers there.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Log out if this is our login, and close what is open."""
