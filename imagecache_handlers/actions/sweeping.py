"""Sweeping: a plan made of a fresh look, and what it shows is done."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import types

from imagecache_handlers.actions.applying import Applier
from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions import listing
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.ranking import check_ranks
from imagecache_handlers.actions.recovering import recover_stores
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.retiring import Retirements
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.actions.terms import make_terms
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.verdicts import Plan


def plan_sweep(
    means: Means,
    evidence: Evidence,
    stores: Collection[str] | None,
    failed: Mapping[str, CacheError] = types.MappingProxyType({}),
    retirements: Retirements | None = None,
) -> Plan:
    """Plan for every store, or for those named; it only reads.

    Of those that have ``failed`` already the plan tells just that.
    """
    now = means.clocks.now()
    found = listing.list_images(means.handler, stores, failed)
    said = means.translate_evidence(evidence)
    if retirements is not None:
        retired = retirements.find_retired(means, found.images, evidence)
        said = dataclasses.replace(said, retired=retired)
    plan = make_plan(
        found.images,
        found.stores,
        said,
        now,
        check_ranks(means.rules),
        problems=found.problems,
        wants_seen=means.handler.wants_seen,
        wants_shield=means.handler.wants_shield,
    )
    return dataclasses.replace(plan, remarks=found.remarks)


def sweep_stores(
    means: Means,
    ask: Ask,
    stores: Collection[str] | None,
    on_outcome: Callable[[Outcome], object],
    should_stop: Callable[[], bool],
) -> Report:
    """Plan and apply at once, with one answer of the control plane.

    Recovered is first: what that frees, or puts back, is to be planned with.
    """
    failed = _recover_chosen(means.handler, stores)
    evidence = ask()
    plan = plan_sweep(means, evidence, stores, failed)
    # Only before an eviction is it gone by again.
    known = evidence if plan.evictions else None
    terms = make_terms(means, ask, known, on_outcome, should_stop)
    return Applier(plan=plan, terms=terms).apply_plan()


def apply_plan(
    means: Means,
    plan: Plan,
    ask: Ask,
    on_outcome: Callable[[Outcome], object],
    should_stop: Callable[[], bool],
) -> Report:
    """Apply a plan that was made before."""
    sound = [one.name for one in plan.stores if one.name not in plan.problems]
    failed = recover_stores(means.handler, sound)
    terms = make_terms(means, ask, None, on_outcome, should_stop)
    return Applier(plan=plan, terms=terms, failed=failed).apply_plan()


def _recover_chosen(
    handler: GuardedHandler, names: Collection[str] | None
) -> dict[str, CacheError]:
    if not handler.recovers:
        return {}
    chosen = choose_stores(handler, names)
    sound = [store.name for store in chosen if not store.problem]
    return recover_stores(handler, sound)
