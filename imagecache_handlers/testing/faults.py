"""Faults: a handler before another, which breaks where it is told."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import functools
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.exceptions import CacheError
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
from imagecache_handlers.testing.failing_calls import FailingCalls

__all__ = ['METHODS', 'Died', 'Fault', 'Faulty', 'How', 'When']


class Faulty(FailingCalls, CacheHandler):
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
        super().__init__(faults)
        self.handler = handler
        self.parallel = handler.parallel
        self.batch = handler.batch
        self.wants_seen = handler.wants_seen
        self.wants_shield = handler.wants_shield
        self.formats = handler.formats
        self.contract = handler.contract

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        return self.make_call(
            'enumerate',
            store,
            lambda: self.handler.enumerate(store, image_ids),
        )

    def evict(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> int | None:
        return self.make_call(
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
        self.make_call(
            'mark',
            image.store,
            lambda: self.handler.mark(image, add, remove),
            image.image_id,
        )

    def stores(self) -> Iterable[Store]:
        return self.make_call(
            'stores', '*', lambda: list(self.handler.stores())
        )

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


class _Abilities(Faulty):
    """The optional methods, which only some pass on."""

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Callable[[], bool]
    ) -> Iterator[int | None | CacheError]:
        return self.make_calls(
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
        return self.make_calls(
            'mark_many',
            images,
            lambda: self.handler.mark_many(images, add, remove),
        )

    def recover(self, store: str) -> None:
        self.make_call('recover', store, lambda: self.handler.recover(store))

    def room(self, meta: ImageMeta, store: str) -> int:
        return self.make_call(
            'room', store, lambda: self.handler.room(meta, store)
        )

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        return self.make_call(
            'add',
            store,
            lambda: self.handler.add(meta, content, store, labels),
            meta.image_id,
        )

    def reserve(self, reservation: Reservation) -> None:
        self.make_call(
            'reserve',
            reservation.store,
            lambda: self.handler.reserve(reservation),
            reservation.image_id,
        )

    def reservations(self, store: str) -> Iterable[Reservation]:
        return self.make_call(
            'reservations',
            store,
            lambda: list(self.handler.reservations(store)),
        )

    def unreserve(self, reservation: Reservation) -> None:
        self.make_call(
            'unreserve',
            reservation.store,
            lambda: self.handler.unreserve(reservation),
            reservation.image_id,
        )

    def content(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        return self.make_call(
            'content', image.store, lambda: self.handler.content(image)
        )

    def altered(self, store: str) -> Iterable[CachedImage]:
        return self.handler.altered(store)

    def quarantine(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> str:
        return self.make_call(
            'quarantine',
            image.store,
            lambda: self.handler.quarantine(image, alive),
            image.image_id,
        )

    def debris(self, store: str) -> Iterable[Debris]:
        return self.make_call(
            'debris', store, lambda: list(self.handler.debris(store))
        )

    def clean(self, debris: Debris) -> int | None:
        return self.make_call(
            'clean',
            debris.store,
            lambda: self.handler.clean(debris),
            debris.location,
        )

    def record_host(self, store: str) -> None:
        self.make_call(
            'record_host', store, lambda: self.handler.record_host(store)
        )

    def hosts(self, store: str) -> Iterable[Host]:
        return self.make_call(
            'hosts', store, lambda: list(self.handler.hosts(store))
        )

    def forget_host(self, store: str, name: str) -> bool:
        return self.make_call(
            'forget_host',
            store,
            lambda: self.handler.forget_host(store, name),
        )

    def accept_host(self, store: str) -> None:
        self.make_call(
            'accept_host', store, lambda: self.handler.accept_host(store)
        )


@functools.cache
def _declaring(cls: type[Any], *abilities: str) -> type[Any]:
    """Make the class that overrides, and so declares, just these."""
    methods = {name: vars(_Abilities)[name] for name in abilities}
    return type(cls.__name__, (cls,), methods)
