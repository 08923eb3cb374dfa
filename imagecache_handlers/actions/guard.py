"""Guard: the calls of a handler, which fail with errors of ours only."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import copy
import datetime
import logging
from typing import BinaryIO
from typing import TypeVar

from imagecache_handlers.actions.checking import CheckedHandler
from imagecache_handlers.actions.results import tell_results
from imagecache_handlers.actions.results import Untold
from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers.actions.turns import Turns
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerFailed
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store

LOG = logging.getLogger(__name__)

T = TypeVar('T')


class GuardedHandler:
    """The calls of a handler, failing with ``CacheError`` only."""

    def __init__(
        self, handler: CacheHandler, calls: RunningCalls | None = None
    ) -> None:
        checked = CheckedHandler(handler)
        self._handler = calls.watch_handler(checked) if calls else checked
        self.batch = handler.batch
        self.parallel = handler.parallel
        self.wants_seen = handler.wants_seen
        self.wants_shield = handler.wants_shield
        self.formats = tuple(handler.formats)
        self.adds = declares(handler, 'add')
        self.reserves = declares(handler, 'reserve')
        self.reads = declares(handler, 'content')
        self.sets_aside = declares(handler, 'quarantine')
        self.evicts_many = declares(handler, 'evict_many')
        self.marks_many = declares(handler, 'mark_many')
        self.recovers = declares(handler, 'recover')
        self.finds_debris = declares(handler, 'debris')
        self.knows_hosts = declares(handler, 'hosts')

    def taking_turns(self, turns: Turns) -> 'GuardedHandler':
        """Give the same for several threads, which call it one by one."""
        other = copy.copy(self)
        other._handler = turns.share_handler(self._handler)
        return other

    def stores(self) -> tuple[Store, ...]:
        found = call_safely(lambda: tuple(self._handler.stores()))
        if len({store.name for store in found}) < len(found):
            raise HandlerFailed(ValueError('it gave two stores of one name'))
        return found

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

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Generator[int | None | CacheError | Untold, None, None]:
        return tell_results(
            lambda: self._handler.evict_many(images, in_time),
            len(images),
            call_safely,
            _is_freed,
            self._handler.name_of('evict_many'),
        )

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Generator[CacheError | None | Untold, None, None]:
        return tell_results(
            lambda: self._handler.mark_many(images, add, remove),
            len(images),
            call_safely,
            lambda result: result is None,
            self._handler.name_of('mark_many'),
        )

    def recover(self, store: str) -> None:
        call_safely(lambda: self._handler.recover(store))

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

    def check_labels(self, image_id: str, labels: Iterable[str]) -> None:
        call_safely(lambda: self._handler.check_labels(image_id, labels))

    def room(self, meta: ImageMeta, store: str) -> int:
        return call_safely(lambda: self._handler.room(meta, store))

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Collection[str],
    ) -> CachedImage:
        return call_safely(
            lambda: self._handler.add(meta, content, store, labels)
        )

    def staging(self, store: str) -> str | None:
        return call_safely(lambda: self._handler.staging(store))

    def reserve(self, reservation: Reservation) -> None:
        call_safely(lambda: self._handler.reserve(reservation))

    def reservations(self, store: str) -> list[Reservation]:
        return call_safely(lambda: list(self._handler.reservations(store)))

    def unreserve(self, reservation: Reservation) -> None:
        call_safely(lambda: self._handler.unreserve(reservation))

    @contextlib.contextmanager
    def content(self, image: CachedImage) -> Iterator[BinaryIO]:
        """Give the bytes of an image; reading is guarded by its caller."""
        with contextlib.ExitStack() as stack:
            opened = call_safely(lambda: self._handler.content(image))
            yield call_safely(lambda: stack.enter_context(opened))

    def altered(self, store: str) -> list[CachedImage]:
        return call_safely(lambda: list(self._handler.altered(store)))

    def quarantine(self, image: CachedImage, alive: Callable[[], bool]) -> str:
        return call_safely(lambda: self._handler.quarantine(image, alive))

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


def _is_freed(result: object) -> bool:
    """Tell if a result says how many bytes a removal has freed."""
    if result is None:
        return True
    return (
        isinstance(result, int)
        and not isinstance(result, bool)
        and result >= 0
    )


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
