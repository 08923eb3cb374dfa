"""Telling: what a sweep did, in the log of nova-compute."""

from collections.abc import Callable
import logging

from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report

LOG = logging.getLogger(__name__)

# An image as Nova calls it, by what its backend does.
NameOf = Callable[[str], str]


def tell_outcome(outcome: Outcome, name_of: NameOf) -> None:
    """Tell what became of an image, as soon as it is known."""
    image = outcome.verdict.image
    level = logging.INFO if outcome.did in _FINE else logging.WARNING
    LOG.log(
        level,
        'Image %s in %s: %s, %s%s',
        name_of(image.image_id),
        image.store,
        outcome.did.value,
        outcome.verdict.reason.value,
        f' ({outcome.why})' if outcome.why else '',
    )


_FINE = Did.EVICTED, Did.GONE, Did.KEPT


def tell_prefetched(result: Prefetched) -> None:
    """Tell why an image by request is not there.

    Nova has one word for whatever is not supported, and tells no reason.
    """
    if not result.is_there:
        LOG.warning(
            'Image %s is not cached in %s: %s',
            result.image_id,
            result.store,
            result.why,
        )


def tell_report(report: Report) -> None:
    """Tell of a whole sweep, and of whatever was wrong with it."""
    plan = report.plan
    for store, problem in plan.problems.items():
        LOG.error('Store %s cannot be read: %s', store, problem)
    for warning in plan.warnings:
        LOG.warning('%s', warning)
    for left in report.left:
        LOG.warning('%s', left)
    evicted = sum(one.did is Did.EVICTED for one in report.outcomes)
    LOG.info(
        'Image cache: %d images, %d evicted, %d bytes freed%s',
        len(plan.verdicts),
        evicted,
        report.freed,
        ', ended early' if report.stopped else '',
    )
