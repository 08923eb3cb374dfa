"""The simulator as one object: a vCenter, its server, and who steers it."""

from collections.abc import Mapping
import contextlib
import secrets
from typing import Any
from typing import Self
import uuid

from simulator_parts.certificates import NAMES
from simulator_parts.clock import Clock
from simulator_parts.counters import Counters
from simulator_parts.steering import Action
from simulator_parts.steering import Steering
from simulator_parts.tls import Tls
from vcenter_simulator.actors import Actors
from vcenter_simulator.collector.updates import drop_collectors
from vcenter_simulator.collector.views import drop_views
from vcenter_simulator.datacenters import show_children
from vcenter_simulator.datastores.transfers import Transfers
from vcenter_simulator.faults import VimFault
from vcenter_simulator.interface import find_method
from vcenter_simulator.interface import Interface
from vcenter_simulator.scenario import build_estate
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.server import Server
from vcenter_simulator.service import add_service
from vcenter_simulator.serving import Caller
from vcenter_simulator.sessions import User
from vcenter_simulator.task_manager import show_tasks
from vcenter_simulator.timing import Timing
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World


class Simulator(contextlib.AbstractContextManager['Simulator']):
    """A vCenter that answers on a loopback socket while it is started.

    It begins as a scenario has it: one host and one empty datastore unless
    given.  ``users`` are those who may log in:
    ``administrator@vsphere.local`` with a random password unless given.
    With ``tls`` it has a certificate for
    ``names``, issued by a CA of its own, which ``ca_file`` is to be trusted
    by.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        timing: Timing | None = None,
        users: Mapping[str, User] | None = None,
        port: int = 0,
        tls: bool = False,
        names: tuple[str, ...] = NAMES,
    ) -> None:
        self.username = 'administrator@vsphere.local'
        self.password = secrets.token_hex(8)
        everybody = {self.username: User(self.password), **(users or {})}
        self.timing = timing or Timing()
        self.clock = Clock()
        self.counters = Counters()
        self.world = World(everybody, self.timing, self.clock)
        add_service(self.world, str(uuid.uuid4()))
        show_tasks(self.world)
        show_children(self.world, self.world.root)
        self.estate = build_estate(self.world, scenario or Scenario())
        self.actors = Actors(self.world, self.estate)
        self.world.files = Transfers(self.world)
        self.world.sessions.on_end += (
            lambda one: drop_views(self.world, one),
            lambda one: drop_collectors(self.world, one),
        )
        self._interface = Interface(self.world, self.counters)
        self.address = '127.0.0.1'
        self.port = port
        self._tls = Tls(names) if tls else None
        self._server: Server | None = None

    @property
    def ca_file(self) -> str | None:
        """The path of the CA's certificate while it runs; None without TLS."""
        return None if self._tls is None else self._tls.ca_file

    @property
    def steering(self) -> Steering:
        return self.world.steering

    @property
    def url(self) -> str:
        """Where it answers, without the path."""
        scheme = 'http' if self._tls is None else 'https'
        return f'{scheme}://{self.address}:{self.port}'

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; when this returns, clients can connect."""
        server = Server(
            (self.address, self.port),
            self._interface,
            self.world,
            self.counters,
            None if self._tls is None else self._tls.open(),
        )
        self.port = server.server_port
        self._server = server
        server.start()

    def stop(self) -> None:
        """Cut all connections and close the port."""
        self.world.stopped.set()
        self.world.note_change()
        self.clock.wake()
        self.cut_off()
        if self._tls is not None:
            self._tls.close()

    def cut_off(self) -> None:
        """Let nobody reach it: its connections end, its work goes on."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def heal(self) -> None:
        """Let it be reached again, at the same port."""
        self.start()

    def before(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action before the nth call of a method from now on."""
        self.steering.before(method, action, nth)

    def after(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action when the nth call has done its work.

        Its answer is sent after that: dropping it loses only the answer.
        """
        self.steering.after(method, action, nth)

    def hide_property(
        self, path: str, fault: VimFault, on: Reference | None = None
    ) -> None:
        """Have a property be missing with a fault: on one object or on all.

        ``path`` hides what lies below it, too: ``layoutEx``.
        """
        self.world.missing[on, path] = fault

    def show_property(self, path: str, on: Reference | None = None) -> None:
        """Take that back."""
        self.world.missing.pop((on, path), None)

    def restart(self) -> None:
        """Start vCenter anew: sessions and tasks are forgotten."""
        self.world.restart()

    def do(self, this: Reference, method: str, **arguments: Any) -> Any:
        """Make a call from inside: not counted, not steered, as the admin.

        :raises VimFault: what the call ends with.
        """
        session = self.world.sessions.login(self.username, self.password)
        try:
            return self._interface.call(
                find_method(method),
                this,
                DataObject('', **arguments),
                Caller(session),
            )
        finally:
            self.world.sessions.end(session)
