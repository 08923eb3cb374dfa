"""Telling: what is done, in nova-compute's log and to who is notified."""

from collections.abc import Callable
from collections.abc import Iterable
import logging
from typing import Any

from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.nova.known_names import KnownNames
from imagecache_handlers.frontends.nova.lending import read_option
from imagecache_handlers.frontends.nova import notifications
from imagecache_handlers.frontends.nova.opening import OpenedCache

LOG = logging.getLogger(__name__)

# An image as Nova calls it, by what its backend does.
NameOf = Callable[[str], str]

_FINE = Did.EVICTED, Did.GONE, Did.KEPT


class Teller:
    """Tells of what a cache does, and calls images as Nova does."""

    def __init__(self, conf: Any, opened: OpenedCache) -> None:
        self._conf = conf
        self._opened = opened
        self._names = KnownNames()

    def learn_names(self, image_ids: Iterable[str]) -> None:
        """Call these so from now on, as long as they are in any store."""
        self._names.learn_names(image_ids, self._opened.handler.key)

    def tell_outcome(self, outcome: Outcome) -> None:
        """Tell what became of an image, as soon as it is known."""
        log_outcome(outcome, self._names.find_name)

    def tell_report(self, report: Report) -> None:
        """Tell of a whole sweep, and forget who is in no store any more."""
        log_report(report)
        self._notify(
            lambda host: notifications.describe_report(
                report, host, self._names.find_name
            )
        )
        images = {one.image.image_id for one in report.plan.verdicts}
        self._names.keep_only(images)

    def tell_prefetched(self, result: Prefetched) -> None:
        """Tell of an image by request."""
        log_prefetched(result)
        self._notify(
            lambda host: [notifications.describe_prefetched(result, host)]
        )

    def _notify(
        self,
        describe: Callable[[str | None], Iterable[notifications.Notification]],
    ) -> None:
        """Send notifications, if anybody wants them."""
        if self._opened.settings.read_value('notifications'):
            from imagecache_handlers.frontends.nova import sending

            host: str | None = read_option(self._conf, 'host')
            sending.send_notifications(self._conf, host, describe(host))


def log_outcome(outcome: Outcome, name_of: NameOf) -> None:
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


def log_prefetched(result: Prefetched) -> None:
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


def log_report(report: Report) -> None:
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
