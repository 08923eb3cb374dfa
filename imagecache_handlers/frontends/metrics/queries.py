"""Queries: what alerts ask Prometheus."""

import dataclasses

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.restored import AHEAD

_HOST = 'on (job, instance)'
_POOL = 'on (job, instance, pool)'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may last, as Prometheus writes it.

    ``pending`` is for what may mend itself, ``blind`` for what is unknown
    only while it is new, ``growth`` over what something grows or fails.
    ``memory`` is how far back a success is looked for, in steps of
    ``step``; ``every`` are the seconds between two sweeps where none are
    configured, but somebody starts them.
    """

    pending: str = '10m'
    blind: str = '1h'
    growth: str = '6h'
    memory: str = '30d'
    step: str = '1h'
    every: int = 24 * 3600


def query_no_whole_sweep(times: Times) -> str:
    """Ask where no sweep has succeeded for 3 intervals.

    What has an alert of its own needs no second one: sweeps that cannot read
    a store, or know nothing, and that still come.
    """
    told = _query_past(f'{families.SWEEP_LAST_END}{{result=~"blind|partial"}}')
    lately = f'(time() - max by (job, instance) ({told}))'
    allowed = f'3 * {_query_every(times)}'
    return (
        f'(time() - {_query_last_success(times)} > {allowed}) '
        f'unless {_HOST} ({lately} <= {allowed})'
    )


def _query_last_success(times: Times) -> str:
    """Ask for the last success: of now, of old, or for the begin of it all.

    A process that begins anew knows of no success, and who does so again and
    again would for ever have just begun.
    """
    over = f'[{times.memory}:{times.step}]'
    now = _query_past(families.SWEEP_LAST_SUCCESS)
    begin = f'timestamp({families.SWEEP_INTERVAL} > 0)'
    old = f'max_over_time({now}{over})'
    return f'({now} or {old} or min_over_time({begin}{over}))'


def _query_past(metric: str) -> str:
    # A time that is yet to come was told by a clock that was wrong.
    return f'({metric} > 0 <= time() + {AHEAD:.0f})'


def _query_every(times: Times) -> str:
    given = f'({families.SWEEP_INTERVAL} > 0)'
    started = f'(0 * ({families.SWEEP_LAST_SUCCESS} > 0) + {times.every})'
    return f'({given} or {started})'


def query_cannot_free() -> str:
    """Ask where less may go than is wanted, and what keeps most of it."""
    short = f'({families.POOL_WANTED} > {families.POOL_PLANNED})'
    kept = f'topk by (job, instance, pool) (1, {families.POOL_BLOCKED} > 0)'
    return (
        f'(({kept} and {_POOL} {short}) or {_POOL} {short}) '
        f'unless {_POOL} ({_query_unknown_blocks(kept)})'
    )


def _query_unknown_blocks(kept: str) -> str:
    """Ask where to know who uses what would be enough: that has an alert."""
    unknown = f'{families.POOL_BLOCKED}{{reason="unknown"}}'
    lacking = f'({families.POOL_WANTED} - {families.POOL_PLANNED})'
    return (
        f'(({kept}) and {unknown}) >= {_POOL} {lacking} '
        f'and {_HOST} ({query_evidence_incomplete()})'
    )


def query_nothing_freed(growth: str) -> str:
    """Ask where enough may go, and over that time nothing went."""
    wanted = families.POOL_WANTED
    return (
        f'min_over_time({wanted}[{growth}]) > 0 '
        f'and max_over_time({families.POOL_FREED}[{growth}]) == 0 '
        f'and {wanted} offset {growth} > 0 '
        f'and {wanted} <= {families.POOL_PLANNED}'
    )


def query_evidence_incomplete() -> str:
    """Ask how many images have unknown users.

    Not how complete an answer calls itself: that mends no disk that cannot
    be read.
    """
    return (
        f'(sum by (job, instance) ({families.IMAGES_UNKNOWN}) > 0) '
        f'and {_HOST} ({families.REMOVAL_ENABLED} == 1)'
    )


def query_held_by_hand() -> str:
    """Ask where pins and leases hold more than 0.3 of a store."""
    held = f'{families.IMAGES_BYTES}{{reason=~"pinned|leased"}}'
    return (
        f'sum by (job, instance, store) ({held}) '
        f'/ on (job, instance, store) {families.STORE_SIZE} > 0.3'
    )


def query_evictions_fail(growth: str) -> str:
    """Ask where more than two evictions failed over that time."""
    failed = f'{families.EVICTIONS}{{outcome="failed"}}'
    return f'sum by (job, instance, store) (increase({failed}[{growth}])) > 2'
