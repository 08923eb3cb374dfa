"""Asking which images are retired, by the names that a backend lists."""

import datetime
import hashlib

import pytest

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.retiring import Retirements
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import ImageServiceUnavailable
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Retired
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf
from tests.planning.values import DAY
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import stamp

DELETED = Retired.DELETED
AGED = frozenset({f'unused.{stamp(NOW - 10 * DAY)}'})


def sha1(image_id):
    return hashlib.sha1(image_id.encode(), usedforsecurity=False).hexdigest()


class Hashing(MemoryHandler):
    """As Nova's folder: a name that is none yet is hashed."""

    def key(self, image_id):
        return image_id if len(image_id) == 40 else sha1(image_id)


def means_of(handler=None, *protected):
    guarded = GuardedHandler(handler or MemoryHandler())
    patterns = Patterns.parse(protected).keyed(guarded.key)
    return Means(
        handler=guarded,
        rules=Rules(protected=patterns),
        clocks=Clocks(
            now=lambda: NOW, monotonic=lambda: 0.0, sleep=lambda _: None
        ),
    )


def put(shelf, *names):
    """Cache images that are unused for long enough to go."""
    for name in names:
        shelf.entries[f'at-{name}'] = Entry(
            image_id=name,
            size=10,
            cached_at=NOW - 20 * DAY,
            labels=set(AGED),
        )


class Service:
    """Says of these that they are deleted; notes what it is asked of."""

    def __init__(self, *deleted):
        self.deleted = deleted
        self.asked = []

    def __call__(self, image_ids):
        self.asked.append(sorted(image_ids))
        return dict.fromkeys(self.deleted, DELETED)


def said(*used):
    users = {one: frozenset({'vm'}) for one in used}
    return Evidence(users=users, as_of=NOW)


def test_each_listed_image_is_asked_for_once():
    service = Service('a')
    copies = [image('a'), image('a', location='2'), image('b')]
    found = Retirements(service).find_retired(means_of(), copies, said('c'))
    assert found == {'a': DELETED}
    assert service.asked == [['a', 'b']]


def test_an_answer_of_others_is_passed_over():
    found = Retirements(Service('b')).find_retired(
        means_of(), [image('a')], said()
    )
    assert found == {}


def test_nobody_is_asked_of_nothing():
    service = Service()
    assert Retirements(service).find_retired(means_of(), [], said()) == {}
    assert service.asked == []


@pytest.mark.parametrize(
    'failure',
    [
        ImageServiceUnavailable('Glance', '503'),
        ValueError('a bug'),
        OSError('no route'),
    ],
)
def test_who_does_not_answer_retires_nothing(failure, caplog):
    def fail(image_ids):
        raise failure

    found = Retirements(fail).find_retired(means_of(), [image('a')], said())
    assert found == {}
    assert 'Nothing counts as deleted or deactivated' in caplog.text


class TestOtherNames:
    """Where a backend lists images by what it makes of their ids."""

    def setup_method(self):
        self.service = Service('a', 'b', 'c', sha1('d'))
        self.retirements = Retirements(self.service)
        self.images = [image(sha1(one)) for one in 'abcd']

    def find(self, evidence, *protected, images=None):
        return self.retirements.find_retired(
            means_of(Hashing(), *protected),
            self.images if images is None else images,
            evidence,
        )

    def test_those_are_asked_for_whose_ids_are_known(self):
        found = self.find(said('a'), 'b')
        told = dict.fromkeys(map(sha1, 'ab'), DELETED)
        assert {key: found[key] for key in told} == told
        assert sha1('c') not in found
        asked = ['a', 'b', sha1('c'), sha1('d')]
        assert self.service.asked == [sorted(asked)]

    def test_who_was_a_user_once_tells_it_later(self):
        self.find(said('a'))
        assert sha1('a') in self.find(said())

    def test_what_is_not_listed_any_more_is_forgotten(self):
        self.find(said('a'))
        self.find(said(), images=self.images[1:])
        assert sha1('a') not in self.find(said())


class TestInACache:
    """From what a plan is made of to what is left."""

    def setup_method(self):
        self.shelf = Shelf()
        put(self.shelf, *'abc')

    def open(self, handler=MemoryHandler, **rules):
        return ImageCache(
            handler(self.shelf),
            Rules(expire_at_min_age=False, **rules),
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
            sleep=lambda _: None,
        )

    def sweep(self, cache, service):
        now = Evidence(complete=True, as_of=NOW)
        plan = cache.plan(now, retirements=Retirements(service))
        cache.apply(plan, lambda: now)
        return plan

    def left(self):
        return sorted(one.image_id for one in self.shelf.entries.values())

    def test_what_is_retired_goes_where_that_is_wanted(self):
        plan = self.sweep(self.open(drop_deleted=True), Service('b'))
        told = {one.image.image_id: one.retired for one in plan.verdicts}
        assert told == {'a': None, 'b': DELETED, 'c': None}
        assert self.left() == ['a', 'c']

    def test_and_stays_where_it_is_not(self):
        plan = self.sweep(self.open(), Service('b'))
        assert [one.retired for one in plan.verdicts].count(DELETED) == 1
        assert self.left() == ['a', 'b', 'c']

    def test_nothing_goes_where_nobody_answers(self):
        def fail(image_ids):
            raise ImageServiceUnavailable('Glance', '503')

        self.sweep(self.open(drop_deleted=True), fail)
        assert self.left() == ['a', 'b', 'c']

    def test_who_comes_to_use_it_meanwhile_keeps_it(self):
        cache = self.open(drop_deleted=True)
        now = Evidence(complete=True, as_of=NOW)
        plan = cache.plan(now, retirements=Retirements(Service('b')))
        [doomed] = plan.evictions
        self.shelf.entries[doomed.image.location].users.add('vm')
        [outcome] = cache.apply(plan, lambda: now).outcomes
        assert (outcome.did, outcome.verdict.reason) == ('kept', 'in-use')
        assert outcome.verdict.retired is DELETED
        assert self.left() == ['a', 'b', 'c']

    def test_evidence_itself_may_say_so(self):
        """Of one's own, by whoever writes a front end."""
        self.shelf.entries.clear()
        put(self.shelf, *map(sha1, 'abc'))
        known = Evidence(complete=True, as_of=NOW, retired={'b': DELETED})
        plan = self.open(Hashing, drop_deleted=True).plan(known)
        assert [one.image.image_id for one in plan.evictions] == [sha1('b')]


def test_the_time_of_a_plan_is_from_before():
    """So that a Glance that is slow makes no evidence stale in the plan."""
    clock = [NOW]
    shelf = Shelf(sees_users=False)
    put(shelf, 'a')
    cache = ImageCache(MemoryHandler(shelf), Rules(), clock=lambda: clock[0])

    def be_slow(image_ids):
        clock[0] += datetime.timedelta(hours=1)
        return {}

    now = Evidence(complete=True, as_of=NOW)
    plan = cache.plan(now, retirements=Retirements(be_slow))
    assert plan.now == NOW
    assert [one.evict for one in plan.verdicts] == [True]
