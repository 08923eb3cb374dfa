"""Guard: a handler as the core calls it, store by store, in parallel."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from concurrent import futures
import dataclasses
import datetime
import logging
from typing import BinaryIO
from typing import Generic
from typing import TypeVar

from imagecache_handlers.actions.checking import CheckedHandler
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerFailed
from imagecache_handlers.exceptions import StoreNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store

LOG = logging.getLogger(__name__)

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gathered(Generic[T]):
    """What was found in all stores; ``problems`` names those not read."""

    stores: tuple[Store, ...]
    results: list[T]
    problems: dict[str, str]


class GuardedHandler:
    """The calls of a handler, failing with ``CacheError`` only.

    What is done store by store gives a list of results; the error of a
    store stands in its place, so that one store's failure ends no other's.
    """

    def __init__(self, handler: CacheHandler) -> None:
        self._handler = CheckedHandler(handler)
        self.batch = handler.batch
        self.wants_seen = handler.wants_seen
        self.finds_debris = declares(handler, 'debris')
        self.knows_hosts = declares(handler, 'hosts')

    def stores(
        self, names: Collection[str] | None = None
    ) -> tuple[Store, ...]:
        """Give all stores, or those named.

        :raises StoreNotFound: when a named store does not exist.
        """
        found = call_safely(lambda: tuple(self._handler.stores()))
        known = {store.name: store for store in found}
        if len(known) < len(found):
            raise HandlerFailed(ValueError('it gave two stores of one name'))
        wanted = known.keys() if names is None else set(names)
        for name in wanted:
            if name not in known:
                there = ', '.join(known) or 'none'
                raise StoreNotFound(name, f'there are only: {there}')
        return tuple(store for store in found if store.name in wanted)

    def for_each_store(
        self, names: Iterable[str], work: Callable[[str], T]
    ) -> list[T | CacheError]:
        """Work on stores at once, as far as the handler bears it."""

        def survive(name: str) -> T | CacheError:
            try:
                return work(name)
            except CacheError as error:
                # For the caller, who has it, to judge.
                LOG.info('Store %s: %s', name, error)
                return error

        names = list(names)
        threads = min(self._handler.parallel, len(names))
        if threads <= 1:
            return [survive(name) for name in names]
        with futures.ThreadPoolExecutor(threads) as pool:
            return list(pool.map(survive, names))

    def collect(
        self,
        names: Collection[str] | None,
        work: Callable[[str], Iterable[T]],
    ) -> 'Gathered[T]':
        """Work on every store, or those named; a problem is kept by name.

        :raises StoreNotFound: when a named store does not exist.
        """
        chosen = self.stores(names)
        problems = {one.name: one.problem for one in chosen if one.problem}
        sound = [one.name for one in chosen if not one.problem]
        results: list[T] = []
        for name, found in zip(
            sound, self.for_each_store(sound, work), strict=True
        ):
            if isinstance(found, CacheError):
                problems[name] = _problem_text(name, found)
            else:
                results += found
        return Gathered(stores=chosen, results=results, problems=problems)

    def for_each_readable_store(
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
        return [*self.for_each_store(names, work), *problems]

    def key(self, image_id: str) -> str:
        return call_safely(lambda: self._handler.key(image_id))

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> list[CachedImage]:
        found = call_safely(
            lambda: list(self._handler.enumerate(store, image_ids))
        )
        if wrong := _find_fault(found, store, image_ids):
            LOG.error('The handler %s', wrong)
            raise HandlerFailed(ValueError(wrong))
        return found

    def evict(
        self, image: CachedImage, alive: Callable[[], bool]
    ) -> int | None:
        return call_safely(lambda: self._handler.evict(image, alive))

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        call_safely(lambda: self._handler.mark(image, add, remove))

    def age(
        self, image: CachedImage, *, used: bool, now: datetime.datetime
    ) -> None:
        call_safely(lambda: self._handler.age(image, used=used, now=now))

    def pin(
        self,
        image: CachedImage,
        owner: str,
        until: datetime.datetime | None,
    ) -> None:
        call_safely(lambda: self._handler.pin(image, owner, until))

    def unpin(self, image: CachedImage, owner: str) -> None:
        call_safely(lambda: self._handler.unpin(image, owner))

    def room(self, meta: ImageMeta, store: str) -> int:
        return call_safely(lambda: self._handler.room(meta, store))

    def add(
        self, meta: ImageMeta, content: BinaryIO, store: str
    ) -> CachedImage:
        return call_safely(lambda: self._handler.add(meta, content, store))

    def debris(self, store: str) -> list[Debris]:
        return call_safely(lambda: list(self._handler.debris(store)))

    def clean(self, debris: Debris) -> int | None:
        return call_safely(lambda: self._handler.clean(debris))

    def remarks(self, store: str) -> tuple[str, ...]:
        try:
            return call_safely(lambda: tuple(self._handler.remarks(store)))
        except CacheError as error:
            # They decide nothing, so that nothing stops for want of them.
            return (f'what was looked at is not known: {error}',)

    def record_host(self, store: str) -> None:
        call_safely(lambda: self._handler.record_host(store))

    def hosts(self, store: str) -> list[Host]:
        return call_safely(lambda: list(self._handler.hosts(store)))

    def forget_host(self, store: str, name: str) -> bool:
        return call_safely(lambda: self._handler.forget_host(store, name))

    def accept_host(self, store: str) -> None:
        call_safely(lambda: self._handler.accept_host(store))


def call_safely(call: Callable[[], T]) -> T:
    """Call what others wrote, so that it fails with ``CacheError`` only."""
    try:
        return call()
    except CacheError:
        raise
    except Exception as error:
        # Whatever it raises concerns one image, one store or one answer; the
        # sweep must go on to the others.
        LOG.exception('Code of a handler or of a caller failed')
        raise HandlerFailed(error) from error


def _problem_text(store: str, error: CacheError) -> str:
    """Say what is wrong with a store, which is named beside it."""
    if isinstance(error, StoreUnavailable) and error.store == store:
        return error.why
    return str(error)


def _find_fault(
    found: Collection[CachedImage],
    store: str,
    image_ids: Collection[str] | None,
) -> str | None:
    """Say what makes a list one that nobody asked for."""
    if any(image.store != store for image in found):
        return f'listed images of another store than {store}'
    if len({image.location for image in found}) < len(found):
        return f'listed one object of {store} twice'
    if image_ids is not None:
        asked = set(image_ids)
        if any(image.image_id not in asked for image in found):
            return f'listed images of {store} that were not requested'
    return None
