"""A XAPI to build against: real sockets, and a state that acts like xapi."""

from imagecache_handlers_xenapi.simulator.actors import Actors
from imagecache_handlers_xenapi.simulator.counters import Count
from imagecache_handlers_xenapi.simulator.counters import Counters
from imagecache_handlers_xenapi.simulator.errors import XapiError
from imagecache_handlers_xenapi.simulator.pool import Simulator
from imagecache_handlers_xenapi.simulator.scenario import Scenario
from imagecache_handlers_xenapi.simulator.sessions import User
from imagecache_handlers_xenapi.simulator.steering import drop
from imagecache_handlers_xenapi.simulator.steering import fail
from imagecache_handlers_xenapi.simulator.steering import hang
from imagecache_handlers_xenapi.simulator.steering import reply
from imagecache_handlers_xenapi.simulator.tasks import When
from imagecache_handlers_xenapi.simulator.timing import Timing

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
