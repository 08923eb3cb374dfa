"""Space that was freed and is not told yet: nobody frees it twice."""

import datetime
import unittest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import Store
from imagecache_handlers import Rules
from imagecache_handlers_xenapi.pending_space import Releasing
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from tests.xenapi.pool import Time
from xapi_simulator import Scenario

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
MIB = 2**20


class TestReleasing(unittest.TestCase):
    def setUp(self):
        self.time = Time()
        self.releasing = Releasing(self.time.clocks)

    def told(self, free, name='s'):
        store = Store(name=name, total=1000, free=free)
        return self.releasing.told(store).releasing

    def test_what_went_is_told_until_it_is_free(self):
        self.assertEqual(0, self.told(100))
        self.releasing.note('s', 30)
        self.releasing.note('s', 20)
        for free, releasing in (100, 50), (130, 20), (90, 20), (110, 0):
            self.assertEqual(releasing, self.told(free))
        # It has come, whatever is written then.
        self.assertEqual(0, self.told(10))

    def test_what_has_not_come_in_a_quarter_of_an_hour_may_never(self):
        self.told(100)
        self.releasing.note('s', 30)
        self.time.sleep(600)
        self.releasing.note('s', 20)
        for seconds, releasing in (300, 50), (1, 20), (599, 20), (1, 0):
            self.time.sleep(seconds)
            self.assertEqual(releasing, self.told(100))

    def test_as_much_coming_in_as_going_out_is_no_space(self):
        for _ in range(30):
            self.assertLessEqual(self.told(50), 60)
            self.releasing.note('s', 30)
            self.time.sleep(600)

    def test_stores_are_apart_and_those_of_no_size_have_none(self):
        self.told(100)
        self.releasing.note('t', 30)
        self.assertEqual(0, self.told(100))
        self.assertEqual(0, self.told(100, 't'))
        self.assertEqual(0, self.told(None, 'u'))


class TestSweeps(Pooled, unittest.TestCase):
    scenario = Scenario(size=130 * MIB)
    srs = ('storage-0',)

    def test_a_base_copy_that_is_collected_later_is_freed_once(self):
        for number in range(9):
            idle = unused_label(LONG_AGO)
            ref = self.cache(
                f'image-{number}', labels=(SEEN, idle), used=10 * MIB
            )
            self.actors.end_disk(self.actors.spawn(ref))
        self.pool.do('SR.update', self.sr)
        none = datetime.timedelta(0)
        rules = Rules(
            min_age=none,
            expire_at_min_age=False,
            high_watermark=80,
            low_watermark=70,
        )
        cache = ImageCache(self.connect(), rules)
        [store] = cache.inventory().stores
        self.assertLess(store.free, 26 * MIB)
        self.assertEqual([2, 0, 0], [self.evicted(cache) for _ in range(3)])
        self.actors.coalesce()
        self.pool.do('SR.update', self.sr)
        [store] = cache.inventory().stores
        self.assertGreater(store.free, 39 * MIB)
        self.assertEqual(0, store.releasing)
        self.assertEqual(0, self.evicted(cache))

    def evicted(self, cache):
        report = cache.sweep(
            lambda: Evidence(
                complete=True, as_of=datetime.datetime.now(datetime.UTC)
            )
        )
        return [one.did for one in report.outcomes].count(Did.EVICTED)
