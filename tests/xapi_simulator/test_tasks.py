"""Tasks: progress, cancellation, results, and how they are lost."""

import time

import pytest
import XenAPI

from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator import Scenario
from xapi_simulator.tasks import KEPT
from xapi_simulator import When

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestTasks(PoolCase):
    scenario = Scenario(images=2)

    def setUp(self):
        super().setUp()
        self.one, self.other = self.xapi.VDI.get_all()

    def busy(self):
        """Start a destroy; give it, and its end, once it is at it."""
        end = self.held('VDI.destroy')
        task = self.xapi.Async.VDI.destroy(self.one)
        self.wait_for(lambda: self.xapi.VDI.get_current_operations(self.one))
        return task, end

    def test_a_reference_is_wrapped_and_void_is_empty(self):
        task = self.xapi.Async.VDI.clone(self.one)
        [new] = set(self.follow_refs(task)) - {self.one, self.other}
        self.assertEqual(f'<value>{new}</value>', self.result)
        record = self.follow(self.xapi.Async.VDI.destroy(new))
        self.assertEqual('', record['result'])

    def follow_refs(self, task):
        self.result = self.follow(task)['result']
        return [
            ref
            for ref, row in self.xapi.VDI.get_all_records().items()
            if row['managed']
        ]

    def test_a_failure_is_in_the_task(self):
        self.pool.actors.attach(self.one)
        record = self.follow(self.xapi.Async.VDI.destroy(self.one))
        self.assertEqual('failure', record['status'])
        error = ['VDI_IN_USE', self.one, 'destroy']
        self.assertEqual(error, record['error_info'])

    def test_what_is_wrong_with_the_call_is_told_at_once(self):
        self.assertCode(
            'MESSAGE_PARAMETER_COUNT_MISMATCH', self.xapi.Async.VDI.destroy
        )

    def test_a_task_says_what_it_is(self):
        task, end = self.busy()
        record = self.xapi.task.get_record(task)
        self.assertEqual('pending', record['status'])
        self.assertEqual('Async.VDI.destroy', record['name_label'])
        self.assertEqual('19700101T00:00:00Z', record['finished'].value)
        self.assertEqual(self.pool.world.master, record['resident_on'])
        end.set()
        ended = self.follow(task)
        self.assertEqual(1.0, ended['progress'])
        self.assertNotEqual('19700101T00:00:00Z', ended['finished'].value)

    def test_what_waits_is_cancelled(self):
        first, end = self.busy()
        task = self.xapi.Async.VDI.destroy(self.other)
        self.xapi.task.cancel(task)
        end.set()
        record = self.follow(task)
        self.assertEqual('cancelled', record['status'])
        self.assertEqual(['TASK_CANCELLED', task], record['error_info'])
        self.assertEqual('success', self.follow(first)['status'])
        self.assertEqual([self.other], self.xapi.VDI.get_all())

    def test_what_is_at_work_may_succeed_though_cancelled(self):
        task, end = self.busy()
        self.xapi.task.cancel(task)
        self.assertEqual('cancelling', self.xapi.task.get_status(task))
        end.set()
        self.assertEqual('success', self.follow(task)['status'])
        self.assertNotIn(self.one, self.xapi.VDI.get_all())

    def test_what_has_ended_cannot_be_cancelled(self):
        task = self.xapi.Async.VDI.destroy(self.one)
        while self.xapi.task.get_status(task) == 'pending':
            time.sleep(0.002)
        self.assertFails(
            ['OPERATION_NOT_ALLOWED', task], self.xapi.task.cancel, task
        )

    def test_a_destroyed_task_is_gone_when_it_ends(self):
        task, end = self.busy()
        self.xapi.task.destroy(task)
        self.assertEqual('pending', self.xapi.task.get_status(task))
        end.set()
        self.wait_until_lost(task)
        self.assertNotIn(self.one, self.xapi.VDI.get_all())

    def test_a_lost_task_says_nothing_about_its_work(self):
        task, end = self.busy()
        self.pool.actors.lose_task(task)
        self.assertFails(
            ['HANDLE_INVALID', 'task', task], self.xapi.task.get_record, task
        )
        end.set()
        self.wait_for(lambda: self.one not in self.xapi.VDI.get_all())

    def test_finished_tasks_are_forgotten_when_too_many(self):
        first = self.finished()
        for _ in range(KEPT):
            last = self.finished()
        self.assertEqual(KEPT, len(self.xapi.task.get_all()))
        self.assertCode('HANDLE_INVALID', self.xapi.task.get_record, first)
        self.assertEqual('success', self.xapi.task.get_status(last))

    def finished(self):
        task = self.pool.do('task.create', 'a', 'b')
        self.pool.world.tasks.succeed(task)
        return task

    def test_finished_tasks_are_forgotten_when_too_old(self):
        task = self.finished()
        self.pool.timing.finished_tasks = 0.05
        self.wait_until_lost(task)

    def test_pending_tasks_are_forgotten_when_much_too_old(self):
        task = self.xapi.task.create('name', 'what it is for')
        self.assertEqual('pending', self.xapi.task.get_status(task))
        self.pool.timing.pending_tasks = 0.05
        self.wait_until_lost(task)

    def wait_until_lost(self, task):
        self.wait_for(lambda: self.is_lost(task))

    def is_lost(self, task):
        try:
            self.xapi.task.get_uuid(task)
        except XenAPI.Failure as failure:
            self.assertEqual(['HANDLE_INVALID', 'task', task], failure.details)
            return True
        return False


class TestWhen(PoolCase):
    scenario = Scenario(images=2)

    def setUp(self):
        super().setUp()
        self.one, self.other = self.xapi.VDI.get_all()

    def status(self, task):
        return self.xapi.task.get_status(task)

    def test_at_once_a_task_has_ended_before_its_reference_is_known(self):
        self.pool.tasks = When.AT_ONCE
        self.pool.timing.work['*'] = 0.05
        for _ in range(3):
            task = self.xapi.Async.VDI.clone(self.one)
            self.assertEqual('success', self.status(task))

    def test_told_a_task_ends_at_exactly_one_call(self):
        self.pool.tasks = When.TOLD
        task = self.xapi.Async.VDI.destroy(self.one)
        self.pool.before('task.get_status', self.pool.actors.run_tasks, 3)
        self.assertEqual('pending', self.status(task))
        self.assertEqual('pending', self.status(task))
        self.assertEqual('success', self.status(task))

    def test_told_they_end_in_their_order_unless_cancelled(self):
        self.pool.tasks = When.TOLD
        calls = self.one, self.one, self.other
        tasks = [self.xapi.Async.VDI.destroy(vdi) for vdi in calls]
        self.xapi.task.cancel(tasks[2])
        self.assertEqual(3, self.pool.actors.run_tasks())
        self.assertEqual(
            ['success', 'failure', 'cancelled'],
            [self.status(task) for task in tasks],
        )
        self.assertEqual([self.other], self.xapi.VDI.get_all())


class TestRetention(PoolCase):
    def test_the_numbers_are_those_of_xapi(self):
        timing = type(quick())()
        self.assertEqual(65 * 60, timing.finished_tasks)
        self.assertEqual(24 * 3600, timing.pending_tasks)
        self.assertEqual(24 * 3600, timing.idle_end)
        self.assertEqual(2 * 3600, timing.queue_limit)
        self.assertEqual(5, timing.wrong_password)
        self.assertEqual(120, timing.statistics)
        self.assertEqual(200, KEPT)
