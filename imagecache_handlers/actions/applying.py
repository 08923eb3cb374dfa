"""Applying a plan: in every store first labels, then evictions."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import logging

from imagecache_handlers.actions.evicting import Done
from imagecache_handlers.actions.evicting import evict_images
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.host_records import record_host
from imagecache_handlers.actions.leaving_stores import is_silent
from imagecache_handlers.actions.leaving_stores import REFUSED
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.actions.stores import describe_problem
from imagecache_handlers.actions.stores import for_each_store
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.model import Identity
from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import Change
from imagecache_handlers.planning.verdicts import Left
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Verdict

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What there is to do in one store."""

    changes: list[Change] = dataclasses.field(default_factory=list)
    evictions: list[Verdict] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """One plan being applied."""

    plan: Plan
    terms: Terms
    # Stores that could not be recovered: nothing is done in these.
    failed: Mapping[str, CacheError] = dataclasses.field(default_factory=dict)

    @property
    def handler(self) -> GuardedHandler:
        return self.terms.means.handler

    def apply_plan(self) -> Report:
        """Do all of it, unless stopped; what fails is one image or store."""
        record_host(self.handler, self._sound_stores())
        work = self._work_by_store()
        left = self._leave_failed(work)
        failures: dict[Identity, CacheError] = {}
        done = for_each_store(
            self.handler,
            work,
            lambda name: self._work_on_store(name, work[name], failures),
        )
        outcomes = self._not_labelled(failures)
        for store, group in zip(work, done, strict=True):
            if isinstance(group, CacheError):
                LOG.warning('Store %s: %s', store, group)
                continue
            outcomes += group.outcomes
            if group.left is not None:
                left.append(group.left)
        return Report(
            plan=self.plan,
            outcomes=tuple(outcomes),
            after=self._read_stores_again(outcomes),
            left=tuple(left),
            stopped=self.terms.should_stop(),
        )

    def _leave_failed(self, work: dict[str, Work]) -> list[Left]:
        """Take out what is not to be done, and tell what is left so."""
        return [
            Left(
                store=name,
                count=len(work.pop(name).evictions),
                why=f'cannot be recovered: {describe_problem(name, error)}',
            )
            for name, error in self.failed.items()
            if name in work
        ]

    def _sound_stores(self) -> list[str]:
        return [
            store.name
            for store in self.plan.stores
            if store.name not in self.plan.problems
            and store.name not in self.failed
        ]

    def _work_by_store(self) -> dict[str, Work]:
        work: dict[str, Work] = {}
        for change in self.plan.changes:
            store = work.setdefault(change.image.store, Work())
            store.changes.append(change)
        for verdict in self.plan.evictions:
            store = work.setdefault(verdict.image.store, Work())
            store.evictions.append(verdict)
        return work

    def _work_on_store(
        self,
        store: str,
        work: Work,
        failures: dict[Identity, CacheError],
    ) -> Done:
        self._write_changes(work.changes, failures)
        done = evict_images(self.terms, store, work.evictions)
        if done.left is not None:
            LOG.warning('%s', done.left)
        return done

    def _write_changes(
        self, changes: Iterable[Change], failures: dict[Identity, CacheError]
    ) -> None:
        """Write labels; a store that takes none is asked for no more."""
        refused, error = 0, None
        for change in changes:
            if self.terms.should_stop():
                break
            if refused < REFUSED:
                error = self._write_change(change)
                refused = refused + 1 if is_silent(error) else 0
            if error is not None:
                failures[change.image.identity] = error

    def _write_change(self, change: Change) -> CacheError | None:
        image = change.image
        # Not the plan's time: the image may have been in use since.
        now = self.terms.means.clocks.now()
        try:
            if change.used is None:
                self.handler.mark(image, change.add, change.remove)
            else:
                self.handler.age(image, used=change.used, now=now)
        except ImageNotFound:
            LOG.debug('Image %s went before it was labelled', image.image_id)
        except CacheError as error:
            return error
        return None

    def _not_labelled(
        self, failures: Mapping[Identity, CacheError]
    ) -> list[Outcome]:
        if not failures:
            return []
        outcomes = [
            Outcome(
                verdict=verdict,
                did=Did.FAILED,
                why=f'it was not labelled: {failures[identity]}',
            )
            for verdict in self.plan.verdicts
            if (identity := verdict.image.identity) in failures
        ]
        for outcome in outcomes:
            self.terms.on_outcome(outcome)
        return outcomes

    def _read_stores_again(
        self, outcomes: Iterable[Outcome]
    ) -> tuple[Store, ...]:
        if not any(one.did is Did.EVICTED for one in outcomes):
            return self.plan.stores
        try:
            names = [one.name for one in self.plan.stores]
            return choose_stores(self.handler, names)
        except CacheError as error:
            LOG.warning('The stores cannot be read again: %s', error)
            return ()
