"""Checking: answers of a handler, as they come in, by type and by name."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import contextlib
from types import TracebackType
from typing import Any
from typing import BinaryIO
from typing import TypeVar

from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store

T = TypeVar('T')

# As much of a wrong value as a message shows.
_SHOWN = 100


class CheckedHandler:
    """A handler whose answers are what the contract says they are.

    Any other answer is a ``ValueError`` that names the handler, the method
    and the value.
    """

    def __init__(self, handler: CacheHandler) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        # What answers nothing has nothing to be checked.
        return getattr(self._handler, name)

    def name_of(self, method: str) -> str:
        return _name_of(self._handler, method)

    def stores(self) -> list[Store]:
        return self._all_of(Store, 'stores', self._handler.stores)

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> list[CachedImage]:
        return self._all_of(
            CachedImage,
            'enumerate',
            lambda: self._handler.enumerate(store, image_ids),
        )

    def debris(self, store: str) -> list[Debris]:
        return self._all_of(
            Debris, 'debris', lambda: self._handler.debris(store)
        )

    def hosts(self, store: str) -> list[Host]:
        return self._all_of(Host, 'hosts', lambda: self._handler.hosts(store))

    def remarks(self, store: str) -> list[str]:
        return self._all_of(
            str, 'remarks', lambda: self._handler.remarks(store)
        )

    def evict(self, image: CachedImage, alive: Alive) -> int | None:
        with _Named(self._handler, 'evict'):
            return check_freed(self._handler.evict(image, alive))

    def clean(self, debris: Debris) -> int | None:
        with _Named(self._handler, 'clean'):
            return check_freed(self._handler.clean(debris))

    def room(self, meta: ImageMeta, store: str) -> int:
        with _Named(self._handler, 'room'):
            return check_count(self._handler.room(meta, store))

    def key(self, image_id: str) -> str:
        with _Named(self._handler, 'key'):
            return check_kind(str, self._handler.key(image_id))

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        with _Named(self._handler, 'add'):
            return check_kind(
                CachedImage, self._handler.add(meta, content, store, labels)
            )

    def staging(self, store: str) -> str | None:
        with _Named(self._handler, 'staging'):
            folder = self._handler.staging(store)
            return None if folder is None else check_kind(str, folder)

    def reservations(self, store: str) -> list[Reservation]:
        return self._all_of(
            Reservation,
            'reservations',
            lambda: self._handler.reservations(store),
        )

    def content(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        with _Named(self._handler, 'content'):
            opened = self._handler.content(image)
            if not isinstance(opened, contextlib.AbstractContextManager):
                raise _wrong_value(opened, 'a context manager')
            return opened

    def altered(self, store: str) -> list[CachedImage]:
        return self._all_of(
            CachedImage, 'altered', lambda: self._handler.altered(store)
        )

    def quarantine(self, image: CachedImage, alive: Alive) -> str:
        with _Named(self._handler, 'quarantine'):
            return check_kind(str, self._handler.quarantine(image, alive))

    def forget_host(self, store: str, name: str) -> bool:
        with _Named(self._handler, 'forget_host'):
            return check_kind(bool, self._handler.forget_host(store, name))

    def _all_of(
        self, kind: type[T], method: str, call: Callable[[], object]
    ) -> list[T]:
        """Give an answer that is to be several of one kind."""
        with _Named(self._handler, method):
            answer = call()
            if isinstance(answer, str) or not isinstance(answer, Iterable):
                raise _wrong_value(answer, f'several of {kind.__name__}')
            return [check_kind(kind, one) for one in answer]


class _Named(contextlib.AbstractContextManager[None]):
    """What is wrong with a value is told with who gave it."""

    def __init__(self, handler: CacheHandler, method: str) -> None:
        self._handler = handler
        self._method = method

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Just these: a kind of them may not be made of a text.
        if type(error) in (TypeError, ValueError):
            name = _name_of(self._handler, self._method)
            raise ValueError(f'{name}: {error}') from error


def _name_of(handler: CacheHandler, method: str) -> str:
    kind = type(handler)
    return f'{kind.__module__}.{kind.__qualname__}.{method}'


def check_kind(kind: type[T], value: object) -> T:
    """Refuse a value of another kind."""
    if not isinstance(value, kind):
        raise _wrong_value(value, kind.__name__)
    return value


def check_count(value: object) -> int:
    """Refuse what is no number of bytes: a text, a float, less than 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _wrong_value(value, 'a number of bytes')
    return value


def check_freed(value: object) -> int | None:
    """Refuse what does not say how many bytes were freed."""
    return None if value is None else check_count(value)


def _wrong_value(value: object, wanted: str) -> ValueError:
    shown = repr(value)[:_SHOWN]
    return ValueError(
        f'it gave {shown}, of type {type(value).__name__}, not {wanted}'
    )
