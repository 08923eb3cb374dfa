"""Handlers that evict and label many, and tell of it as they should not."""

import logging

import pytest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Cancelled
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Marks
from imagecache_handlers import StoreBusy
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import TooLate
from tests.root.test_cache import asked
from tests.root.test_cache import Clock
from tests.root.test_cache import did
from tests.root.test_cache import opened
from tests.root.test_cache import Shelves

EVICTED, FAILED, GONE = Did.EVICTED, Did.FAILED, Did.GONE
KEPT, UNCERTAIN = Did.KEPT, Did.UNCERTAIN


class Many(Shelves):
    """A backend whose results a test gives; what goes, it says first."""

    batch = 10

    def __init__(self, results, *, going=0):
        super().__init__('s1')
        self.results = results
        self.going = going
        self.labelled = None
        for name in 'abc':
            self.put(name)

    def evict_many(self, images, in_time):
        self._call('evict_many', 's1')
        for image in images[: self.going]:
            del self.rows[image.identity]
        return self.results(images, in_time)

    def mark_many(self, images, add=(), remove=()):
        self._call('mark_many', 's1')
        if self.labelled is not None:
            return self.labelled(images)
        for image in images:
            self.mark(image, add, remove)
        return [None] * len(images)

    def claims(self):
        return [
            row[0] for row in self.rows.values() if Marks.read(row[1]).claims
        ]


def given(*results):
    return lambda images, in_time: list(results)


def told(*results):
    """The same, one by one: how many there are is seen only at the end."""
    return lambda images, in_time: iter(results)


def fail(images, in_time):
    raise KeyError('a bug')


def fail_later(images, in_time):
    yield 10
    raise KeyError('a bug')


def fail_last(images, in_time):
    yield from (10, 10, 10)
    raise KeyError('a bug')


def swept(handler, **kwargs):
    return opened(handler).sweep(asked, **kwargs)


@pytest.fixture(autouse=True)
def quiet():
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    ('results', 'outcomes', 'claimed'),
    [
        (given(10, None, 10), [EVICTED] * 3, ''),
        (told(10, 10, 10), [EVICTED] * 3, ''),
        (given(0, 10, 10), [GONE, EVICTED, EVICTED], ''),
        (told(ImageNotFound('a'), 10, 10), [GONE, EVICTED, EVICTED], ''),
        (told(ImageBusy('a'), 10, 10), [KEPT, EVICTED, EVICTED], ''),
        # What is no result is no word of how it ended.
        (given(True, 10, 10), [EVICTED, EVICTED, UNCERTAIN], 'a'),
        (given('10', 10, 10), [EVICTED, EVICTED, UNCERTAIN], 'a'),
        (given(10.0, 10, 10), [EVICTED, EVICTED, UNCERTAIN], 'a'),
        (given(-1, 10, 10), [EVICTED, EVICTED, UNCERTAIN], 'a'),
        (given(OSError('x'), 10, 10), [EVICTED, EVICTED, UNCERTAIN], 'a'),
        # Of a list of another length no result is anybody's.
        (given(), [UNCERTAIN] * 3, 'abc'),
        (given(10, 10), [UNCERTAIN] * 3, 'abc'),
        (given(10, 10, 10, 10), [UNCERTAIN] * 3, 'abc'),
        (lambda images, in_time: None, [UNCERTAIN] * 3, 'abc'),
        (lambda images, in_time: 'abcd', [UNCERTAIN] * 3, 'abc'),
        (lambda images, in_time: 7, [UNCERTAIN] * 3, 'abc'),
        (fail, [UNCERTAIN] * 3, 'abc'),
        # Told one by one, those before were told.
        (told(10, 10), [EVICTED, EVICTED, UNCERTAIN], 'c'),
        (told(10, 10, 10, 10), [EVICTED] * 3, ''),
        (fail_later, [EVICTED, UNCERTAIN, UNCERTAIN], 'bc'),
        (fail_last, [EVICTED] * 3, ''),
    ],
)
def test_results_that_are_none_are_looked_after(results, outcomes, claimed):
    handler = Many(results)
    report = swept(handler)
    assert did(report) == outcomes
    gone = {
        one.verdict.image.image_id
        for one in report.outcomes
        if one.did in (EVICTED, GONE)
    }
    # Where an outcome is not known, the claim stays for others to heed.
    assert set(claimed) == set(handler.claims()) - gone
    assert handler.calls.count('evict_many') == 1


def test_what_went_without_a_word_is_found_gone():
    handler = Many(fail, going=2)
    report = swept(handler)
    assert did(report) == [GONE, GONE, UNCERTAIN]
    assert 'KeyError' in report.outcomes[0].why


def test_the_error_of_a_bad_result_names_it():
    [_, _, outcome] = swept(Many(given('40', 10, 10))).outcomes
    assert "'40'" in outcome.why
    [outcome, *_] = swept(Many(given(10, 10))).outcomes
    assert 'gave 2 results for 3 images' in outcome.why


def test_a_store_that_is_away_has_changed_none_of_them():
    def away(images, in_time):
        yield 10
        raise StoreUnavailable('s1', 'away')

    handler = Many(away)
    report = swept(handler)
    assert did(report) == [EVICTED, FAILED, FAILED]
    assert 'away' in report.outcomes[1].why
    assert handler.claims() == ['a']  # which is said to be gone


@pytest.mark.parametrize(
    ('labelled', 'outcomes'),
    [
        (lambda images: [None], [FAILED] * 3),
        (lambda images: [None] * 4, [FAILED] * 3),
        (lambda images: iter([None]), [FAILED] * 2 + [EVICTED]),
        (lambda images: iter([None] * 4), [EVICTED] * 3),
        (lambda images: [None, True, None], [FAILED] + [EVICTED] * 2),
        (lambda images: None, [FAILED] * 3),
    ],
)
def test_labels_that_nobody_knows_of_are_no_claim(labelled, outcomes):
    handler = Many(lambda images, in_time: [10] * len(images))
    written = []

    def labelling(images):
        for image in images:
            handler.mark(image, {f'claim.{"0" * 16}.20271122t082200z'})
        written.append(1)
        return labelled(images)

    handler.labelled = labelling
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('secrets.token_hex', lambda size: '0' * 16)
        assert did(swept(handler)) == outcomes
    assert written == [1]


class Labelling(Many):
    """One that labels an image only when its result is asked for."""

    def __init__(self, end=lambda: None):
        super().__init__(lambda images, in_time: [10] * len(images))
        self.end = end
        self.work = []

    def mark(self, image, add=(), remove=()):
        self.work.append('add' if add else 'remove')
        super().mark(image, add, remove)

    def mark_many(self, images, add=(), remove=()):
        try:
            for image in images:
                self.mark(image, add, remove)
                yield None
            self.work.append('all')
        finally:
            self.work.append('closed')
            self.end()


def fail_to_close():
    raise OSError('it cannot be closed')


@pytest.mark.parametrize('end', [lambda: None, fail_to_close])
def test_once_stopped_labelling_ends_before_a_claim_is_taken_off(end):
    handler = Labelling(end)
    report = swept(handler, should_stop=lambda: 'add' in handler.work)
    assert did(report) == []
    assert report.stopped
    assert handler.work == ['add', 'closed', 'remove', 'remove', 'remove']
    assert handler.claims() == []


def test_what_follows_the_last_label_is_waited_for():
    handler = Labelling()
    swept(handler, should_stop=lambda: handler.work.count('add') == 3)
    assert handler.work == ['add'] * 3 + ['all', 'closed'] + ['remove'] * 3


def test_what_stands_for_all_is_told_of_each():
    """Nothing is saved by not asking: there is no call any more."""
    handler = Many(given())
    stop = []

    def away(images):
        stop.append(1)
        raise StoreUnavailable('s1', 'away')

    handler.labelled = away
    report = swept(handler, should_stop=lambda: bool(stop))
    assert did(report) == [FAILED] * 3
    assert handler.calls.count('mark') == 0


def test_results_without_an_end_are_closed():
    closed = []

    def labelled(images):
        try:
            while True:
                yield None
        finally:
            closed.append(1)

    handler = Many(lambda images, in_time: [10] * len(images))
    handler.labelled = labelled
    swept(handler)
    assert closed == [1]


def test_a_no_is_the_last_word_of_a_call():
    clock = Clock()
    answers = []

    def asks(images, in_time):
        answers.append(in_time())
        yield 10
        clock.seconds += 301
        answers.append(in_time())
        yield ImageBusy('b', 'too late')
        # A clock that is set back prolongs nothing.
        clock.seconds -= 301
        answers.append(in_time())
        yield ImageBusy('c', 'too late')

    handler = Many(asks)
    cache = opened(handler, clock=clock)
    report = cache.sweep(asked, should_stop=lambda: len(answers) > 3)
    assert answers[:3] == [True, False, False]
    assert did(report)[0] is EVICTED


def test_who_was_not_asked_is_not_late():
    clock = Clock()

    def slow(images, in_time):
        clock.seconds += 301
        return [ImageBusy(one.image_id, 'a copy') for one in images]

    handler = Many(slow)
    report = opened(handler, clock=clock).sweep(asked)
    assert did(report) == [KEPT] * 3
    assert 'a copy' in report.outcomes[0].why
    assert handler.calls.count('evict_many') == 1


def test_what_is_stopped_has_no_outcome_and_no_claim():
    stop = []

    def stopped(images, in_time):
        yield 10
        stop.append(1)
        for image in images[1:]:
            assert not in_time()
            yield ImageBusy(image.image_id, 'stopped')

    handler = Many(stopped)
    report = swept(handler, should_stop=lambda: bool(stop))
    assert did(report) == [EVICTED]
    assert report.stopped
    assert handler.claims() == ['a']


def test_what_is_too_late_by_itself_is_put_off():
    turns = []

    def late(images, in_time):
        assert in_time()
        turns.append(len(images))
        yield 10
        for image in images[1:]:
            yield TooLate(image.image_id, 'four minutes are to spare')

    report = swept(Many(late))
    assert did(report) == [EVICTED] * 3
    assert turns[0] == 3


def test_nor_is_it_tried_for_ever():
    def late(images, in_time):
        for image in images:
            yield TooLate(image.image_id, 'four minutes are to spare')

    report = swept(Many(late))
    assert did(report) == [KEPT] * 3


def test_a_store_that_is_busy_is_not_late():
    stop = []

    def cancelled(images, in_time):
        stop.append(1)
        assert not in_time()
        yield Cancelled('a', 'it had not begun')
        yield StoreBusy('b', 'a scan')
        yield ImageBusy('c', 'too late')

    handler = Many(cancelled)
    report = swept(handler, should_stop=lambda: bool(stop))
    assert did(report) == [KEPT, KEPT]
    assert handler.claims() == []


def test_a_bug_is_a_failure_of_the_handler(caplog):
    logging.disable(logging.NOTSET)
    swept(Many(fail))
    assert 'KeyError' in caplog.text
    caplog.clear()
    swept(Many(told(10, 10, 10, 10)))
    assert 'more than 3 results' in caplog.text
