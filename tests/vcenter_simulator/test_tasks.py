"""Tasks: their states, their time, how they end, and who forgets them."""

import threading
import time

from tests.vcenter_simulator.clients import ref
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import TYPE
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from vcenter_simulator import DataObject
from vcenter_simulator import fail
from vcenter_simulator import Reference
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import Caller
from vcenter_simulator import VimFault

SEARCH = 'SearchDatastoreSubFolders_Task'


class TaskCase(VcenterCase):
    def start(self, work, method='Rename_Task', seconds=None):
        [session] = self.world.sessions.all()
        call = Call(
            self.world,
            self.world.root,
            method,
            DataObject(''),
            Caller(session),
        )
        with self.world.lock:
            return self.world.tasks.start(call, self.world.root, work, seconds)

    def info(self, task):
        values, missing = self.read(task, 'info')
        self.assertEqual({}, missing)
        return values['info']

    def state(self, task):
        return self.info(task).findtext(f'{VIM}state')

    def follow(self, task):
        """Poll as a client does until it has ended."""
        for _ in range(500):
            info = self.info(task)
            if info.findtext(f'{VIM}state') in ('success', 'error'):
                return info
            time.sleep(0.01)
        raise AssertionError('it has not ended')

    def cancel(self, task):
        return self.client.call('CancelTask', task)


class TestEnds(TaskCase):
    def test_without_any_time_it_has_ended_when_the_call_is_answered(self):
        info = self.info(self.start(lambda task: 'done'))
        self.assertEqual('success', info.findtext(f'{VIM}state'))
        result = info.find(f'{VIM}result')
        self.assertEqual(
            ('xsd:string', 'done'), (result.get(TYPE), result.text)
        )
        self.assertEqual('Rename_Task', info.findtext(f'{VIM}name'))
        self.assertEqual(ROOT, ref(info.find(f'{VIM}entity')))
        self.assertEqual('Datacenters', info.findtext(f'{VIM}entityName'))

    def test_an_empty_result_has_the_type_that_its_method_gives(self):
        info = self.info(self.start(lambda task: (), SEARCH))
        self.assertEqual(
            'ArrayOfHostDatastoreBrowserSearchResults',
            info.find(f'{VIM}result').get(TYPE),
        )

    def test_no_result_is_none(self):
        info = self.info(self.start(lambda task: None, SEARCH))
        self.assertIsNone(info.find(f'{VIM}result'))

    def test_a_fault_is_its_error_with_type_fields_and_words(self):
        def work(task):
            raise VimFault('FileNotFound', 'gone', file='[ds] a')

        info = self.info(self.start(work))
        self.assertEqual('error', info.findtext(f'{VIM}state'))
        error = info.find(f'{VIM}error')
        self.assertEqual('FileNotFound', error.find(f'{VIM}fault').get(TYPE))
        self.assertEqual('[ds] a', error.findtext(f'{VIM}fault/{VIM}file'))
        self.assertEqual('gone', error.findtext(f'{VIM}localizedMessage'))

    def test_what_nobody_thought_of_ends_it_as_well(self):
        def work(task):
            raise LookupError('nobody')

        for seconds in 0, 0.01:
            info = self.follow(self.start(work, seconds=seconds))
            fault = info.find(f'{VIM}error/{VIM}fault')
            self.assertEqual('SystemError', fault.get(TYPE))

    def test_steering_makes_the_work_of_one_fail(self):
        self.vcenter.before('Rename_Task#work', fail('FileNotFound', file='x'))
        self.assertEqual('error', self.state(self.start(lambda task: None)))
        self.assertEqual('success', self.state(self.start(lambda task: None)))


class TestTime(TaskCase):
    def test_it_takes_the_time_of_its_method_by_the_clock(self):
        self.vcenter.timing.work['Rename_Task'] = 100
        self.vcenter.clock.freeze()
        done = threading.Event()
        task = self.start(lambda task: done.set())
        self.assertIn(self.state(task), ('queued', 'running'))
        self.assertFalse(done.is_set())
        while self.state(task) != 'running':
            time.sleep(0.01)
        self.vcenter.clock.advance(101)
        self.assertEqual('success', self.follow(task).findtext(f'{VIM}state'))
        self.assertTrue(done.is_set())

    def test_others_work_meanwhile_and_see_half_of_it(self):
        self.vcenter.clock.freeze()
        steps = []

        def work(task):
            steps.append('first')
            task.progress(50)
            task.sleep(60)
            steps.append('second')

        task = self.start(work, seconds=1)
        while self.state(task) != 'running':
            time.sleep(0.01)
        self.vcenter.clock.advance(2)
        while self.info(task).findtext(f'{VIM}progress') != '50':
            time.sleep(0.01)
        self.assertEqual(['first'], steps)
        self.vcenter.clock.advance(61)
        self.follow(task)
        self.assertEqual(['first', 'second'], steps)

    def test_more_than_the_limit_wait_in_a_queue(self):
        self.world.tasks.set_limit(1)
        self.vcenter.clock.freeze()
        one, other = (
            self.start(lambda task: None, seconds=10) for _ in range(2)
        )
        while {self.state(one), self.state(other)} != {'queued', 'running'}:
            time.sleep(0.01)
        self.vcenter.clock.advance(11)
        while 'success' not in {self.state(one), self.state(other)}:
            time.sleep(0.01)
        while 'running' not in {self.state(one), self.state(other)}:
            time.sleep(0.01)
        self.vcenter.clock.advance(11)
        self.follow(one)
        self.follow(other)

    def test_the_end_of_the_simulator_ends_its_waits(self):
        task = self.start(lambda task: None, seconds=600)
        [thread] = self.world.tasks.threads()
        self.vcenter.stop()
        thread.join(10)
        self.assertFalse(thread.is_alive())
        found = self.world.inventory.find(task)
        self.assertEqual('error', found.state)


class TestCancel(TaskCase):
    def test_a_cancelled_task_ends_with_that(self):
        self.vcenter.clock.freeze()
        task = self.start(lambda task: None, seconds=100)
        self.cancel(task)
        info = self.follow(task)
        self.assertEqual('true', info.findtext(f'{VIM}cancelled'))
        fault = info.find(f'{VIM}error/{VIM}fault')
        self.assertEqual('RequestCanceled', fault.get(TYPE))

    def test_one_that_has_ended_cannot_be_cancelled(self):
        task = self.start(lambda task: None)
        self.assertFaults('InvalidState', self.cancel, task)

    def test_one_that_is_not_there(self):
        self.assertFaults(
            'ManagedObjectNotFound', self.cancel, Reference('Task', 'task-99')
        )


class TestMemory(TaskCase):
    def test_an_ended_task_is_forgotten_after_a_while(self):
        task = self.start(lambda task: None)
        self.vcenter.clock.advance(self.vcenter.timing.finished_tasks - 1)
        self.client.call('CurrentTime', SERVICE)
        self.start(lambda task: None)
        self.assertTrue(self.world.inventory.has(task))
        self.vcenter.clock.advance(2)
        self.start(lambda task: None)
        self.assertFalse(self.world.inventory.has(task))

    def test_a_restart_forgets_it_and_its_work_goes_on(self):
        self.vcenter.clock.freeze()
        done = threading.Event()
        task = self.start(lambda task: done.set(), seconds=10)
        self.vcenter.restart()
        self.client.cookie = None
        self.client.log_in()
        with self.assertRaisesRegex(Exception, 'ManagedObjectNotFound'):
            self.info(task)
        self.vcenter.clock.advance(11)
        self.assertTrue(done.wait(10))

    def test_the_manager_lists_those_that_are_remembered(self):
        task = self.start(lambda task: None)
        manager = Reference('TaskManager', 'TaskManager')
        values, _ = self.read(manager, 'recentTask')
        self.assertEqual([task], [ref(one) for one in values['recentTask']])
