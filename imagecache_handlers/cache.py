"""ImageCache: what everybody calls to see, keep and evict images."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime
import logging
import time

from imagecache_handlers.actions import adding
from imagecache_handlers.actions.applying import Applier
from imagecache_handlers.actions.evicting import Evictor
from imagecache_handlers.actions.evicting import go_on
from imagecache_handlers.actions.evicting import ignore
from imagecache_handlers.actions import evicting_on_request
from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.evidence import CurrentEvidence
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.holding import Granter
from imagecache_handlers.actions.ranking import check_ranks
from imagecache_handlers.actions import releasing
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.stores import all_or_raise
from imagecache_handlers.actions.stores import any_or_raise
from imagecache_handlers.actions.stores import Hosts
from imagecache_handlers.actions.stores import Inventory
from imagecache_handlers.actions.stores import Reached
from imagecache_handlers.actions.stores import Remains
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.clocks import Timer
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import check_owner
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import check_time
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.source import Source

LOG = logging.getLogger(__name__)

TIMEOUT = datetime.timedelta(minutes=1)


class ImageCache:
    """The image cache of one backend, kept by one set of rules.

    Any number of these, on any number of hosts, may share the backend as
    long as their clocks are no further apart than ``rules.clock_skew``.
    ``clock`` gives aware times; ``monotonic`` and ``sleep`` count seconds.
    """

    def __init__(
        self,
        handler: CacheHandler,
        rules: Rules,
        *,
        clock: Callable[[], datetime.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._handler = GuardedHandler(handler)
        self._rules = dataclasses.replace(
            rules, protected=rules.protected.keyed(self._handler.key)
        )
        self._clocks = Clocks(now=clock, monotonic=monotonic, sleep=sleep)

    def inventory(self, stores: Collection[str] | None = None) -> Inventory:
        """List the cached images of every store, or of those named.

        :raises StoreNotFound: when a named store does not exist.
        """
        found = self._handler.collect(stores, self._handler.enumerate)
        return Inventory(
            stores=found.stores,
            images=tuple(found.results),
            problems=found.problems,
            remarks=self._remarks_of(found.stores, found.problems),
        )

    def _remarks_of(
        self, stores: Iterable[Store], problems: Collection[str]
    ) -> dict[str, tuple[str, ...]]:
        found = {}
        for store in stores:
            if store.name not in problems:
                said = self._handler.remarks(store.name)
                if said:
                    found[store.name] = said
                for remark in said:
                    LOG.debug('Store %s: %s', store.name, remark)
        return found

    def find(
        self, image_id: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """Give every copy and variant of an image; empty: not cached.

        :raises StoreUnavailable: when a store cannot be read.
        """
        key = self._key_of(image_id)
        return all_or_raise(
            self._handler.for_each_readable_store(
                store, lambda name: self._handler.enumerate(name, {key})
            )
        )

    def add(
        self, image_id: str, source: Source, *, store: str | None = None
    ) -> CachedImage:
        """Cache an image from where it is to come from, ``source.LocalFile``.

        :raises ConfigurationError: when there are several stores and none
            is named.
        :raises NoRoom: when the store has not enough free space for it.
        :raises ImageExists: when the store holds it.
        :raises Unsupported: when this backend cannot hold it.
        """
        check_image_id(image_id)
        return adding.add(self._handler, image_id, source, store)

    def debris(self, stores: Collection[str] | None = None) -> Remains:
        """List what broken operations left in every store, or those named.

        :raises NotSupported: when the handler cannot tell.
        :raises StoreNotFound: when a named store does not exist.
        """
        if not self._handler.finds_debris:
            raise NotSupported('find debris')
        found = self._handler.collect(stores, self._handler.debris)
        return Remains(debris=tuple(found.results), problems=found.problems)

    def clean(self, debris: Debris) -> int | None:
        """Remove debris, unless it is none any more.

        :returns: bytes that are free now; None: they will be later; 0: it
            was left alone, or gone.
        """
        return self._handler.clean(debris)

    def hosts(self, stores: Collection[str] | None = None) -> Hosts:
        """List the hosts that evict from every store, or from those named.

        :raises NotSupported: when the handler cannot tell.
        :raises StoreNotFound: when a named store does not exist.
        """
        self._check_hosts()
        found = self._handler.collect(stores, self._handler.hosts)
        return Hosts(hosts=tuple(found.results), problems=found.problems)

    def forget_host(
        self, name: str, stores: Collection[str] | None = None
    ) -> Reached:
        """Strike a host that is gone for good off, wherever it is on record.

        :raises NotSupported: when the handler cannot tell hosts apart.
        :raises StoreNotFound: when a named store does not exist.
        """
        self._check_hosts()

        def forget(store: str) -> list[str]:
            return [store] if self._handler.forget_host(store, name) else []

        found = self._handler.collect(stores, forget)
        return Reached(stores=tuple(found.results), problems=found.problems)

    def accept_host(self, stores: Collection[str] | None = None) -> Reached:
        """Take what this host sees now for all that it is to see.

        :raises NotSupported: when the handler cannot tell hosts apart.
        :raises StoreNotFound: when a named store does not exist.
        """
        self._check_hosts()

        def accept(store: str) -> list[str]:
            self._handler.accept_host(store)
            return [store]

        found = self._handler.collect(stores, accept)
        return Reached(stores=tuple(found.results), problems=found.problems)

    def _check_hosts(self) -> None:
        if not self._handler.knows_hosts:
            raise NotSupported('tell which hosts evict')

    def plan(
        self, evidence: Evidence, stores: Collection[str] | None = None
    ) -> Plan:
        """Tell what a sweep would do now, and why; it only reads."""
        now = self._clocks.now()
        found = self.inventory(stores)
        plan = make_plan(
            found.images,
            found.stores,
            self._by_key(evidence),
            now,
            check_ranks(self._rules),
            problems=found.problems,
            wants_seen=self._handler.wants_seen,
        )
        return dataclasses.replace(plan, remarks=found.remarks)

    def sweep(
        self,
        ask: Ask,
        stores: Collection[str] | None = None,
        *,
        on_outcome: Callable[[Outcome], object] = ignore,
        should_stop: Callable[[], bool] = go_on,
    ) -> Report:
        """Do what a plan made now shows; ``ask`` gives the evidence.

        It is asked again when its answer has aged.  For ``on_outcome`` and
        ``should_stop`` see ``apply``.
        """
        evidence = ask()
        plan = self.plan(evidence, stores)
        return self._apply_with(
            plan, self._make_evictor(ask, evidence, on_outcome, should_stop)
        )

    def apply(
        self,
        plan: Plan,
        ask: Ask,
        *,
        on_outcome: Callable[[Outcome], object] = ignore,
        should_stop: Callable[[], bool] = go_on,
    ) -> Report:
        """Do what a plan shows, unless a fresh look forbids it.

        Every image and every store stands for itself: the failure of one
        does not keep the others from their turn.  ``on_outcome`` is given
        each outcome as it comes; once ``should_stop`` says so, the image
        whose turn it is ends the sweep.  Stores that are worked on at once
        call both from threads of their own.
        """
        return self._apply_with(
            plan, self._make_evictor(ask, None, on_outcome, should_stop)
        )

    def _apply_with(self, plan: Plan, evictor: Evictor) -> Report:
        self._record_host(plan)
        return Applier(
            plan=plan, handler=self._handler, evictor=evictor
        ).apply()

    def _record_host(self, plan: Plan) -> None:
        """Be seen by other hosts, even where nothing is to be done now."""
        stores = [
            store.name
            for store in plan.stores
            if store.name not in plan.problems
        ]
        done = self._handler.for_each_store(stores, self._handler.record_host)
        for store, error in zip(stores, done, strict=True):
            if error is not None:
                LOG.warning(
                    'Other hosts cannot see that this one evicts from %s: %s',
                    store,
                    error,
                )

    def evict(
        self,
        image_id: str,
        evidence: Evidence,
        *,
        store: str | None = None,
        force: bool = False,
    ) -> list[Outcome]:
        """Evict every copy of an image now; one outcome for each copy.

        ``force`` overrules ``FORCEABLE`` blockers, of pins those which stand
        there now; each outcome names those that stood there at first.
        """
        now = self._clocks.now()
        copies = self.find(image_id, store=store)
        known = self._by_key(evidence)
        evictor = self._make_evictor(lambda: evidence, evidence)
        return evicting_on_request.evict(
            evictor, copies, known, now, self._rules, force=force
        )

    def hold(
        self,
        image_id: str,
        owner: str,
        ttl: datetime.timedelta,
        *,
        store: str | None = None,
        timeout: datetime.timedelta = TIMEOUT,
    ) -> list[CachedImage]:
        """Lease an image while something is made from it.

        ``owner`` is what is made, each a name of its own.  Within half of
        ``ttl`` less ``clock_skew`` it must be a user that the backend or
        the control plane sees; a lease that nobody releases ends by itself.

        :returns: the copies that are held; empty: not cached.
        :raises ImageBusy: when none could be held in time.
        """
        skew = self._rules.clock_skew
        if ttl <= 2 * skew:
            raise ValueError(
                f'a lease of {ttl} leaves no time to use it: make it more '
                f'than twice the clock skew of {skew}'
            )
        check_owner(owner)
        granter = self._make_granter(timeout)
        key = self._key_of(image_id)
        done = self._handler.for_each_readable_store(
            store, lambda name: granter.hold(name, key, owner, ttl)
        )
        return any_or_raise(done)

    def release(
        self, image_id: str, owner: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """End a lease; the copies that bore it are returned."""
        check_owner(owner)
        copies = self.find(image_id, store=store)
        return releasing.release(
            self._handler, copies, owner, self._clocks.now()
        )

    def pin(
        self,
        image_id: str,
        owner: str,
        until: datetime.datetime | None = None,
        *,
        store: str | None = None,
        timeout: datetime.timedelta = TIMEOUT,
    ) -> list[CachedImage]:
        """Keep an image from going by itself, in place of an earlier pin.

        One owner's calls for one image are made one after the other.

        :returns: the copies that are pinned; empty: not cached.
        :raises ImageBusy: when one of them could not be pinned in time.
        """
        check_owner(owner)
        check_time('until', until)
        if until is not None and until <= self._clocks.now():
            raise ValueError(f'a pin until {until} would be over already')
        granter = self._make_granter(timeout)
        key = self._key_of(image_id)
        done = self._handler.for_each_readable_store(
            store, lambda name: granter.pin(name, key, owner, until)
        )
        return all_or_raise(done)

    def unpin(
        self, image_id: str, owner: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """Remove an owner's pin; the copies that bore it are returned."""
        check_owner(owner)
        copies = self.find(image_id, store=store)
        return releasing.unpin(self._handler, copies, owner)

    def _key_of(self, image_id: str) -> str:
        return self._handler.key(check_image_id(image_id))

    def _by_key(self, evidence: Evidence) -> Evidence:
        users: dict[str, frozenset[str]] = {}
        for image_id, who in evidence.users.items():
            key = self._handler.key(image_id)
            users[key] = users.get(key, frozenset()) | who
        return dataclasses.replace(evidence, users=users)

    def _make_evictor(
        self,
        ask: Ask,
        evidence: Evidence | None,
        on_outcome: Callable[[Outcome], object] = ignore,
        should_stop: Callable[[], bool] = go_on,
    ) -> Evictor:
        witness = CurrentEvidence(
            lambda: self._by_key(ask()),
            self._rules,
            self._clocks,
            None if evidence is None else self._by_key(evidence),
        )
        return Evictor(
            handler=self._handler,
            rules=self._rules,
            clocks=self._clocks,
            witness=witness,
            on_outcome=on_outcome,
            should_stop=should_stop,
        )

    def _make_granter(self, timeout: datetime.timedelta) -> Granter:
        return Granter(
            handler=self._handler,
            rules=self._rules,
            clocks=self._clocks,
            timeout=timeout,
            timer=Timer(self._clocks),
        )
