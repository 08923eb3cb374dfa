"""World of one vCenter: everything together, and the lock around it."""

from collections.abc import Mapping
import itertools
import threading

from simulator_parts.clock import Clock
from simulator_parts.steering import Steering
from vcenter_simulator.datastores.places import Registry
from vcenter_simulator.faults import VimFault
from vcenter_simulator.folder_access import Files
from vcenter_simulator.inventory import Inventory
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.privileges import Privileges
from vcenter_simulator.sessions import Session
from vcenter_simulator.sessions import Sessions
from vcenter_simulator.sessions import User
from vcenter_simulator.tasks import Tasks
from vcenter_simulator.timing import Timing
from vcenter_simulator.values import Reference

ROOT = Reference('Folder', 'group-d1')


class World:
    """One vCenter's state.

    ``lock`` is held while a call or a task does its work.
    """

    def __init__(
        self, users: Mapping[str, User], timing: Timing, clock: Clock
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.timing = timing
        self.steering = Steering()
        self.inventory = Inventory()
        self.sessions = Sessions(clock, timing, users)
        self.privileges = Privileges(self.inventory, self.sessions)
        self.tasks = Tasks(self)
        self.stores = Registry()
        # Properties that cannot be read: by object (None: of any) and path.
        self.missing: dict[tuple[Reference | None, str], VimFault] = {}
        # What keeps the files that HTTP reads and writes.
        self.files: Files | None = None
        self.changed = threading.Condition(self.lock)
        self.stopped = threading.Event()
        clock.on_move.append(self.note_change)
        self.sessions.on_end.append(lambda _: self.note_change())
        self._numbers = itertools.count(1)
        self.root = self.inventory.add(
            ManagedObject(
                ROOT.kind,
                ROOT.moid,
                name='Datacenters',
                childEntity=(),
                childType=('Folder', 'Datacenter'),
            )
        )

    def new_number(self) -> int:
        return next(self._numbers)

    def check_privilege(
        self, session: Session | None, on: Reference, privilege: str | None
    ) -> None:
        """Make sure that a session may do something to an object.

        :raises VimFault: NotAuthenticated, NoPermission.
        """
        self.privileges.check(session, on, privilege)

    def note_change(self) -> None:
        """Wake whoever waits for a change of any object."""
        with self.lock:
            self.changed.notify_all()

    def pause(self, until: float, ended: threading.Event) -> None:
        """Wait for a moment with the world unlocked, if it was locked once."""
        self.lock.release()
        try:
            self.clock.wait(until, ended, self.stopped)
        finally:
            self.lock.acquire()

    def restart(self) -> None:
        """Start vCenter anew: sessions and tasks are forgotten."""
        with self.lock:
            self.tasks.forget_all()
            self.sessions.end_all()
            self.note_change()
