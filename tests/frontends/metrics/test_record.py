"""What is kept of plans, sweeps and calls: tables of values."""

import dataclasses
import datetime
import tracemalloc

import pytest

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.slow_calls import Call
from imagecache_handlers.frontends.in_use_list import nobody_asked
from imagecache_handlers.frontends.metrics import families
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.results import Result
from imagecache_handlers.frontends.metrics.results import SUCCESSES
from imagecache_handlers.frontends.metrics.samples import label_value
from imagecache_handlers.frontends.metrics import tally
from imagecache_handlers.labels import seen_label
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Change
from imagecache_handlers.planning.verdicts import Reason
from tests.planning import values
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import ready
from tests.planning.values import shelf

STORE = ('shelf',)


def planned(*images, stores=None, **given):
    return values.planned(*images, stores=stores or [shelf()], **given)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def record(clock):
    return Record(clock)


def told(record, name):
    """Give what is told by that name, but not what is 0."""
    numbers = record.samples().get(name, {})
    return {labels: value for labels, value in numbers.items() if value}


def outcome(plan, name, did, freed=0):
    [verdict] = [one for one in plan.verdicts if one.image.image_id == name]
    return Outcome(verdict=verdict, did=did, freed=freed)


def test_a_plan_is_kept_by_reason(record):
    plan = planned(
        ready('a', size=7),
        ready('b', 'pin.ops', size=20),
        image('c', users=frozenset({'vm'}), size=300),
        image('d', users=frozenset({'vm'}), size=4000),
        stores=[shelf(10_000, 500)],
    )

    record.note_plan(plan)

    assert told(record, families.IMAGES) == {
        ('shelf', 'expired'): 1,
        ('shelf', 'pinned'): 1,
        ('shelf', 'in-use'): 2,
    }
    assert told(record, families.IMAGES_BYTES) == {
        ('shelf', 'expired'): 7,
        ('shelf', 'pinned'): 20,
        ('shelf', 'in-use'): 4300,
    }
    assert told(record, families.STORE_SIZE) == {STORE: 10_000}
    assert told(record, families.STORE_FREE) == {STORE: 500}
    assert told(record, families.STORE_READABLE) == {STORE: 1}
    assert told(record, families.PLAN_TIME) == {(): NOW.timestamp()}


def test_every_reason_is_there_from_the_first_plan(record):
    record.note_plan(planned())

    samples = record.samples()
    reasons = {one.value for one in Reason} - {Reason.ASKED.value}
    assert {reason for _, reason in samples[families.IMAGES]} == reasons
    assert {
        (reason, did) for _, reason, did in samples[families.EVICTIONS]
    } == {
        (ground, did)
        for ground in ('duplicate', 'expired', 'space')
        for did in ('evicted', 'gone', 'kept', 'failed')
    }
    assert len(samples[families.POOL_BLOCKED]) == 9
    assert not told(record, families.EVICTIONS)


def test_counters_of_stores_are_there_before_a_plan(record):
    record.note_stores(['shelf'])

    samples = record.samples()
    assert samples[families.HITS] == {STORE: 0}
    assert samples[families.ARRIVALS] == {STORE: 0}
    assert len(samples[families.EVICTIONS]) == 12
    assert len(samples[families.SWEEPS]) == len(Result)


def test_a_pool_tells_what_is_wanted_and_what_is_in_the_way(record):
    plan = planned(
        ready('a', size=7),
        ready('b', 'pin.ops', size=20),
        stores=[shelf(100, 0)],
        high_watermark=85,
        low_watermark=70,
    )

    record.note_plan(plan)

    assert told(record, families.POOL_WANTED) == {STORE: 30}
    assert told(record, families.POOL_PLANNED) == {STORE: 7}
    assert told(record, families.POOL_BLOCKED) == {('shelf', 'pinned'): 20}


def unseen(name, *labels):
    return image(name, *labels, unknown='its record is damaged')


def test_of_unknown_users_only_what_is_not_new_is_told(record):
    seen, long_seen = seen_label(NOW - HOUR / 2), seen_label(NOW - HOUR)
    plan = planned(
        unseen('a'),
        unseen('b', long_seen),
        unseen('c', seen),
        image('d', users=frozenset({'vm'})),
    )
    record.note_plan(plan)

    assert told(record, families.IMAGES)['shelf', 'unknown'] == 3
    assert told(record, families.IMAGES_UNKNOWN) == {STORE: 2}
    # What a sweep is about to meet first is newer than all.
    met = Change(image=plan.verdicts[0].image, add=frozenset({seen}))
    record.note_plan(dataclasses.replace(plan, changes=(met,)))
    assert len(told(record, families.IMAGES_UNKNOWN)) == 1


@pytest.mark.parametrize(
    ('did', 'freed', 'told_freed'),
    [
        (Did.EVICTED, 7, 7),
        (Did.EVICTED, None, 10),  # the backend frees it later
        (Did.KEPT, 0, 0),
    ],
)
def test_a_pool_tells_what_the_last_sweep_freed(
    did, freed, told_freed, record
):
    plan = planned(ready('a', size=10), stores=[shelf(100, 0)])
    record.note_plan(plan)
    assert families.POOL_FREED not in record.samples()
    done = outcome(plan, 'a', did, freed)
    record.note_report(Report(plan=plan, outcomes=(done,)))
    assert record.samples()[families.POOL_FREED] == {STORE: told_freed}


def test_a_store_that_cannot_be_read_tells_just_that(record):
    problems = {'shelf': 'gone'}
    record.note_plan(dataclasses.replace(planned(), problems=problems))

    samples = record.samples()
    assert samples[families.STORE_READABLE] == {STORE: 0}
    assert samples[families.IMAGES] == {}
    assert samples[families.HITS] == {STORE: 0}


def test_warnings_are_counted_by_kind(record):
    plan = planned(
        ready('a', 'pin.'),
        protected=Patterns.parse(['nothing']),
        high_watermark=85,
        stores=[shelf()],
    )
    record.note_plan(plan)

    assert told(record, families.WARNINGS) == {
        ('label',): 1,
        ('pattern',): 1,
        ('size',): 1,
    }
    assert len(record.samples()[families.WARNINGS]) == 5


def test_after_a_sweep_things_are_as_it_left_them(record):
    plan = planned(
        *[ready(name, size=10) for name in 'abcdef'],
        stores=[shelf(100, 50)],
    )
    record.note_plan(plan)
    used = planned(image('b', users=frozenset({'vm'}), size=10)).verdicts[0]
    report = Report(
        plan=plan,
        outcomes=(
            outcome(plan, 'a', Did.EVICTED, 10),
            Outcome(verdict=used, did=Did.KEPT),
            outcome(plan, 'c', Did.FAILED),
            outcome(plan, 'd', Did.GONE),
            outcome(plan, 'f', Did.UNCERTAIN, None),
        ),
        after=(shelf(100, 60),),
    )

    record.note_report(report)

    assert told(record, families.IMAGES) == {
        ('shelf', 'in-use'): 1,
        ('shelf', 'expired'): 3,
    }
    assert told(record, families.STORE_FREE) == {STORE: 60}
    assert told(record, families.FREED) == {(): 10}
    # By the ground that each was to go for, whatever the fresh look found.
    assert told(record, families.EVICTIONS) == {
        ('shelf', 'expired', 'evicted'): 1,
        ('shelf', 'expired', 'kept'): 1,
        # What may be removed, or yet be, is one of these.
        ('shelf', 'expired', 'failed'): 2,
        ('shelf', 'expired', 'gone'): 1,
    }


def test_what_was_only_to_be_labelled_is_no_eviction(record):
    plan = planned(image('a', users=frozenset({'vm'})))
    record.note_plan(plan)
    record.note_report(
        Report(plan=plan, outcomes=(outcome(plan, 'a', Did.FAILED),))
    )
    assert not told(record, families.EVICTIONS)


@pytest.mark.parametrize('result', Result)
def test_a_sweep_is_counted_by_how_it_ended(result, record, clock):
    clock.now = NOW + HOUR
    record.note_sweep(result, 12.5)

    assert told(record, families.SWEEPS) == {(result.value,): 1}
    samples = record.samples()
    assert samples[f'{families.SWEEP_DURATION}_count'] == {(): 1}
    assert samples[f'{families.SWEEP_DURATION}_sum'] == {(): 12.5}
    buckets = samples[f'{families.SWEEP_DURATION}_bucket']
    assert [buckets[(bound,)] for bound in ('10.0', '60.0')] == [0, 1]
    ended = {(result.value,): (NOW + HOUR).timestamp()}
    assert told(record, families.SWEEP_LAST_END) == ended
    success = told(record, families.SWEEP_LAST_SUCCESS)
    expected = {(): (NOW + HOUR).timestamp()} if result in SUCCESSES else {}
    assert success == expected


def test_of_the_latest_answer_is_told_of_when_it_is(record, clock):
    assert record.samples()[families.EVIDENCE_TIME] == {(): 0}
    record.note_evidence(Evidence(complete=True, as_of=NOW))
    clock.now = NOW + HOUR
    assert told(record, families.EVIDENCE_TIME) == {(): NOW.timestamp()}
    assert told(record, families.EVIDENCE_COMPLETE) == {(): 1}
    users = {'a': frozenset({'vm'})}
    record.note_evidence(Evidence(users=users, as_of=clock.now))
    later = {(): clock.now.timestamp()}
    assert told(record, families.EVIDENCE_TIME) == later
    assert not told(record, families.EVIDENCE_COMPLETE)


def test_where_nobody_was_asked_there_is_no_answer(record, clock):
    record.note_evidence(nobody_asked(clock))
    assert record.samples()[families.EVIDENCE_TIME] == {(): 0}
    assert record.samples()[families.EVIDENCE_COMPLETE] == {(): 0}


def test_a_complete_answer_that_is_old_proves_nothing(record, clock):
    clock.now = NOW + HOUR
    record.note_evidence(Evidence(complete=True, as_of=NOW))
    assert record.samples()[families.EVIDENCE_COMPLETE] == {(): 0}
    record.note_rules(Rules(evidence_ttl=2 * HOUR), None)
    record.note_evidence(Evidence(complete=True, as_of=NOW))
    assert record.samples()[families.EVIDENCE_COMPLETE] == {(): 1}


def with_hits(name, hits, **fields):
    return image(name, f'hits.{hits}', users=frozenset({'vm'}), **fields)


def test_hits_are_counted_by_how_the_marks_rose(record):
    for hits, expected in (
        ({'a': 5, 'b': 1}, 0),  # what was before is not ours to count
        ({'a': 7, 'b': 1}, 2),
        ({'a': 7, 'b': 2, 'c': 1}, 4),
        ({'a': 7}, 4),  # others evicted; nothing is taken back
        ({'a': 8}, 5),
    ):
        images = [with_hits(name, count) for name, count in hits.items()]
        record.note_plan(planned(*images))
        assert record.samples()[families.HITS][STORE] == expected, hits


def test_what_a_sweep_evicts_takes_its_hits_along(record):
    plan = planned(ready('a', 'hits.9'), with_hits('b', 1))
    record.note_plan(plan)
    evicted = outcome(plan, 'a', Did.EVICTED)
    record.note_report(Report(plan=plan, outcomes=(evicted,)))
    record.note_plan(planned(with_hits('b', 3)))
    assert record.samples()[families.HITS] == {STORE: 2}


def test_what_came_between_two_looks_is_an_arrival(record):
    old = ready('a')
    record.note_plan(planned(old))
    assert record.samples()[families.ARRIVALS] == {STORE: 0}
    later = NOW + HOUR
    young = image('b', cached_at=NOW + HOUR / 2)
    future = image('c', cached_at=later + HOUR)
    unknown = image('d', cached_at=None)
    record.note_plan(planned(old, young, future, unknown, now=later))
    assert record.samples()[families.ARRIVALS] == {STORE: 1}


def test_calls_are_counted_with_how_they_ended(record):
    call = Call(method='evict', store='shelf', since=0)
    record.note_call(call, 0.5, False)
    record.note_call(call, 1.5, True)
    assert record.samples()[families.CALLS] == {
        ('evict', 'done'): 1,
        ('evict', 'failed'): 1,
    }
    assert told(record, f'{families.CALL_DURATION}_sum') == {('evict',): 2}


def test_debris_is_told_of_each_store_that_was_read(record):
    piece = Debris(
        store='shelf', location='x', size=7, since=None, why='broken'
    )
    record.note_debris([piece, piece], ['shelf', 'bay'])
    samples = record.samples()
    assert samples[families.DEBRIS] == {STORE: 2, ('bay',): 0}
    assert samples[families.DEBRIS_BYTES] == {STORE: 14, ('bay',): 0}


def test_rules_are_told(record):
    assert not told(record, families.REMOVAL_ENABLED)
    record.note_rules(Rules(), datetime.timedelta(seconds=2400))
    assert told(record, families.REMOVAL_ENABLED) == {(): 1}
    assert told(record, families.SWEEP_INTERVAL) == {(): 2400}
    record.note_rules(Rules(remove_unused=False), None)
    assert not told(record, families.REMOVAL_ENABLED)
    assert not told(record, families.SWEEP_INTERVAL)


def narrowed(clock, *stores):
    """Give a record of some stores, where one knew a shelf and a bay."""
    before = Record(clock)
    plan = planned(
        ready('a', store='shelf'),
        ready('b', store='bay'),
        stores=[shelf(100, 50), shelf(100, 50, name='bay')],
    )
    before.note_plan(dataclasses.replace(plan, problems={'bay': 'gone'}))
    before.note_debris([], ['shelf', 'bay'])
    before.note_report(Report(plan=plan))
    before.note_plan(dataclasses.replace(plan, problems={'bay': 'gone'}))
    before.note_sweep(Result.PARTIAL, 1)
    record = Record(clock)
    record.restore(before.samples())
    record.narrow_to(stores)
    return before.samples(), record


def of_store(samples, name):
    """Give what is told of a store or of its pool."""
    return {
        (family, labels): value
        for family, numbers in samples.items()
        for labels, value in numbers.items()
        if labels and labels[0] == name
    }


def test_of_other_stores_all_stays_as_it_was(clock):
    before, record = narrowed(clock, 'shelf')
    clock.now = NOW + HOUR
    plan = planned(stores=[shelf(100, 90)], now=clock.now)

    record.note_plan(plan)
    record.note_debris([], ['shelf'])
    record.note_report(Report(plan=plan))

    samples = record.samples()
    assert of_store(samples, 'bay') == of_store(before, 'bay')
    assert samples[families.STORE_READABLE] == {STORE: 1, ('bay',): 0}
    assert samples[families.STORE_FREE][STORE] == 90
    assert samples[families.IMAGES]['shelf', 'expired'] == 0


def test_of_other_stores_all_stays_where_the_sweep_fails(clock):
    before, record = narrowed(clock, 'shelf')
    record.note_sweep(Result.FAILED, 1)
    assert of_store(record.samples(), 'bay') == of_store(before, 'bay')


def test_a_store_that_was_looked_at_leaves_nothing_behind(clock):
    _, record = narrowed(clock, 'shelf')
    gone = dataclasses.replace(
        planned(stores=[shelf(100, 90)]), problems={'shelf': 'gone'}, spaces=()
    )
    record.note_plan(gone)
    samples = record.samples()
    assert samples[families.STORE_READABLE] == {STORE: 0, ('bay',): 0}
    assert {labels[0] for labels in samples[families.IMAGES]} <= {'bay'}
    assert {one for (one,) in samples[families.POOL_WANTED]} == {'bay'}


def test_a_sweep_of_some_stores_is_counted_and_is_no_whole_one(clock):
    before, record = narrowed(clock, 'shelf')
    clock.now = NOW + HOUR
    record.note_sweep(Result.IDLE, 1)
    assert told(record, families.SWEEPS) == {('idle',): 1, ('partial',): 1}
    for name in families.SWEEP_LAST_SUCCESS, families.SWEEP_LAST_END:
        assert record.samples()[name] == before[name]


def sweep_turns(clock, *turns):
    """Sweep as a timer does, one hour after the other; give what is told.

    Each turn is the names of stores, none for all, and how it ends.
    """
    record = Record(clock)
    record.note_stores(['shelf', 'bay'])
    for hour, (stores, result) in enumerate(turns, 1):
        samples, record = record.samples(), Record(clock)
        record.restore(samples)
        if stores:
            record.narrow_to(stores)
        clock.now = NOW + hour * HOUR
        record.note_sweep(result, 1)
    return record


def hour_of(record):
    """Give the hour in which all was swept last; None: never."""
    [seconds] = record.samples()[families.SWEEP_LAST_SUCCESS].values()
    return (seconds - NOW.timestamp()) / 3600 if seconds else None


ALL, SHELF, BAY, OTHER_ONE = (), ('shelf',), ('bay',), ('attic',)
GOOD, BAD = Result.IDLE, Result.PARTIAL


@pytest.mark.parametrize(
    ('turns', 'hour'),
    [
        ([(SHELF, GOOD)], None),
        ([(SHELF, GOOD), (SHELF, GOOD)], None),
        # Who waits the longest for a turn tells since when all was swept.
        ([(SHELF, GOOD), (BAY, GOOD)], 1),
        ([(SHELF, GOOD), (BAY, GOOD), (SHELF, Result.SHORT)], 2),
        ([(SHELF, GOOD), (BAY, GOOD), (BAY, GOOD), (BAY, GOOD)], 1),
        # Turns that failed are none.
        ([(SHELF, GOOD), (BAY, BAD)], None),
        ([(SHELF, GOOD), (BAY, GOOD), (SHELF, Result.BLIND)], 1),
        ([(SHELF, Result.FAILED), (BAY, Result.STOPPED)], None),
        # A sweep of all is a turn of each.
        ([(ALL, GOOD)], 1),
        ([(ALL, GOOD), (SHELF, GOOD)], 1),
        ([(ALL, GOOD), (SHELF, GOOD), (BAY, GOOD)], 2),
        ([(ALL, GOOD), (SHELF, GOOD), (ALL, BAD), (BAY, GOOD)], 2),
        ([(SHELF, GOOD), (BAY, GOOD), (ALL, GOOD)], 3),
        ([(SHELF, GOOD), (ALL, GOOD), (BAY, GOOD)], 2),
        # One more store has had none yet.
        ([(SHELF, GOOD), (BAY, GOOD), (OTHER_ONE, GOOD)], 1),
        ([(OTHER_ONE, GOOD), (SHELF, GOOD), (BAY, BAD)], None),
    ],
)
def test_stores_that_are_swept_by_turns_are_all_swept(clock, turns, hour):
    assert hour_of(sweep_turns(clock, *turns)) == hour


def test_a_store_that_is_no_more_awaits_no_turn(clock):
    turns = (SHELF, GOOD), (BAY, GOOD), (OTHER_ONE, GOOD)
    before = sweep_turns(clock, *turns).samples()
    record = Record(clock)
    record.restore(before)
    record.narrow_to(BAY, ['bay', 'attic'])
    record.note_sweep(Result.IDLE, 1)
    assert hour_of(record) == 3
    assert of_store(before, 'shelf')
    assert not of_store(record.samples(), 'shelf')
    # Who is left alone sweeps all.
    record = Record(clock)
    record.restore(before)
    clock.now = NOW + 9 * HOUR
    record.narrow_to(BAY, BAY)
    record.note_sweep(Result.IDLE, 1)
    assert hour_of(record) == 9


def test_a_sweep_of_all_ends_the_turns(clock):
    turns = (SHELF, GOOD), (BAY, GOOD)
    record = sweep_turns(clock, *turns)
    name = families.STORE_LAST_SUCCESS
    assert {one for (one,) in told(record, name)} == {'shelf', 'bay'}
    assert not told(sweep_turns(clock, *turns, (ALL, GOOD)), name)


def test_a_turn_of_a_wrong_clock_is_none(clock):
    before = sweep_turns(clock, (SHELF, GOOD), (BAY, GOOD)).samples()
    clock.now = NOW
    record = Record(clock)
    record.restore(before)
    record.narrow_to(SHELF)
    assert not told(record, families.STORE_LAST_SUCCESS)


def test_who_names_all_the_stores_that_are_known_sweeps_a_whole(clock):
    _, record = narrowed(clock, 'shelf', 'bay')
    record.note_sweep(Result.IDLE, 1)
    assert told(record, families.SWEEP_LAST_SUCCESS)
    plan = planned(stores=[shelf(100, 90)])
    record.note_plan(plan)
    record.note_report(Report(plan=plan))
    assert not of_store(record.samples(), 'bay')


def test_warnings_are_of_a_whole_look(clock):
    before, record = narrowed(clock, 'shelf')
    record.note_plan(planned(protected=Patterns.parse(['nothing'])))
    for name in families.WARNINGS, families.IMAGES_RETIRED:
        assert record.samples()[name] == before[name]


@pytest.mark.parametrize(
    ('at', 'is_kept'),
    [
        (NOW, True),
        (NOW + datetime.timedelta(minutes=5), True),  # clocks differ
        (NOW + datetime.timedelta(minutes=6), False),
        (NOW + datetime.timedelta(days=3650), False),
    ],
)
def test_a_time_that_is_yet_to_come_is_not_gone_on_from(at, is_kept, record):
    for name in (
        families.SWEEP_LAST_SUCCESS,
        families.COUNTERS_STARTED,
        families.EVIDENCE_TIME,
        families.PLAN_TIME,
    ):
        told_before = record.samples()[name]
        time = {(): at.timestamp()}
        record.restore({name: time})
        expected = time if is_kept else told_before
        assert record.samples()[name] == expected, name


def test_counters_of_a_store_that_is_no_more_are_forgotten(record):
    record.note_stores(['shelf', 'bay'])
    record.note_stores(['bay'])
    assert record.samples()[families.HITS] == {('bay',): 0}


def test_prefetches_are_counted_as_they_end(record):
    record.begin_prefetches()
    assert record.samples()[families.PREFETCHES] == {
        (one.value,): 0 for one in Got
    }
    record.note_event(Began(image_id='a', store='s', size=10))
    record.note_event(Began(image_id='b', store='s', size=10))
    assert told(record, families.PREFETCHES_IN_PROGRESS) == {(): 2}
    done = Prefetched(
        image_id='a', store='s', did=Got.CACHED, size=10**7, seconds=2
    )
    there = Prefetched(image_id='c', store='s', did=Got.EXISTING)
    for one in done, there:
        record.note_event(Ended(result=one))
    assert told(record, families.PREFETCHES_IN_PROGRESS) == {(): 1}
    assert told(record, families.PREFETCHES) == {
        ('cached',): 1,
        ('existing',): 1,
    }
    assert told(record, families.PREFETCH_BYTES) == {(): 10**7}
    assert told(record, f'{families.PREFETCH_THROUGHPUT}_sum') == {(): 5e6}
    assert told(record, f'{families.PREFETCH_THROUGHPUT}_count') == {(): 1}


@pytest.mark.parametrize(
    'name',
    ['x' * 4096, 'a"b', '\\', '{{7*7}}', '<script>', '\udcff', 'a\nb', ''],
)
def test_a_name_becomes_a_label_that_is_bounded_and_encodable(name):
    value = label_value(name)
    assert len(value) <= 200
    assert value.encode().decode() == value


def test_long_names_stay_apart():
    names = {'x' * 4096, 'x' * 4095 + 'y', 'x' * 300}
    assert len(set(map(label_value, names))) == len(names)


def test_nothing_of_images_is_kept(record):
    plan = planned(*[ready(f'im-{number}') for number in range(500)])
    record.note_plan(plan)
    assert 'im-' not in repr(record.samples())


def test_a_record_grows_by_no_scrape_and_no_sweep(record):
    plan = planned(*[ready(f'{number}') for number in range(100)])
    for _ in range(20):
        record.note_plan(plan)
        record.samples()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(200):
            record.note_plan(plan)
            record.note_sweep(Result.IDLE, 1)
            record.samples()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000


def test_every_reason_is_one_of_three_sorts():
    assert {*tally.BLOCKING, *tally.EVICTED_FOR, Reason.NOT_NEEDED} == {
        *tally.REASONS
    }
