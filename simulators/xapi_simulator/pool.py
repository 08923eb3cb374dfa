"""The simulator as one object: a pool, its servers, and who steers it."""

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import ipaddress
import secrets
import ssl
import time
from typing import Any
from typing import Self

from simulator_parts.counters import Counters
from simulator_parts.steering import Action
from simulator_parts.steering import Steering
from xapi_simulator.actors import Actors
from xapi_simulator.addresses import bracketed
from xapi_simulator.collector import Collector
from xapi_simulator.interface import Interface
from xapi_simulator.scenario import build
from xapi_simulator.scenario import Scenario
from xapi_simulator.server import Server
from xapi_simulator.sessions import User
from xapi_simulator.tasks import When
from xapi_simulator.timing import Timing
from xapi_simulator.world import World

# Ports are tried until one is free at the addresses of all hosts.
_TRIES = 50


class Simulator(contextlib.AbstractContextManager['Simulator']):
    """A pool that answers on loopback sockets while it is started.

    The first host leads, at 127.0.0.1; others have 127.0.0.2 and so on, with
    the same port, for xapi names a host by its bare address.  ``addresses``
    may be other loopback ones: ``::1``, to see a bare IPv6.  ``users`` are
    those who may log in: ``root`` with a random password unless given.
    ``certificate`` and ``key`` are PEM files; with them it speaks TLS.
    Without ``jsonrpc`` it answers XML there, as old hosts do.  ``tasks`` is
    when the work of Async calls is done.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        timing: Timing | None = None,
        users: Mapping[str, User] | None = None,
        addresses: Sequence[str] = (),
        port: int = 0,
        certificate: str | None = None,
        key: str | None = None,
        jsonrpc: bool = True,
        tasks: When = When.THREAD,
    ) -> None:
        scenario = scenario or Scenario()
        self.username = 'root'
        self.password = secrets.token_hex(8)
        everybody = {self.username: User(self.password), **(users or {})}
        self.timing = timing or Timing()
        self.counters = Counters()
        self.world = World(everybody, self.timing, scenario.seed)
        self.tasks = tasks
        self._interface = Interface(self.world)
        self._collector = Collector(self.world)
        self.actors = Actors(self.world, self._interface, self._collector)
        self.addresses = list(addresses) or [
            f'127.0.0.{n + 1}' for n in range(scenario.hosts)
        ]
        _check(self.addresses, scenario)
        build(self.world, scenario, self.addresses)
        self._context = _context(certificate, key)
        self._jsonrpc = jsonrpc
        self._servers: dict[str, Server] = {}
        self.port = port

    @property
    def steering(self) -> Steering:
        return self.world.steering

    @property
    def tasks(self) -> When:
        """When the work of Async calls is done; it can be changed."""
        return self.world.tasks.when

    @tasks.setter
    def tasks(self, when: When) -> None:
        self.world.tasks.when = when

    @property
    def url(self) -> str:
        """Where the first host answers."""
        return self.url_of(0)

    def url_of(self, number: int) -> str:
        scheme = 'http' if self._context is None else 'https'
        return f'{scheme}://{bracketed(self.addresses[number])}:{self.port}'

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; when this returns, clients can connect."""
        self._bind()
        for server in self._servers.values():
            server.start()
        self._collector.start()

    def stop(self) -> None:
        """Cut all connections and close all ports."""
        self._collector.stop()
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    def before(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action before the nth call of a method from now on.

        ``*`` is any method.  An action is a callable; it may be one of
        ``steering``'s: ``fail``, ``drop``, ``hang``.
        """
        self.steering.before(method, action, nth)

    def after(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action when the nth call has done its work.

        Its answer is sent after that: dropping it loses only the answer.
        """
        self.steering.after(method, action, nth)

    def do(self, method: str, *params: Any) -> Any:
        """Make a call from inside: no session, not counted, not steered."""
        return self._interface.do(method, *params)

    def host(self, number: int) -> str:
        """Give the reference of a host by its number."""
        return list(self.world.records.rows('host'))[number]

    def fail_host(self, number: int) -> None:
        """Let a host fail: its connections end, and its pool loses it."""
        self.world.down[self.host(number)] = time.monotonic()
        self.hide_host(number)

    def hide_host(self, number: int) -> None:
        """Cut a host off from us alone: its pool reaches it all the same."""
        self._servers.pop(self.host(number)).stop()

    def heal_host(self, number: int) -> None:
        """Let a host answer again."""
        self.world.down.pop(self.host(number), None)
        server = self._server(number, self.port)
        self._servers[self.host(number)] = server
        server.start()

    def promote(self, number: int) -> None:
        """Let another host lead: its xapi starts anew, and so do sessions."""
        self.world.promote(self.host(number))

    def present(self, certificate: str, key: str | None = None) -> None:
        """Show another certificate; connections that are open live on."""
        self._context = _context(certificate, key)
        for server in self._servers.values():
            server.context = self._context

    def _bind(self) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._bind_all()
                return
            except OSError:
                for server in self._servers.values():
                    server.server_close()
                self._servers.clear()
                if self.port or not left:
                    raise

    def _bind_all(self) -> None:
        port = self.port
        for number in range(len(self.addresses)):
            server = self._server(number, port)
            port = server.server_address[1]
            self._servers[self.host(number)] = server
        self.port = port

    def _server(self, number: int, port: int) -> Server:
        return Server(
            (self.addresses[number], port),
            self.host(number),
            self._interface,
            self.world,
            self.counters,
            self._context,
            self._jsonrpc,
        )


def _check(addresses: list[str], scenario: Scenario) -> None:
    if len(addresses) != scenario.hosts:
        raise ValueError(f'{scenario.hosts} hosts at {addresses}')
    for one in addresses:
        if not ipaddress.ip_address(one).is_loopback:
            raise ValueError(f'{one} is no loopback address')


def _context(
    certificate: str | None, key: str | None
) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
