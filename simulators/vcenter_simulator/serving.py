"""Methods: which function answers which one, and what it is given."""

from collections.abc import Callable
import dataclasses
from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.faults import not_authenticated
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.sessions import Session
    from vcenter_simulator.world import World


@dataclasses.dataclass(slots=True)
class Caller:
    """Who makes a call: by which session, from where, with which client.

    Login puts the new session here, so that its cookie is sent.
    """

    session: 'Session | None' = None
    address: str = '127.0.0.1'
    agent: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call under way: whom it is made to, with what, and by whom.

    ``arguments`` are read by their names, ``call.arguments.datacenter``; one
    that was not sent is None, an array that was not sent too.  What refers
    to a managed object has been found to exist, and to be of the right kind.
    """

    world: 'World'
    this: ManagedObject
    method: str
    arguments: DataObject
    caller: Caller

    @property
    def session(self) -> 'Session | None':
        return self.caller.session

    @property
    def logged_in(self) -> 'Session':
        """The session, of a call that takes one.

        :raises VimFault: NotAuthenticated.
        """
        if self.caller.session is None:
            raise not_authenticated(self.this.reference, 'System.View')
        return self.caller.session

    def find(self, reference: Reference) -> ManagedObject:
        return self.world.inventory.find(reference)

    def check_privilege(self, on: Reference, privilege: str) -> None:
        """Make sure that who calls may do something to an object.

        :raises VimFault: NoPermission, with the object and the privilege.
        """
        self.world.check_privilege(self.session, on, privilege)


Work = Callable[[Call], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """What answers a method; unlocked ones lock the world themselves."""

    work: Work
    locked: bool


_SERVICES: dict[tuple[str, str], Service] = {}


def serves(
    kind: str, method: str, *, locked: bool = True
) -> Callable[[Work], Work]:
    """Register the function that answers a method of a managed object.

    A kind answers for those that are derived from it, too, as long as they
    have no function of their own.  It returns what the method returns, or
    raises VimFault.  The world is locked meanwhile, but for what waits.
    """

    def register(work: Work) -> Work:
        _SERVICES[kind, method] = Service(work, locked)
        return work

    return register


def find_service(kinds: tuple[str, ...], method: str) -> Service | None:
    """Give what the first of the kinds has registered for a method."""
    for kind in kinds:
        if (kind, method) in _SERVICES:
            return _SERVICES[kind, method]
    return None
