"""Alerts: what calls for somebody, and the command that mends it.

``tools/make_contrib.py`` writes the rules of Prometheus from here.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any

from imagecache_handlers.frontends.metrics import families

_HOST = 'on (job, instance)'
_POOL = 'on (job, instance, pool)'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may last, as Prometheus writes it.

    ``pending`` is for what may mend itself, ``blind`` for what is unknown
    only while it is new, ``growth`` over what something grows or fails.
    """

    pending: str = '10m'
    blind: str = '1h'
    growth: str = '6h'


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
        _warn_store_unreadable(times),
        _warn_evidence_incomplete(times),
        _warn_debris_grows(times),
        _warn_held_by_hand(times),
        _warn_evictions_fail(times),
    ]


def _warn_no_whole_sweep(times: Times) -> Alert:
    return Alert(
        name='ImagecacheNoWholeSweep',
        expr=_query_no_whole_sweep(),
        pending=times.pending,
        severity='warning',
        says='No sweep has succeeded on {{ $labels.instance }} for '
        '{{ $value | humanizeDuration }}, more than 3 intervals.',
        mend='`systemctl status imagecache` tells if it runs and what it '
        'said last. Run `imagecache sweep`: it says what fails.',
    )


def _query_no_whole_sweep() -> str:
    # What has an alert of its own needs no second one.
    last = (
        f'(({families.SWEEP_LAST_SUCCESS} > 0) or {families.COUNTERS_STARTED})'
    )
    return (
        f'(time() - {last} > 3 * {families.SWEEP_INTERVAL}) '
        f'and {_HOST} ({families.SWEEP_INTERVAL} > 0) '
        f'unless {_HOST} ({families.STORE_READABLE} == 0) '
        f'unless {_HOST} ({_query_evidence_incomplete()})'
    )


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
        f'unless {_HOST} ({_query_evidence_incomplete()})'
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
        mend='Run `imagecache plan`: it says what is not known. Name the '
        'images in use, all of them, with '
        '`imagecache sweep --in-use FILE --in-use-complete`.',
    )


def _query_evidence_incomplete() -> str:
    unknown = f'{families.IMAGES}{{reason="unknown"}}'
    return (
        f'(sum by (job, instance) ({unknown}) > 0) '
        f'and {_HOST} ({families.EVIDENCE_COMPLETE} == 0) '
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
