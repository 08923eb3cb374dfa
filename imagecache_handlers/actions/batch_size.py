"""Batch size: how many images share one look, by what looks cost."""

import dataclasses
import math

# A look may take so small a part of the time that its removals take.
_PART = 20
# Before anything was measured.
_FIRST = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What batches have taken, in seconds.

    ``shared`` is what they take once, however many images are in them.
    """

    batches: int = 0
    shared: float = 0.0
    removals: int = 0
    removing: float = 0.0

    def __add__(self, other: 'Cost') -> 'Cost':
        return Cost(
            batches=self.batches + other.batches,
            shared=self.shared + other.shared,
            removals=self.removals + other.removals,
            removing=self.removing + other.removing,
        )


class BatchSize:
    """The size of the next batch in one store, never above ``largest``."""

    def __init__(self, largest: int) -> None:
        self._largest = max(1, largest)
        self._cost = Cost()
        self.current = min(self._largest, _FIRST)

    def learn_from(self, done: int, late: int, cost: Cost) -> None:
        """Learn from a batch: how many were done, how many came late."""
        self._cost += cost
        if late:
            # No more than what just fitted in a claim's time.
            self.current = max(1, done)
        else:
            worth = _size_worth(self._cost, self._largest)
            self.current = min(2 * self.current, worth)


def _size_worth(cost: Cost, largest: int) -> int:
    """Give the size at which sharing a look saves hardly more time."""
    if not cost.batches or not cost.removals:
        return largest
    shared = cost.shared / cost.batches
    each = cost.removing / cost.removals
    if shared >= largest * each / _PART:
        return largest
    return max(1, math.ceil(_PART * shared / each))
