"""Machines and the disks they hold: attached, detached, and who may."""

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import Scenario


class TestMachines(PoolCase):
    def setUp(self):
        super().setUp()
        self.disk = self.pool.actors.disk('data')
        self.vm = self.xapi.VM.create({'name_label': 'a machine'})

    def vbd(self, vm=None, mode='RW', vdi=None):
        return self.xapi.VBD.create(
            {
                'VM': vm or self.vm,
                'VDI': vdi or self.disk,
                'userdevice': '0',
                'bootable': True,
                'mode': mode,
                'type': 'Disk',
                'empty': False,
                'other_config': {},
                'qos_algorithm_type': '',
                'qos_algorithm_params': {},
            }
        )

    def boot(self, vm=None):
        self.xapi.VM.start(vm or self.vm, False, False)

    def attached(self, vbd):
        return self.xapi.VBD.get_currently_attached(vbd)

    def test_a_started_machine_has_its_disks_attached(self):
        vbd = self.vbd()
        self.assertFalse(self.attached(vbd))
        self.boot()
        self.assertTrue(self.attached(vbd))
        record = self.xapi.VM.get_record(self.vm)
        self.assertEqual('Running', record['power_state'])
        self.assertEqual(self.pool.world.master, record['resident_on'])
        self.assertIn(
            self.vm, self.xapi.host.get_resident_VMs(record['resident_on'])
        )
        self.xapi.VM.clean_shutdown(self.vm)
        self.assertFalse(self.attached(vbd))

    def test_a_disk_that_goes_is_no_machines_memory_any_more(self):
        """xapi lets it go without a word, and the machine cannot wake."""
        other = self.pool.actors.disk('of another')
        self.pool.actors.set('VM', self.vm, suspend_VDI=self.disk)
        self.xapi.VDI.destroy(other)
        self.assertEqual(self.disk, self.xapi.VM.get_suspend_VDI(self.vm))
        self.xapi.VDI.destroy(self.disk)
        self.assertEqual(
            'OpaqueRef:NULL', self.xapi.VM.get_suspend_VDI(self.vm)
        )

    def test_a_machine_may_start_paused_and_where_it_likes(self):
        self.xapi.VM.start(self.vm, True, False)
        self.assertEqual('Paused', self.xapi.VM.get_power_state(self.vm))

    def test_the_state_must_fit(self):
        halted = ['VM_BAD_POWER_STATE', self.vm, 'running', 'halted']
        self.assertFails(halted, self.xapi.VM.clean_shutdown, self.vm)
        halted[2] = 'paused, suspended, running'
        self.assertFails(halted, self.xapi.VM.hard_shutdown, self.vm)
        self.boot()
        running = ['VM_BAD_POWER_STATE', self.vm, 'halted', 'running']
        self.assertFails(running, self.boot)
        running[2] = 'halted, suspended'
        self.assertFails(running, self.xapi.VM.destroy, self.vm)

    def test_a_template_does_not_start(self):
        self.xapi.VM.set_is_a_template(self.vm, True)
        self.assertFails(['VM_IS_TEMPLATE', self.vm], self.boot)

    def test_a_destroyed_machine_leaves_its_disks(self):
        self.vbd()
        self.xapi.VM.destroy(self.vm)
        self.assertEqual([], self.xapi.VDI.get_VBDs(self.disk))

    def test_a_disk_is_plugged_and_unplugged(self):
        vbd = self.vbd()
        self.assertCode('VM_BAD_POWER_STATE', self.xapi.VBD.plug, vbd)
        self.xapi.VBD.destroy(vbd)
        self.boot()
        vbd = self.vbd()
        self.xapi.VBD.plug(vbd)
        self.assertTrue(self.attached(vbd))
        again = ['DEVICE_ALREADY_ATTACHED', vbd]
        self.assertFails(again, self.xapi.VBD.plug, vbd)
        self.assertCode('OPERATION_NOT_ALLOWED', self.xapi.VBD.destroy, vbd)
        self.xapi.VBD.unplug(vbd)
        again = ['DEVICE_ALREADY_DETACHED', vbd]
        self.assertFails(again, self.xapi.VBD.unplug, vbd)

    def test_one_writer_keeps_all_others_out(self):
        self.vbd()
        self.boot()
        other = self.xapi.VM.create({'name_label': 'other'})
        vbd = self.vbd(other, 'RO')
        in_use = ['VDI_IN_USE', self.disk, 'attach']
        self.assertFails(in_use, self.boot, other)
        self.assertEqual('Halted', self.xapi.VM.get_power_state(other))
        self.xapi.VDI.set_sharable(self.disk, True)
        self.boot(other)
        self.assertTrue(self.attached(vbd))

    def test_readers_keep_a_writer_out_but_not_each_other(self):
        self.vbd(mode='RO')
        self.boot()
        other = self.xapi.VM.create({'name_label': 'other'})
        vbd = self.vbd(other, 'RO')
        self.xapi.VBD.set_mode(vbd, 'RW')
        in_use = ['VDI_IN_USE', self.disk, 'attach']
        self.assertFails(in_use, self.boot, other)
        self.xapi.VBD.set_mode(vbd, 'RO')
        self.boot(other)

    def test_a_reader_does_not_stop_a_copy_a_writer_does(self):
        vbd = self.vbd(mode='RO')
        self.boot()
        self.xapi.VDI.copy(self.disk, self.sr)
        self.xapi.VM.hard_shutdown(self.vm)
        self.xapi.VBD.set_mode(vbd, 'RW')
        self.boot()
        self.assertFails(
            ['VDI_IN_USE', self.disk, 'copy'],
            self.xapi.VDI.copy,
            self.disk,
            self.sr,
        )

    def test_what_is_not_there_does_not_start(self):
        self.vbd()
        for harm in self.pool.actors.miss, self.pool.actors.lose:
            harm(self.disk)
            missing = ['VDI_MISSING', self.sr, self.disk]
            self.assertFails(missing, self.boot)
            self.pool.actors.set('VDI', self.disk, missing=False)

    def test_what_is_being_destroyed_cannot_be_attached(self):
        self.vbd()
        self.pool.timing.work['VDI.destroy'] = 0.2
        task = self.xapi.Async.VDI.destroy(self.disk)
        while not self.xapi.VDI.get_current_operations(self.disk):
            pass
        self.assertFails(
            [
                'OTHER_OPERATION_IN_PROGRESS',
                'VDI',
                self.disk,
                'destroy',
                task,
            ],
            self.boot,
        )
        self.assertEqual('success', self.follow(task)['status'])

    def test_an_empty_drive_needs_no_disk(self):
        record = {
            'VM': self.vm,
            'VDI': 'OpaqueRef:NULL',
            'userdevice': '3',
            'bootable': False,
            'mode': 'RO',
            'type': 'CD',
            'empty': True,
            'other_config': {},
            'qos_algorithm_type': '',
            'qos_algorithm_params': {},
        }
        self.xapi.VBD.create(record)
        self.boot()


class TestPlugs(PoolCase):
    scenario = Scenario(hosts=2)

    def test_an_sr_in_use_is_not_unplugged_there(self):
        self.pool.actors.attach(self.pool.actors.disk('data'))
        rows = self.xapi.PBD.get_all_records()
        here, there = sorted(
            rows, key=lambda one: rows[one]['host'] != self.pool.host(0)
        )
        self.assertCode('VDI_IN_USE', self.xapi.PBD.unplug, here)
        self.xapi.PBD.unplug(there)
        self.assertFalse(self.xapi.PBD.get_currently_attached(there))
        self.xapi.PBD.plug(there)
        self.assertTrue(self.xapi.PBD.get_currently_attached(there))
