"""Beginning: what is told before anything was swept."""

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.metrics.samples import Counts
from imagecache_handlers.frontends.metrics.samples import Samples
from imagecache_handlers.version import VERSION


def begin_gauges(now: float) -> Samples:
    """Give the gauges of no store, at the time at which all begins."""
    return {
        families.SWEEP_LAST_SUCCESS: {(): 0.0},
        families.SWEEP_LAST_END: {(one.value,): 0.0 for one in Result},
        families.SWEEP_INTERVAL: {(): 0.0},
        families.COUNTERS_STARTED: {(): now},
        families.REMOVAL_ENABLED: {(): 0.0},
        families.PLAN_TIME: {(): 0.0},
        families.EVIDENCE_TIME: {(): 0.0},
        families.EVIDENCE_COMPLETE: {(): 0.0},
        families.BUILD: {(VERSION,): 1.0},
    }


def begin_counts(counts: Counts) -> None:
    """Have what is counted of sweeps there."""
    for result in Result:
        counts.begin(families.SWEEPS, (result.value,))
    counts.begin(families.FREED)
    counts.begin_buckets(families.SWEEP_DURATION)


def begin_prefetch_counts(counts: Counts) -> None:
    """Have what is counted of prefetches there."""
    for result in Got:
        counts.begin(families.PREFETCHES, (result.value,))
    counts.begin(families.PREFETCH_BYTES)
    counts.begin_buckets(families.PREFETCH_THROUGHPUT)
