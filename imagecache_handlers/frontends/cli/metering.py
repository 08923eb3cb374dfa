"""Metering: what commands tell of sweeps, and of images on their way in."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.prefetched import Event
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.prefetched import tell_no_event
from imagecache_handlers.actions.report import Report
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.frontends.cli import metrics_options
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages import blindness
from imagecache_handlers.frontends.cli.pages import report as report_page
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.signals import ToldToEnd
from imagecache_handlers.frontends import tracing
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan

if TYPE_CHECKING:
    from imagecache_handlers.frontends.metrics.serving import Served
    from imagecache_handlers.frontends.metrics.textfile import Textfile

LOG = logging.getLogger(__name__)


class Meter:
    """Keeps what is to be told of a cache, if anybody is to be told.

    ``served`` tells where, if over HTTP.
    """

    def __init__(
        self,
        record: Record,
        textfile: 'Textfile | None' = None,
        served: 'Served | None' = None,
        *,
        is_wanted: bool = True,
    ) -> None:
        self.record = record
        self.served = served
        self._textfile = textfile
        self._is_wanted = is_wanted

    def worked(self) -> float:
        """Give the seconds of a processor that went into scrapes."""
        return self.served.worked() if self.served else 0.0

    def note_site(self, site: OpenedCache) -> None:
        """Keep what is configured and which stores there are."""
        if not self._is_wanted:
            return
        self.record.note_rules(site.rules, site.interval)
        try:
            stores = [one.name for one in site.cache.stores(site.stores)]
        except CacheError as error:
            # The sweep will say so, too, and count it.
            LOG.info('The stores cannot be told before a sweep: %s', error)
        else:
            self.record.note_stores(stores)

    def narrow_to(self, site: OpenedCache) -> None:
        """Be told of the stores that were named, if any, from now on."""
        if site.stores is None:
            return
        there = None
        try:
            there = [one.name for one in site.cache.stores()]
        except CacheError as error:
            LOG.info('Nobody can tell which stores are gone: %s', error)
        self.record.narrow_to(site.stores, there)

    def noting(self, ask: Ask) -> Ask:
        """Give what asks the same, and has each answer kept."""

        def ask_and_note() -> Evidence:
            evidence = ask()
            self.record.note_evidence(evidence)
            return evidence

        return ask_and_note

    def note_plan(self, plan: Plan, site: OpenedCache) -> None:
        """Keep what a plan shows, and what debris lies around."""
        if not self._is_wanted:
            return
        self.record.note_rules(site.rules, site.interval)
        self.record.note_plan(plan)
        self._note_debris(site)
        # So that what the sweep counts rises from what is read by now.
        self.write()

    def _note_debris(self, site: OpenedCache) -> None:
        try:
            found = site.cache.debris(site.stores)
        except NotSupported:
            return
        except CacheError as error:
            LOG.warning('Debris cannot be told: %s', error)
            return
        read = [
            one.name for one in found.stores if one.name not in found.problems
        ]
        self.record.note_debris(found.items, read)

    @contextlib.contextmanager
    def sweeping(self, rules: Rules) -> Iterator[Callable[[Report], object]]:
        """Count a sweep; give what is to be told of its report."""
        began = time.monotonic()
        result = Result.FAILED

        def tell(report: Report) -> None:
            nonlocal result
            result = judge_sweep(report, rules)
            self.record.note_report(report)
            trace(_describe_sweep(report, result))

        try:
            with tracing.traced('imagecache.sweep') as trace:
                yield tell
        except ToldToEnd:
            result = Result.STOPPED
            raise
        finally:
            self.record.note_sweep(result, time.monotonic() - began)
            self.write()

    def write(self) -> None:
        """Write the file, if one was named; a failure is only told."""
        if self._textfile is not None:
            from imagecache_handlers.frontends.metrics import textfile

            textfile.write_or_warn(self._textfile.write)


def _describe_sweep(report: Report, result: Result) -> tracing.Attributes:
    return {
        'imagecache.result': result.value,
        'imagecache.images': len(report.plan.verdicts),
        'imagecache.evictions': len(report.plan.evictions),
        'imagecache.freed': report.freed,
    }


def judge_sweep(report: Report, rules: Rules) -> Result:
    """Tell how a sweep ended, by its report."""
    if report.stopped:
        return Result.STOPPED
    if report.plan.problems:
        return Result.PARTIAL
    if blindness.is_blind(report, rules):
        return Result.BLIND
    if report_page.fell_short(report):
        return Result.SHORT
    return Result.WHOLE if report.plan.evictions else Result.IDLE


@contextlib.contextmanager
def metered(options: argparse.Namespace) -> Iterator[Meter]:
    """Give a meter with the ways out that the options ask for.

    :raises CacheError: when a way out cannot be had.
    """
    record = Record()
    place = metrics_options.read_place(options)
    textfile = metrics_options.open_textfile(options, record)
    if place is None:
        yield Meter(record, textfile, is_wanted=textfile is not None)
        return
    from imagecache_handlers.frontends.metrics import serving

    with serving.serve_metrics(place, record) as served:
        yield Meter(record, textfile, served)


@contextlib.contextmanager
def counted(options: argparse.Namespace) -> Iterator[Tell]:
    """Give what is to be told of images on their way in.

    Each that begins or ends is written to the file that was named, if any.

    :raises CacheError: when it cannot be written.
    """
    record = Record()
    record.begin_prefetches()
    textfile = metrics_options.open_textfile(
        options, record, families.OF_PREFETCHES
    )
    if textfile is None:
        yield tell_no_event
        return
    meter = Meter(record, textfile)
    lock = threading.Lock()

    def tell(event: Event) -> None:
        record.note_event(event)
        if not isinstance(event, Progress):
            with lock:
                meter.write()

    yield tell
    meter.write()
