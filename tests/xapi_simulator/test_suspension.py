"""Machines are suspended and resume: their memory lies in a disk."""

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import fail
from xapi_simulator import Scenario

GIB = 2**30


class TestSuspension(PoolCase):
    scenario = Scenario(hosts=2)

    def setUp(self):
        super().setUp()
        self.disk = self.pool.actors.disk('data')
        self.vm = self.pool.actors.attach(self.disk)
        self.pool.actors.set('VM', self.vm, memory_static_max=GIB)

    def row(self):
        return self.xapi.VM.get_record(self.vm)

    def test_its_memory_becomes_a_disk_of_the_pools_choice(self):
        self.xapi.VM.suspend(self.vm)
        image = self.xapi.VDI.get_record(self.row()['suspend_VDI'])
        self.assertEqual('suspend', image['type'])
        self.assertEqual('Suspend image', image['name_label'])
        self.assertEqual(self.sr, image['SR'])
        self.assertGreater(int(image['virtual_size']), GIB)

    def test_it_lives_nowhere_and_keeps_its_disks(self):
        self.xapi.VM.suspend(self.vm)
        row = self.row()
        self.assertEqual('Suspended', row['power_state'])
        self.assertEqual('OpaqueRef:NULL', row['resident_on'])
        self.assertIn('resume', row['allowed_operations'])
        # xapi leaves what is attached as it was: it resumes from that.
        [vbd] = row['VBDs']
        self.assertTrue(self.xapi.VBD.get_currently_attached(vbd))
        self.assertFails(
            ['VDI_IN_USE', self.disk, 'destroy'],
            self.xapi.VDI.destroy,
            self.disk,
        )

    def test_the_machine_names_an_sr_of_its_own(self):
        host = self.pool.world.master
        sr = self.pool.world.add_sr('more', hosts=(host,))
        self.xapi.VM.set_suspend_SR(self.vm, sr)
        self.xapi.VM.suspend(self.vm)
        image = self.row()['suspend_VDI']
        self.assertEqual(sr, self.xapi.VDI.get_SR(image))

    def test_where_no_sr_can_take_it_it_goes_on(self):
        self.xapi.pool.set_suspend_image_SR(
            self.pool.world.pool, 'OpaqueRef:NULL'
        )
        self.assertFails(
            ['VM_NO_SUSPEND_SR', self.vm], self.xapi.VM.suspend, self.vm
        )
        self.assertEqual('Running', self.row()['power_state'])

    def test_an_sr_that_is_full_is_named(self):
        self.pool.world.disks[self.sr].size = 0
        self.assertFails(
            ['SR_SUSPEND_SPACE_INSUFFICIENT', self.sr],
            self.xapi.VM.suspend,
            self.vm,
        )

    def test_it_resumes_and_the_disk_of_its_memory_goes(self):
        self.xapi.VM.suspend(self.vm)
        image = self.row()['suspend_VDI']
        self.xapi.VM.resume(self.vm, False, False)
        row = self.row()
        self.assertEqual('Running', row['power_state'])
        self.assertEqual(self.pool.world.master, row['resident_on'])
        self.assertEqual('OpaqueRef:NULL', row['suspend_VDI'])
        self.assertNotIn(image, self.xapi.VDI.get_all())
        self.assertEqual([], self.xapi.task.get_all())

    def test_it_may_resume_paused(self):
        self.xapi.VM.suspend(self.vm)
        self.xapi.VM.resume(self.vm, True, False)
        self.assertEqual('Paused', self.row()['power_state'])

    def test_without_its_memory_it_is_off(self):
        self.xapi.VM.suspend(self.vm)
        self.xapi.VDI.destroy(self.row()['suspend_VDI'])
        self.assertFails(
            ['VM_HAS_NO_SUSPEND_VDI', 'VM', self.vm],
            self.xapi.VM.resume,
            self.vm,
            False,
            False,
        )
        row = self.row()
        self.assertEqual('Halted', row['power_state'])
        self.assertFalse(self.xapi.VBD.get_currently_attached(row['VBDs'][0]))

    def test_what_vanished_lets_nothing_resume(self):
        self.xapi.VM.suspend(self.vm)
        for lost in self.disk, self.row()['suspend_VDI']:
            self.pool.actors.lose(lost)
            self.assertFails(
                ['VDI_MISSING', self.sr, lost],
                self.xapi.VM.resume,
                *(self.vm, False, False),
            )
            self.assertEqual('Suspended', self.row()['power_state'])

    def test_a_destroyed_memory_is_no_machines_any_more(self):
        self.xapi.VM.suspend(self.vm)
        self.xapi.VDI.destroy(self.row()['suspend_VDI'])
        self.assertEqual('OpaqueRef:NULL', self.row()['suspend_VDI'])

    def test_the_state_must_fit(self):
        bad = ['VM_BAD_POWER_STATE', self.vm, 'suspended', 'running']
        how = self.vm, False, False
        self.assertFails(bad, self.xapi.VM.resume, *how)
        self.assertFails(bad, self.xapi.VM.set_suspend_VDI, self.vm, self.disk)
        self.xapi.VM.suspend(self.vm)
        bad[2:] = 'running', 'suspended'
        self.assertFails(bad, self.xapi.VM.suspend, self.vm)
        self.assertFails(bad, self.xapi.VM.clean_shutdown, self.vm)

    def test_a_hard_shutdown_destroys_the_memory(self):
        self.xapi.VM.suspend(self.vm)
        image = self.row()['suspend_VDI']
        self.xapi.VM.hard_shutdown(self.vm)
        self.assertEqual('Halted', self.row()['power_state'])
        self.assertNotIn(image, self.xapi.VDI.get_all())
        self.xapi.VDI.destroy(self.disk)

    def test_a_destroyed_machine_leaves_its_memory(self):
        self.xapi.VM.suspend(self.vm)
        image = self.row()['suspend_VDI']
        self.xapi.VM.destroy(self.vm)
        self.assertEqual([], self.xapi.VDI.get_VBDs(self.disk))
        self.assertIn(image, self.xapi.VDI.get_all())

    def test_another_disk_can_be_its_memory(self):
        self.xapi.VM.suspend(self.vm)
        other = self.xapi.VDI.copy(self.row()['suspend_VDI'], self.sr)
        self.xapi.VM.set_suspend_VDI(self.vm, other)
        self.assertEqual(other, self.row()['suspend_VDI'])
        self.pool.actors.set('VDI', other, type='cbt_metadata')
        self.assertFails(
            ['VDI_INCOMPATIBLE_TYPE', self.vm, 'cbt_metadata'],
            self.xapi.VM.set_suspend_VDI,
            *(self.vm, other),
        )

    def test_others_see_it_being_suspended(self):
        seen = []
        self.pool.after(
            'VM.suspend#image',
            lambda: seen.append(self.pool.do('VM.get_record', self.vm)),
        )
        self.xapi.VM.suspend(self.vm)
        [row] = seen
        self.assertEqual(['suspend'], [*row['current_operations'].values()])
        self.assertEqual('Running', row['power_state'])
        self.assertEqual({}, self.row()['current_operations'])

    def test_what_fails_inside_is_told(self):
        self.xapi.VM.suspend(self.vm)
        self.pool.after(
            'VDI.destroy#begun', fail('SR_BACKEND_FAILURE_46', '', 'no', '')
        )
        # It runs, and the disk of its memory is left behind.
        self.assertCode(
            'SR_BACKEND_FAILURE_46',
            self.xapi.VM.resume,
            *(self.vm, False, False),
        )
        self.assertEqual('Running', self.row()['power_state'])
