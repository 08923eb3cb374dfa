"""The last look before a disk goes: what it sees, and until when it holds."""

from concurrent import futures
import contextlib
import datetime
import unittest
from unittest import mock

from imagecache_handlers.handler import always
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers.labels import claim_label
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.port import session
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from tests.xenapi.pool import Time
from xapi_simulator import fail
from xapi_simulator import Scenario
from xapi_simulator.tasks import When
from xapi_simulator.values import date

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

    def shared(self, image_id='debian'):
        """Cache an image whose base copy was not collected yet."""
        ref = self.cache(image_id)
        self.actors.end_disk(self.actors.spawn(ref))
        return ref

    def come(self):
        """Have a disk come: the last look at the SR will not do any more."""
        self.actors.disk('newcomer', self.sr)

    def assertStays(self, image, why='', alive=always):
        with self.assertRaises(ImageBusy) as caught:
            self.handler.evict(image, alive)
        self.assertIn(why, str(caught.exception))
        self.assertIn(image.location, self.vdis())


class TestLastLook(EvictingCase):
    def test_a_disk_that_is_no_image_any_more_stays(self):
        ref = self.shared()
        image = self.claimed(ref)
        self.come()

        def keep():
            self.actors.untag(ref)
            self.actors.set('VDI', ref, name_label='keep me')

        # Between that disk alone and its SR as a whole.
        self.pool.after(FIND, keep)
        self.assertEqual(0, self.handler.evict(image))
        self.assertIn(image.location, self.vdis())

    def test_a_clone_that_nova_makes_a_disk_of_stays(self):
        source = self.cache('debian', labels=())
        clone = self.actors.clone(source)
        self.label(clone, SEEN)
        self.actors.delete(source)
        image = self.claimed(clone)
        # Asked for before the disk itself is read, which is to be the last.
        self.pool.after('SR.get_VDIs', lambda: self.actors.untag(clone))
        self.assertEqual(0, self.handler.evict(image))
        self.assertIn(image.location, self.vdis())

    def test_so_does_one_while_all_others_are_read(self):
        source = self.cache('debian', labels=())
        clone = self.actors.clone(source)
        self.label(clone, SEEN)
        self.actors.delete(source)
        image = self.claimed(clone)
        self.come()
        self.pool.after(FIND, lambda: self.actors.untag(clone))
        self.assertEqual(0, self.handler.evict(image))
        self.assertIn(image.location, self.vdis())

    def test_who_came_to_share_it_since_the_look_keeps_it(self):
        for make in lambda: self.cache('debian'), self.shared:
            ref = make()
            image = self.claimed(ref)
            self.actors.spawn(ref)
            with self.assertRaises(ImageInUse):
                self.handler.evict(image)
            self.assertIn(image.location, self.vdis())
            self.actors.delete(ref)

    def test_a_look_that_shows_users_who_left_is_made_anew(self):
        ref = self.cache('debian')
        disk = self.actors.spawn(ref)
        image = self.claimed(ref)
        self.actors.end_disk(disk)
        self.assertIsNone(self.handler.evict(image))
        self.assertNotIn(image.location, self.vdis())

    def test_a_look_that_met_a_chain_in_the_making_is_made_anew(self):
        """A disk that seems to have left, or whose parent was forgotten."""
        for sm_config in {}, {'vhd-parent': 'a-base-copy-that-is-gone'}:
            with self.subTest(sm_config):
                ref = self.cache('debian')
                disk = self.actors.spawn(ref)
                parents = self.record(disk)['sm_config']
                self.handler.enumerate('storage-0')
                self.pool.before(FIND, self.parents(disk, sm_config))
                self.pool.after(FIND, self.parents(disk, parents))
                image = self.claimed(ref)
                self.assertEqual(frozenset(), image.users)
                with self.assertRaises(ImageInUse):
                    self.handler.evict(image)
                self.assertIn(image.location, self.vdis())
                self.actors.delete(ref)

    def test_an_sr_that_came_back_as_another_is_told(self):
        image = self.claimed(self.cache('debian'))
        ref = self.ref(image.location)
        self.actors.set('VDI', ref, SR='OpaqueRef:another')
        with self.assertRaises(StoreUnavailable):
            self.handler.evict(image)

    def test_an_sr_that_went_is_told_of_by_the_look_of_a_batch(self):
        self.claimed(self.cache('debian'))
        self.actors.forget_sr(self.sr)
        with self.assertRaises(StoreUnavailable):
            self.handler.enumerate('storage-0', {'debian'})

    def test_who_came_since_the_look_at_all_is_seen_by_that_of_a_batch(self):
        for make in lambda: self.cache('debian'), self.shared:
            ref = make()
            self.handler.enumerate('storage-0')
            self.actors.spawn(ref)
            [image] = self.handler.enumerate('storage-0', {'debian'})
            self.assertTrue(image.users)
            self.actors.delete(ref)

    def test_a_copy_that_came_since_is_among_those_of_a_batch(self):
        self.cache('debian')
        self.handler.enumerate('storage-0')
        self.cache('debian')
        self.actors.disk('Glance Image debian', self.sr)
        found = self.handler.enumerate('storage-0', {'debian'})
        self.assertEqual(2, len(found))

    def test_a_look_at_all_disks_tells_for_five_minutes(self):
        self.cache('debian')
        self.cache('alpine')
        self.handler.enumerate('storage-0')
        for seconds, all_of_them in (299, False), (2, True):
            self.time.passed += seconds
            self.pool.counters.reset()
            self.handler.enumerate('storage-0', {'debian'})
            sent = self.pool.counters.by_method[FIND].sent
            self.assertEqual(all_of_them, sent > 1500, sent)

    def test_a_parent_that_is_away_for_a_moment_frees_nothing(self):
        """The collector takes it off, and then writes the new one."""
        for looks in (1, 2), (2, 3), (1, 2, 3):
            with self.subTest(looks):
                ref = self.shared()
                image = self.claimed(ref)
                # Nothing but its chain tells of that one.
                disk = self.actors.spawn(ref)
                self.actors.set('VDI', disk, other_config={})
                parents = self.record(ref)['sm_config']
                for number in looks[:-1]:
                    self.pool.before(FIND, self.parents(ref, {}), number)
                self.pool.before(FIND, self.parents(ref, parents), looks[-1])
                with self.assertRaises((ImageInUse, ImageBusy)):
                    self.handler.evict(image)
                self.assertIn(image.location, self.vdis())
                self.pool.steering.clear()
                self.actors.delete(ref)

    def parents(self, ref, sm_config):
        return lambda: self.actors.set('VDI', ref, sm_config=sm_config)


class TestThreads(EvictingCase):
    def test_whoever_looks_meanwhile_no_user_is_overlooked(self):
        refs = [self.shared(f'image-{number}') for number in range(12)]
        for ref in refs:
            self.label(ref, claim_label('5f0c', self.time.now() + TTL))
        images = list(self.handler.enumerate('storage-0'))
        used = {image.location for image in images[::2]}
        for location in used:
            self.actors.spawn(self.ref(location))
        with futures.ThreadPoolExecutor(5) as pool:
            looks = [pool.submit(self.look, 20) for _ in range(2)]
            evictions = [pool.submit(self.evict, one) for one in images]
            for work in (*looks, *evictions):
                work.result()
        left = self.vdis() & {image.location for image in images}
        self.assertEqual(used, left)

    def look(self, times):
        for _ in range(times):
            self.handler.stores()
            self.handler.enumerate('storage-0', {'image-1'})

    def evict(self, image):
        with contextlib.suppress(ImageInUse):
            self.handler.evict(image)


class TestClaims(EvictingCase):
    def test_a_claim_that_runs_out_keeps_the_image(self):
        image = self.claimed(self.cache('debian'))
        self.time.passed += 361
        self.assertStays(image, 'ran out of time')
        self.assertEqual(0, self.pool.counters.of(DESTROY))

    def test_so_it_does_while_its_sr_is_read(self):
        image = self.claimed(self.shared())
        self.come()
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
                self.assertStays(image, 'held or pinned meanwhile')
                self.actors.delete(ref)

    def test_who_stands_still_as_the_request_leaves_sends_none(self):
        image = self.claimed(self.cache('debian'))
        for seconds, alive in (421, True), (0, False):
            with (
                self.subTest(seconds),
                self.as_it_leaves(DESTROY, lambda s=seconds: self.stop(s)),
            ):
                self.stopped = False
                self.assertStays(
                    image, 'ran out of time', lambda a=alive: self.alive(a)
                )
                self.assertTrue(self.stopped)
                self.time.passed = 0.0
        self.assertEqual(0, self.pool.counters.of(DESTROY))
        [left] = self.handler.enumerate('storage-0')
        self.assertIsNone(left.busy)

    def stop(self, seconds):
        self.time.passed += seconds
        self.stopped = True

    def alive(self, still):
        return still or not self.stopped

    def test_what_left_in_time_is_answered_however_late(self):
        image = self.claimed(self.cache('debian'))
        with self.as_it_leaves(DESTROY, lambda: self.stop(400)):
            self.assertIsNotNone(self.handler.evict(image))
        self.assertEqual(set(), self.vdis())

    def test_a_destroy_that_was_not_made_is_not_under_way(self):
        image = self.claimed(self.cache('debian'))
        with (
            mock.patch.object(session, 'PROMPT', -1.0),
            self.assertRaises(StoreUnavailable),
        ):
            self.handler.evict(image)
        self.assertEqual(0, self.pool.counters.of(DESTROY))
        [left] = self.handler.enumerate('storage-0')
        self.assertIsNone(left.busy)

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

    def test_a_failure_without_a_reason_may_have_done_something(self):
        image = self.claimed(self.cache('debian'))

        def break_off():
            for task in self.pool.do('task.get_all'):
                self.actors.set('task', task, status='failure')

        self.pool.before('event.from', break_off)
        with self.assertRaises(Uncertain):
            self.handler.evict(image)

    def test_a_task_that_xapi_forgot_is_no_success(self):
        ref = self.cache('debian')
        image = self.claimed(ref)

        def forget():
            for task in self.pool.do('task.get_all'):
                self.actors.lose_task(task)

        self.pool.before('event.from', forget)
        with self.assertRaises(Uncertain):
            self.handler.evict(image)
        self.assertIn(image.location, self.vdis())
        self.assertIsNotNone(self.claimed(ref).busy)

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
        port = self.own()
        port.once(DESTROY, self.ref)
        port.close()

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

    def test_so_may_one_whose_status_nobody_knows(self):
        for task in self.pool.do('task.get_all'):
            self.actors.set('task', task, status='waiting')
        self.time.passed += 1
        [image] = self.handler.enumerate('storage-0')
        self.assertIsNotNone(image.busy)

    def test_one_that_ends_between_the_looks_is_seen(self):
        self.time.passed += 700
        tasks = 'task.get_all_records_where'
        self.pool.before(tasks, self.actors.run_tasks)
        self.assertEqual([], self.handler.enumerate('storage-0', {'debian'}))
        # At all, at that image, and at all again: the SR may have gone.
        self.assertEqual(3, self.pool.counters.of(FIND))
