"""How many calls it takes, as the pool counts them; logins aside."""

from concurrent import futures
import datetime
import threading
import time
import unittest
from unittest import mock

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageNotFound
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Rules
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.port.session import Session
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from tests.xenapi.pool import Time
from xapi_simulator import fail
from xapi_simulator import hang
from xapi_simulator import Scenario

# The images of a scenario were cached an hour ago.
RULES = Rules(min_age=datetime.timedelta(minutes=30))
# A removal of three minutes has just the time that the rules ask for.
SHORT = datetime.timedelta(seconds=360)
LONG = 'unused.20200601t000000z'
DESTROY = 'Async.VDI.destroy'
LOGIN = ('session.login_with_password', 'session.logout')
WRITES = ('VDI.add_to_other_config', 'VDI.remove_from_other_config')


def utc_now():
    return datetime.datetime.now(datetime.UTC)


def interrupted(future):
    raise KeyboardInterrupt


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
    def evict_all(self, count, **how):
        """Sweep with clocks that stand still; gives the handler."""
        self.label_all(idle=count)
        clocks = Time().clocks
        handler = self.connect(clocks=clocks, srs=['storage-0'], **how)
        handler.stores()
        self.pool.counters.reset()
        # By these nothing takes any time: batches grow to the largest.
        cache = ImageCache(
            handler, RULES, clock=clocks.now, monotonic=clocks.monotonic
        )
        report = cache.sweep(self.evidence)
        self.assertEqual(
            [Did.EVICTED] * count, [one.did for one in report.outcomes]
        )

    def assertLooks(self, *, together, batches, evicted):
        calls = self.calls()
        # The plan; of each batch its claims and its look; the last looks.
        reads = 1 + 2 * batches + together
        self.assertEqual(reads, calls['VDI.get_all_records_where'])
        # Before and after, too, for who sleeps.
        self.assertEqual(2 + together, calls['VM.get_all_records_where'])
        for method in 'VDI.add_to_other_config', DESTROY, 'task.destroy':
            self.assertEqual(evicted, calls[method], method)
        self.assertNotIn('VDI.remove_from_other_config', calls)

    def test_twenty_evictions_share_their_looks(self):
        self.start(Scenario(images=200, other=800))
        self.evict_all(100)
        self.assertLooks(together=3 + 3, batches=2, evicted=100)
        self.assertNotIn('SR.get_VDIs', self.calls())
        self.assertLessEqual(sum(self.calls().values()), 100 * 5)

    def test_what_a_short_claim_leaves_no_time_for_is_put_off(self):
        self.start(Scenario(images=40))
        self.label_all(idle=40)
        time = Time()
        for number in range(1, 41):
            self.pool.after(DESTROY, lambda: time.sleep(6), number)
        cache = ImageCache(
            self.connect(clocks=time.clocks, srs=['storage-0']),
            Rules(min_age=RULES.min_age, claim_ttl=SHORT),
            clock=time.now,
            monotonic=time.clocks.monotonic,
            sleep=time.sleep,
        )
        report = cache.sweep(lambda: Evidence(complete=True, as_of=time.now()))
        self.assertEqual(
            [Did.EVICTED] * 40, [one.did for one in report.outcomes]
        )

    def test_one_broken_chain_has_no_eviction_read_all_disks(self):
        self.start(Scenario(images=20))
        stray = self.actors.disk('stray')
        self.actors.set('VDI', stray, sm_config={'vhd-parent': 'gone'})
        self.evict_all(20)
        self.assertLess(self.calls()['VDI.get_all_records_where'], 10)

    def test_so_do_those_with_base_copies(self):
        """Their disks are counted, and read again only for newcomers."""
        self.start(Scenario(images=60, clones=1, other=100))
        self.end_machines()
        self.evict_all(60)
        self.assertLooks(together=3 + 1, batches=2, evicted=60)
        self.assertEqual(2 + 4, self.calls()['SR.get_VDIs'])
        self.assertLessEqual(sum(self.calls().values()), 60 * 5)

    def end_machines(self):
        for ref, row in self.pool.do('VDI.get_all_records').items():
            if row['VBDs'] and row['managed']:
                self.actors.end_disk(ref)

    def test_a_look_is_good_for_a_second(self):
        self.start(Scenario(images=20))
        before = self.pool.counters.of

        def wait():
            self.time.passed += 0.4

        self.time = Time()
        for number in range(1, 21):
            self.pool.before(DESTROY, wait, number)
        self.label_all(idle=10)
        handler = self.connect(clocks=self.time.clocks, srs=['storage-0'])
        ImageCache(handler, RULES).sweep(self.evidence)
        self.assertEqual(10, before(DESTROY))
        # Three fit into a second.
        self.assertEqual(1 + 2 + 4, before('VDI.get_all_records_where'))

    def test_foreign_disks_are_read_once_in_a_sweep(self):
        self.start(Scenario(images=100, other=900))
        self.evict_all(100)
        found = self.pool.counters.by_method
        read = sum(one.sent for one in found.values())
        plan = found['VDI.get_all_records_where'].sent
        # A record has 1.1 kB, and each eviction some answers of its own.
        self.assertLess(plan, 1_250 * 1_000 + 4_000 * 100)
        self.assertLess(read, 1_250 * 1_000 + 10_000 * 100)

    def test_a_lent_login_has_one_call_in_flight(self):
        self.start(Scenario(images=30))
        port = Session(self.port()._logins, self.dialling, alone=True)
        self.assertEqual(1, port.lanes)
        self.evict_all(30, port=port)
        # It asks after its tasks, instead of waiting for events.
        self.assertLessEqual(sum(self.calls().values()), 30 * 8)


class TestTogether(CallsCase):
    """What is asked for together is in flight together."""

    def test_labels_are_in_flight_together(self):
        self.start(Scenario(images=8))
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        port = handler._port
        met = threading.Barrier(port.lanes)
        for number in range(1, 9):
            self.pool.before(
                'VDI.add_to_other_config', lambda: met.wait(10), number
            )
        done = list(handler.mark_many(images, {'pin.ops'}))
        self.assertEqual([None] * 8, done)
        self.assertFalse(met.broken)

    def test_who_is_interrupted_waits_for_none_of_them(self):
        self.start(Scenario(images=8))
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        for number in range(1, 9):
            self.pool.before('VDI.add_to_other_config', hang(5), number)
        began = time.monotonic()
        with (
            mock.patch.object(futures.Future, 'result', interrupted),
            self.assertRaises(KeyboardInterrupt),
        ):
            list(handler.mark_many(images, {'pin.ops'}))
        self.assertLess(time.monotonic() - began, 4)

    def test_who_wants_no_more_waits_for_what_has_begun(self):
        self.start(Scenario(images=8))
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        for number in range(2, 9):
            self.pool.before('VDI.add_to_other_config', hang(0.3), number)
        results = handler.mark_many(images, {'pin.ops'})
        self.assertIsNone(next(results))
        results.close()
        begun = self.pool.counters.of('VDI.add_to_other_config')
        self.assertLess(begun, 8)
        labelled = [
            image
            for image in handler.enumerate('storage-0')
            if 'pin.ops' in image.marks.labels
        ]
        self.assertEqual(begun, len(labelled))

    def test_what_fails_in_a_thread_is_raised(self):
        self.start(Scenario(images=4))
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        broken = mock.Mock(side_effect=ZeroDivisionError)
        with (
            mock.patch.object(handler._labelling, '_relabel', broken),
            self.assertRaises(ZeroDivisionError),
        ):
            list(handler.mark_many(images, {'pin.ops'}))

    def test_each_of_many_labels_has_its_own_result(self):
        self.start(Scenario(images=4))
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        gone = self.ref(images[1].location)
        self.actors.delete(gone)
        self.actors.untag(self.ref(images[3].location))
        done = list(handler.mark_many(images, {'pin.ops'}))
        self.assertEqual(
            [type(None), ImageNotFound, type(None), ImageNotFound],
            list(map(type, done)),
        )
        bare = self.record(self.ref(images[3].location))['other_config']
        self.assertFalse([name for name in bare if name.endswith('pin.ops')])

    def test_no_removal_begins_once_there_is_no_time(self):
        self.start(Scenario(images=4))
        self.label_all(idle=4)
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        left = iter([True, True, True, False])
        results = list(handler.evict_many(images, lambda: next(left, False)))
        self.assertEqual([ImageBusy] * 3, list(map(type, results[1:])))
        self.assertEqual(1, self.pool.counters.of(DESTROY))

    def test_one_that_cannot_go_stops_no_other(self):
        self.start(Scenario(images=4))
        self.label_all(idle=4)
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        self.actors.spawn(self.ref(images[0].location))
        self.actors.delete(self.ref(images[1].location))
        broken = fail('SR_BACKEND_FAILURE_80', '', 'no', '')
        self.pool.before(DESTROY, broken)
        results = list(handler.evict_many(images, lambda: True))
        self.assertEqual(
            [ImageInUse, int, Uncertain, int], list(map(type, results))
        )
        self.assertEqual(0, results[1])
        self.assertIn(images[0].location, self.vdis())

    def test_who_comes_between_two_of_them_is_seen(self):
        """A disk that comes has all others read once more."""
        self.start(Scenario(images=3, clones=1))
        for ref, row in self.pool.do('VDI.get_all_records').items():
            if row['VBDs'] and row['managed']:
                self.actors.end_disk(ref)
        self.label_all(idle=3)
        wound = Time()
        handler = self.connect(clocks=wound.clocks, srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        second = self.ref(images[1].location)

        def come():
            self.actors.spawn(second)
            wound.passed += 2

        self.pool.before(DESTROY, come)
        results = list(handler.evict_many(images, lambda: True))
        self.assertEqual(
            [type(None), ImageInUse, type(None)], list(map(type, results))
        )

    def test_who_takes_no_more_results_leaves_no_task_behind(self):
        self.start(Scenario(images=4))
        self.label_all(idle=4)
        handler = self.connect(srs=['storage-0'])
        images = list(handler.enumerate('storage-0'))
        results = iter(handler.evict_many(images, lambda: True))
        next(results)
        results.close()
        self.assertEqual({}, self.pool.do('task.get_all_records'))
        self.assertEqual(1, self.pool.counters.of(DESTROY))
