"""A handler as the core calls it: guarded, store by store, in parallel."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from concurrent import futures
import datetime
import logging
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerFailed
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store

LOG = logging.getLogger(__name__)

T = TypeVar('T')


class Guarded:
    """The calls of a handler, failing with ``CacheError`` only.

    What is done store by store gives a list of results; the error of a
    store stands in its place, so that one store's failure ends no other's.
    """

    def __init__(self, handler: CacheHandler) -> None:
        self._handler = handler
        self.batch = handler.batch
        self.wants_seen = handler.wants_seen

    def stores(
        self, names: Collection[str] | None = None
    ) -> tuple[Store, ...]:
        """Give all stores, or those named.

        :raises StoreUnavailable: when a named store does not exist.
        """
        found = self._call(lambda: tuple(self._handler.stores()))
        known = {store.name: store for store in found}
        for name in names or ():
            if name not in known:
                there = ', '.join(known) or 'none'
                raise StoreUnavailable(name, f'there are only: {there}')
        return tuple(
            store for store in found if names is None or store.name in names
        )

    def each(
        self, names: Iterable[str], work: Callable[[str], T]
    ) -> list[T | CacheError]:
        """Work on stores at once, as far as the handler bears it."""

        def survive(name: str) -> T | CacheError:
            try:
                return work(name)
            except CacheError as error:
                LOG.warning('Store %s: %s', name, error)
                return error

        names = list(names)
        threads = min(self._handler.parallel, len(names))
        if threads <= 1:
            return [survive(name) for name in names]
        with futures.ThreadPoolExecutor(threads) as pool:
            return list(pool.map(survive, names))

    def each_readable(
        self, store: str | None, work: Callable[[str], T]
    ) -> list[T | CacheError]:
        """Work on one store or on all; a store with a problem is an error."""
        chosen = self.stores(None if store is None else [store])
        problems = [
            StoreUnavailable(one.name, one.problem)
            for one in chosen
            if one.problem
        ]
        names = [one.name for one in chosen if not one.problem]
        return [*self.each(names, work), *problems]

    def key(self, image_id: str) -> str:
        return self._call(lambda: self._handler.key(image_id))

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> list[CachedImage]:
        return self._call(
            lambda: list(self._handler.enumerate(store, image_ids))
        )

    def evict(self, image: CachedImage) -> int | None:
        return self._call(lambda: self._handler.evict(image))

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        self._call(lambda: self._handler.mark(image, add, remove))

    def age(
        self, image: CachedImage, *, used: bool, now: datetime.datetime
    ) -> None:
        self._call(lambda: self._handler.age(image, used=used, now=now))

    def pin(
        self,
        image: CachedImage,
        owner: str,
        until: datetime.datetime | None,
    ) -> None:
        self._call(lambda: self._handler.pin(image, owner, until))

    def unpin(self, image: CachedImage, owner: str) -> None:
        self._call(lambda: self._handler.unpin(image, owner))

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except CacheError:
            raise
        except Exception as error:
            # Whatever a third party's code raises concerns one image or one
            # store; the pass must go on to the others.
            LOG.exception('The handler failed')
            raise HandlerFailed(error) from error
