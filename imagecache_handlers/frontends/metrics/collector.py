"""Collector: what prometheus-client is given for a scrape."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client import exposition
from prometheus_client import Metric
from prometheus_client.registry import Collector

from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.families import Family
from imagecache_handlers.frontends.metrics.families import Kind
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.samples import Samples
from imagecache_handlers.frontends.metrics.samples import samples_of
from imagecache_handlers.frontends.metrics.samples import write_bound


class RecordCollector(Collector):
    """Gives what a record keeps, ``only`` some of it; it calls nobody."""

    def __init__(
        self, record: Record, only: Collection[str] = FAMILIES
    ) -> None:
        self._record = record
        self._families = [FAMILIES[name] for name in FAMILIES if name in only]

    def collect(self) -> Iterator[Metric]:
        samples = self._record.samples()
        for family in self._families:
            metric = _make_metric(family, samples)
            if metric.samples:
                yield metric

    def describe(self) -> Iterable[Metric]:
        # So that a scrape may ask for a few of them by name.
        return [_make_metric(family, {}) for family in self._families]


def make_registry(
    record: Record, only: Collection[str] = FAMILIES
) -> CollectorRegistry:
    """Give a registry of this record only: nothing of the process."""
    registry = CollectorRegistry()
    registry.register(RecordCollector(record, only))
    return registry


def write_text(record: Record, only: Collection[str] = FAMILIES) -> str:
    """Write a record, or some of it, in the text format of Prometheus."""
    return exposition.generate_latest(make_registry(record, only)).decode()


def _make_metric(family: Family, samples: Samples) -> Metric:
    # prometheus-client adds these itself where the text format wants them.
    stem = family.name.removesuffix('_total').removesuffix('_info')
    metric = Metric(stem, family.says, family.kind.value)
    if family.kind is Kind.HISTOGRAM:
        _add_buckets(metric, family, samples)
    elif family.kind is Kind.SUMMARY:
        for part in '_count', '_sum':
            _add_samples(metric, family, f'{family.name}{part}', samples)
    else:
        _add_samples(metric, family, family.name, samples)
    return metric


def _add_samples(
    metric: Metric, family: Family, name: str, samples: Samples
) -> None:
    for labels, value in samples_of(samples, name):
        told = dict(zip(family.labels, labels, strict=True))
        metric.add_sample(name, told, value)


def _add_buckets(metric: Metric, family: Family, samples: Samples) -> None:
    counted = samples.get(f'{family.name}_count', {})
    buckets = samples.get(f'{family.name}_bucket', {})
    for labels, count in sorted(counted.items()):
        told = dict(zip(family.labels, labels, strict=True))
        for bound in map(write_bound, family.buckets):
            metric.add_sample(
                f'{family.name}_bucket',
                {**told, 'le': bound},
                buckets.get((*labels, bound), 0.0),
            )
        metric.add_sample(
            f'{family.name}_bucket', {**told, 'le': '+Inf'}, count
        )
        metric.add_sample(f'{family.name}_count', told, count)
        total = samples.get(f'{family.name}_sum', {}).get(labels, 0.0)
        metric.add_sample(f'{family.name}_sum', told, total)
