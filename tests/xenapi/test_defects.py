"""The twelve defects A to L of Nova's own cleaner, which ours must not have.

And what else is known to go wrong in the field: each by what an operator
would see of it.
"""

import datetime
import logging
import unittest

from imagecache_handlers.actions.report import Did
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageInUse
from imagecache_handlers.labels import seen_label
from imagecache_handlers import Reason
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.disks import name_of
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import Scenario
from xapi_simulator.tasks import When
from xapi_simulator import User

LONG_AGO = 'unused.20200601t000000z'
ALL_OF_THEM = Rules(min_age=datetime.timedelta(0))


class SweepCase(Pooled, unittest.TestCase):
    scenario = Scenario()
    srs = ('storage-0',)

    def setUp(self):
        super().setUp()
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)

    def idle(self, image_id, **how):
        """Cache an image that has lain idle for years."""
        how.setdefault('labels', (SEEN, LONG_AGO))
        return self.cache(image_id, **how)

    def sweep(self, handler=None, **how):
        cache = ImageCache(handler or self.connect(**how), ALL_OF_THEM)
        return cache.sweep(self.evidence)

    def evidence(self):
        now = datetime.datetime.now(datetime.UTC)
        return Evidence(complete=True, as_of=now)

    def image(self, ref, handler=None):
        handler = handler or self.connect()
        uuid = self.uuid(ref)
        [found] = [
            one
            for one in handler.enumerate('storage-0')
            if one.location == uuid
        ]
        return found

    def assertSwept(self, report, **outcomes):
        told = {
            one.verdict.image.image_id: one.did.name.lower()
            for one in report.outcomes
        }
        self.assertEqual(outcomes, told)

    def assertReason(self, reason, report, ref):
        uuid = self.uuid(ref)
        [verdict] = [
            one for one in report.plan.verdicts if one.image.location == uuid
        ]
        self.assertIs(reason, verdict.reason)


class TestDefects(SweepCase):
    def test_a_every_copy_of_an_image_goes(self):
        copies = {self.uuid(self.idle('debian')) for _ in range(3)}
        report = self.sweep()
        gone = {one.verdict.image.location for one in report.outcomes}
        self.assertEqual(copies, gone)
        self.assertEqual(set(), self.vdis())

    def test_b_one_failure_stops_nobody_else(self):
        for number in range(10):
            self.idle(f'image-{number}')
        error = fail('SR_BACKEND_FAILURE_80', '', 'cannot delete', '')
        self.pool.before('VDI.destroy', error)
        self.pool.before('Async.VDI.destroy', error, 3)
        report = self.sweep()
        did = [one.did for one in report.outcomes]
        self.assertEqual(9, did.count(Did.EVICTED))
        self.assertEqual(1, len(self.vdis()))

    def test_c_a_cached_time_that_is_garbage_stops_nothing(self):
        for image_id, text in {
            'a': 'yesterday',
            'b': '-1',
            'c': '9' * 40,
            'd': '1e9',
            'e': '',
            'f': '٣',
        }.items():
            ref = self.idle(image_id)
            config = self.record(ref)['other_config']
            self.actors.set(
                'VDI', ref, other_config={**config, 'cached-time': text}
            )
        self.assertEqual(6, len(self.sweep().outcomes))
        self.assertEqual(set(), self.vdis())

    def test_d_an_image_without_a_cached_time_goes(self):
        ref = self.idle('debian')
        config = dict(self.record(ref)['other_config'])
        del config['cached-time']
        self.actors.set('VDI', ref, other_config=config)
        self.assertSwept(self.sweep(), debian='evicted')

    def test_e_a_disk_that_is_its_own_parent_ends_no_pass(self):
        ref = self.idle('debian')
        self.actors.set('VDI', ref, sm_config={'vhd-parent': self.uuid(ref)})
        self.idle('alpine')
        report = self.sweep()
        self.assertSwept(report, alpine='evicted')
        self.assertReason(Reason.UNKNOWN, report, ref)

    def test_f_a_parent_that_is_gone_stops_nobody_else(self):
        ref = self.idle('debian')
        self.actors.set('VDI', ref, sm_config={'vhd-parent': 'gone'})
        self.idle('alpine')
        report = self.sweep()
        self.assertSwept(report, alpine='evicted')
        self.assertReason(Reason.UNKNOWN, report, ref)

    def test_g_a_chain_as_delivered_is_not_used(self):
        ref = self.idle('debian')
        for _ in range(2):
            clone = self.actors.clone(ref)
            self.actors.write(ref, 2**24)
            self.actors.delete(clone)
        chain = self.pool.do('VDI.get_all_records_where', 'true')
        self.assertEqual(3, len(chain))
        self.assertSwept(self.sweep(), debian='evicted')

    def test_h_an_instance_disk_with_a_cached_time_is_no_image(self):
        disk = self.actors.spawn(self.idle('debian'))
        self.assertIn('cached-time', self.record(disk)['other_config'])
        [listed] = self.connect().enumerate('storage-0')
        self.assertNotEqual(self.uuid(disk), listed.location)

    def test_i_a_clone_that_still_wears_the_marks_stays(self):
        for labels in (), (SEEN,), (SEEN, LONG_AGO):
            with self.subTest(labels=labels):
                image = self.cache('debian', labels=labels)
                clone = self.actors.clone(image)
                kept = self.uuid(clone)
                # As soon as the image is gone nobody shares its bytes.
                self.actors.delete(image)
                self.actors.coalesce()
                for _ in range(3):
                    self.sweep()
                self.assertIn(kept, self.vdis())
                self.actors.untag(clone)
                self.sweep()
                self.assertIn(kept, self.vdis())

    def test_i_nothing_goes_that_was_not_seen_for_the_grace(self):
        ref = self.actors.cache('debian', cached_at=0)
        marked = {'image-id': 'debian'}
        handler = self.connect()
        for ago, newborn in (None, True), (599, True), (601, False):
            if ago is not None:
                then = datetime.datetime.now(datetime.UTC)
                then -= datetime.timedelta(seconds=ago)
                self.actors.set('VDI', ref, other_config=marked)
                self.label(ref, seen_label(then))
            [image] = handler.enumerate('storage-0')
            self.assertEqual(newborn, 'newborn' in (image.unknown or ''))
            if newborn:
                with self.assertRaises(ImageBusy):
                    handler.evict(image)
        self.assertIsNotNone(handler.evict(image))

    def test_j_nor_where_no_parents_are_told(self):
        self.start(Scenario(kinds=('gfs2',)))
        image = self.idle('debian')
        clone = self.actors.clone(image)
        report = self.sweep()
        self.assertSwept(report)
        self.assertReason(Reason.UNKNOWN, report, image)
        self.assertIn(self.uuid(clone), self.vdis())

    def test_users_are_called_by_the_names_of_their_disks(self):
        ref = self.idle('debian')
        names = ('web-1 disk 0', '', 'a\x1b[2J', 'x' * 70, 'a, b')
        shown = (
            'web-1 disk 0 (VDI {})',
            'VDI {}',
            'VDI {}',
            'x' * 60 + ' (VDI {})',
            '"a, b" (VDI {})',
        )
        users = set()
        for name, words in zip(names, shown, strict=True):
            disk = self.actors.spawn(ref)
            self.actors.set('VDI', disk, name_label=name)
            users.add(words.format(self.uuid(disk)))
        [image] = self.connect().enumerate('storage-0')
        self.assertEqual(users, image.users)

    def test_k_a_machine_that_holds_an_image_uses_it(self):
        image = self.idle('debian')
        vm = self.actors.attach(image)
        self.assertReason(Reason.IN_USE, self.sweep(), image)
        # Halted: xapi itself would destroy it, and the VBD with it.
        self.pool.do('VM.hard_shutdown', vm)
        report = self.sweep()
        self.assertSwept(report)
        self.assertReason(Reason.IN_USE, report, image)

    def test_l_a_cached_image_is_no_debris(self):
        self.idle('debian')
        self.assertEqual([], list(self.connect().debris('storage-0')))

    def test_a_nova_instance_uuid_means_nothing(self):
        ref = self.idle('debian')
        config = self.record(ref)['other_config']
        self.actors.set(
            'VDI',
            ref,
            other_config={**config, 'nova_instance_uuid': 'vm-1'},
        )
        self.assertSwept(self.sweep(), debian='evicted')

    def test_a_crash_between_name_and_mark_leaves_a_stranger(self):
        self.disk(name_label=name_of('debian'))
        self.assertEqual([], list(self.connect().enumerate('storage-0')))

    def test_an_image_that_was_moved_is_warned_about(self):
        self.start(Scenario(srs=2))
        other = self.pool.do('SR.get_by_name_label', 'storage-1')[0]
        self.actors.move(self.idle('debian'), other)
        logging.disable(logging.NOTSET)
        handler = self.connect(srs=['storage-1'])
        with self.assertLogs('imagecache_handlers_xenapi', 'WARNING'):
            self.assertEqual([], list(handler.enumerate('storage-1')))
        self.assertEqual([], list(handler.debris('storage-1')))

    def test_an_operation_on_an_image_keeps_it(self):
        ref = self.idle('debian')
        self.actors.set('VDI', ref, current_operations={'task': 'clone'})
        self.assertReason(Reason.BUSY, self.sweep(), ref)

    def test_a_clone_half_told_to_the_database_is_no_idle_image(self):
        image = self.idle('debian')
        looks = []
        for point in 'clone', 'base', 'parents', 'metadata':
            self.pool.after(
                f'VDI.clone#{point}',
                lambda: looks.append(self.image(image)),
            )
        self.actors.clone(image)
        self.assertEqual(4, len(looks))
        for look in looks:
            self.assertTrue(look.busy or look.users or look.unknown, look)


class TestEvict(SweepCase):
    """What xapi does to a destroy, and what becomes of it."""

    def evict(self, ref, handler=None):
        handler = handler or self.connect()
        return handler.evict(self.image(ref, handler))

    def test_what_passes_by_itself_is_tried_again(self):
        for code, params in {
            'VDI_IN_USE': ('OpaqueRef:x', 'destroy'),
            'OTHER_OPERATION_IN_PROGRESS': ('VDI', 'x', 'clone', 'y'),
            'SR_BACKEND_FAILURE_40': ('', 'scan', ''),
            'SR_BACKEND_FAILURE_46': ('', 'not available', ''),
        }.items():
            for method in 'Async.VDI.destroy', 'VDI.destroy':
                ref = self.idle('debian')
                self.pool.before(method, fail(code, *params))
                self.assertIsNotNone(self.evict(ref), code)
        self.assertEqual(set(), self.vdis())

    def test_what_does_not_pass_is_told_of_that_image(self):
        ref = self.idle('debian')
        with (
            self.failing('Async.VDI.destroy', 'VDI_IN_USE', 'x', 'destroy'),
            self.assertRaises(ImageBusy) as caught,
        ):
            self.evict(ref)
        self.assertIn('VDI_IN_USE', str(caught.exception))
        self.assertIn(self.uuid(ref), self.vdis())

    def test_a_role_that_is_too_weak_is_named(self):
        ref = self.idle('debian')
        with (
            self.failing(
                'Async.VDI.destroy',
                'RBAC_PERMISSION_DENIED',
                'vdi.destroy',
                'no',
            ),
            self.assertRaises(StoreUnavailable) as caught,
        ):
            self.evict(ref)
        for word in 'RBAC_PERMISSION_DENIED', 'Async.VDI.destroy', 'vm-admin':
            self.assertIn(word, str(caught.exception))

    def test_a_reader_may_plan_and_nothing_else(self):
        users = {'viewer': User('secret', 'read-only')}
        self.start(users=users)
        ref = self.idle('debian')
        port = self.own(username='viewer', password='secret')
        report = self.sweep(self.connect(port))
        [outcome] = report.outcomes
        self.assertIs(Did.FAILED, outcome.did)
        self.assertIn('vm-admin', outcome.why)
        self.assertIn(self.uuid(ref), self.vdis())

    def test_a_lost_answer_of_a_destroy_that_was_done(self):
        ref = self.idle('debian')
        self.pool.world.tasks.when = When.AT_ONCE
        self.pool.after('Async.VDI.destroy', drop())
        self.assertIsNotNone(self.evict(ref))
        self.assertEqual(set(), self.vdis())

    def test_a_lost_call_that_was_never_made_is_uncertain(self):
        ref = self.idle('debian')
        self.pool.before('Async.VDI.destroy', drop())
        handler = self.connect()
        with self.assertRaises(Uncertain):
            self.evict(ref, handler)
        self.assertEqual(
            1, self.pool.counters.of('Async.VDI.destroy'), 'sent once'
        )
        self.assertIn('removal', self.image(ref, handler).busy)

    def test_a_lost_task_whose_work_is_done(self):
        ref = self.idle('debian')
        self.pool.world.tasks.when = When.AT_ONCE
        self.pool.before('event.from', self.lose_tasks)
        self.assertIsNotNone(self.evict(ref))

    def lose_tasks(self):
        for task in list(self.pool.world.records.rows('task')):
            self.actors.lose_task(task)

    def test_a_destroy_that_queues_is_cancelled_and_followed(self):
        ref = self.idle('debian')
        self.pool.world.tasks.when = When.TOLD
        # Time flies whenever the task is asked after.
        times = iter(range(0, 10**6, 50))
        clocks = Clocks(
            monotonic=lambda: next(times), sleep=lambda seconds: None
        )
        self.pool.after('task.cancel', self.actors.run_tasks)
        handler = self.connect(self.polling(), clocks=clocks)
        with self.assertRaises(ImageBusy) as caught:
            self.evict(ref, handler)
        self.assertIn('TASK_CANCELLED', str(caught.exception))
        self.assertEqual(1, self.pool.counters.of('task.cancel'))
        self.assertIsNone(self.image(ref, handler).busy)

    def polling(self):
        port = self.own()
        port.may_block = False
        return port

    def test_one_that_never_ends_is_busy_until_it_does(self):
        ref = self.idle('debian')
        self.pool.world.tasks.when = When.TOLD
        times = iter(range(0, 10**6, 50))
        clocks = Clocks(
            monotonic=lambda: next(times), sleep=lambda seconds: None
        )
        handler = self.connect(self.polling(), clocks=clocks)
        with self.assertRaises(Uncertain):
            self.evict(ref, handler)
        self.assertIsNotNone(self.image(ref, handler).busy)
        self.actors.run_tasks()
        self.assertIsNone(self.image(ref, handler).busy)

    def test_a_removal_of_a_dead_host_keeps_what_it_claimed_busy(self):
        expired = 'claim.5f0c.20990101t000000z'
        ref = self.idle('debian', labels=(SEEN, LONG_AGO, expired))
        other = self.idle('alpine')
        self.pool.world.tasks.when = When.TOLD
        session = self.own()
        session.once('Async.VDI.destroy', ref)
        session.close()
        later = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
        handler = self.connect(clocks=Clocks(now=lambda: later))
        self.assertIsNotNone(self.image(ref, handler).busy)
        self.assertIsNone(self.image(other, handler).busy)
        self.actors.run_tasks()
        self.assertEqual(1, len(handler.enumerate('storage-0')))

    def test_a_short_timeout_is_no_trouble_for_a_long_destroy(self):
        ref = self.idle('debian')
        self.pool.timing.work['VDI.destroy'] = 5
        port = self.own(dialling=ConnectionOptions(timeout=2, insecure=True))
        self.assertIsNotNone(self.evict(ref, self.connect(port)))
        logins = self.pool.counters.of('session.login_with_password')
        self.assertEqual(1, logins)

    def test_bytes_that_a_base_copy_holds_come_later(self):
        ref = self.idle('debian', used=2**24)
        self.actors.end_disk(self.actors.spawn(ref))
        image = self.image(ref)
        self.assertGreater(image.frees, 2**24)
        self.assertIsNone(self.evict(ref))
        self.actors.coalesce()
        self.assertEqual({}, self.pool.do('VDI.get_all_records'))

    def test_a_user_that_came_after_the_look_is_seen(self):
        ref = self.idle('debian')
        handler = self.connect()
        look = self.image(ref, handler)
        self.actors.spawn(ref)
        with self.assertRaises(ImageInUse):
            handler.evict(look)
        self.assertIn(self.uuid(ref), self.vdis())
        self.assertEqual(0, self.pool.counters.of('Async.VDI.destroy'))

    def test_no_scan_and_no_update_is_ever_asked_for(self):
        for number in range(5):
            self.idle(f'image-{number}')
        self.sweep()
        called = set(self.pool.counters.by_method)
        self.assertFalse({'SR.scan', 'SR.update', 'VDI.destroy'} & called)

    def test_an_update_is_asked_for_where_the_options_say_so(self):
        disk = self.actors.disk('disk', self.sr)
        handler = self.connect(measure=True)
        [before] = handler.stores()
        self.actors.write(disk, 5 * 2**20)
        [after] = handler.stores()
        self.assertLess(after.free, before.free)

    def test_who_may_not_ask_for_it_gets_the_last_sizes(self):
        handler = self.connect(measure=True)
        for number in 1, 2:
            self.pool.after('SR.update', drop(), number)
        self.assertIsNone(handler.stores()[0].problem)
        handler = self.connect(measure=True)
        denied = fail('RBAC_PERMISSION_DENIED', 'sr.update', 'no')
        self.pool.before('SR.update', denied)
        logging.disable(logging.NOTSET)
        with self.assertLogs('imagecache_handlers_xenapi') as logs:
            [store] = handler.stores()
            self.pool.before('SR.update', denied)
            handler.stores()
        self.assertIsNone(store.problem)
        self.assertIn('pool-operator', logs.output[0])
        self.assertEqual(1, len(logs.output))
