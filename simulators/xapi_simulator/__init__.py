"""A XAPI to build against: real sockets, and a state that acts like xapi."""

from xapi_simulator.actors import Actors
from xapi_simulator.counters import Count
from xapi_simulator.counters import Counters
from xapi_simulator.errors import XapiError
from xapi_simulator.pool import Simulator
from xapi_simulator.scenario import Scenario
from xapi_simulator.sessions import User
from xapi_simulator.steering import drop
from xapi_simulator.steering import fail
from xapi_simulator.steering import hang
from xapi_simulator.steering import reply
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
