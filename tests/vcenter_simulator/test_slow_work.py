"""Work that takes time: what others do meanwhile counts, and restarts."""

import time

from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import VimFault


class TestSlowTasks(StateCase):
    def setUp(self):
        super().setUp()
        self.sim.clock.freeze()
        self.sim.timing.work['*'] = 10.0
        self.actors.cache(IMAGE)
        self.base = f'[datastore-0] vmware_base/{IMAGE}'

    def start(self, name):
        return self.sim.do(
            self.manager('FileManager'),
            'DeleteDatastoreFile_Task',
            name=name,
            datacenter=self.datacenter,
        )

    def wait_for(self, task):
        """Let time pass until a task has ended."""
        until = time.monotonic() + 20
        while not task.has_ended and time.monotonic() < until:
            # It may not have begun to wait when time passes.
            self.sim.clock.advance(10)
            time.sleep(0.001)

    def finish(self, task):
        self.wait_for(self.world.inventory.find(task))
        return self.end(task)

    def test_nothing_is_done_before_its_time(self):
        task = self.start(self.base)
        self.assertEqual([IMAGE], self.names_now())
        self.finish(task)
        self.assertEqual([], self.names_now())

    def names_now(self):
        tree = self.tree('[datastore-0] vmware_base')
        return [name for name in tree if '/' not in name]

    def test_who_boots_meanwhile_keeps_the_image(self):
        task = self.start(self.base)
        self.actors.spawn(IMAGE)
        with self.assertRaises(VimFault) as caught:
            self.finish(task)
        self.assertEqual('FileLocked', caught.exception.type_name)
        self.assertEqual([IMAGE], self.names_now())

    def test_a_restart_forgets_the_task_but_not_its_work(self):
        task = self.start(self.base)
        found = self.world.inventory.find(task)
        self.actors.restart()
        self.assertFalse(self.world.inventory.has(task))
        self.wait_for(found)
        self.assertEqual([], self.names_now())
