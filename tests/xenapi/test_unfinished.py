"""Pools that do not finish removals, refuse them, or tell of them badly."""

import datetime
from unittest import mock

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Cancelled
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers.labels import unused_label
from imagecache_handlers import NotUnderstood
from imagecache_handlers import Rules
from imagecache_handlers import StoreBusy
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers import Unfinished
from tests.xenapi.badly_told import rename_failure
from tests.xenapi.badly_told import tell_badly
from tests.xenapi.pool import SEEN
from tests.xenapi.test_evicting import DESTROY
from tests.xenapi.test_evicting import EvictingCase
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator.tasks import When

LONG_AGO = datetime.datetime(2020, 6, 1, tzinfo=datetime.UTC)
UNUSED = unused_label(LONG_AGO)
SCAN = ('OTHER_OPERATION_IN_PROGRESS', 'SR', 'OpaqueRef:sr', 'scan', 'x')


class UnfinishedCase(EvictingCase):
    """Clocks are wound: nothing here waits, whatever it says."""

    def setUp(self):
        super().setUp()
        # Where the pool would block, no clock can be wound.
        self.handler._port.may_block = False

    def never_end(self):
        self.pool.world.tasks.when = When.TOLD

    def caches(self, handler=None):
        return ImageCache(
            handler or self.handler,
            Rules(),
            clock=self.time.now,
            monotonic=lambda: self.time.passed,
            sleep=self.time.sleep,
        )

    def sweep(self):
        return self.caches().sweep(
            lambda: Evidence(complete=True, as_of=self.time.now())
        )

    def fill(self, count):
        """Cache images that may go, the first of them first."""
        for number in range(count):
            ref = self.actors.cache(
                f'image-{number:02}',
                self.sr,
                used=2**20,
                cached_at=LONG_AGO.timestamp() + number,
            )
            self.label(ref, SEEN, UNUSED)

    def assertSwept(self, report, did, left):
        self.assertEqual(did, [one.did for one in report.outcomes])
        self.assertEqual([left], list(map(str, report.left)))

    def claimed_ones(self):
        found = self.handler.enumerate('storage-0')
        return {one.image_id for one in found if one.marks.claims}


class TestEndless(UnfinishedCase):
    def setUp(self):
        super().setUp()
        self.never_end()

    def evict(self, error=Unfinished):
        image = self.claimed(self.cache('debian'))
        with self.assertRaises(error) as caught:
            self.handler.evict(image)
        return str(caught.exception)

    def test_a_cancel_is_told_of_only_if_it_was_one(self):
        self.assertIn('does not end; it was cancelled', self.evict())

    def test_else_it_is_told_why_not(self):
        for code, *params in (
            ('OPERATION_NOT_ALLOWED', 'OpaqueRef:task'),
            ('RBAC_PERMISSION_DENIED', 'task.cancel', 'no'),
            ('INTERNAL_ERROR', 'Failure("not forwarded")'),
        ):
            with self.subTest(code):
                self.pool.before('task.cancel', fail(code, *params))
                said = self.evict()
                self.assertIn(
                    f'does not end; it could not be cancelled: task.cancel '
                    f'failed with {code}',
                    said,
                )
                self.assertNotIn('was cancelled', said)
                self.actors.delete(self.refs()[0])

    def refs(self):
        return [self.ref(uuid) for uuid in self.vdis()]

    def test_an_answer_that_was_lost_tells_nothing_of_it(self):
        for number in 1, 2:
            self.pool.before('task.cancel', drop(), number)
        self.assertIn(
            'does not end; whether it was cancelled is not known', self.evict()
        )

    def test_what_was_taken_back_in_time_is_kept(self):
        self.pool.after('task.cancel', self.actors.run_tasks)
        self.assertIn('was cancelled: ', self.evict(Cancelled))
        self.assertEqual(1, len(self.vdis()))

    def test_what_was_done_all_the_same_is_done(self):
        image = self.claimed(self.cache('debian'))
        tasks = self.pool.world.tasks
        self.pool.before('task.cancel', self.actors.run_tasks)
        self.assertIsNotNone(self.handler.evict(image))
        self.assertEqual(When.TOLD, tasks.when)

    def test_it_takes_two_and_a_half_minutes(self):
        self.evict()
        self.assertGreaterEqual(self.time.passed, 149)
        self.assertLess(self.time.passed, 153)

    def test_a_sweep_waits_for_two_and_leaves_the_rest(self):
        self.fill(50)
        report = self.sweep()
        self.assertSwept(
            report,
            [Did.UNCERTAIN] * 2,
            'store storage-0 does not finish removals; '
            '48 left for the next sweep',
        )
        self.assertEqual({'image-00', 'image-01'}, self.claimed_ones())
        self.assertLess(self.time.passed, 310)
        self.assertEqual(2, self.pool.counters.of(DESTROY))

    def test_so_it_does_where_they_are_taken_back(self):
        self.fill(50)
        for number in 1, 2:
            self.pool.after('task.cancel', self.actors.run_tasks, number)
        report = self.sweep()
        self.assertSwept(
            report,
            [Did.KEPT] * 2,
            'store storage-0 does not finish removals; '
            '48 left for the next sweep',
        )
        self.assertEqual(set(), self.claimed_ones())
        self.assertEqual(50, len(self.vdis()))

    def test_nobody_is_granted_what_may_yet_go(self):
        """Nor when the claim has ended, nor in another process."""
        self.fill(2)
        self.sweep()
        others = self.caches(self.connect(clocks=self.time.clocks))
        for seconds in 0, 500, 300, 6000:
            self.time.passed += seconds
            with self.assertRaises(ImageBusy):
                others.hold('image-00', 'vm', datetime.timedelta(minutes=5))
            with self.assertRaises(ImageBusy):
                others.pin('image-01', 'ops')
        self.actors.run_tasks()
        # They had been cancelled: nothing came of them.
        self.assertEqual(2, len(self.vdis()))
        self.assertEqual(1, len(others.pin('image-01', 'ops')))

    def test_what_was_forgotten_may_be_worked_on_for_as_long(self):
        """A host restarted: its tasks are gone, and not what they began."""
        self.evict()
        for task in self.pool.do('task.get_all'):
            self.actors.lose_task(task)
        for seconds in 121, 7400:
            self.time.passed += seconds
            with self.assertRaises(ImageBusy):
                self.caches().hold(
                    'debian', 'vm', datetime.timedelta(minutes=5)
                )
        self.time.passed += 600
        self.assertEqual(1, len(self.caches().pin('debian', 'ops')))

    def test_those_that_took_all_time_are_not_tried_by_the_next_sweep(self):
        self.fill(5)
        for number in 1, 2:
            self.pool.after('task.cancel', self.actors.run_tasks, number)
        self.assertEqual([Did.KEPT] * 2, self.outcomes())
        self.pool.world.tasks.when = When.AT_ONCE
        self.assertEqual([Did.EVICTED] * 3, self.outcomes())
        kept = [one.undeletable for one in self.images()]
        self.assertIn('its removal did not end', kept[0])
        self.assertEqual(2, len(kept))

    def test_they_are_tried_again_and_then_after_twice_the_time(self):
        self.fill(1)
        for hours in 1, 2, 4, 8, 16, 24, 24:
            self.pool.steering.clear()
            self.pool.after('task.cancel', self.actors.run_tasks)
            self.assertEqual([Did.KEPT], self.outcomes())
            self.time.passed += hours * 3600 - 60
            self.assertEqual([], self.outcomes())
            self.time.passed += 60
        self.pool.world.tasks.when = When.AT_ONCE
        self.assertEqual([Did.EVICTED], self.outcomes())

    def outcomes(self):
        return [one.did for one in self.sweep().outcomes]

    def images(self):
        return list(self.handler.enumerate('storage-0'))

    def test_who_is_set_aside_can_be_held(self):
        self.fill(1)
        self.pool.after('task.cancel', self.actors.run_tasks)
        self.sweep()
        self.assertEqual(1, len(self.caches().pin('image-00', 'ops')))


class TestRefusals(UnfinishedCase):
    def assertRefused(self, error, *failure):
        """Whether at once or in a task, xapi says so before it begins."""
        for point in f'before {DESTROY}', 'after VDI.destroy#begun':
            when, _, method = point.partition(' ')
            with self.subTest(f'{failure} {point}'):
                ref = self.cache('debian')
                image = self.claimed(ref)
                for number in range(1, 6):
                    getattr(self.pool, when)(method, fail(*failure), number)
                with self.assertRaises(error) as caught:
                    self.handler.evict(image)
                self.assertIs(error, type(caught.exception))
                self.assertIn(failure[0], str(caught.exception))
                self.pool.steering.clear()
                [image] = self.handler.enumerate('storage-0')
                self.assertIsNone(image.busy)
                self.actors.delete(ref)

    def test_a_disk_that_is_attached(self):
        self.assertRefused(
            ImageBusy, 'SR_BACKEND_FAILURE_24', '', 'The VDI is in use', ''
        )

    def test_an_sr_that_cannot_be_loaded(self):
        self.assertRefused(
            StoreUnavailable, 'SR_BACKEND_FAILURE_47', '', 'not available', ''
        )

    def test_a_host_that_is_booting(self):
        self.assertRefused(StoreUnavailable, 'HOST_STILL_BOOTING')

    def test_an_sr_that_is_busy_with_something_else(self):
        self.assertRefused(StoreBusy, *SCAN)
        self.assertRefused(
            StoreBusy, 'SR_BACKEND_FAILURE_40', '', 'The scan failed', ''
        )

    def test_a_disk_that_is(self):
        code, _, *rest = SCAN
        self.assertRefused(ImageBusy, code, 'VDI', *rest)
        self.assertRefused(
            ImageBusy, 'SR_BACKEND_FAILURE_46', '', 'not available', ''
        )

    def test_a_sweep_is_refused_five_times_and_leaves_the_rest(self):
        self.fill(50)
        with self.failing(DESTROY, *SCAN):
            report = self.sweep()
        self.assertSwept(
            report,
            [Did.KEPT] * 5,
            'store storage-0 refused 5 removals in a row; '
            '45 left for the next sweep',
        )
        self.assertEqual(set(), self.claimed_ones())
        self.assertLess(self.time.passed, 40)

    def test_disks_that_are_busy_keep_no_other(self):
        self.fill(8)
        code, _, *rest = SCAN
        for number in range(1, 29):
            self.pool.before(DESTROY, fail(code, 'VDI', *rest), number)
        report = self.sweep()
        self.assertEqual((), report.left)
        self.assertEqual(7, len(self.vdis()))


class TestOutOfReach(UnfinishedCase):
    """The host that leads has lost the one that sees the SR."""

    lost = ('CANNOT_CONTACT_HOST', 'OpaqueRef:host')

    def test_its_work_may_go_on(self):
        ref = self.cache('debian')
        image = self.claimed(ref)
        self.pool.after('VDI.destroy#begun', fail(*self.lost))
        with self.assertRaises(Uncertain):
            self.handler.evict(image)
        for seconds in 0, 121, 7600:
            self.time.passed += seconds
            [image] = self.handler.enumerate('storage-0')
            self.assertIsNotNone(image.busy)
        self.time.passed += 121
        [image] = self.handler.enumerate('storage-0')
        self.assertIsNone(image.busy)


class TestBadlyTold(UnfinishedCase):
    """Records of tasks that nobody understands."""

    def evict(self):
        image = self.claimed(self.cache('debian'))
        with self.assertRaises(NotUnderstood) as caught:
            self.handler.evict(image)
        return str(caught.exception)

    def test_they_are_not_read_for_ever(self):
        tell_badly(self)
        self.assertIn('no field error_info in the answer', self.evict())
        self.assertLess(self.time.passed, 10)

    def test_nor_is_a_status_that_nobody_knows(self):
        rename_failure(self)
        self.pool.before(
            'VDI.destroy#begun', fail('SR_BACKEND_FAILURE_80', '', 'no', '')
        )
        self.pool.after(
            'VDI.destroy#begun', fail('SR_BACKEND_FAILURE_80', '', 'no', '')
        )
        self.assertIn("no task has the status 'failed'", self.evict())
        self.assertLess(self.time.passed, 10)

    def tell(self, *words):
        """Have records be told so: badly, well, or the task be done first.

        A bad one is asked for twice before it counts.
        """
        left = [word for one in words for word in one.split()]
        answer = self.pool._interface.answer

        def told(host, method, sent):
            if method != 'task.get_record' or not left:
                return answer(host, method, sent)
            word = left.pop(0)
            if word == 'done':
                self.actors.run_tasks()
            bad = {'status': 'success'}
            return bad if word == 'bad' else answer(host, method, sent)

        self.enterContext(
            mock.patch.object(self.pool._interface, 'answer', told)
        )

    def test_one_or_two_of_them_are_borne(self):
        for bad in 'bad bad', 'bad bad bad bad':
            with self.subTest(bad):
                image = self.claimed(self.cache('debian'))
                self.tell(bad)
                self.assertIsNotNone(self.handler.evict(image))

    def test_more_are_if_not_in_a_row(self):
        self.never_end()
        image = self.claimed(self.cache('debian'))
        twice = 'bad bad bad bad'
        self.tell(twice, 'well', twice, 'well', twice, 'done')
        self.assertIsNotNone(self.handler.evict(image))

    def test_events_that_nobody_understands_are_polled_for(self):
        self.handler._port.may_block = True
        image = self.claimed(self.cache('debian'))
        answer = self.pool._interface.answer

        def badly(host, method, sent):
            value = answer(host, method, sent)
            return {} if method == 'event.from' else value

        self.pool._interface.answer = badly
        self.assertIsNotNone(self.handler.evict(image))

    def test_a_pool_that_knows_no_events_is_polled_at_once(self):
        self.handler._port.may_block = True
        image = self.claimed(self.cache('debian'))
        with self.failing('event.from', 'MESSAGE_METHOD_UNKNOWN', 'x'):
            self.assertIsNotNone(self.handler.evict(image))
        self.assertLess(self.time.passed, 1)

    def test_what_waits_in_a_queue_is_not_left_to_wait(self):
        self.never_end()
        tell_badly(self)
        self.evict()
        self.assertEqual(1, self.pool.counters.of('task.cancel'))

    def test_a_sweep_meets_three_and_leaves_the_rest(self):
        tell_badly(self)
        self.fill(50)
        with self.assertLogs('imagecache_handlers_xenapi', 'WARNING') as logs:
            report = self.sweep()
        self.assertSwept(
            report,
            [Did.GONE] * 3,
            'store storage-0 gave 3 answers in a row that nobody '
            'understands; 47 left for the next sweep',
        )
        self.assertEqual(set(), self.claimed_ones())
        self.assertEqual(47, len(self.vdis()))
        self.assertLess(self.time.passed, 20)
        self.assertEqual(1, len(logs.records))

    def test_what_may_wait_is_shown_while_nobody_can_tell(self):
        self.never_end()
        tell_badly(self)
        self.evict()
        with self.assertRaises(StoreUnavailable):
            self.handler.enumerate('storage-0')
