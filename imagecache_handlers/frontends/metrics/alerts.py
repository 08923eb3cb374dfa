"""Alerts: what calls for somebody, and the command that mends it.

``tools/make_contrib.py`` writes the rules of Prometheus from here.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert: ``says`` what is wrong, ``mend`` names the command."""

    name: str
    expr: str
    pending: str
    severity: str
    says: str
    mend: str


def make_alerts(times: Times = Times()) -> list[Alert]:  # noqa: B008 -- frozen
    """Give every alert there is."""
    return [
        _warn_no_whole_sweep(times),
        _warn_cannot_free(times),
        _warn_nothing_freed(times),
        _warn_store_unreadable(times),
        _warn_evidence_incomplete(times),
        _warn_debris_grows(times),
        _warn_held_by_hand(times),
        _warn_evictions_fail(times),
    ]


def _warn_no_whole_sweep(times: Times) -> Alert:
    return Alert(
        name='ImagecacheNoWholeSweep',
        expr=_query_no_whole_sweep(times),
        pending=times.pending,
        severity='warning',
        says='No sweep has succeeded on {{ $labels.instance }} for '
        '{{ $value | humanizeDuration }}, more than 3 intervals.',
        mend='`systemctl status imagecache` tells if it runs and what it '
        'said last; of sweeps that a timer starts `systemctl list-timers` '
        'does. Run `imagecache sweep`: it says what fails.',
    )


def _query_no_whole_sweep(times: Times) -> str:
    # What has an alert of its own needs no second one: sweeps that cannot
    # read a store, or know nothing, and that still come.
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


def _warn_cannot_free(times: Times) -> Alert:
    return Alert(
        name='ImagecacheCannotFree',
        expr=_query_cannot_free(),
        pending=times.pending,
        severity='critical',
        says='Pool {{ $labels.pool }} on {{ $labels.instance }} wants '
        'space and cannot free it. Most is kept for the reason: '
        '{{ or $labels.reason "none; what fills it is no image" }}.',
        mend='Run `imagecache plan`: it names each image and what keeps '
        'it. A pin ends with `imagecache unpin IMAGE --owner OWNER`, a '
        'lease with `imagecache release IMAGE --owner OWNER`; what is '
        'too young goes by itself, or at once with '
        '`imagecache evict IMAGE --force`.',
    )


def _query_cannot_free() -> str:
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
        f'and {_HOST} ({_query_evidence_incomplete()})'
    )


def _warn_nothing_freed(times: Times) -> Alert:
    return Alert(
        name='ImagecacheNothingFreed',
        expr=_query_nothing_freed(times.growth),
        pending=times.pending,
        severity='critical',
        says='Pool {{ $labels.pool }} on {{ $labels.instance }} wants '
        f'space, and for {times.growth} no sweep has freed any, though '
        'there are images that may go.',
        mend='Run `imagecache sweep`: it says of each image what kept it '
        'when its turn came. What is busy is so by an operation, a claim '
        'or a lock that somebody else holds: end who hangs in it.',
    )


def _query_nothing_freed(growth: str) -> str:
    wanted = families.POOL_WANTED
    return (
        f'min_over_time({wanted}[{growth}]) > 0 '
        f'and max_over_time({families.POOL_FREED}[{growth}]) == 0 '
        f'and {wanted} offset {growth} > 0 '
        f'and {wanted} <= {families.POOL_PLANNED}'
    )


def _warn_store_unreadable(times: Times) -> Alert:
    return Alert(
        name='ImagecacheStoreUnreadable',
        expr=f'{families.STORE_READABLE} == 0',
        pending=times.pending,
        severity='critical',
        says='Store {{ $labels.store }} on {{ $labels.instance }} cannot '
        'be read, so nothing goes there.',
        mend='Run `imagecache plan`: it says why of each store.',
    )


def _warn_evidence_incomplete(times: Times) -> Alert:
    return Alert(
        name='ImagecacheEvidenceIncomplete',
        expr=_query_evidence_incomplete(),
        pending=times.blind,
        severity='warning',
        says='{{ $value }} images on {{ $labels.instance }} cannot go, '
        'for nobody knows whether they are used.',
        mend='Run `imagecache plan`: it says why of each image. Where a '
        'disk or a record cannot be read, that has to be mended. Where '
        'nobody has said what is in use, name it, all of it, with '
        '`imagecache sweep --in-use FILE --in-use-complete`.',
    )


def _query_evidence_incomplete() -> str:
    # Not by how complete an answer calls itself: a disk that cannot be read
    # stays so.
    return (
        f'(sum by (job, instance) ({families.IMAGES_UNKNOWN}) > 0) '
        f'and {_HOST} ({families.REMOVAL_ENABLED} == 1)'
    )


def _warn_debris_grows(times: Times) -> Alert:
    return Alert(
        name='ImagecacheDebrisGrows',
        expr=f'{families.DEBRIS} > {families.DEBRIS} offset {times.growth}',
        pending=times.pending,
        severity='warning',
        says='In store {{ $labels.store }} on {{ $labels.instance }} '
        'debris grows: {{ $value }} pieces by now.',
        mend='Run `imagecache debris list`: it says what breaks. '
        '`imagecache debris clean` removes it.',
    )


def _warn_held_by_hand(times: Times) -> Alert:
    return Alert(
        name='ImagecacheHeldByHand',
        expr=_query_held_by_hand(),
        pending=times.pending,
        severity='warning',
        says='Pins and leases hold {{ $value | humanizePercentage }} of '
        'store {{ $labels.store }} on {{ $labels.instance }}.',
        mend='Run `imagecache plan`: it names who keeps what. A pin ends '
        'with `imagecache unpin IMAGE --owner OWNER`, a lease with '
        '`imagecache release IMAGE --owner OWNER`.',
    )


def _query_held_by_hand() -> str:
    held = f'{families.IMAGES_BYTES}{{reason=~"pinned|leased"}}'
    return (
        f'sum by (job, instance, store) ({held}) '
        f'/ on (job, instance, store) {families.STORE_SIZE} > 0.3'
    )


def _warn_evictions_fail(times: Times) -> Alert:
    return Alert(
        name='ImagecacheEvictionsFail',
        expr=_query_evictions_fail(times.growth),
        pending=times.pending,
        severity='warning',
        says='In store {{ $labels.store }} on {{ $labels.instance }} '
        '{{ $value | humanize }} evictions failed lately.',
        mend='Run `imagecache sweep --debug`: it says what the backend '
        'refuses.',
    )


def _query_evictions_fail(growth: str) -> str:
    failed = f'{families.EVICTIONS}{{outcome=~"failed|uncertain"}}'
    return f'sum by (job, instance, store) (increase({failed}[{growth}])) > 2'


def make_rules(times: Times = Times()) -> dict[str, Any]:  # noqa: B008 -- frozen
    """Give the rules as Prometheus reads them."""
    rules = list(map(_make_rule, make_alerts(times)))
    return {'groups': [{'name': 'imagecache', 'rules': rules}]}


def _make_rule(alert: Alert) -> dict[str, Any]:
    return {
        'alert': alert.name,
        'expr': alert.expr,
        'for': alert.pending,
        'labels': {'severity': alert.severity},
        'annotations': {'summary': alert.says, 'runbook': alert.mend},
    }


def commands_of(text: str) -> Iterator[str]:
    """Give the commands that a text names, between backticks."""
    yield from text.split('`')[1::2]
