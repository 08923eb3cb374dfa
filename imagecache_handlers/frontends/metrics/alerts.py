"""Alerts: what calls for somebody, and the command that mends it.

``tools/make_contrib.py`` writes the rules of Prometheus from here.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics import queries
from imagecache_handlers.frontends.metrics.queries import Times


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
        expr=queries.query_no_whole_sweep(times),
        pending=times.pending,
        severity='warning',
        says='No sweep has succeeded on {{ $labels.instance }} for '
        '{{ $value | humanizeDuration }}, more than 3 intervals.',
        mend='`systemctl status imagecache` tells if it runs and what it '
        'said last; of sweeps that a timer starts `systemctl list-timers` '
        'does. Run `imagecache sweep`: it says what fails.',
    )


def _warn_cannot_free(times: Times) -> Alert:
    return Alert(
        name='ImagecacheCannotFree',
        expr=queries.query_cannot_free(),
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


def _warn_nothing_freed(times: Times) -> Alert:
    return Alert(
        name='ImagecacheNothingFreed',
        expr=queries.query_nothing_freed(times.growth),
        pending=times.pending,
        severity='critical',
        says='Pool {{ $labels.pool }} on {{ $labels.instance }} wants '
        f'space, and for {times.growth} no sweep has freed any, though '
        'there are images that may go.',
        mend='Run `imagecache sweep`: it says of each image what kept it '
        'when its turn came. What is busy is so by an operation, a claim '
        'or a lock that somebody else holds: end who hangs in it.',
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
        expr=queries.query_evidence_incomplete(),
        pending=times.blind,
        severity='warning',
        says='{{ $value }} images on {{ $labels.instance }} cannot go, '
        'for nobody knows whether they are used.',
        mend='Run `imagecache plan`: it says why of each image. Where a '
        'disk or a record cannot be read, that has to be mended. Where '
        'nobody has said what is in use, name it, all of it, with '
        '`imagecache sweep --in-use FILE --in-use-complete`.',
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
        expr=queries.query_held_by_hand(),
        pending=times.pending,
        severity='warning',
        says='Pins and leases hold {{ $value | humanizePercentage }} of '
        'store {{ $labels.store }} on {{ $labels.instance }}.',
        mend='Run `imagecache plan`: it names who keeps what. A pin ends '
        'with `imagecache unpin IMAGE --owner OWNER`, a lease with '
        '`imagecache release IMAGE --owner OWNER`.',
    )


def _warn_evictions_fail(times: Times) -> Alert:
    return Alert(
        name='ImagecacheEvictionsFail',
        expr=queries.query_evictions_fail(times.growth),
        pending=times.pending,
        severity='warning',
        says='In store {{ $labels.store }} on {{ $labels.instance }} '
        '{{ $value | humanize }} evictions failed lately.',
        mend='Run `imagecache sweep --debug`: it says what the backend '
        'refuses.',
    )


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
