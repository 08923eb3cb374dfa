"""Faults: a handler before another, which breaks where it is told."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from collections import Counter
import contextlib
import functools
import threading
from typing import Any
from typing import BinaryIO
from typing import Self
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store
from imagecache_handlers.testing.breaks import Died
from imagecache_handlers.testing.breaks import Fault
from imagecache_handlers.testing.breaks import How
from imagecache_handlers.testing.breaks import METHODS
from imagecache_handlers.testing.breaks import OPTIONAL
from imagecache_handlers.testing.breaks import When
from imagecache_handlers.testing.breaks import WRITES

__all__ = ['METHODS', 'Died', 'Fault', 'Faulty', 'How', 'When']

_Reply = TypeVar('_Reply')
_Result = TypeVar('_Result')


class _NoMore:
    """What stands where a result is missing."""


_NO_MORE = _NoMore()


class Faulty(CacheHandler):
    """Another handler, with faults.

    It declares what the other declares.  ``calls`` names the methods that
    were called, in order; ``faults`` may be changed between calls.  None of
    ``key``, ``remarks``, ``altered``, ``staging`` and ``close`` is a call of
    the backend.
    """

    def __new__(cls, handler: CacheHandler, *faults: Fault) -> Self:
        declared = [name for name in OPTIONAL if declares(handler, name)]
        made: Self = super().__new__(_declaring(cls, *declared))
        return made

    def __init__(self, handler: CacheHandler, *faults: Fault) -> None:
        self.handler = handler
        self.faults = list(faults)
        self.calls: list[str] = []
        self.dead = False
        self.parallel = handler.parallel
        self.batch = handler.batch
        self.wants_seen = handler.wants_seen
        self.wants_shield = handler.wants_shield
        self.formats = handler.formats
        self.contract = handler.contract
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        return self._call(
            'enumerate',
            store,
            lambda: self.handler.enumerate(store, image_ids),
        )

    def evict(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> int | None:
        return self._call(
            'evict',
            image.store,
            lambda: self.handler.evict(image, alive),
            image.image_id,
        )

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        self._call(
            'mark',
            image.store,
            lambda: self.handler.mark(image, add, remove),
            image.image_id,
        )

    def stores(self) -> Iterable[Store]:
        return self._call('stores', '*', lambda: list(self.handler.stores()))

    def key(self, image_id: str) -> str:
        return self.handler.key(image_id)

    def check_labels(self, image_id: str, labels: Iterable[str]) -> None:
        self.handler.check_labels(image_id, labels)

    def remarks(self, store: str) -> Iterable[str]:
        return self.handler.remarks(store)

    def staging(self, store: str) -> str | None:
        return self.handler.staging(store)

    def close(self) -> None:
        self.handler.close()

    def _call(
        self,
        method: str,
        store: str,
        work: Callable[[], _Reply],
        subject: str = '',
    ) -> _Reply:
        """Do one call of the backend; every one comes through here."""
        due = self._count(method)
        self._meet(due, 'before', method, store, subject)
        try:
            return work()
        finally:
            # In any case: a reply that is lost may have been an error.
            self._meet(due, 'after', method, store, subject)

    def _tell_results(
        self,
        method: str,
        images: Sequence[CachedImage],
        work: Callable[[], Iterable[_Result]],
    ) -> Iterator[_Result]:
        """Do one call for many images, with each result as a call in it."""
        if not images:
            yield from work()
            return
        store, first = images[0].store, images[0].image_id
        due = self._count(method)
        self._meet(due, 'before', method, store, first)
        try:
            results = iter(work())
            for image in images:
                result = self._call(
                    'result',
                    store,
                    lambda: next(results, _NO_MORE),
                    image.image_id,
                )
                # However few there are: that is passed on as it is.
                if isinstance(result, _NoMore):
                    return
                yield result
            yield from results
        finally:
            # In any case, as after any call.
            self._meet(due, 'after', method, store, first)

    def _count(self, method: str) -> list[Fault]:
        """Count a call, and give the faults that are due in it."""
        with self._lock:
            if self.dead:
                raise Died(f'{method}: the process is dead')
            self.calls.append(method)
            self._counts[method] += 1
            counts = {None: len(self.calls), method: self._counts[method]}
            return [
                fault
                for fault in self.faults
                if counts.get(fault.method) == fault.call
            ]

    def _meet(
        self,
        due: Iterable[Fault],
        when: When,
        method: str,
        store: str,
        subject: str,
    ) -> None:
        why = f'a fault {when} {method}'
        for how in [fault.how for fault in due if fault.when == when]:
            if not isinstance(how, How):
                how()
            elif how is How.DIE:
                self.dead = True
            elif how is How.LOSE and method in WRITES:
                raise Uncertain(subject, why)
            else:
                raise StoreUnavailable(store, why)
        if self.dead:
            raise Died(why)


class _Abilities(Faulty):
    """The optional methods, which only some pass on."""

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Callable[[], bool]
    ) -> Iterator[int | None | CacheError]:
        return self._tell_results(
            'evict_many',
            images,
            lambda: self.handler.evict_many(images, in_time),
        )

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Iterator[CacheError | None]:
        return self._tell_results(
            'mark_many',
            images,
            lambda: self.handler.mark_many(images, add, remove),
        )

    def recover(self, store: str) -> None:
        self._call('recover', store, lambda: self.handler.recover(store))

    def room(self, meta: ImageMeta, store: str) -> int:
        return self._call(
            'room', store, lambda: self.handler.room(meta, store)
        )

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        return self._call(
            'add',
            store,
            lambda: self.handler.add(meta, content, store, labels),
            meta.image_id,
        )

    def reserve(self, reservation: Reservation) -> None:
        self._call(
            'reserve',
            reservation.store,
            lambda: self.handler.reserve(reservation),
            reservation.image_id,
        )

    def reservations(self, store: str) -> Iterable[Reservation]:
        return self._call(
            'reservations',
            store,
            lambda: list(self.handler.reservations(store)),
        )

    def unreserve(self, reservation: Reservation) -> None:
        self._call(
            'unreserve',
            reservation.store,
            lambda: self.handler.unreserve(reservation),
            reservation.image_id,
        )

    def content(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        return self._call(
            'content', image.store, lambda: self.handler.content(image)
        )

    def altered(self, store: str) -> Iterable[CachedImage]:
        return self.handler.altered(store)

    def quarantine(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> str:
        return self._call(
            'quarantine',
            image.store,
            lambda: self.handler.quarantine(image, alive),
            image.image_id,
        )

    def debris(self, store: str) -> Iterable[Debris]:
        return self._call(
            'debris', store, lambda: list(self.handler.debris(store))
        )

    def clean(self, debris: Debris) -> int | None:
        return self._call(
            'clean',
            debris.store,
            lambda: self.handler.clean(debris),
            debris.location,
        )

    def record_host(self, store: str) -> None:
        self._call(
            'record_host', store, lambda: self.handler.record_host(store)
        )

    def hosts(self, store: str) -> Iterable[Host]:
        return self._call(
            'hosts', store, lambda: list(self.handler.hosts(store))
        )

    def forget_host(self, store: str, name: str) -> bool:
        return self._call(
            'forget_host',
            store,
            lambda: self.handler.forget_host(store, name),
        )

    def accept_host(self, store: str) -> None:
        self._call(
            'accept_host', store, lambda: self.handler.accept_host(store)
        )


@functools.cache
def _declaring(cls: type[Any], *abilities: str) -> type[Any]:
    """Make the class that overrides, and so declares, just these."""
    methods = {name: vars(_Abilities)[name] for name in abilities}
    return type(cls.__name__, (cls,), methods)
