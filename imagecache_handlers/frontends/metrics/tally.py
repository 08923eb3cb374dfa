"""Tally: the gauges of a plan; pure, no I/O and no clock."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import datetime

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.samples import label_value
from imagecache_handlers.frontends.metrics.samples import Labels
from imagecache_handlers.frontends.metrics.samples import Numbers
from imagecache_handlers.frontends.metrics.samples import Samples
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import GROUNDS
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers.planning.warned import WarningKind

# No plan shows what somebody asked for.
REASONS: tuple[Reason, ...] = tuple(
    one for one in Reason if one is not Reason.ASKED
)
EVICTED_FOR = tuple(one for one in REASONS if one in GROUNDS)
BLOCKING = tuple(
    one for one in REASONS if one not in {*GROUNDS, Reason.NOT_NEEDED}
)

_NEW_FOR = datetime.timedelta(hours=1)
_GONE = frozenset({Did.EVICTED, Did.GONE})
# What may be removed, or yet be, was not surely done.
OUTCOMES = {one: one.value for one in Did} | {Did.UNCERTAIN: Did.FAILED.value}


def tally_plan(plan: Plan) -> Samples:
    """Give the gauges of a plan, as it was made."""
    return {
        **_tally_stores(plan.stores, plan.problems),
        **_tally_images(plan.verdicts, _readable_stores(plan)),
        **_tally_unknown(plan.verdicts, plan),
        **_tally_retired(plan.verdicts),
        **_tally_pools(plan),
        families.WARNINGS: {
            (kind.value,): sum(one.kind is kind for one in plan.warnings)
            for kind in WarningKind
        },
        families.PLAN_TIME: {(): plan.now.timestamp()},
    }


def tally_report(report: Report) -> Samples:
    """Give the same of a plan that was applied: as it is afterwards."""
    plan = report.plan
    after = {one.name: one for one in report.after}
    stores = [after.get(one.name, one) for one in plan.stores]
    verdicts = tuple(_verdicts_after(report))
    return {
        **tally_plan(plan),
        **_tally_stores(stores, plan.problems),
        **_tally_images(verdicts, _readable_stores(plan)),
        **_tally_unknown(verdicts, plan),
        **_tally_retired(verdicts),
        families.POOL_FREED: {
            (label_value(one.pool),): float(_sum_freed(report, one.pool))
            for one in plan.spaces
        },
    }


def evictions_of(report: Report) -> Iterator[Labels]:
    """Give the labels of each image that was to go, by what became of it.

    The ground is that of the plan, whatever the fresh look found.
    """
    grounds = {one.image.identity: one.reason for one in report.plan.evictions}
    for outcome in report.outcomes:
        image = outcome.verdict.image
        ground = grounds.get(image.identity)
        if ground in EVICTED_FOR:
            did = OUTCOMES[outcome.did]
            yield label_value(image.store), ground.value, did


def _sum_freed(report: Report, pool: str) -> int:
    stores = {one.name for one in report.before if one.pool == pool}
    return sum(
        one.verdict.image.reclaimable if one.freed is None else one.freed
        for one in report.outcomes
        if one.verdict.image.store in stores
    )


def _readable_stores(plan: Plan) -> list[str]:
    return [one.name for one in plan.stores if one.name not in plan.problems]


def _verdicts_after(report: Report) -> Iterator[Verdict]:
    """Give the last verdict on each image that is not gone."""
    outcomes = {one.verdict.image.identity: one for one in report.outcomes}
    for verdict in report.plan.verdicts:
        outcome = outcomes.get(verdict.image.identity)
        if outcome is None:
            yield verdict
        elif outcome.did not in _GONE:
            yield outcome.verdict


def _tally_stores(
    stores: Iterable[Store], problems: Collection[str]
) -> Samples:
    sizes: Numbers = {}
    frees: Numbers = {}
    readable: Numbers = {}
    for store in stores:
        labels = (label_value(store.name),)
        readable[labels] = float(store.name not in problems)
        if store.total is not None:
            sizes[labels] = float(store.total)
        if store.free is not None:
            frees[labels] = float(store.free)
    return {
        families.STORE_SIZE: sizes,
        families.STORE_FREE: frees,
        families.STORE_READABLE: readable,
    }


def _tally_images(
    verdicts: Iterable[Verdict], stores: Iterable[str]
) -> Samples:
    labels: dict[tuple[str, Reason], Labels] = {
        (store, reason): (label_value(store), reason.value)
        for store in stores
        for reason in REASONS
    }
    counts: Numbers = dict.fromkeys(labels.values(), 0.0)
    sizes = dict(counts)
    hits: Numbers = {one[:1]: 0.0 for one in labels.values()}
    for verdict in verdicts:
        image = verdict.image
        key = labels.get((image.store, verdict.reason))
        if key is not None:
            counts[key] += 1
            sizes[key] += image.size
            hits[key[:1]] += image.marks.hits
    return {
        families.IMAGES: counts,
        families.IMAGES_BYTES: sizes,
        families.IMAGES_HITS: hits,
    }


def _tally_retired(verdicts: Iterable[Verdict]) -> Samples:
    count = sum(one.retired is not None for one in verdicts)
    return {families.IMAGES_RETIRED: {(): float(count)}}


def _tally_unknown(verdicts: Iterable[Verdict], plan: Plan) -> Samples:
    """Count images with unknown users, but not what is new.

    A backend may know only a while later whose such an object is.
    """
    met = {
        change.image.identity
        for change in plan.changes
        if Marks.read(change.add).seen is not None
    }
    counts: Numbers = {
        (label_value(store),): 0.0 for store in _readable_stores(plan)
    }
    for verdict in verdicts:
        image = verdict.image
        labels = (label_value(image.store),)
        if verdict.reason is not Reason.UNKNOWN or labels not in counts:
            continue
        seen = image.marks.seen
        is_new = seen is not None and plan.now - seen < _NEW_FOR
        if not is_new and image.identity not in met:
            counts[labels] += 1
    return {families.IMAGES_UNKNOWN: counts}


def _tally_pools(plan: Plan) -> Samples:
    wanted: Numbers = {}
    planned: Numbers = {}
    blocked: Numbers = {}
    for one in plan.spaces:
        pool = label_value(one.pool)
        wanted[(pool,)] = float(one.wanted)
        planned[(pool,)] = float(one.planned)
        held = {kept.reason: kept.size for kept in one.blocked}
        for reason in BLOCKING:
            blocked[(pool, reason.value)] = float(held.get(reason, 0))
    return {
        families.POOL_WANTED: wanted,
        families.POOL_PLANNED: planned,
        families.POOL_BLOCKED: blocked,
    }


def arrivals_of(plan: Plan, last: float) -> Iterator[Labels]:
    """Give the store of each image that came in after that time."""
    now = plan.now.timestamp()
    for verdict in plan.verdicts:
        image = verdict.image
        if image.cached_at is None:
            continue
        if last < image.cached_at.timestamp() <= now:
            yield (label_value(image.store),)


def tally_debris(found: Iterable[Debris], stores: Iterable[str]) -> Samples:
    """Give the gauges of debris, 0 where there is none."""
    counts: Numbers = {(label_value(store),): 0.0 for store in stores}
    sizes = dict(counts)
    for one in found:
        labels = (label_value(one.store),)
        counts[labels] = counts.get(labels, 0) + 1
        sizes[labels] = sizes.get(labels, 0) + one.size
    return {families.DEBRIS: counts, families.DEBRIS_BYTES: sizes}
