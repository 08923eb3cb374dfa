"""Bytes of disks that are gone, which an SR does not yet tell as free.

xapi measures an SR every two minutes, and a base copy is collected minutes
after the last disk that hung off it.  Whoever sweeps again before would free
the same bytes twice.
"""

import dataclasses
import threading

from imagecache_handlers.model import Store
from imagecache_handlers_xenapi.timing import Clocks

# Seconds, after the last removal; what has not come by then may never.
_COLLECTED = 900.0


@dataclasses.dataclass(frozen=True, slots=True)
class _Gone:
    """Bytes removed since that many were free, and when the last of them."""

    free: int
    size: int
    at: float


class Releasing:
    """Remembers what this process removed; other processes are not known."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._guard = threading.Lock()
        self._free: dict[str, int] = {}
        self._gone: dict[str, _Gone] = {}

    def note(self, store: str, size: int) -> None:
        """Remember that so many bytes of a store will be free."""
        with self._guard:
            if store not in self._free:
                return
            gone = self._gone.get(store) or _Gone(self._free[store], 0, 0.0)
            now = self._clocks.monotonic()
            self._gone[store] = _Gone(gone.free, gone.size + size, now)

    def told(self, store: Store) -> Store:
        """Give a store, as just measured, with what it is releasing."""
        if store.free is None:
            return store
        with self._guard:
            self._free[store.name] = store.free
            gone = self._gone.get(store.name)
            if gone is None:
                return store
            left = gone.size - max(0, store.free - gone.free)
            late = self._clocks.monotonic() - gone.at > _COLLECTED
            if left <= 0 or late:
                del self._gone[store.name]
                return store
        return dataclasses.replace(store, releasing=left)
