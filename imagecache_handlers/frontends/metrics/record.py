"""Record: what was told of plans, sweeps and calls, kept for a scrape.

A scrape reads what is kept here and calls no backend.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import datetime
import threading

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Event
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.slow_calls import Call
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.metrics import beginning
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics import restored
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.metrics.results import SUCCESSES
from imagecache_handlers.frontends.metrics.samples import Counts
from imagecache_handlers.frontends.metrics.samples import label_value
from imagecache_handlers.frontends.metrics.samples import Samples
from imagecache_handlers.frontends.metrics import tally
from imagecache_handlers.frontends.metrics.turns import note_turn
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan


class Record:
    """What is kept of one process, across its reloads.

    Every method may be called by any thread.  ``clock`` gives aware times.
    """

    def __init__(
        self, clock: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = Counts()
        self._gauges = beginning.begin_gauges(clock().timestamp())
        self._before: Samples = {}
        # The stores that it is told of, if these are a part, and all.
        self._part: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()
        self._rules = Rules()
        self._coming: set[tuple[str, str]] = set()
        beginning.begin_counts(self._counts)

    def samples(self) -> Samples:
        """Give all that is to be told now."""
        with self._lock:
            kept = dict(self._gauges)
        return kept | self._counts.snapshot()

    def restore(self, samples: Samples) -> None:
        """Go on from what an earlier process told."""
        self._counts.restore(samples)
        lasting = restored.read_lasting(samples, self._clock().timestamp())
        with self._lock:
            self._before = samples
            for name, numbers in lasting.items():
                self._gauges[name] = {**self._gauges.get(name, {}), **numbers}

    def narrow_to(
        self, stores: Collection[str], there: Collection[str] | None = None
    ) -> None:
        """Be told of these stores only, from now on, of all that are there.

        What an earlier process told of others stays, if they may be there
        (None: all may), and no sweep is a whole one unless each had its turn.
        """
        names = frozenset(map(label_value, stores))
        if there is not None:
            self._forget_others(frozenset(map(label_value, there)))
        with self._lock:
            known = restored.stores_of(self._before)
            if known <= names:
                return
            self._part, self._known = names, known
            self._gauges = restored.read_places(self._before) | self._gauges

    def _forget_others(self, there: Collection[str]) -> None:
        self._counts.keep_stores(there)
        with self._lock:
            self._before = restored.keep_stores(self._before, there)
            self._gauges = restored.keep_stores(self._gauges, there)

    def note_rules(
        self, rules: Rules, interval: datetime.timedelta | None
    ) -> None:
        """Keep what is configured, at the start and after a reload."""
        seconds = interval.total_seconds() if interval else 0.0
        with self._lock:
            self._rules = rules
        self._keep(
            {
                families.SWEEP_INTERVAL: {(): seconds},
                families.REMOVAL_ENABLED: {(): float(rules.remove_unused)},
            }
        )

    def note_stores(self, stores: Iterable[str]) -> None:
        """Have the counters of these stores there, and of no others.

        If it was narrowed, those of others stay.
        """
        names = [label_value(one) for one in stores]
        if not self._part:
            self._counts.keep_stores(names)
        for name in names:
            self._counts.begin(families.HITS, (name,))
            self._counts.begin(families.ARRIVALS, (name,))
            for ground in tally.EVICTED_FOR:
                for outcome in tally.OUTCOMES.values():
                    labels = (name, ground.value, outcome)
                    self._counts.begin(families.EVICTIONS, labels)

    def note_evidence(self, evidence: Evidence) -> None:
        """Keep of when an answer is, and what it proved when it came."""
        with self._lock:
            rules = self._rules
        proves = rules.proves_absence(evidence, self._clock())
        told: Samples = {families.EVIDENCE_COMPLETE: {(): float(proves)}}
        # What names nobody and need not name all is no answer.
        if evidence.users or evidence.complete:
            as_of = evidence.as_of.timestamp()
            told[families.EVIDENCE_TIME] = {(): as_of}
        self._keep(told)

    def note_plan(self, plan: Plan) -> None:
        """Keep what a plan shows, and count what came since the last."""
        self.note_stores(_names_of(plan))
        gauges = tally.tally_plan(plan)
        self._count_hits(gauges)
        self._count_arrivals(plan)
        self._keep_places(gauges, _names_of(plan))

    def note_debris(
        self, found: Iterable[Debris], stores: Collection[str]
    ) -> None:
        """Keep what debris there is in stores, all of which were read."""
        self._keep_places(tally.tally_debris(found, stores), stores)

    def note_sweep(self, result: Result, seconds: float) -> None:
        """Count a sweep that ended."""
        self._counts.add(families.SWEEPS, (result.value,))
        self._counts.observe(families.SWEEP_DURATION, seconds)
        if not self._part:
            self._keep_end(result)
        elif result in SUCCESSES:
            self._keep_turn()

    def _keep_turn(self) -> None:
        now = self._clock().timestamp()
        with self._lock:
            told = note_turn(self._gauges, self._known, self._part, now)
        self._keep(told)

    def _keep_end(self, result: Result) -> None:
        now = self._clock().timestamp()
        with self._lock:
            ends = self._gauges[families.SWEEP_LAST_END]
        told: Samples = {
            families.SWEEP_LAST_END: {**ends, (result.value,): now}
        }
        if result in SUCCESSES:
            told[families.SWEEP_LAST_SUCCESS] = {(): now}
            told[families.STORE_LAST_SUCCESS] = {}
        self._keep(told)

    def note_report(self, report: Report) -> None:
        """Keep how things are after a sweep, and count its evictions."""
        self._keep_places(tally.tally_report(report), _names_of(report.plan))
        self._counts.add(families.FREED, by=report.freed)
        for labels in tally.evictions_of(report):
            self._counts.add(families.EVICTIONS, labels)

    def note_call(self, call: Call, seconds: float, failed: bool) -> None:
        """Count a call of the handler that returned."""
        outcome = 'failed' if failed else 'done'
        self._counts.begin(families.CALLS, (call.method, 'done'))
        self._counts.begin(families.CALLS, (call.method, 'failed'))
        self._counts.add(families.CALLS, (call.method, outcome))
        self._counts.observe(families.CALL_DURATION, seconds, (call.method,))

    def begin_prefetches(self) -> None:
        """Have what is told of prefetches there, in who prefetches."""
        beginning.begin_prefetch_counts(self._counts)
        self._keep({families.PREFETCHES_IN_PROGRESS: {(): 0.0}})

    def note_event(self, event: Event) -> None:
        """Count what happens to images on their way in."""
        match event:
            case Began(image_id=image_id, store=store):
                self._mark_coming(image_id, store, True)
            case Ended(result=done):
                # Not all that end have begun: some were there, or refused.
                self._mark_coming(done.image_id, done.store, False)
                self._counts.add(families.PREFETCHES, (done.did.value,))
                self._counts.add(families.PREFETCH_BYTES, by=done.size)
                if done.size and done.seconds > 0:
                    rate = done.size / done.seconds
                    self._counts.observe(families.PREFETCH_THROUGHPUT, rate)

    def _mark_coming(self, image_id: str, store: str, coming: bool) -> None:
        with self._lock:
            if coming:
                self._coming.add((image_id, store))
            else:
                self._coming.discard((image_id, store))
            name = families.PREFETCHES_IN_PROGRESS
            self._gauges[name] = {(): float(len(self._coming))}

    def _keep(self, gauges: Samples) -> None:
        with self._lock:
            self._gauges = {**self._gauges, **gauges}

    def _keep_places(self, gauges: Samples, stores: Iterable[str]) -> None:
        """Keep what is told of stores, and of others what was before."""
        if self._part:
            names = frozenset(map(label_value, stores))
            with self._lock:
                gauges = restored.join_others(gauges, self._gauges, names)
        self._keep(gauges)

    def _count_hits(self, gauges: Samples) -> None:
        """Count by how much the marks rose; what fell, others evicted."""
        with self._lock:
            before = self._gauges.get(families.IMAGES_HITS, {})
        for labels, hits in gauges[families.IMAGES_HITS].items():
            if labels in before and hits > before[labels]:
                self._counts.add(families.HITS, labels, hits - before[labels])

    def _count_arrivals(self, plan: Plan) -> None:
        with self._lock:
            last = self._gauges[families.PLAN_TIME][()]
            known = self._gauges.get(families.IMAGES_HITS, {})
        for labels in tally.arrivals_of(plan, last):
            if labels in known:
                self._counts.add(families.ARRIVALS, labels)


def _names_of(plan: Plan) -> list[str]:
    return [one.name for one in plan.stores]
