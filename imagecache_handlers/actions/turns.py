"""Turns: one image on its way at a time, and one call in a store at a time."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import threading
from typing import Any
from typing import cast
from typing import TypeVar

H = TypeVar('H')

# What may run beside an ``add``, see ``CacheHandler.reserve``.
_AT_ANY_TIME = frozenset({'reserve', 'reservations', 'unreserve', 'name_of'})

# Seconds between two questions whether to go on waiting.
_POLL = 0.5


class Turns:
    """Who waits for whom, among the threads that share a cache."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._images: dict[tuple[str, str], list[threading.Lock]] = {}
        self._calls = threading.RLock()

    @contextlib.contextmanager
    def take_image(
        self, store: str, image_id: str, go_on: Callable[[], object]
    ) -> Iterator[None]:
        """Be the only one at work on an image in a store.

        While somebody else is, ``go_on`` is called at once and then often;
        it raises when they are not to be waited for.
        """
        key = store, image_id
        with self._lock:
            waiting = self._images.setdefault(key, [threading.Lock()])
            turn = waiting[0]
            waiting.append(turn)
        try:
            # Whoever has it may work for hours.
            patience = 0.0
            while not turn.acquire(timeout=patience):
                go_on()
                patience = _POLL
            try:
                yield
            finally:
                turn.release()
        finally:
            with self._lock:
                waiting.pop()
                if len(waiting) == 1:
                    del self._images[key]

    def share_handler(self, handler: H) -> H:
        """Give the handler so that threads call it one after the other."""
        return cast(H, _InTurn(handler, self._calls))


class _InTurn:
    """A handler that is called by one thread at a time."""

    def __init__(
        self, handler: Any, lock: contextlib.AbstractContextManager[Any]
    ) -> None:
        self._handler = handler
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._handler, name)
        if name in _AT_ANY_TIME or not callable(found):
            return found

        @functools.wraps(found)
        def call(*args: Any, **others: Any) -> Any:
            with self._lock:
                result = found(*args, **others)
            if isinstance(result, Iterator):
                # It has yet to begin what it was called for.
                return self._step_through(result)
            return result

        return call

    def _step_through(self, results: Iterator[Any]) -> Iterator[Any]:
        # Held to the end: what the next step needs may be held by this one.
        with self._lock:
            try:
                yield from results
            finally:
                if close := getattr(results, 'close', None):
                    close()
