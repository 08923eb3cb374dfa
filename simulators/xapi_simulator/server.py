"""The HTTP side of one host: what its connections need to know."""

import ssl

from simulator_parts.counters import Counters
from simulator_parts.server import Server as Base
from xapi_simulator.connection import Connection
from xapi_simulator.interface import Interface
from xapi_simulator.world import World


class Server(Base):
    """One host's address; ``stop`` cuts what is connected, as a crash does."""

    def __init__(
        self,
        address: tuple[str, int],
        host: str,
        interface: Interface,
        world: World,
        counters: Counters,
        context: ssl.SSLContext | None,
        jsonrpc: bool,
    ) -> None:
        self.host = host
        self.interface = interface
        self.world = world
        self.counters = counters
        self.jsonrpc = jsonrpc
        super().__init__(address, Connection, context)
