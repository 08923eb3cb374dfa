"""Claim: one's own on images, and the time that it has left."""

import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.clocks import Timer
from imagecache_handlers.labels import claim_label
from imagecache_handlers.planning.rules import Rules


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
        self.expiry = clocks.now() + rules.claim_ttl
        self.label = claim_label(token, self.expiry)

    def is_alive(self) -> bool:
        """Tell if everybody else still respects it."""
        return self._has_time_left(
            self._rules.claim_ttl - self._rules.clock_skew
        )

    def in_time(self) -> bool:
        """Tell if an eviction may still begin under it."""
        return self._has_time_left(self._rules.deadline)

    def has_room(self) -> bool:
        """Tell if more images may be claimed and still find the time."""
        return self._has_time_left(self._rules.deadline / 2)

    def _has_time_left(self, limit: datetime.timedelta) -> bool:
        left = self.expiry - self._clocks.now()
        return (
            self._timer.elapsed < limit
            and left > self._rules.claim_ttl - limit
        )

    def renew_claim(self) -> 'Claim':
        """Give a claim with full time and the same token."""
        return Claim(self.token, self._clocks, self._rules)
