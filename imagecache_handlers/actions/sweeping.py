"""Sweeping: a plan made of a fresh look, and what it shows is done."""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses

from imagecache_handlers.actions.applying import Applier
from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions import listing
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.terms import make_terms
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.verdicts import Plan


def plan_sweep(
    means: Means, evidence: Evidence, stores: Collection[str] | None
) -> Plan:
    """Plan for every store, or for those named; it only reads."""
    now = means.clocks.now()
    found = listing.list_images(means.handler, stores)
    plan = make_plan(
        found.images,
        found.stores,
        means.translate_evidence(evidence),
        now,
        means.rules,
        problems=found.problems,
        wants_seen=means.handler.wants_seen,
    )
    return dataclasses.replace(plan, remarks=found.remarks)


def sweep_stores(
    means: Means,
    ask: Ask,
    stores: Collection[str] | None,
    on_outcome: Callable[[Outcome], object],
    should_stop: Callable[[], bool],
) -> Report:
    """Plan and apply at once, with one answer of the control plane."""
    evidence = ask()
    plan = plan_sweep(means, evidence, stores)
    terms = make_terms(means, ask, evidence, on_outcome, should_stop)
    return Applier(plan=plan, terms=terms).apply_plan()


def apply_plan(
    means: Means,
    plan: Plan,
    ask: Ask,
    on_outcome: Callable[[Outcome], object],
    should_stop: Callable[[], bool],
) -> Report:
    """Apply a plan that was made before."""
    terms = make_terms(means, ask, None, on_outcome, should_stop)
    return Applier(plan=plan, terms=terms).apply_plan()
