"""Restored: what the samples of an earlier process are still good for."""

from collections.abc import Collection
import math

from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.families import Kind
from imagecache_handlers.frontends.metrics.samples import Numbers
from imagecache_handlers.frontends.metrics.samples import Samples

# Clocks differ; what lies further ahead was told by one that was wrong.
AHEAD = 300.0

_TIMES = (
    families.SWEEP_LAST_SUCCESS,
    families.STORE_LAST_SUCCESS,
    families.SWEEP_LAST_END,
    families.COUNTERS_STARTED,
    families.PLAN_TIME,
    families.EVIDENCE_TIME,
)
_OF_PLACES = frozenset({('store',), ('pool',)})
# What is told of all stores together.
_OF_ALL = frozenset({families.WARNINGS, families.IMAGES_RETIRED})


def read_lasting(samples: Samples, now: float) -> Samples:
    """Give the gauges that hold on: times that are no future, and hits."""
    lasting: Samples = {}
    for name in _TIMES:
        past = {
            labels: value
            for labels, value in samples.get(name, {}).items()
            if 0 <= value <= now + AHEAD
        }
        if past:
            lasting[name] = past
    for name in families.IMAGES_HITS, families.POOL_FREED:
        if samples.get(name):
            lasting[name] = _drop_wild(samples[name])
    return lasting


def _drop_wild(numbers: Numbers) -> Numbers:
    return {
        labels: value
        for labels, value in numbers.items()
        if math.isfinite(value)
    }


def read_places(samples: Samples) -> Samples:
    """Give the gauges of stores and pools, and what is told of all."""
    return {
        name: dict(numbers)
        for name, numbers in samples.items()
        if name in _OF_ALL
        or (_is_gauge_of_places(name) and name not in _TIMES)
    }


def stores_of(samples: Samples) -> frozenset[str]:
    """Name the stores that anything is told of."""
    return frozenset(
        labels[0]
        for name, numbers in samples.items()
        if _is_of_stores(name)
        for labels in numbers
    )


def keep_stores(samples: Samples, names: Collection[str]) -> Samples:
    """Give the samples without those of any other stores."""
    return {
        name: {
            labels: value
            for labels, value in numbers.items()
            if not _is_of_stores(name) or labels[0] in names
        }
        for name, numbers in samples.items()
    }


def _is_of_stores(name: str) -> bool:
    return name in FAMILIES and FAMILIES[name].labels[:1] == ('store',)


def join_others(new: Samples, old: Samples, names: Collection[str]) -> Samples:
    """Give what is new of these stores and pools, and the old of others.

    What is told of all is of a whole look, so the old stays.
    """
    joined = dict(new)
    for name in new.keys() & old.keys():
        if name in _OF_ALL:
            joined[name] = old[name]
        elif _is_gauge_of_places(name):
            joined[name] = new[name] | {
                labels: value
                for labels, value in old[name].items()
                if labels[0] not in names and labels not in new[name]
            }
    return joined


def _is_gauge_of_places(name: str) -> bool:
    family = FAMILIES.get(name)
    return (
        family is not None
        and family.kind is Kind.GAUGE
        and family.labels[:1] in _OF_PLACES
    )
