"""Pending space: bytes of disks that are gone, and not yet told as free.

xapi measures an SR every two minutes, and a base copy is collected minutes
after the last disk that hung off it.  Whoever sweeps again before would free
the same bytes twice.
"""

import collections
import dataclasses
import threading

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.model import Store

# Seconds; what has not come by then may never.
_COLLECTED = 900.0


class Releasing:
    """Remembers what this process removed; other processes are not known."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._guard = threading.Lock()
        self._gone: dict[str, _Gone] = {}

    def note(self, store: str, size: int) -> None:
        """Remember that so many bytes of a store will be free."""
        with self._guard:
            if store in self._gone:
                self._gone[store].note(size, self._clocks.monotonic())

    def told(self, store: Store) -> Store:
        """Give a store, as just measured, with what it is releasing."""
        if store.free is None:
            return store
        with self._guard:
            gone = self._gone.setdefault(store.name, _Gone(store.free))
            left = gone.left(store.free, self._clocks.monotonic())
        return dataclasses.replace(store, releasing=left)


class _Gone:
    """What was removed from one store, and when: the oldest comes first."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._removed: collections.deque[tuple[float, int]] = (
            collections.deque()
        )

    def note(self, size: int, now: float) -> None:
        self._removed.append((now, size))

    def left(self, free: int, now: float) -> int:
        """Give what has yet to come, after so much more is free."""
        came = max(0, free - self._free)
        self._free = free
        while self._removed:
            at, size = self._removed.popleft()
            if size > came and now - at <= _COLLECTED:
                self._removed.appendleft((at, size - came))
                break
            came = max(0, came - size)
        return sum(size for _, size in self._removed)
