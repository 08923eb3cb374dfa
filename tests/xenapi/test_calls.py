"""How many calls it takes, as the pool counts them; logins aside."""

import datetime
import unittest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Rules
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from xapi_simulator import Scenario

# The images of a scenario were cached an hour ago.
RULES = Rules(min_age=datetime.timedelta(minutes=30))
LONG = 'unused.20200601t000000z'
LOGIN = ('session.login_with_password', 'session.logout')
WRITES = ('VDI.add_to_other_config', 'VDI.remove_from_other_config')


def utc_now():
    return datetime.datetime.now(datetime.UTC)


class CallsCase(Pooled, unittest.TestCase):
    def cached(self, **how):
        handler = self.connect(**how)
        handler.stores()
        self.pool.counters.reset()
        return ImageCache(handler, RULES)

    def calls(self):
        found = self.pool.counters.by_method
        return {
            name: one.calls for name, one in found.items() if name not in LOGIN
        }

    def evidence(self):
        return Evidence(complete=True, as_of=utc_now())

    def label_all(self, idle):
        """Have all images seen long ago, and the first so many idle."""
        marked = 0
        for ref, row in self.pool.do('VDI.get_all_records').items():
            if 'image-id' in row['other_config']:
                more = [unused_label(utc_now())] if marked >= idle else [LONG]
                self.label(ref, SEEN, *more)
                marked += 1


class TestPlan(CallsCase):
    def test_a_plan_takes_four_calls_and_one_for_each_further_sr(self):
        for srs in 1, 2, 5:
            with self.subTest(srs=srs):
                self.start(Scenario(images=20, other=80, srs=srs))
                names = [f'storage-{number}' for number in range(srs)]
                self.cached(srs=names).plan(self.evidence())
                self.assertEqual(3 + srs, sum(self.calls().values()))
                self.cached().plan(self.evidence())

    def test_the_default_sr_takes_one_more_and_its_size_none(self):
        for images in 1, 100:
            self.start(Scenario(images=images, other=400))
            self.cached(srs=['default-sr:true']).plan(self.evidence())
            self.assertEqual(
                {
                    'SR.get_all_records': 1,
                    'pool.get_all_records': 1,
                    'PBD.get_all_records': 1,
                    'VDI.get_all_records_where': 1,
                    'VM.get_all_records_where': 1,
                },
                self.calls(),
            )

    def test_srs_of_one_name_take_one_more(self):
        self.start(Scenario(hosts=2, srs=3, images=3))
        for name in 'storage-1', 'storage-2':
            [sr] = self.pool.do('SR.get_by_name_label', name)
            self.actors.set('SR', sr, name_label='Local storage')
        cache = self.cached(srs=['default-sr:true', 'Local storage'])
        found = cache.inventory()
        self.assertEqual(
            ['storage-0', 'Local storage@host-2', 'Local storage@host-1'],
            [store.name for store in found.stores],
        )
        self.assertEqual(8, sum(self.calls().values()))

    def test_nothing_to_do_is_nothing_written(self):
        self.start(Scenario(images=20))
        self.label_all(idle=0)
        cache = self.cached(srs=['storage-0'])
        for _ in range(2):
            cache.sweep(self.evidence)
            self.assertFalse(set(WRITES) & set(self.calls()))


class TestSweep(CallsCase):
    def test_an_eviction_takes_eight_calls_and_a_batch_one_look(self):
        self.start(Scenario(images=200, other=800))
        self.label_all(idle=100)
        self.pool.timing.work['VDI.destroy'] = 0.005
        cache = self.cached(srs=['storage-0'])
        report = cache.sweep(self.evidence)
        self.assertEqual(
            [Did.EVICTED] * 100, [one.did for one in report.outcomes]
        )
        calls = self.calls()
        # The plan, one look for each 50, and the stores once more.
        rest = 4 + 2 + 3
        self.assertLessEqual(sum(calls.values()), rest + 100 * 8)
        self.assertEqual(100, calls['VDI.add_to_other_config'])
        self.assertNotIn('VDI.remove_from_other_config', calls)

    def test_one_with_a_base_copy_takes_one_more(self):
        """Its disks are counted, and all of them read only for newcomers."""
        self.start(Scenario(images=60, clones=1, other=100))
        for ref, row in self.pool.do('VDI.get_all_records').items():
            if row['VBDs'] and row['managed']:
                self.actors.end_disk(ref)
        self.label_all(idle=60)
        cache = self.cached(srs=['storage-0'])
        report = cache.sweep(self.evidence)
        self.assertEqual(
            [Did.EVICTED] * 60, [one.did for one in report.outcomes]
        )
        calls = self.calls()
        self.assertEqual(60, calls['SR.get_VDIs'])
        # Looks at all, for at most 50 at a time, and at each image before
        # each of its writes.
        looks = calls['VDI.get_all_records_where'] - 1 - 2 * 60
        self.assertIn(looks, range(2, 12))
