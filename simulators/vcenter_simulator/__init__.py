"""A vCenter to build against: real sockets, and a state that acts like it."""

from simulator_parts.clock import Clock
from simulator_parts.steering import drop
from simulator_parts.steering import hang
from simulator_parts.steering import reply
from vcenter_simulator.faults import VimFault
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.sessions import User
from vcenter_simulator.simulator import Simulator
from vcenter_simulator.steering import fail
from vcenter_simulator.steering import unavailable
from vcenter_simulator.timing import Timing
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.values import Typed

__all__ = [
    'Clock',
    'DataObject',
    'Reference',
    'Scenario',
    'Simulator',
    'Timing',
    'Typed',
    'User',
    'VimFault',
    'drop',
    'fail',
    'hang',
    'reply',
    'unavailable',
]
