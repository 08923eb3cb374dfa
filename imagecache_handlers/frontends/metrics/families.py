"""Families: every metric there is, with its kind, labels and meaning.

Whatever names a metric, be it an alert, a panel or a page, has it from here.
"""

import dataclasses
import enum

PREFIX = 'imagecache_'


class Kind(enum.StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = 'counter'  # only rises; sweeps and restarts add to it
    GAUGE = 'gauge'
    HISTOGRAM = 'histogram'
    SUMMARY = 'summary'
    INFO = 'info'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric.

    ``name`` is as it is exported, with the suffix of its unit and, of a
    counter, ``_total``; ``buckets`` are the upper ends of a histogram's.
    """

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


FAMILIES: dict[str, Family] = {}


def _add_family(
    name: str,
    kind: Kind,
    says: str,
    *labels: str,
    buckets: tuple[float, ...] = (),
) -> str:
    full = f'{PREFIX}{name}'
    FAMILIES[full] = Family(
        name=full, kind=kind, says=says, labels=labels, buckets=buckets
    )
    return full


IMAGES = _add_family(
    'images',
    Kind.GAUGE,
    'Cached images, by why each stays or goes.',
    'store',
    'reason',
)
IMAGES_BYTES = _add_family(
    'images_bytes',
    Kind.GAUGE,
    'What they hold, by why each stays or goes.',
    'store',
    'reason',
)
IMAGES_UNKNOWN = _add_family(
    'images_unknown',
    Kind.GAUGE,
    'Of the images with unknown users those not met within the last hour.',
    'store',
)
IMAGES_RETIRED = _add_family(
    'images_retired',
    Kind.GAUGE,
    'Images that Glance says are deleted or deactivated, used or not.',
)
STORE_SIZE = _add_family(
    'store_size_bytes', Kind.GAUGE, 'Size of the store.', 'store'
)
STORE_FREE = _add_family(
    'store_free_bytes', Kind.GAUGE, 'Free space of the store.', 'store'
)
STORE_READABLE = _add_family(
    'store_readable',
    Kind.GAUGE,
    'Whether the last look could read the store: 1 or 0.',
    'store',
)
POOL_WANTED = _add_family(
    'pool_wanted_bytes',
    Kind.GAUGE,
    'What the last plan wanted freed, to reach the low watermark.',
    'pool',
)
POOL_PLANNED = _add_family(
    'pool_planned_bytes',
    Kind.GAUGE,
    'What the images that the last plan chose were to free.',
    'pool',
)
POOL_FREED = _add_family(
    'pool_freed_bytes',
    Kind.GAUGE,
    'What the last sweep freed of it, now or surely later.',
    'pool',
)
POOL_BLOCKED = _add_family(
    'pool_blocked_bytes',
    Kind.GAUGE,
    'Of a pool that is short: what images hold that cannot go, by why.',
    'pool',
    'reason',
)
DEBRIS = _add_family(
    'debris',
    Kind.GAUGE,
    'Pieces of debris; absent where the handler cannot tell.',
    'store',
)
DEBRIS_BYTES = _add_family(
    'debris_bytes', Kind.GAUGE, 'What the debris holds.', 'store'
)
SWEEPS = _add_family(
    'sweeps_total', Kind.COUNTER, 'Sweeps, by how they ended.', 'result'
)
SWEEP_DURATION = _add_family(
    'sweep_duration_seconds',
    Kind.HISTOGRAM,
    'How long sweeps took, from the first look to the last eviction.',
    buckets=(0.1, 1, 10, 60, 300, 900, 3600),
)
SWEEP_LAST_SUCCESS = _add_family(
    'sweep_last_success_timestamp_seconds',
    Kind.GAUGE,
    'When a sweep last read all and could know something; 0: never.',
)
STORE_LAST_SUCCESS = _add_family(
    'store_last_success_timestamp_seconds',
    Kind.GAUGE,
    'When a sweep of some stores only last read this one, and could know.',
    'store',
)
SWEEP_LAST_END = _add_family(
    'sweep_last_timestamp_seconds',
    Kind.GAUGE,
    'When a sweep last ended so; 0: never.',
    'result',
)
SWEEP_INTERVAL = _add_family(
    'sweep_interval_seconds',
    Kind.GAUGE,
    'Time between two sweeps as configured; 0: none.',
)
COUNTERS_STARTED = _add_family(
    'counters_started_timestamp_seconds',
    Kind.GAUGE,
    'Since when the counters count.',
)
REMOVAL_ENABLED = _add_family(
    'removal_enabled',
    Kind.GAUGE,
    'Whether unused images are removed at all: 1 or 0.',
)
EVICTIONS = _add_family(
    'evictions_total',
    Kind.COUNTER,
    'Images that were to go, by the ground and by what became of it.',
    'store',
    'reason',
    'outcome',
)
FREED = _add_family(
    'freed_bytes_total', Kind.COUNTER, 'Bytes that sweeps surely freed.'
)
HITS = _add_family(
    'hits_total',
    Kind.COUNTER,
    'Times that a cached image was taken into use, by its marks.',
    'store',
)
IMAGES_HITS = _add_family(
    'images_hits',
    Kind.GAUGE,
    'Hits on the marks of the images that are cached now.',
    'store',
)
ARRIVALS = _add_family(
    'arrivals_total',
    Kind.COUNTER,
    'Images that came in between two looks: what the cache did not have.',
    'store',
)
PLAN_TIME = _add_family(
    'plan_timestamp_seconds',
    Kind.GAUGE,
    'When the last plan was made; 0: never.',
)
EVIDENCE_TIME = _add_family(
    'evidence_timestamp_seconds',
    Kind.GAUGE,
    'Of when the latest answer to who uses what is; 0: nobody gave one.',
)
EVIDENCE_COMPLETE = _add_family(
    'evidence_complete',
    Kind.GAUGE,
    'Whether the last answer proved that what it left out is unused: 1 or 0.',
)
WARNINGS = _add_family(
    'warnings', Kind.GAUGE, 'Warnings of the last plan.', 'kind'
)
CALLS = _add_family(
    'backend_calls_total',
    Kind.COUNTER,
    'Calls of the handler, each step of one that goes on as well.',
    'call',
    'outcome',
)
CALL_DURATION = _add_family(
    'backend_call_duration_seconds',
    Kind.SUMMARY,
    'How long those calls took.',
    'call',
)
PREFETCHES = _add_family(
    'prefetches_total',
    Kind.COUNTER,
    'Images that were to come in ahead of their use, by what became of it.',
    'result',
)
PREFETCH_BYTES = _add_family(
    'prefetch_bytes_total', Kind.COUNTER, 'Bytes that were fetched for them.'
)
PREFETCHES_IN_PROGRESS = _add_family(
    'prefetches_in_progress', Kind.GAUGE, 'Images that are coming in now.'
)
PREFETCH_THROUGHPUT = _add_family(
    'prefetch_throughput_bytes',
    Kind.HISTOGRAM,
    'Bytes a second that images came in with.',
    buckets=(1e6, 1e7, 3e7, 1e8, 3e8, 1e9),
)
BUILD = _add_family(
    'build_info', Kind.INFO, 'Which version tells all this.', 'version'
)

# What a process tells that sweeps nothing and only prefetches: beside the file
# of one that sweeps no series must be there twice.
OF_PREFETCHES = frozenset(
    {PREFETCHES, PREFETCH_BYTES, PREFETCHES_IN_PROGRESS, PREFETCH_THROUGHPUT}
)
