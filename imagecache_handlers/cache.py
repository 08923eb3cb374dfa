"""ImageCache: what everybody calls to see, keep and evict images."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime
import time

from imagecache_handlers.actions import adding
from imagecache_handlers.actions import evicting_on_request
from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions import holding
from imagecache_handlers.actions import host_records
from imagecache_handlers.actions import listing
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.open_book import OpenBook
from imagecache_handlers.actions.prefetch_way import PrefetchRequest
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.prefetched import tell_no_event
from imagecache_handlers.actions import prefetching
from imagecache_handlers.actions import releasing
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.reserving import Ledger
from imagecache_handlers.actions.retiring import Retirements
from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.actions.stores import Found
from imagecache_handlers.actions.stores import Inventory
from imagecache_handlers.actions import sweeping
from imagecache_handlers.actions.terms import never_stop
from imagecache_handlers.actions.terms import tell_nobody
from imagecache_handlers.actions.turns import Turns
from imagecache_handlers.actions import verifying
from imagecache_handlers.actions.verifying import tell_no_proof
from imagecache_handlers.actions.verifying import TellVerified
from imagecache_handlers.actions.verifying import Verified
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Host
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.source import RangedSource
from imagecache_handlers.source import Source

# Those that are named, or all.
Names = Collection[str] | None

TIMEOUT = datetime.timedelta(minutes=1)


class ImageCache:
    """The image cache of one backend, kept by one set of rules.

    Any number of these, on any number of hosts, may share the backend as
    long as their clocks are no further apart than ``rules.clock_skew``.
    ``clock`` gives aware times; ``monotonic`` and ``sleep`` count seconds.
    ``calls`` has what the handler is doing on record, to tell what hangs.
    """

    def __init__(
        self,
        handler: CacheHandler,
        rules: Rules,
        *,
        clock: Callable[[], datetime.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        calls: RunningCalls | None = None,
    ) -> None:
        guarded = GuardedHandler(handler, calls)
        protected = rules.protected.keyed(guarded.key)
        self._handler = guarded
        self._means = Means(
            handler=guarded,
            rules=dataclasses.replace(rules, protected=protected),
            clocks=Clocks(now=clock, monotonic=monotonic, sleep=sleep),
        )
        book: Book = guarded if guarded.reserves else Ledger()
        self._book = OpenBook(book)
        self._turns = Turns()
        self._prefetch_means = dataclasses.replace(
            self._means, handler=guarded.taking_turns(self._turns)
        )

    def inventory(self, stores: Names = None) -> Inventory:
        """List the cached images of every store, or of those named.

        :raises StoreNotFound: when a named store does not exist.
        """
        return listing.list_images(self._handler, stores)

    def stores(self, stores: Names = None) -> tuple[Store, ...]:
        """Give every store, or those named, without a look into them.

        :raises StoreNotFound: when a named store does not exist.
        """
        return choose_stores(self._handler, stores)

    def find(
        self, image_id: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """Give every copy and variant of an image; empty: not cached.

        :raises StoreUnavailable: when a store cannot be read.
        """
        key = self._means.key_of(image_id)
        return listing.find_copies(self._handler, key, store)

    def add(
        self,
        image_id: str,
        source: Source,
        *,
        store: str | None = None,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        """Cache an image from where it is to come from, ``LocalFile``.

        It is listed only once whole, with these labels on it.

        :raises ConfigurationError: when there are several stores and none
            is named.
        :raises NoRoom: when the store has not enough free space for it
            below its high watermark, less what others have reserved.
        :raises ImageBusy: when somebody else has it on its way.
        :raises ImageExists: when the store holds it.
        :raises SourceError: when it cannot be had from there.
        :raises Unsupported: when this backend cannot hold it.
        """
        return adding.add_image(
            self._means, self._book, image_id, source, store, labels
        )

    def prefetch(
        self,
        image_ids: Iterable[str],
        source: RangedSource,
        ttl: datetime.timedelta,
        *,
        store: str | None = None,
        ask: Ask | None = None,
        settings: PrefetchSettings = PrefetchSettings(),  # noqa: B008 -- frozen
        tell: Tell = tell_no_event,
        should_stop: Callable[[], bool] = never_stop,
    ) -> list[Prefetched]:
        """Cache images ahead of their use, each whole, verified and leased.

        One that is there has its lease renewed, and nothing is fetched for
        it.  For the others room is made first, as a sweep would, with what
        ``ask`` gives for evidence (None: only what the backend itself sees
        is known), and never above the high watermark.  Of all who prefetch
        an image into a store at once, on whatever host, one fetches it and
        the others wait.

        Images come in by threads, which call ``tell`` with each ``Waiting``,
        ``Began``, ``Progress`` and ``Ended``.  Once ``should_stop`` says
        so, what was fetched is kept for the next time, and nothing half is
        ever listed.

        :returns: one result for each image, in their order; the failure of
            one ends no other.
        :raises ValueError: when the lease would be over at once, or last
            more than a year.
        :raises ConfigurationError: when there are several stores and none
            is named.
        """
        request = PrefetchRequest(
            image_ids=image_ids,
            source=source,
            ttl=ttl,
            store=store,
            ask=ask,
            settings=settings,
            tell=tell,
            should_stop=should_stop,
        )
        return prefetching.prefetch_images(
            self._prefetch_means, self._turns, self._book, request
        )

    def give_back_room(self) -> None:
        """Give back what ``add`` and ``prefetch`` have reserved just now.

        For who ends the process and cannot wait for these to end: for what
        is on its way no room is kept any more, and nothing else begins.
        """
        self._book.give_back()

    def verify(
        self,
        evidence: Evidence,
        image_ids: Names = None,
        stores: Names = None,
        *,
        quarantine: bool = False,
        tell: TellVerified = tell_no_proof,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Found[Verified]:
        """Read images again, and compare with the hash they came with.

        With ``quarantine`` what differs is set aside, unless somebody uses,
        holds or pins it, or nobody can tell.  ``tell`` is given each result
        as it comes, by a thread of its store.

        :returns: one result for each copy, unless it was stopped; what has
            no hash on record, or cannot be read, or is no image any more,
            for its object was changed, is named as well.
        :raises NotSupported: when it is to set aside, and the handler
            cannot.
        :raises StoreNotFound: when a named store does not exist.
        """
        return verifying.verify_images(
            self._means,
            image_ids,
            stores,
            evidence,
            tell,
            should_stop,
            quarantine=quarantine,
        )

    def debris(self, stores: Names = None) -> Found[Debris]:
        """List what broken operations left in every store, or those named.

        :raises NotSupported: when the handler cannot tell.
        :raises StoreNotFound: when a named store does not exist.
        """
        return listing.list_debris(self._handler, stores)

    def clean(self, debris: Debris) -> int | None:
        """Remove debris, unless it is none any more.

        :returns: bytes that are free now; None: they will be later; 0: it
            was left alone, or gone.
        """
        return self._handler.clean(debris)

    def hosts(self, stores: Names = None) -> Found[Host]:
        """List the hosts that evict from every store, or from those named.

        :raises NotSupported: when the handler cannot tell.
        :raises StoreNotFound: when a named store does not exist.
        """
        return host_records.list_hosts(self._handler, stores)

    def forget_host(self, name: str, stores: Names = None) -> Found[str]:
        """Strike a host that is gone for good off, wherever it is on record.

        :raises NotSupported: when the handler cannot tell hosts apart.
        :raises StoreNotFound: when a named store does not exist.
        """
        return host_records.forget_host(self._handler, name, stores)

    def accept_host(self, stores: Names = None) -> Found[str]:
        """Take what this host sees now for all that it is to see.

        :raises NotSupported: when the handler cannot tell hosts apart.
        :raises StoreNotFound: when a named store does not exist.
        """
        return host_records.accept_host(self._handler, stores)

    def plan(
        self,
        evidence: Evidence,
        stores: Names = None,
        *,
        retirements: Retirements | None = None,
    ) -> Plan:
        """Tell what a sweep would do now, and why; it only reads.

        ``retirements`` are asked which of the images that are found the
        image service gives out no more (None: nobody is asked).
        """
        return sweeping.plan_sweep(
            self._means, evidence, stores, retirements=retirements
        )

    def sweep(
        self,
        ask: Ask,
        stores: Names = None,
        *,
        on_outcome: Callable[[Outcome], object] = tell_nobody,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Report:
        """Do what a plan made now shows; ``ask`` gives the evidence.

        It is asked again when its answer has aged.  For ``on_outcome`` and
        ``should_stop`` see ``apply``.
        """
        return sweeping.sweep_stores(
            self._means, ask, stores, on_outcome, should_stop
        )

    def apply(
        self,
        plan: Plan,
        ask: Ask,
        *,
        on_outcome: Callable[[Outcome], object] = tell_nobody,
        should_stop: Callable[[], bool] = never_stop,
    ) -> Report:
        """Do what a plan shows, unless a fresh look forbids it.

        Every image and every store stands for itself: the failure of one
        does not keep the others from their turn.  ``on_outcome`` is given
        each outcome as it comes; once ``should_stop`` says so, the image
        whose turn it is ends the sweep.  Stores that are worked on at once
        call both from threads of their own.
        """
        return sweeping.apply_plan(
            self._means, plan, ask, on_outcome, should_stop
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
        return evicting_on_request.evict_image(
            self._means, image_id, evidence, store, force=force
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
        :raises ValueError: when the lease would be over at once.
        """
        return holding.hold_image(
            self._means, image_id, owner, ttl, store, timeout
        )

    def release(
        self, image_id: str, owner: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """End a lease; the copies that bore it are returned."""
        return releasing.release_leases(self._means, image_id, owner, store)

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
        :raises ValueError: when ``until`` is over already.
        """
        return holding.pin_image(
            self._means, image_id, owner, until, store, timeout
        )

    def unpin(
        self, image_id: str, owner: str, *, store: str | None = None
    ) -> list[CachedImage]:
        """Remove an owner's pin; the copies that bore it are returned."""
        return releasing.remove_pins(self._means, image_id, owner, store)
