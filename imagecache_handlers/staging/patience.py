"""Patience: how often a source is asked again, and after how long."""

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.staging.limits import Limits

_FIRST, _LONGEST = 0.5, 60.0
# Fewer bytes than this are no progress: a source that gives one at each try
# is as good as one that gives none.
_WORTH = 2**16


class Patience:
    """What is left of it for one image; progress renews it."""

    def __init__(self, limits: Limits, clocks: Clocks) -> None:
        self._limits = limits
        self._clocks = clocks
        self._furthest = 0
        self._counted = 0
        self._failures = 0
        self._since = clocks.monotonic()

    def note_size(self, size: int) -> None:
        """Note how many bytes of the image are there by now."""
        if size > self._furthest:
            self._furthest = size
            self._since = self._clocks.monotonic()

    def pause_after(self, failure: SourceError, luck: float) -> float | None:
        """Give the seconds to wait before the next try; None: no more.

        ``luck`` of 0 to 1 keeps many hosts from asking at once.
        """
        if self._furthest >= self._counted + _WORTH:
            self._counted, self._failures = self._furthest, 0
        self._failures += 1
        pause = max(failure.after or 0.0, self._back_off(luck))
        waited = self._clocks.monotonic() - self._since
        if waited + pause > self._limits.no_progress:
            return None
        return pause if self._failures < self._limits.tries else None

    def _back_off(self, luck: float) -> float:
        longest = min(_LONGEST, _FIRST * float(2 ** (self._failures - 1)))
        return longest * (1 + luck) / 2
