"""A XAPI to build against: real sockets, and a state that acts like xapi."""

from simulator_parts.counters import Count
from simulator_parts.counters import Counters
from simulator_parts.steering import drop
from simulator_parts.steering import hang
from simulator_parts.steering import reply
from xapi_simulator.actors import Actors
from xapi_simulator.errors import XapiError
from xapi_simulator.pool import Simulator
from xapi_simulator.scenario import Scenario
from xapi_simulator.sessions import User
from xapi_simulator.steering import fail
from xapi_simulator.tasks import When
from xapi_simulator.timing import Timing

__all__ = [
    'Actors',
    'Count',
    'Counters',
    'Scenario',
    'Simulator',
    'Timing',
    'User',
    'When',
    'XapiError',
    'drop',
    'fail',
    'hang',
    'reply',
]
