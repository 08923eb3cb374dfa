"""What went over the wire, by method."""

import collections
import dataclasses
import threading


@dataclasses.dataclass(slots=True)
class Count:
    """Calls of one method, how many failed, and the bytes both ways."""

    calls: int = 0
    failures: int = 0
    received: int = 0
    sent: int = 0


class Counters:
    """Counts every request that names a method; dropped ones too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = collections.defaultdict(Count)

    def begin(self, method: str, received: int) -> None:
        with self._lock:
            count = self._counts[method]
            count.calls += 1
            count.received += received

    def end(self, method: str, sent: int, failed: bool) -> None:
        with self._lock:
            count = self._counts[method]
            count.sent += sent
            count.failures += failed

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()

    @property
    def by_method(self) -> dict[str, Count]:
        """Give the counts so far."""
        with self._lock:
            return {
                method: dataclasses.replace(count)
                for method, count in self._counts.items()
            }

    @property
    def calls(self) -> int:
        """How many calls there were in all."""
        with self._lock:
            return sum(count.calls for count in self._counts.values())

    def of(self, method: str) -> int:
        """How many calls there were of one method."""
        with self._lock:
            found = self._counts.get(method)
            return 0 if found is None else found.calls
