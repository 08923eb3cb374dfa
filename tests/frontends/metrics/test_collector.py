"""What is exported: its form, its size and what it costs."""

from prometheus_client.parser import text_string_to_metric_families
import pytest

from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions import slow_calls
from imagecache_handlers.actions.slow_calls import Call
from imagecache_handlers.frontends.metrics.collector import write_text
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.families import Kind
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.metrics.samples import label_value
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf

# What a sweep of the service may call.
CALLS = (
    *('stores', 'enumerate', 'recover', 'mark', 'mark_many', 'evict'),
    *('evict_many', 'age', 'remarks', 'record_host', 'debris'),
)


def filled(stores=('shelf',)):
    """Give a record that has been told of everything."""
    record = Record()
    plan = planned(
        ready('a'), stores=[Store(name=one, total=9, free=3) for one in stores]
    )
    record.note_plan(plan)
    record.note_debris([], stores)
    record.note_evidence(Evidence(as_of=NOW))
    record.note_report(Report(plan=plan))
    record.note_sweep(Result.IDLE, 1)
    for method in CALLS:
        record.note_call(Call(method=method, store='', since=0), 1, False)
    return record


def filled_by_turns(stores=('shelf',)):
    """Give one that has been told of all stores but another, as well."""
    record = Record()
    record.restore(filled([*stores, 'other']).samples())
    record.narrow_to(stores)
    record.note_sweep(Result.IDLE, 1)
    return record


# How many stores are told of, where one is named.
FILLED = [(filled, 1), (filled_by_turns, 2)]


def read(record):
    """Give every sample that is exported, by name and labels."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for metric in text_string_to_metric_families(write_text(record))
        for one in metric.samples
    }


def test_all_that_is_kept_is_exported_once():
    record = filled()
    record.begin_prefetches()
    samples = read(record)
    for name, numbers in record.samples().items():
        names = [one for one, _ in samples if one == name]
        # A histogram has one more, for all.
        assert len(names) in (len(numbers), len(numbers) + 1), name
    lines = [
        line
        for line in write_text(record).splitlines()
        if not line.startswith('#')
    ]
    assert len(lines) == len(samples)


def test_every_family_is_exported_with_its_meaning():
    record = filled_by_turns()
    record.begin_prefetches()
    text = write_text(record)
    for family in FAMILIES.values():
        assert f'# HELP {family.name} {family.says}\n' in text
        kind = 'gauge' if family.kind is Kind.INFO else family.kind.value
        assert f'# TYPE {family.name} {kind}\n' in text


def test_of_prefetches_alone_nothing_else_is_told():
    record = filled()
    record.begin_prefetches()
    text = write_text(record, families.OF_PREFETCHES)
    told = {line.split()[2] for line in text.splitlines() if line[0] == '#'}
    assert told == families.OF_PREFETCHES


def test_labels_are_bounded_and_of_a_few_kinds():
    labels = {one for family in FAMILIES.values() for one in family.labels}
    assert labels == {
        *('store', 'reason', 'pool', 'result', 'outcome', 'kind', 'call'),
        'version',
    }


@pytest.mark.parametrize(('fill', 'stores'), FILLED)
def test_a_store_takes_60_series_and_all_else_a_hundred(fill, stores):
    few = len(read(fill(['s0'])))
    many = len(read(fill([f's{number}' for number in range(11)])))
    each = (many - few) / 10
    assert each <= 60
    assert few - stores * each <= 100


def test_a_sweep_calls_what_is_on_record():
    assert set(CALLS) <= set(slow_calls.METHODS)


@pytest.mark.parametrize(
    'name', ['"', '\\', 'a"b\\n', '{{7*7}}', 'x' * 4096, '<script>', 'ü', "'"]
)
def test_any_name_of_a_store_can_be_read_again(name):
    text = write_text(filled([name]))
    stores = {
        one.labels['store']
        for metric in text_string_to_metric_families(text)
        for one in metric.samples
        if 'store' in one.labels
    }
    assert stores == {label_value(name)}


def test_a_scrape_does_not_depend_on_the_number_of_images():
    few, many = Record(), Record()
    few.note_plan(planned(image('a'), stores=[shelf(100, 50)]))
    images = [image(f'{number}') for number in range(3000)]
    many.note_plan(planned(*images, stores=[shelf(100, 50)]))
    # benchmarks/metrics.py has what it takes.
    assert read(few).keys() == read(many).keys()


def test_before_anything_was_told_it_can_be_scraped():
    samples = read(Record())
    assert samples['imagecache_sweeps_total', (('result', 'whole'),)] == 0
    assert samples['imagecache_freed_bytes_total', ()] == 0
    last = 'imagecache_sweep_last_success_timestamp_seconds'
    assert samples[last, ()] == 0
