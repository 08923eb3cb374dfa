"""Prefetching: images come in ahead of their use, several at once."""

from collections.abc import Callable
from concurrent import futures
import datetime
import functools
import logging
import threading
from typing import TypeVar

from imagecache_handlers.actions.adding import only_store
from imagecache_handlers.actions.guard import call_safely
from imagecache_handlers.actions.holding import check_lease
from imagecache_handlers.actions.incoming import Refused
from imagecache_handlers.actions.making_room import list_members
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.prefetch_place import find_place
from imagecache_handlers.actions.prefetch_way import OWNER
from imagecache_handlers.actions.prefetch_way import PrefetchRequest
from imagecache_handlers.actions.prefetch_way import Way
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetching_image import ImagePrefetch
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.terms import make_terms
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.actions.turns import Turns
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.staging.leftovers import drop_leftovers

LOG = logging.getLogger(__name__)

T = TypeVar('T')

# A lease is for what is used soon; what is to stay is pinned.
MOST_TTL = datetime.timedelta(days=366)


def check_ttl(ttl: datetime.timedelta, skew: datetime.timedelta) -> None:
    """Refuse a lease that is over at once, or as good as never.

    :raises ValueError: says which ones are taken.
    """
    check_lease(OWNER, ttl, skew)
    if ttl > MOST_TTL:
        raise ValueError(
            f'a lease lasts {MOST_TTL.days} days at most: pin what is to stay'
        )


def prefetch_images(
    means: Means, turns: Turns, book: Book, request: PrefetchRequest
) -> list[Prefetched]:
    """Have images come into a store; one result for each, in their order.

    :raises ValueError: when nobody could use that lease.
    :raises ConfigurationError: when there are several stores and none is
        named.
    """
    check_ttl(request.ttl, means.rules.clock_skew)
    store = _choose_store(means, request.store)
    stop = threading.Event()
    way = _find_way(means, book, request, store, stop)
    if not way.staged_there:
        # What a store has of it is debris, which a sweep removes.
        drop_leftovers(way.stages.folder, means.clocks.now())
    return _bring_in_all(_Call(way, turns), request, stop)


def _choose_store(means: Means, name: str | None) -> Store:
    chosen = only_store(means.handler, name)
    if chosen.problem:
        raise StoreUnavailable(chosen.name, chosen.problem)
    return chosen


def _find_way(
    means: Means,
    book: Book,
    request: PrefetchRequest,
    store: Store,
    stop: threading.Event,
) -> Way:
    place = find_place(means, request.settings, store.name)
    return Way(
        means=means,
        book=book,
        store=store.name,
        members=list_members(means.handler, store),
        stages=place.stages,
        staged_there=place.is_there,
        staged_beside=place.is_beside,
        source=request.source,
        ttl=request.ttl,
        terms=_agree_terms(means, request, stop),
        tell=request.tell,
    )


def _agree_terms(
    means: Means, request: PrefetchRequest, stop: threading.Event
) -> Terms:
    given = functools.partial(Evidence, as_of=means.clocks.now())
    return make_terms(
        means,
        request.ask or given,
        should_stop=lambda: stop.is_set() or request.should_stop(),
    )


def _bring_in_all(
    call: '_Call', request: PrefetchRequest, stop: threading.Event
) -> list[Prefetched]:
    ids = list(dict.fromkeys(request.image_ids))
    with futures.ThreadPoolExecutor(request.settings.concurrency) as pool:
        try:
            # What is there is leased before room is made for the others.
            known = list(pool.map(call.look_for_image, ids))
            return list(pool.map(call.bring_in_image, ids, known))
        finally:
            # Whatever ended this early ends the others as well.
            stop.set()


class _Call:
    """One call, whose images come in by threads of their own."""

    def __init__(self, way: Way, turns: Turns) -> None:
        self._way = way
        self._turns = turns

    def look_for_image(self, image_id: str) -> Prefetched | None:
        """Lease what is there; None: it has to come in."""
        return self._survive_failure(image_id, self._look_for_image)

    def bring_in_image(
        self, image_id: str, known: Prefetched | None
    ) -> Prefetched:
        """Have an image come in, unless its result is known."""
        if known is None:
            known = self._survive_failure(image_id, self._bring_in)
        self._way.tell(Ended(result=known))
        return known

    def _look_for_image(self, one: ImagePrefetch) -> Prefetched | None:
        one.check_stop()
        return (
            one.describe_result(Got.EXISTING) if one.lease_copies() else None
        )

    def _bring_in(self, one: ImagePrefetch) -> Prefetched:
        if not self._way.means.handler.adds:
            raise NotSupported('add images')
        with self._turns.take_image(
            self._way.store, one.key, one.go_on_waiting
        ):
            one.check_stop()
            if one.lease_copies():
                return one.describe_result(Got.EXISTING)
            return one.fetch_image()

    def _survive_failure(
        self, image_id: str, work: Callable[[ImagePrefetch], T]
    ) -> T | Prefetched:
        """Work on an image; its failure is its own result."""
        try:
            key = self._way.means.key_of(image_id)
        except (ValueError, CacheError) as error:
            store = self._way.store
            why = str(error)
            return Prefetched(
                image_id=image_id, store=store, did=Got.REFUSED, why=why
            )
        one = ImagePrefetch(self._way, image_id, key)
        try:
            return call_safely(lambda: work(one))
        except CacheError as error:
            LOG.info('Image %s: %s', image_id, error)
            blind = isinstance(error, Refused) and error.blind
            return one.describe_result(
                _name_failure(error), str(error), blind=blind
            )


def _name_failure(error: CacheError) -> Got:
    if isinstance(error, Refused | NoRoom):
        return Got.REFUSED
    if isinstance(error, Unsupported | NotSupported):
        return Got.UNSUPPORTED
    return Got.ERROR
