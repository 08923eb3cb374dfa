"""ImageCache over several stores, keys of a backend, and bad handlers."""

import contextlib
import dataclasses
import datetime
import io
import threading

import pytest

from imagecache_handlers.actions.evidence import CurrentEvidence
from imagecache_handlers.actions.report import Did
from imagecache_handlers import CacheHandler
from imagecache_handlers import Cancelled
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import ConfigurationError
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import StoreNotFound
from imagecache_handlers import HandlerFailed
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageNotFound
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Left
from imagecache_handlers import Marks
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import NotSupported
from imagecache_handlers import Patterns
from imagecache_handlers import Reason
from imagecache_handlers import Rules
from imagecache_handlers import Store
from imagecache_handlers import StoreBusy
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import SECOND

LONG_AGO = unused_label(NOW - 99 * HOUR)


class Shelves(CacheHandler):
    """A backend of several stores, whose every answer a test may bend."""

    def __init__(self, *stores, sees=True):
        self.names = stores or ('s1', 's2')
        self.sees = sees
        self.rows = {}
        self.calls = []
        self.problems = {}
        self.broken = {}
        self.extra = []
        self.threads = set()

    def put(self, image_id, *labels, store='s1', users=(), size=10):
        location = f'{image_id}@{len(self.rows)}'
        self.rows[store, location] = [
            image_id,
            {LONG_AGO, *labels},
            set(users),
            size,
        ]
        return location

    def labels(self, location, store='s1'):
        return self.rows[store, location][1]

    def left(self):
        return sorted(row[0] for row in self.rows.values())

    def _call(self, method, store=None):
        self.calls.append(method)
        self.threads.add(threading.current_thread().name)
        error = self.broken.get((method, store)) or self.broken.get(method)
        if error is not None:
            raise error

    def stores(self):
        self._call('stores')
        for name in self.names:
            yield Store(name=name, problem=self.problems.get(name))

    def enumerate(self, store, image_ids=None):
        self._call('enumerate', store)
        found = [
            self._image(*identity, *row)
            for identity, row in self.rows.items()
            if identity[0] == store
            and (image_ids is None or row[0] in image_ids)
        ]
        yield from [*found, *self.extra]

    def _image(self, store, location, image_id, labels, users, size):
        return image(
            image_id,
            *labels,
            store=store,
            location=location,
            size=size,
            users=frozenset(users) if self.sees else None,
        )

    def evict(self, image, alive):
        self._call('evict', image.store)
        return self.rows.pop(image.identity)[3]

    def mark(self, image, add=(), remove=()):
        self._call('mark', image.store)
        if image.identity not in self.rows:
            raise ImageNotFound(image.image_id)
        self.rows[image.identity][1] |= set(add)
        self.rows[image.identity][1] -= set(remove)


class Upper(Shelves):
    """A backend that lists every image under another name."""

    def key(self, image_id):
        return image_id.upper()


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return NOW + self.seconds * SECOND

    def sleep(self, seconds):
        self.seconds += seconds


def opened(handler, rules=None, clock=None):
    clock = clock or Clock()
    return ImageCache(
        handler,
        rules or Rules(min_age=HOUR),
        clock=clock.now,
        monotonic=lambda: clock.seconds,
        sleep=clock.sleep,
    )


def asked(**users):
    who = {key: frozenset(value) for key, value in users.items()}
    return Evidence(users=who, complete=True, as_of=NOW)


def did(report):
    return [outcome.did for outcome in report.outcomes]


def test_one_stores_failure_does_not_touch_the_others():
    for parallel in (1, 4):
        shelves = Shelves('s1', 's2', 's3')
        shelves.parallel = parallel
        for store in shelves.names:
            shelves.put('a', store=store)
        shelves.broken['enumerate', 's2'] = StoreUnavailable('s2', 'away')

        report = opened(shelves).sweep(asked)

        assert did(report) == [Did.EVICTED] * 2
        assert list(report.plan.problems) == ['s2']
        assert shelves.left() == ['a']


def test_stores_are_worked_on_at_once_as_far_as_the_handler_bears_it():
    for parallel, threads in ((1, 1), (2, 2)):
        shelves = Shelves('s1', 's2', 's3', 's4')
        shelves.parallel = parallel
        meeting = threading.Barrier(threads, timeout=60)
        listed = shelves.enumerate

        def together(store, image_ids=None, listed=listed, meeting=meeting):
            meeting.wait()
            return listed(store, image_ids)

        shelves.enumerate = together
        shelves.stores()
        opened(shelves).inventory()
        names = {name for name in shelves.threads if 'Pool' in name}
        assert len(names) == (0 if parallel == 1 else 2)


def test_a_store_with_a_problem_is_told_and_never_read():
    shelves = Shelves()
    shelves.problems['s2'] = 'not mounted'
    shelves.put('a', 'pin.ops')
    cache = opened(shelves)

    assert cache.plan(asked()).problems == {'s2': 'not mounted'}
    assert shelves.calls.count('enumerate') == 1
    assert [one.image_id for one in cache.find('a', store='s1')] == ['a']
    with pytest.raises(StoreUnavailable, match='not mounted'):
        cache.find('a')
    # Whoever boots gets what there is; nobody is told 'not cached'.
    assert cache.hold('a', 'vm', HOUR)
    with pytest.raises(StoreUnavailable, match='not mounted'):
        cache.hold('b', 'vm', HOUR)


def test_an_unknown_store_is_refused_with_those_that_there_are():
    cache = opened(Shelves())
    for call in (
        lambda: cache.inventory(['s3']),
        lambda: cache.find('a', store='s3'),
        lambda: cache.sweep(asked, ['s3']),
    ):
        with pytest.raises(StoreUnavailable, match='s1, s2'):
            call()


def test_only_chosen_stores_are_swept():
    shelves = Shelves()
    shelves.put('a', store='s1')
    shelves.put('b', store='s2')
    opened(shelves).sweep(asked, ['s2'])
    assert shelves.left() == ['a']


class TestKeys:
    """Where a backend lists images under names of its own."""

    def test_evidence_names_images_by_their_id(self):
        upper = Upper(sees=False)
        upper.put('A')
        upper.put('B')
        report = opened(upper).sweep(lambda: asked(a={'vm'}))
        assert upper.left() == ['A']
        assert did(report) == [Did.EVICTED]

    def test_evidence_of_two_ids_with_one_key_loses_nobody(self):
        upper = Upper(sees=False)
        upper.put('A')
        plan = opened(upper).plan(asked(a={'vm-1'}, A={'vm-2'}))
        (blocker,) = plan.verdicts[0].blockers
        assert set(blocker.who) == {'vm-1', 'vm-2'}

    def test_evidence_that_is_asked_for_again_is_translated_too(self):
        upper = Upper(sees=False)
        upper.put('A')
        clock = Clock()
        answers = [
            asked(),
            Evidence(
                users={'a': frozenset({'vm'})},
                complete=True,
                as_of=NOW + 301 * SECOND,
            ),
        ]
        listed = upper.enumerate

        def slow(store, image_ids=None):
            clock.seconds += 301 if image_ids is None else 0
            return listed(store, image_ids)

        upper.enumerate = slow
        opened(upper, clock=clock).sweep(lambda: answers.pop(0), ['s1'])
        assert not answers
        assert upper.left() == ['A']

    def test_exact_patterns_and_calls_name_images_by_their_id(self):
        upper = Upper()
        upper.put('A')
        rules = Rules(min_age=HOUR, protected=Patterns.parse(['a']))
        cache = opened(upper, rules)
        plan = cache.plan(asked())
        assert plan.verdicts[0].reason is Reason.PROTECTED
        assert plan.verdicts[0].blockers[0].detail == 'a'
        assert plan.warnings == ()
        assert cache.find('a')
        assert cache.pin('a', 'ops')
        assert cache.hold('a', 'vm', HOUR)
        assert cache.release('a', 'vm')
        assert cache.unpin('a', 'ops')
        assert cache.evict('a', asked(), force=True)[0].did is Did.EVICTED

    def test_wildcards_of_ids_that_are_listed_otherwise_are_told(self):
        upper = Upper()
        upper.put('A')
        rules = Rules(protected=Patterns.parse(['a', 'b*']))
        [warning] = opened(upper, rules).plan(asked()).warnings
        assert "'b*' cannot be tested" in warning


class TestBadHandlers:
    """What breaks the contract is a failure, never an answer."""

    def swept(self, shelves, **kwargs):
        report = opened(shelves).sweep(asked, **kwargs)
        return report

    def test_a_store_named_twice(self):
        with pytest.raises(HandlerFailed, match='one name'):
            opened(Shelves('s1', 's1')).plan(asked())

    def test_an_object_listed_twice_is_no_duplicate(self):
        shelves = Shelves('s1')
        location = shelves.put('a')
        row = shelves.rows['s1', location]
        shelves.extra = [shelves._image('s1', location, *row)]
        report = opened(shelves).sweep(lambda: asked(a={'vm'}))
        assert 'twice' in report.plan.problems['s1']
        assert shelves.left() == ['a']

    def test_images_of_another_store(self):
        shelves = Shelves('s1')
        shelves.extra = [image('a', store='s9')]
        assert 'another store' in opened(shelves).plan(asked()).problems['s1']

    def test_images_that_nobody_asked_for(self):
        shelves = Shelves('s1')
        shelves.put('a')
        shelves.put('b')
        listed = shelves.enumerate
        shelves.enumerate = lambda store, image_ids=None: listed(store)
        with pytest.raises(HandlerFailed, match='not requested'):
            opened(shelves).evict('a', asked(), force=True)
        assert shelves.left() == ['a', 'b']

    def test_generators_that_fail_late(self):
        shelves = Shelves('s1')

        def broken(store, image_ids=None):
            yield image('a', store='s1')
            raise KeyError('a bug')

        shelves.enumerate = broken
        assert 'KeyError' in opened(shelves).plan(asked()).problems['s1']
        shelves.broken['stores'] = KeyError('a bug')
        with pytest.raises(HandlerFailed):
            opened(shelves).plan(asked())

    def test_no_batch_at_all(self):
        shelves = Shelves('s1')
        shelves.batch = 0
        shelves.put('a')
        assert did(self.swept(shelves)) == [Did.EVICTED]

    def test_an_error_that_promises_nothing_leaves_the_claim(self):
        shelves = Shelves('s1')
        location = shelves.put('a')
        shelves.broken['evict'] = NotSupported('evict')
        assert did(self.swept(shelves)) == [Did.UNCERTAIN]
        assert Marks.read(shelves.labels(location)).claims

    def test_an_error_that_promises_no_change_lets_it_go(self):
        for error, expected in (
            (StoreUnavailable('s1', 'away'), Did.FAILED),
            (ImageBusy('a'), Did.KEPT),
            (ImageNotFound('a'), Did.GONE),
        ):
            shelves = Shelves('s1')
            location = shelves.put('a')
            shelves.broken['evict'] = error
            assert did(self.swept(shelves)) == [expected]
            if expected is not Did.GONE:
                assert not Marks.read(shelves.labels(location)).claims

    def test_nothing_freed_of_an_image_without_bytes_is_an_eviction(self):
        shelves = Shelves('s1')
        shelves.put('a', size=0)
        assert did(self.swept(shelves)) == [Did.EVICTED]


class TestBatches:
    def slow(self, batch, seconds, method):
        shelves, clock = Shelves('s1'), Clock()
        shelves.batch = batch
        for n in range(30):
            shelves.put(f'image-{n}')
        called = shelves._call

        def slowly(name, store=None):
            clock.seconds += seconds if name == method else 0
            called(name, store)

        shelves._call = slowly
        report = opened(shelves, clock=clock).sweep(
            lambda: Evidence(complete=True, as_of=clock.now())
        )
        return shelves, report

    def test_no_more_is_claimed_than_finds_the_time(self):
        _, report = self.slow(10, 40, 'mark')
        assert did(report) == [Did.EVICTED] * 30

    def test_what_came_late_is_claimed_in_batches_that_fit(self):
        shelves, report = self.slow(30, 100, 'evict')
        assert did(report) == [Did.EVICTED] * 30
        # One batch too large, with a claim to withdraw for each of the rest.
        assert shelves.calls.count('mark') < 120


class TestTrouble:
    def test_each_store_counts_by_itself(self):
        handler = Shelves('s1', 's2')
        handler.parallel = 2
        for number in range(9):
            handler.put(f'image-{number}', store='s1')
            handler.put(f'image-{number}', store='s2')
        handler.broken['evict', 's1'] = StoreBusy('x', 'a scan')
        report = opened(handler).sweep(asked)
        did = [
            (one.verdict.image.store, one.did.value) for one in report.outcomes
        ]
        assert did == [('s1', 'kept')] * 5 + [('s2', 'evicted')] * 9
        why = 'refused 5 removals in a row'
        assert report.left == (Left(store='s1', count=4, why=why),)

    def test_of_several_each_is_told(self):
        handler = Shelves('s1', 's2')
        for number in range(9):
            handler.put(f'image-{number}', store='s1')
            handler.put(f'image-{number}', store='s2')
        handler.broken['evict'] = Cancelled('x', 'nobody had begun')
        report = opened(handler).sweep(asked)
        assert list(map(str, report.left)) == [
            'store s1 does not finish removals; 7 left for the next sweep',
            'store s2 does not finish removals; 7 left for the next sweep',
        ]


class TestLabels:
    def test_wants_seen_labels_what_no_sweep_met(self):
        shelves = Shelves('s1')
        shelves.wants_seen = True
        location = shelves.put('a', users=['vm'])
        opened(shelves).sweep(asked)
        assert Marks.read(shelves.labels(location)).seen == NOW
        written = shelves.calls.count('mark')
        opened(shelves).sweep(asked)
        assert shelves.calls.count('mark') == written

    def test_an_old_plan_starts_an_age_when_it_is_applied(self):
        shelves, clock = Shelves('s1'), Clock()
        location = shelves.put('a')
        shelves.labels(location).discard(LONG_AGO)
        cache = opened(shelves, clock=clock)
        plan = cache.plan(asked())
        clock.seconds += 3540
        cache.apply(plan, asked)
        since = Marks.read(shelves.labels(location)).unused_since
        assert since == NOW + 3540 * SECOND

    def test_the_stores_are_read_again_only_after_an_eviction(self):
        shelves = Shelves('s1')
        shelves.put('a', 'pin.ops')
        opened(shelves).sweep(asked)
        assert shelves.calls.count('stores') == 1
        shelves.put('b')
        report = opened(shelves).sweep(asked)
        assert shelves.calls.count('stores') == 3
        assert report.after

    def test_an_unpin_goes_on_after_a_failure_and_tells_it(self):
        shelves = Shelves()
        shelves.put('a', 'pin.ops', store='s1')
        second = shelves.put('a', 'pin.ops', store='s2')
        shelves.broken['mark', 's1'] = StoreUnavailable('s1', 'away')
        with pytest.raises(StoreUnavailable):
            opened(shelves).unpin('a', 'ops')
        assert not Marks.read(shelves.labels(second, 's2')).pins

    def test_a_pin_has_its_shield_at_once_where_one_is_wanted(self):
        for wants in False, True:
            shelves = Shelves('s1')
            shelves.wants_shield = wants
            location = shelves.put('a')
            assert opened(shelves).pin('a', 'ops')
            added = shelves.labels(location) - {LONG_AGO}
            assert added == {'pin.ops', *(['shield'] if wants else [])}

    def test_who_pins_again_has_a_shield_that_was_taken_away(self):
        shelves = Shelves('s1')
        shelves.wants_shield = True
        location = shelves.put('a', 'pin.ops')
        assert opened(shelves).pin('a', 'ops')
        assert {'pin.ops', 'shield'} <= shelves.labels(location)

    def test_who_is_refused_to_pin_again_keeps_the_earlier_pin(self):
        shelves = Shelves('s1')
        shelves.wants_shield = True
        claim = claim_label('zz', NOW + HOUR)
        location = shelves.put('a', 'pin.ops', claim)
        with pytest.raises(ImageBusy):
            opened(shelves).pin('a', 'ops')
        assert 'pin.ops' in shelves.labels(location)

    def test_a_bad_owner_is_refused_whether_or_not_it_is_cached(self):
        cache = opened(Shelves())
        for call in (
            lambda: cache.pin('a', 'Ops!'),
            lambda: cache.unpin('a', 'Ops!'),
            lambda: cache.hold('a', 'Ops!', HOUR),
            lambda: cache.release('a', 'Ops!'),
        ):
            with pytest.raises(ValueError, match='owner'):
                call()

    def test_the_furthest_times_are_taken(self):
        shelves = Shelves('s1')
        shelves.put('a')
        cache = opened(shelves)
        last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        assert cache.pin('a', 'ops', last)
        assert cache.hold('a', 'vm', datetime.timedelta.max)
        assert cache.plan(asked()).verdicts[0].reason is Reason.LEASED

    def test_what_would_be_over_at_once_is_refused(self):
        shelves = Shelves('s1')
        where = shelves.put('a')
        cache = opened(shelves)
        for ttl in datetime.timedelta(0), -HOUR, 2 * Rules().clock_skew:
            with pytest.raises(ValueError, match='leaves no time'):
                cache.hold('a', 'vm', ttl)
        with pytest.raises(ValueError, match='over already'):
            cache.pin('a', 'ops', NOW - HOUR)
        with pytest.raises(ValueError, match='aware'):
            cache.pin('a', 'ops', NOW.replace(tzinfo=None))
        assert shelves.labels(where) == {LONG_AGO}

    def test_a_hold_lets_go_where_another_store_is_busy(self):
        shelves = Shelves()
        shelves.put('a', store='s1')
        claim = claim_label('zz', NOW + 10 * MINUTE)
        busy = shelves.put('a', claim, store='s2')
        cache = opened(shelves)
        held = cache.hold('a', 'vm', HOUR)
        assert [one.store for one in held] == ['s1']
        assert not Marks.read(shelves.labels(busy, 's2')).leases
        with pytest.raises(ImageBusy):
            cache.pin('a', 'ops')


class TestControlPlane:
    def test_whatever_it_raises_later_ends_no_pass(self):
        shelves, clock = Shelves('s1', sees=False), Clock()
        shelves.batch = 1
        for name in ('a', 'b'):
            shelves.put(name)
        answers = [asked()]

        def ask():
            if not answers:
                raise ConnectionError('no answer')
            return answers.pop()

        listed = shelves.enumerate

        def slow(store, image_ids=None):
            clock.seconds += 301 if image_ids is None else 0
            return listed(store, image_ids)

        shelves.enumerate = slow
        report = opened(shelves, clock=clock).sweep(ask)
        assert did(report) == [Did.KEPT] * 2
        for one in report.outcomes:
            assert one.verdict.reason is Reason.UNKNOWN
        assert not any('claim' in str(row[1]) for row in shelves.rows.values())

    def test_whom_it_named_before_it_failed_is_still_there(self):
        def ask():
            raise ConnectionError('no answer')

        clock = Clock()
        current = CurrentEvidence(
            ask, Rules(), Clocks(now=clock.now), asked(a={'vm'})
        )
        assert current.get().complete
        clock.seconds += 301
        evidence = current.get()
        assert evidence.users == {'a': frozenset({'vm'})}
        assert not evidence.complete

    @pytest.mark.parametrize(
        'wrong', [{'as_of': None}, {'complete': 'no'}, {'users': ['a']}]
    )
    def test_an_answer_of_other_kinds_is_none(self, wrong):
        current = CurrentEvidence(
            lambda: Evidence(**{'as_of': NOW, 'complete': True, **wrong}),
            Rules(),
            Clocks(now=lambda: NOW),
        )
        assert not current.get().complete

    def test_it_is_asked_once_while_its_answer_is_fresh(self):
        shelves = Shelves('s1')
        shelves.put('a')
        shelves.put('b')
        times = []

        def ask():
            times.append(1)
            return asked()

        with contextlib.suppress(IndexError):
            opened(shelves).sweep(ask)
        assert len(times) == 1
        assert shelves.left() == []


@pytest.mark.parametrize('batch', [1, 2, 9])
def test_each_outcome_is_told_as_it_comes(batch):
    shelves = Shelves()
    shelves.batch = batch
    for name in 'abc':
        shelves.put(name)
    told = []

    def tell(outcome):
        told.append((outcome.verdict.image.image_id, len(shelves.rows)))

    report = opened(shelves).sweep(asked, on_outcome=tell)

    assert told == [('a', 2), ('b', 1), ('c', 0)]
    assert did(report) == [Did.EVICTED] * 3
    assert not report.stopped


@pytest.mark.parametrize('batch', [1, 2, 9])
def test_once_stopped_a_sweep_ends_after_the_current_image(batch):
    shelves = Shelves()
    shelves.batch = batch
    names = 'abcde'
    for name in names:
        shelves.put(name, store='s1')
        shelves.put(name, store='s2')
    told = []

    report = opened(shelves).sweep(
        asked, on_outcome=told.append, should_stop=lambda: len(told) == 2
    )

    assert report.stopped
    assert report.outcomes == tuple(told)
    assert did(report) == [Did.EVICTED] * 2
    assert len(shelves.rows) == 8
    # No claim is left that would keep others waiting.
    assert all(row[1] == {LONG_AGO} for row in shelves.rows.values())


def test_once_stopped_nothing_is_labelled():
    shelves = Shelves()
    [shelves.put(name, 'seen.x') for name in 'ab']
    for row in shelves.rows.values():
        row[1].discard(LONG_AGO)

    report = opened(shelves).sweep(asked, should_stop=lambda: True)

    assert report.stopped
    assert report.outcomes == ()
    assert 'mark' not in shelves.calls


def test_a_failure_to_label_is_told():
    shelves = Shelves('s1')
    shelves.put('a')
    shelves.rows['s1', 'a@0'][1].clear()
    shelves.broken['mark'] = StoreUnavailable('s1', 'away')
    told = []

    report = opened(shelves).sweep(asked, on_outcome=told.append)

    assert did(report) == [Did.FAILED]
    assert report.outcomes == tuple(told)


def test_what_was_never_written_is_not_taken_back(caplog):
    for error, marks in (
        (StoreUnavailable('s1', 'read only'), 1),
        (Uncertain('a', 'no reply'), 2),
    ):
        shelves = Shelves('s1')
        shelves.put('a')
        shelves.broken['mark'] = error
        report = opened(shelves).sweep(asked)
        assert did(report) == [Did.FAILED]
        assert shelves.calls.count('mark') == marks
        told = [one for one in caplog.records if 'stays claimed' in one.msg]
        assert len(told) == marks - 1


def test_a_stop_while_others_claims_are_waited_for_is_heard():
    shelves = Shelves()
    cache = opened(shelves)
    place = shelves.put('a')
    plan = opened(shelves).plan(asked())
    shelves.labels(place).add(claim_label('f' * 16, NOW + HOUR))
    polls = []

    def stop():
        polls.append(1)
        return len(polls) > 5

    report = cache.apply(plan, asked, should_stop=stop)

    assert report.stopped
    assert report.outcomes == ()
    assert len(shelves.labels(place)) == 2


class Attic(Shelves):
    """A backend that finds debris, and takes images in."""

    free = 100

    def stores(self):
        for store in super().stores():
            yield dataclasses.replace(store, total=1000, free=self.free)

    def debris(self, store):
        self._call('debris', store)
        yield debris(store)

    def clean(self, debris):
        self._call('clean', debris.store)
        return debris.size

    def room(self, meta, store):
        self._call('room', store)
        return 2 * meta.size

    def add(self, meta, content, store, labels=()):
        self._call('add', store)
        size = len(content.read())
        return image(meta.image_id, store=store, location='x', size=size)


def debris(store):
    return Debris(
        store=store, location='part', size=3, since=None, why='half made'
    )


class Bytes:
    """A source of so many bytes, which tells if it was read."""

    def __init__(self, size):
        self.content = io.BytesIO(bytes(size))

    @contextlib.contextmanager
    def opened(self, image_id):
        size = len(self.content.getvalue())
        yield (
            ImageMeta(image_id=image_id, size=size, disk_format='raw'),
            self.content,
        )


def test_stores_are_told_without_a_look_into_them():
    shelves = Shelves('s1', 's2')
    shelves.problems = {'s2': 'gone'}
    cache = opened(shelves, Rules())
    assert [one.name for one in cache.stores()] == ['s1', 's2']
    assert [one.problem for one in cache.stores(['s2'])] == ['gone']
    assert set(shelves.calls) == {'stores'}
    with pytest.raises(StoreNotFound):
        cache.stores(['s3'])


def test_debris_is_found_store_by_store():
    attic = Attic()
    attic.broken['debris', 's1'] = OSError('no light')
    found = opened(attic).debris()
    assert found.items == (debris('s2'),)
    assert 'no light' in found.problems['s1']
    assert opened(attic).debris(['s2']).problems == {}
    assert opened(attic).clean(debris('s2')) == 3
    with pytest.raises(StoreNotFound, match='there are only: s1, s2'):
        opened(attic).debris(['s3'])


def test_a_backend_that_knows_no_debris_says_so():
    with pytest.raises(NotSupported, match='cannot find debris'):
        opened(Shelves()).debris()


def test_an_image_is_added_where_there_is_room():
    attic = Attic()
    added = opened(attic).add('a', Bytes(50), store='s2')
    assert (added.image_id, added.store, added.size) == ('a', 's2', 50)


def test_without_room_not_a_byte_is_read():
    attic = Attic()
    source = Bytes(51)
    with pytest.raises(NoRoom, match='102 bytes there, and 100 are free'):
        opened(attic).add('a', source, store='s1')
    assert source.content.tell() == 0
    assert 'add' not in attic.calls


def test_a_backend_that_cannot_tell_of_room_is_tried():
    attic = Attic()
    attic.broken['room'] = NotSupported('tell how much room an image takes')
    assert opened(attic).add('a', Bytes(999), store='s1').size == 999


def test_a_store_is_named_unless_there_is_one():
    with pytest.raises(ConfigurationError, match='one of: s1, s2'):
        opened(Attic()).add('a', Bytes(1))
    assert opened(Attic('s1')).add('a', Bytes(1)).store == 's1'
    broken = Attic('s1')
    broken.problems['s1'] = 'not mounted'
    with pytest.raises(StoreUnavailable, match='not mounted'):
        opened(broken).add('a', Bytes(1))


def test_what_cannot_name_an_image_is_never_added():
    with pytest.raises(ValueError, match='cannot name an image'):
        opened(Attic('s1')).add('../a', Bytes(1))
