"""Samples: numbers by metric and labels, kept apart from who exports them."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import hashlib
import math
import threading

from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.families import Kind

Labels = tuple[str, ...]
Numbers = dict[Labels, float]
# By the name of a sample and its labels.  Of a histogram the samples are
# name_bucket, with a last label for the upper end, and name_sum.
Samples = dict[str, Numbers]

_LONGEST = 200
_DIGEST = 12
_LASTING = frozenset({Kind.COUNTER, Kind.HISTOGRAM, Kind.SUMMARY})


def label_value(text: str) -> str:
    """Give a name so that it can be a label: of bounded length, encodable.

    What is cut off is told apart by a hash.
    """
    told = text.encode('utf-8', 'backslashreplace').decode()
    if len(told) <= _LONGEST:
        return told
    digest = hashlib.sha256(told.encode()).hexdigest()[:_DIGEST]
    return f'{told[: _LONGEST - _DIGEST - 1]}~{digest}'


def lasting_names() -> frozenset[str]:
    """Name the samples of all that only rises."""
    names = set()
    for family in FAMILIES.values():
        if family.kind is Kind.COUNTER:
            names.add(family.name)
        elif family.kind in _LASTING:
            names |= {f'{family.name}_sum', f'{family.name}_count'}
        if family.kind is Kind.HISTOGRAM:
            names.add(f'{family.name}_bucket')
    return frozenset(names)


def write_bound(bound: float) -> str:
    """Write the upper end of a bucket as Prometheus does."""
    return '+Inf' if math.isinf(bound) else repr(float(bound))


class Counts:
    """What only rises, whichever thread counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Samples = {}

    def begin(self, name: str, labels: Labels = ()) -> None:
        """Have a counter there from now on, with 0 if it is new."""
        self.add(name, labels, 0)

    def add(self, name: str, labels: Labels = (), by: float = 1) -> None:
        with self._lock:
            self._add(name, labels, by)

    def observe(self, name: str, value: float, labels: Labels = ()) -> None:
        """Count a value of a histogram or summary."""
        family = FAMILIES[name]
        with self._lock:
            self._add(f'{name}_count', labels, 1)
            self._add(f'{name}_sum', labels, value)
            for bound in family.buckets:
                step = float(value <= bound)
                self._add(
                    f'{name}_bucket', (*labels, write_bound(bound)), step
                )

    def begin_buckets(self, name: str) -> None:
        """Have a histogram without labels there, with 0 if it is new."""
        with self._lock:
            self._add(f'{name}_count', (), 0)
            self._add(f'{name}_sum', (), 0)
            for bound in FAMILIES[name].buckets:
                self._add(f'{name}_bucket', (write_bound(bound),), 0)

    def _add(self, name: str, labels: Labels, by: float) -> None:
        counted = self._counted.setdefault(name, {})
        counted[labels] = counted.get(labels, 0) + by

    def keep_stores(self, stores: Iterable[str]) -> None:
        """Forget what was counted of stores that are there no more."""
        kept = set(stores)
        with self._lock:
            for family in FAMILIES.values():
                if family.labels[:1] != ('store',):
                    continue
                counted = self._counted.get(family.name, {})
                for labels in [one for one in counted if one[0] not in kept]:
                    del counted[labels]

    def restore(self, samples: Mapping[str, Mapping[Labels, float]]) -> None:
        """Go on from what was counted before, if it is a count at all."""
        known = lasting_names()
        with self._lock:
            for name in known & samples.keys():
                for labels, value in samples[name].items():
                    if math.isfinite(value) and value >= 0:
                        self._add(name, labels, value)

    def snapshot(self) -> Samples:
        with self._lock:
            return {name: dict(all_) for name, all_ in self._counted.items()}


def samples_of(samples: Samples, name: str) -> Iterator[tuple[Labels, float]]:
    """Give the samples of one name, in the order of their labels."""
    yield from sorted(samples.get(name, {}).items())
