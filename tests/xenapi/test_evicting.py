"""The last look before a disk goes: what it sees, and until when it holds."""

import datetime
import unittest

from imagecache_handlers import ImageBusy
from imagecache_handlers.marks import claim_label
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.simulator import fail
from imagecache_handlers_xenapi.simulator import Scenario
from imagecache_handlers_xenapi.simulator.tasks import When
from imagecache_handlers_xenapi.simulator.values import date
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from tests.xenapi.pool import Time

FIND = 'VDI.get_all_records_where'
DESTROY = 'Async.VDI.destroy'
TTL = datetime.timedelta(minutes=10)
BUSY = ('SR_BACKEND_FAILURE_46', '', 'not available', '')


class EvictingCase(Pooled, unittest.TestCase):
    scenario = Scenario()
    srs = ('storage-0',)

    def setUp(self):
        super().setUp()
        self.time = Time()
        self.handler = self.connect(clocks=self.time.clocks)

    def claimed(self, ref):
        """Give an image as the claim's owner last saw it."""
        self.label(ref, claim_label('5f0c', self.time.now() + TTL))
        [image] = self.handler.enumerate('storage-0', {'debian'})
        return image

    def shared(self):
        """Cache an image whose base copy was not collected yet."""
        ref = self.cache('debian')
        self.actors.end_disk(self.actors.spawn(ref))
        return ref

    def assertStays(self, image, why=''):
        with self.assertRaises(ImageBusy) as caught:
            self.handler.evict(image)
        self.assertIn(why, str(caught.exception))
        self.assertIn(image.location, self.vdis())


class TestLastLook(EvictingCase):
    def test_a_disk_that_is_no_image_any_more_stays(self):
        ref = self.shared()
        image = self.claimed(ref)
        self.time.passed += 60

        def keep():
            self.actors.untag(ref)
            self.actors.set('VDI', ref, name_label='keep me')

        # Between that disk alone and its SR as a whole.
        self.pool.after(FIND, keep)
        self.assertStays(image, 'no longer')

    def test_a_clone_that_nova_makes_a_disk_of_stays(self):
        source = self.cache('debian', labels=())
        clone = self.actors.clone(source)
        self.label(clone, SEEN)
        self.actors.delete(source)
        image = self.claimed(clone)
        self.time.passed += 60
        self.pool.after(FIND, lambda: self.actors.untag(clone))
        self.assertStays(image)


class TestClaims(EvictingCase):
    def test_a_claim_that_runs_out_keeps_the_image(self):
        image = self.claimed(self.cache('debian'))
        self.time.passed += 361
        self.assertStays(image, 'ran out of time')
        self.assertEqual(0, self.pool.counters.of(DESTROY))

    def test_so_it_does_while_its_sr_is_read(self):
        image = self.claimed(self.shared())
        self.time.passed += 301
        self.pool.after(FIND, lambda: self.time.sleep(60), 2)
        self.assertStays(image, 'ran out of time')

    def test_and_between_two_tries(self):
        image = self.claimed(self.cache('debian'))
        self.time.passed += 358
        self.pool.before(DESTROY, fail(*BUSY))
        self.pool.before(DESTROY, fail(*BUSY), 2)
        self.assertStays(image, 'ran out of time')
        self.assertEqual(2, self.pool.counters.of(DESTROY))

    def test_a_claim_that_died_with_its_host_counts_for_nothing(self):
        ref = self.cache('debian')
        long_ago = self.time.now() - datetime.timedelta(seconds=61)
        self.label(ref, claim_label('0000', long_ago))
        self.handler.evict(self.claimed(ref))
        self.assertEqual(set(), self.vdis())

    def test_beside_it_ours_counts_all_the_same(self):
        ref = self.cache('debian')
        long_ago = self.time.now() - datetime.timedelta(seconds=61)
        self.label(ref, claim_label('0000', long_ago))
        image = self.claimed(ref)
        self.time.passed += 361
        self.assertStays(image, 'ran out of time')

    def test_who_asks_between_two_tries_has_it(self):
        for label in 'pin.ops', 'lease.vm-1.20990101t000000z':
            with self.subTest(label):
                ref = self.cache('debian')
                image = self.claimed(ref)

                def ask(ref=ref, label=label):
                    self.label(ref, label)
                    fail(*BUSY)()

                self.pool.before(DESTROY, ask)
                self.assertStays(image, 'asked for it')
                self.actors.delete(ref)

    def test_all_tries_end_in_time(self):
        image = self.claimed(self.cache('debian'))

        def refuse_late():
            self.time.sleep(119)
            fail(*BUSY)()

        for number in 1, 2, 3, 4:
            self.pool.before(DESTROY, refuse_late, number)
        self.assertStays(image, 'SR_BACKEND_FAILURE_46')
        self.assertLess(self.time.passed, 150)


class TestTasks(EvictingCase):
    """What becomes of a destroy that waits in xapi's queues."""

    def setUp(self):
        super().setUp()
        self.pool.world.tasks.when = When.TOLD

    def assertFollowed(self, *faults, method='event.from'):
        """Evict while asking after the task fails like that."""
        ref = self.cache('debian')
        image = self.claimed(ref)
        for number, fault in enumerate(faults, 1):
            self.pool.before(method, fault, number)
        self.pool.after('task.get_record', self.actors.run_tasks, 3)
        self.assertIsNotNone(self.handler.evict(image))
        self.assertEqual(set(), self.vdis())

    def test_an_error_of_asking_is_no_end_of_the_task(self):
        for faults in (
            [fail('SESSION_INVALID', 'x')] * 2,
            [fail('HOST_IS_SLAVE', '127.0.0.1')] * 2,
            [fail('EVENT_FROM_TOKEN_PARSE_FAILURE', 'x')],
            [fail('INTERNAL_ERROR', 'x')],
            [fail('RBAC_PERMISSION_DENIED', 'event.from', 'no')],
            [fail('MESSAGE_METHOD_UNKNOWN', 'event.from')],
        ):
            with self.subTest(faults[0]):
                self.assertFollowed(*faults)

    def test_nor_is_one_of_polling(self):
        broken = fail('INTERNAL_ERROR', 'x')
        self.handler._port.may_block = False
        self.assertFollowed(broken, broken, method='task.get_record')

    def test_what_cannot_be_asked_after_stays_noted(self):
        ref = self.cache('debian')
        image = self.claimed(ref)
        denied = 'RBAC_PERMISSION_DENIED'
        with (
            self.failing('event.from', denied, 'event.from', 'no'),
            self.failing('task.get_record', denied, 'task', 'no'),
        ):
            began = self.time.passed
            with self.assertRaises(Uncertain):
                self.handler.evict(image)
        self.assertLess(self.time.passed - began, 160)
        self.assertIsNotNone(self.claimed(ref).busy)

    def test_a_password_that_changes_meanwhile_ends_no_task(self):
        ref = self.cache('debian')
        image = self.claimed(ref)
        login = 'session.login_with_password'

        def change():
            self.actors.end_sessions()
            refused = fail('SESSION_AUTHENTICATION_FAILED', 'root', 'x')
            for number in 1, 2:
                self.pool.before(login, refused, number)

        self.pool.before('event.from', change)
        with self.assertRaises(Uncertain):
            self.handler.evict(image)
        self.pool.steering.clear()
        self.assertIsNotNone(self.claimed(ref).busy)

    def test_what_is_gone_but_that_disk_is_no_success(self):
        image = self.claimed(self.cache('debian'))
        self.pool.before(DESTROY, fail('HANDLE_INVALID', 'PBD', 'x'))
        with self.assertRaises(Uncertain):
            self.handler.evict(image)
        self.assertIn(image.location, self.vdis())


class TestStrangers(EvictingCase):
    """Removals of processes that died, and whose claims have expired."""

    def setUp(self):
        super().setUp()
        self.pool.world.tasks.when = When.TOLD
        self.ref = self.cache('debian')
        self.label(self.ref, claim_label('dead', self.time.now()))
        session = self.own()
        session.once(DESTROY, self.ref)
        session.close()

    def test_any_pending_destroy_may_be_theirs(self):
        # Whatever the clock of the host that leads says of its beginning.
        for hours in -3, 3:
            for task in self.pool.do('task.get_all'):
                began = self.time.now() + datetime.timedelta(hours=hours)
                told = date(began.timestamp())
                self.actors.set('task', task, created=told)
            self.time.passed += 1
            [image] = self.handler.enumerate('storage-0')
            self.assertIsNotNone(image.busy)

    def test_one_that_ends_between_the_looks_is_seen(self):
        self.time.passed += 700
        tasks = 'task.get_all_records_where'
        self.pool.before(tasks, self.actors.run_tasks)
        self.assertEqual([], self.handler.enumerate('storage-0', {'debian'}))
        self.assertEqual(2, self.pool.counters.of(FIND))
