"""The conformance kit: each promise of ``CacheHandler`` as one test.

Supply the hooks, and run it with any runner::

    class TestMine(HandlerConformance, unittest.TestCase):
        sees_users = True

        def setUp(self):
            self.backend = ...  # a fresh one

        def connect(self):
            return MyHandler(self.backend)

It is one list on purpose: a promise that is not here is not kept.  No test
is skipped: of an ability that a handler does not declare, it is tested that
the handler says so.  It ends with a report of what was proved, declared
absent, and not examined.
"""

from imagecache_handlers.testing.conformance.adding import Adding
from imagecache_handlers.testing.conformance.ageing import Ageing
from imagecache_handlers.testing.conformance.cleaning import Cleaning
from imagecache_handlers.testing.conformance.dying import Dying
from imagecache_handlers.testing.conformance.evicting import Evicting
from imagecache_handlers.testing.conformance.failing import Failing
from imagecache_handlers.testing.conformance.handling import Handling
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance.hooks import reads_only
from imagecache_handlers.testing.conformance.hosting import Hosting
from imagecache_handlers.testing.conformance.listing import Listing
from imagecache_handlers.testing.conformance.marking import Marking
from imagecache_handlers.testing.conformance.prefetching import Prefetching
from imagecache_handlers.testing.conformance.quarantining import Quarantining
from imagecache_handlers.testing.conformance.recovering import Recovering
from imagecache_handlers.testing.conformance.reporting import NotKeptYet
from imagecache_handlers.testing.conformance.reserving import Reserving
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import TWO
from imagecache_handlers.testing.conformance.stopping import StandingStill
from imagecache_handlers.testing.conformance.sweeping import Sweeping
from imagecache_handlers.testing.conformance.together import Together
from imagecache_handlers.testing.conformance.using import Using

__all__ = [
    'KIN',
    'ONE',
    'TWO',
    'HandlerConformance',
    'HandlerHooks',
    'NotKeptYet',
    'reads_only',
]


class HandlerConformance(
    Handling,
    Listing,
    Using,
    Marking,
    Ageing,
    Evicting,
    StandingStill,
    Together,
    Recovering,
    Adding,
    Cleaning,
    Reserving,
    Quarantining,
    Prefetching,
    Hosting,
    Sweeping,
    Dying,
    Failing,
):
    """All promises; see ``HandlerHooks`` for what to supply."""
