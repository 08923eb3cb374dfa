"""Turns: since when all was swept, where each sweep is of some stores."""

from collections.abc import Collection

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.samples import Samples


def note_turn(
    gauges: Samples, known: Collection[str], swept: Collection[str], now: float
) -> Samples:
    """Give the gauges that change when some of the known stores were swept.

    All was swept when the one was that waits for its turn the longest; who
    had none yet was there in the last sweep of all, if ever.
    """
    whole = gauges[families.SWEEP_LAST_SUCCESS][()]
    turns = dict(gauges.get(families.STORE_LAST_SUCCESS, {}))
    turns |= {(name,): now for name in swept}
    oldest = min(turns.get((name,), whole) for name in {*known, *swept})
    return {
        families.STORE_LAST_SUCCESS: turns,
        families.SWEEP_LAST_SUCCESS: {(): max(whole, oldest)},
    }
