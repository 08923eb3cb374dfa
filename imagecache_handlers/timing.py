"""The clocks of a pass, and the time that one's own claim has left."""

from collections.abc import Callable
import dataclasses
import datetime
import time

from imagecache_handlers.marks import claim_label
from imagecache_handlers.rules import Rules

# Seconds between two looks at an image that somebody else is busy with.
POLL = 2.0


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time that others see, time that never jumps, and how to wait.

    ``now`` gives aware times, ``monotonic`` and ``sleep`` count seconds.
    """

    now: Callable[[], datetime.datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


class Timer:
    """How long ago it was started, whatever the wall clock does."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._started = clocks.monotonic()

    @property
    def elapsed(self) -> datetime.timedelta:
        seconds = self._clocks.monotonic() - self._started
        return datetime.timedelta(seconds=seconds)


class Claim:
    """One's own claim on images, by the strictest of one's own clocks.

    Others take it for live until its expiry and a skew; its owner takes it
    for dead a skew before, and on a clock that was started before the
    claim was written, whichever ends first.
    """

    def __init__(self, token: str, clocks: Clocks, rules: Rules) -> None:
        self.token = token
        self._clocks = clocks
        self._rules = rules
        self._timer = Timer(clocks)
        self._expiry = clocks.now() + rules.claim_ttl
        self.label = claim_label(token, self._expiry)

    def alive(self) -> bool:
        """Tell if everybody else still respects it."""
        return self._within(self._rules.claim_ttl - self._rules.clock_skew)

    def in_time(self) -> bool:
        """Tell if an eviction may still begin under it."""
        return self._within(self._rules.deadline)

    def has_room(self) -> bool:
        """Tell if more images may be claimed and still find the time."""
        return self._within(self._rules.deadline / 2)

    def _within(self, limit: datetime.timedelta) -> bool:
        left = self._expiry - self._clocks.now()
        return (
            self._timer.elapsed < limit
            and left > self._rules.claim_ttl - limit
        )

    def renewed(self) -> 'Claim':
        """Give a claim with full time and the same token."""
        return Claim(self.token, self._clocks, self._rules)
