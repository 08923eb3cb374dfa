"""Making room: images go, as a sweep would have them go, for one to come."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import itertools

from imagecache_handlers.actions.evicting import evict_images
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.actions import sweeping
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.clocks import POLL
from imagecache_handlers.clocks import Timer
from imagecache_handlers.model import Identity
from imagecache_handlers.model import Store
from imagecache_handlers.planning.room import Headroom
from imagecache_handlers.planning.room import make_room
from imagecache_handlers.planning.room import measure_headroom
from imagecache_handlers.planning.room import Room
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Verdict

# Copies of images that are listed, by store and image.
_Listed = Collection[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RoomMaker:
    """Makes room in one store for the owner of a reservation.

    ``members`` are all stores that share its space.
    """

    means: Means
    book: Book
    members: tuple[str, ...]
    token: str

    def measure_space(self, listed: _Listed = ()) -> Headroom:
        """Tell what is there for one's own image, beside those of others.

        What is listed takes its room already, whatever is still reserved.
        """
        # In this order: one that is added meanwhile counts twice, not never.
        now = self.means.clocks.now()
        reserved = [
            one
            for store in self.members
            for one in self.book.reservations(store)
            if (one.store, one.image_id) not in listed
        ]
        stores = choose_stores(self.means.handler, self.members)
        return measure_headroom(
            stores, reserved, self.token, now, self.means.rules
        )

    def make_room(self, size: int, terms: Terms) -> Room:
        """Evict what has to go; a ``why`` of the result says it is in vain.

        It is told before anything is evicted, as far as a plan can show.
        """
        spared: set[Identity] = set()
        while True:
            there = self.measure_space()
            if not there.missing(size):
                return self._await_release(size, terms)
            plan = self._plan_sweep(terms)
            there = self.measure_space(_list_copies(plan))
            others = [
                one
                for one in plan.verdicts
                if one.image.identity not in spared
            ]
            room = make_room(size, there, others)
            if room.why or not room.evict:
                return room
            outcomes = self._evict_images(terms, room.evict)
            spared |= {
                one.verdict.image.identity
                for one in outcomes
                if not _has_gone(one)
            }
            if terms.should_stop() or not outcomes:
                return Room(why=f'no room was made: {there.explain()}')
            seen = self._await_freed(size, there, outcomes, terms)
            if seen.why:
                return seen

    def _plan_sweep(self, terms: Terms) -> Plan:
        return sweeping.plan_sweep(
            self.means, terms.evidence.get(), self.members
        )

    def _evict_images(
        self, terms: Terms, verdicts: Iterable[Verdict]
    ) -> list[Outcome]:
        """Evict in this order, up to the first that does not go."""
        outcomes: list[Outcome] = []

        def is_over() -> bool:
            return not all(map(_has_gone, outcomes)) or terms.should_stop()

        these = dataclasses.replace(
            terms, should_stop=is_over, on_outcome=outcomes.append
        )
        groups = itertools.groupby(verdicts, lambda one: one.image.store)
        for store, group in groups:
            if not is_over():
                evict_images(these, store, group)
        return outcomes

    def _await_freed(
        self,
        size: int,
        before: Headroom,
        outcomes: Iterable[Outcome],
        terms: Terms,
    ) -> Room:
        """Wait for what was evicted to be seen as free.

        Nothing more goes until then: some stores show it a minute late.
        """
        freed = sum(_count_freed(one) for one in outcomes)

        def is_pending(there: Headroom) -> bool:
            missing = there.free is not None and there.missing(size) > 0
            return missing and (there.free or 0) < (before.free or 0) + freed

        return self._wait_while(is_pending, terms)

    def _await_release(self, size: int, terms: Terms) -> Room:
        """Wait for bytes that are being released."""
        return self._wait_while(lambda there: there.is_releasing(size), terms)

    def _wait_while(
        self, is_pending: Callable[[Headroom], bool], terms: Terms
    ) -> Room:
        """Wait for space, as long as for a claim."""
        timer = Timer(self.means.clocks)
        while is_pending(there := self.measure_space()):
            if timer.elapsed > self.means.rules.deadline:
                return Room(why='what was evicted is not free yet; try later')
            if terms.should_stop():
                return Room(why=f'no room was made: {there.explain()}')
            self.means.clocks.sleep(POLL)
        return Room()


def _has_gone(outcome: Outcome) -> bool:
    return outcome.did in (Did.EVICTED, Did.GONE)


def _count_freed(outcome: Outcome) -> int:
    """Tell how many bytes it frees, now or later."""
    if outcome.did is not Did.EVICTED:
        return 0
    if outcome.freed is None:
        return outcome.verdict.image.reclaimable
    return outcome.freed


def _list_copies(plan: Plan) -> set[tuple[str, str]]:
    return {
        (one.image.store, one.image.image_id)
        for one in plan.verdicts
        if not one.image.variant
    }


def list_members(handler: GuardedHandler, store: Store) -> tuple[str, ...]:
    """Name the stores that share the space of one, itself among them."""
    return tuple(
        one.name
        for one in choose_stores(handler, None)
        if one.pool == store.pool
    )
