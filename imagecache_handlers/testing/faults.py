"""Faults: a handler before another, which breaks where it is told."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from collections import Counter
import dataclasses
import enum
import functools
import threading
import typing
from typing import Any
from typing import BinaryIO
from typing import Literal
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
from imagecache_handlers.model import Store

# What may have been done when its reply is lost.
WRITES = frozenset(
    {'evict', 'mark', 'add', 'clean'}
    | {'evict_many', 'mark_many', 'result', 'recover'}
    | {'record_host', 'forget_host', 'accept_host'}
)
OPTIONAL = (
    *('evict_many', 'mark_many', 'recover'),
    *('room', 'add', 'debris', 'clean'),
    *('record_host', 'hosts', 'forget_host', 'accept_host'),
)

# ``result`` is what is done, and told, of one image among many.
METHODS = ('enumerate', 'evict', 'mark', 'stores', 'result', *OPTIONAL)

When = Literal['before', 'after']
_Reply = TypeVar('_Reply')
_Result = TypeVar('_Result')


class _NoMore:
    """What stands where a result is missing."""


_NO_MORE = _NoMore()


class Died(BaseException):
    """The process ended here; no handler of errors is to see it."""


class How(enum.Enum):
    """In which way a call breaks."""

    FAIL = 'fail'  # StoreUnavailable; after the work, that is a lie
    LOSE = 'lose'  # the reply is lost: Uncertain, of a read StoreUnavailable
    DIE = 'die'  # Died: from this call, and from all that follow


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens before or after one call.

    ``call`` counts from 1, over all calls or those of one ``method``.  A
    function as ``how`` is another actor: it runs there, and the call goes
    on.
    """

    call: int
    method: str | None = None
    when: When = 'before'
    how: How | Callable[[], object]

    def __post_init__(self) -> None:
        if self.call < 1:
            raise ValueError(f'call {self.call}: the first call is 1')
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f'{self.method!r} is none of {METHODS}')
        if self.when not in typing.get_args(When):
            raise ValueError(f'{self.when!r} is neither before nor after')


class Faulty(CacheHandler):
    """Another handler, with faults.

    It declares what the other declares.  ``calls`` names the methods that
    were called, in order; ``faults`` may be changed between calls.  None of
    ``key``, ``remarks`` and ``close`` is a call of the backend.
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

    def remarks(self, store: str) -> Iterable[str]:
        return self.handler.remarks(store)

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
        store = images[0].store
        due = self._count(method)
        self._meet(due, 'before', method, store, images[0].image_id)
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
            self._meet(due, 'after', method, store, images[0].image_id)

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
