"""The HTTP side of a vCenter: what its connections need to know."""

import ssl

from simulator_parts.counters import Counters
from simulator_parts.server import Server as Base
from vcenter_simulator.connection import Connection
from vcenter_simulator.interface import Interface
from vcenter_simulator.world import World


class Server(Base):
    """vCenter's address; ``stop`` cuts what is connected, as a crash does."""

    def __init__(
        self,
        address: tuple[str, int],
        interface: Interface,
        world: World,
        counters: Counters,
        context: ssl.SSLContext | None,
    ) -> None:
        self.interface = interface
        self.world = world
        self.counters = counters
        super().__init__(address, Connection, context)
