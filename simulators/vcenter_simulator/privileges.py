"""Privileges: who may do what to which object."""

from vcenter_simulator.faults import no_permission
from vcenter_simulator.faults import not_authenticated
from vcenter_simulator.inventory import Inventory
from vcenter_simulator.sessions import Session
from vcenter_simulator.sessions import Sessions
from vcenter_simulator.values import Reference

# What everybody may, logged in or not.
ANONYMOUS = 'System.Anonymous'
READ_ONLY = frozenset({ANONYMOUS, 'System.View', 'System.Read'})


class Privileges:
    """Roles of users on objects; an object inherits its parent's.

    A user who has no role on an object or above it has the one that the user
    was made with.
    """

    def __init__(self, inventory: Inventory, sessions: Sessions) -> None:
        self._inventory = inventory
        self._sessions = sessions
        self._roles: dict[tuple[str, Reference], frozenset[str] | None] = {}

    def grant(
        self, user: str, on: Reference, role: frozenset[str] | None
    ) -> None:
        """Give a user a role on an object and below; None allows all."""
        self._roles[user, on] = role

    def forget(self, user: str, on: Reference) -> None:
        """Take such a role back."""
        self._roles.pop((user, on), None)

    def role_on(self, user: str, on: Reference) -> frozenset[str] | None:
        """Give the privileges of a user on an object; None for all."""
        at: Reference | None = on if self._roles else None
        while at is not None:
            if (user, at) in self._roles:
                return self._roles[user, at]
            at = self._find_parent(at)
        return self._sessions.role_of(user)

    def _find_parent(self, reference: Reference) -> Reference | None:
        if not self._inventory.has(reference):
            return None
        found = self._inventory.find(reference).read_property('parent')
        return found if isinstance(found, Reference) else None

    def has(self, user: str, on: Reference, privilege: str) -> bool:
        """Tell if a user has a privilege on an object."""
        role = self.role_on(user, on)
        return role is None or privilege in role

    def check(
        self, session: Session | None, on: Reference, privilege: str | None
    ) -> None:
        """Make sure that a session may do something to an object.

        :raises VimFault: NotAuthenticated, NoPermission.
        """
        if privilege == ANONYMOUS:
            return
        if session is None:
            raise not_authenticated(on, privilege or 'System.View')
        if privilege and not self.has(session.user, on, privilege):
            raise no_permission(on, privilege)
