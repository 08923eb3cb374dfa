"""Machines are cloned, snapshotted and reverted, with all their disks."""

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import fail
from xapi_simulator import Scenario

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
NULL = 'OpaqueRef:NULL'


class CopyCase(PoolCase):
    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)
        self.disk = self.pool.actors.spawn(self.image)
        [vbd] = self.xapi.VDI.get_VBDs(self.disk)
        self.vm = self.xapi.VBD.get_VM(vbd)

    def disk_of(self, vm):
        [vbd] = self.xapi.VM.get_VBDs(vm)
        return self.xapi.VBD.get_VDI(vbd)

    def parent(self, vdi):
        return self.xapi.VDI.get_sm_config(vdi).get('vhd-parent')

    def attached(self, vm):
        [vbd] = self.xapi.VM.get_VBDs(vm)
        return self.xapi.VBD.get_currently_attached(vbd)


class TestSnapshot(CopyCase):
    def test_its_disks_are_snapshots_of_the_disks(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        disk = self.xapi.VDI.get_record(self.disk_of(snap))
        self.assertTrue(disk['is_a_snapshot'])
        self.assertEqual(self.disk, disk['snapshot_of'])
        self.assertIn('cached-time', disk['other_config'])
        self.assertEqual(
            self.parent(self.disk), disk['sm_config']['vhd-parent']
        )

    def test_it_is_a_template_of_its_machine(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        row = self.xapi.VM.get_record(snap)
        self.assertEqual('before', row['name_label'])
        self.assertTrue(row['is_a_snapshot'])
        self.assertTrue(row['is_a_template'])
        self.assertEqual(self.vm, row['snapshot_of'])
        self.assertNotEqual('19700101T00:00:00Z', str(row['snapshot_time']))
        self.assertEqual(
            'Running', row['snapshot_info']['power-state-at-snapshot']
        )
        self.assertEqual([snap], self.xapi.VM.get_snapshots(self.vm))
        self.assertEqual(snap, self.xapi.VM.get_parent(self.vm))
        self.assertFails(
            ['VM_IS_TEMPLATE', snap], self.xapi.VM.start, snap, False, False
        )

    def test_it_is_halted_and_holds_no_memory(self):
        self.xapi.VM.suspend(self.vm)
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        row = self.xapi.VM.get_record(snap)
        self.assertEqual(
            ('Halted', NULL), (row['power_state'], row['suspend_VDI'])
        )
        self.assertFalse(self.attached(snap))

    def test_some_disks_can_be_left_out(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before', [self.disk])
        self.assertEqual([], self.xapi.VM.get_VBDs(snap))

    def test_its_disks_are_there_before_it_is(self):
        seen = []

        def look():
            rows = self.pool.world.records.rows
            snaps = [one for one in rows('VDI').values() if one['snapshot_of']]
            news = [one for one in snaps if one['snapshot_of'] == self.disk]
            seen.append((len(news), news[0]['VBDs'], len(rows('VM'))))

        self.pool.after('VM.snapshot#disks', look)
        self.xapi.VM.snapshot(self.vm, 'before')
        self.assertEqual([(1, (), 2)], seen)

    def test_the_disk_of_a_drive_is_not_copied(self):
        disc = self.pool.actors.disk('disc')
        self.pool.actors.set(
            'VBD', self.xapi.VM.get_VBDs(self.vm)[0], type='CD', VDI=disc
        )
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        self.assertEqual(disc, self.disk_of(snap))

    def test_what_went_wrong_leaves_nothing(self):
        other = self.pool.actors.disk('second')
        machine = self.pool.actors.attach(other)
        vbd = self.xapi.VM.get_VBDs(machine)[0]
        self.pool.actors.set('VBD', vbd, VM=self.vm, userdevice='1')
        full = fail('SR_BACKEND_FAILURE_44', '', 'full', '')
        before = len(self.xapi.VDI.get_all_where('field "managed"="true"'))
        self.pool.after('VDI.snapshot#begun', full, 2)
        self.assertCode(
            'SR_BACKEND_FAILURE_44',
            self.xapi.VM.snapshot,
            *(self.vm, 'before'),
        )
        found = self.xapi.VDI.get_all_where('field "managed"="true"')
        self.assertEqual(before, len(found))
        self.assertEqual([], self.xapi.VM.get_snapshots(self.vm))
        self.assertEqual([], self.xapi.task.get_all())

    def test_a_destroyed_snapshot_leaves_its_disks(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        disk = self.disk_of(snap)
        self.xapi.VM.destroy(snap)
        self.assertEqual(NULL, self.xapi.VM.get_parent(self.vm))
        self.assertTrue(self.xapi.VDI.get_is_a_snapshot(disk))
        self.xapi.VDI.destroy(disk)


class TestCheckpoint(CopyCase):
    def test_it_keeps_disks_and_memory(self):
        snap = self.xapi.VM.checkpoint(self.vm, 'before')
        row = self.xapi.VM.get_record(snap)
        self.assertEqual('Suspended', row['power_state'])
        image = self.xapi.VDI.get_record(row['suspend_VDI'])
        self.assertEqual(
            ('suspend', True), (image['type'], image['is_a_snapshot'])
        )
        self.assertTrue(self.attached(snap))
        self.assertEqual(
            'Running', row['snapshot_info']['power-state-at-snapshot']
        )

    def test_the_machine_goes_on_and_its_own_memory_is_gone(self):
        host = self.xapi.VM.get_resident_on(self.vm)
        self.xapi.VM.checkpoint(self.vm, 'before')
        row = self.xapi.VM.get_record(self.vm)
        self.assertEqual('Running', row['power_state'])
        self.assertEqual(host, row['resident_on'])
        self.assertEqual(NULL, row['suspend_VDI'])
        suspended = 'field "type"="suspend"'
        self.assertEqual(1, len(self.xapi.VDI.get_all_where(suspended)))

    def test_it_goes_on_even_when_that_failed(self):
        full = fail('SR_BACKEND_FAILURE_44', '', 'full', '')
        self.pool.after('VDI.snapshot#begun', full)
        self.assertCode(
            'SR_BACKEND_FAILURE_44',
            self.xapi.VM.checkpoint,
            *(self.vm, 'before'),
        )
        state = self.xapi.VM.get_power_state(self.vm)
        self.assertEqual('Running', state)

    def test_it_takes_a_machine_that_lives(self):
        self.xapi.VM.hard_shutdown(self.vm)
        wanted = 'paused, running, suspended'
        self.assertFails(
            ['VM_BAD_POWER_STATE', self.vm, wanted, 'halted'],
            self.xapi.VM.checkpoint,
            *(self.vm, 'before'),
        )

    def test_it_can_be_cloned_with_its_memory(self):
        snap = self.xapi.VM.checkpoint(self.vm, 'before')
        clone = self.xapi.VM.clone(snap, 'again')
        row = self.xapi.VM.get_record(clone)
        self.assertEqual('Suspended', row['power_state'])
        self.assertFalse(row['is_a_snapshot'])
        image = self.xapi.VDI.get_record(row['suspend_VDI'])
        self.assertFalse(image['is_a_snapshot'])


class TestClone(CopyCase):
    def setUp(self):
        super().setUp()
        self.xapi.VM.hard_shutdown(self.vm)

    def test_its_disks_are_clones_and_its_own(self):
        clone = self.xapi.VM.clone(self.vm, 'second')
        disk = self.xapi.VDI.get_record(self.disk_of(clone))
        self.assertFalse(disk['is_a_snapshot'])
        self.assertEqual(NULL, disk['snapshot_of'])
        self.assertEqual(
            self.parent(self.disk), disk['sm_config']['vhd-parent']
        )
        [vbd] = self.xapi.VM.get_VBDs(clone)
        self.assertIn('owner', self.xapi.VBD.get_other_config(vbd))
        self.assertFalse(self.attached(clone))
        self.xapi.VM.start(clone, False, False)
        self.assertTrue(self.attached(clone))

    def test_of_an_image_it_wears_the_marks(self):
        machine = self.pool.actors.attach(self.image)
        self.xapi.VM.hard_shutdown(machine)
        clone = self.xapi.VM.clone(machine, 'second')
        marks = self.xapi.VDI.get_other_config(self.disk_of(clone))
        self.assertEqual(IMAGE, marks['image-id'])

    def test_the_state_must_fit(self):
        self.xapi.VM.start(self.vm, False, False)
        self.assertFails(
            ['VM_BAD_POWER_STATE', self.vm, 'halted', 'running'],
            self.xapi.VM.clone,
            *(self.vm, 'second'),
        )

    def test_a_task_gives_the_machine(self):
        task = self.follow(self.xapi.Async.VM.clone(self.vm, 'second'))
        [clone] = self.xapi.VM.get_by_name_label('second')
        self.assertEqual(f'<value>{clone}</value>', task['result'])


class TestRevert(CopyCase):
    def test_other_disks_take_the_place_of_its_own(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        kept = self.disk_of(snap)
        self.xapi.VM.revert(snap)
        disk = self.disk_of(self.vm)
        self.assertNotIn(self.disk, self.xapi.VDI.get_all())
        self.assertEqual(disk, self.xapi.VDI.get_snapshot_of(kept))
        self.assertFalse(self.xapi.VDI.get_is_a_snapshot(disk))
        self.assertEqual('Halted', self.xapi.VM.get_power_state(self.vm))
        self.xapi.VM.start(self.vm, False, False)

    def test_a_disk_that_was_no_part_of_it_is_only_taken_away(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before', [self.disk])
        self.xapi.VM.revert(snap)
        self.assertEqual([], self.xapi.VM.get_VBDs(self.vm))
        self.assertEqual([], self.xapi.VDI.get_VBDs(self.disk))

    def test_to_a_checkpoint_it_is_suspended(self):
        snap = self.xapi.VM.checkpoint(self.vm, 'before')
        self.xapi.VM.revert(snap)
        row = self.xapi.VM.get_record(self.vm)
        self.assertEqual('Suspended', row['power_state'])
        kept = self.xapi.VM.get_suspend_VDI(snap)
        self.assertNotIn(row['suspend_VDI'], (NULL, kept))
        self.xapi.VM.resume(self.vm, False, False)
        self.assertIn(kept, self.xapi.VDI.get_all())

    def test_only_a_snapshot_can_be_reverted_to(self):
        self.assertCode('OPERATION_NOT_ALLOWED', self.xapi.VM.revert, self.vm)


class TestRevertOfADisk(CopyCase):
    scenario = Scenario(kinds=('zfs-vol',))

    def test_the_disk_stays_and_has_other_bytes(self):
        self.pool.actors.write(self.disk, 2**25)
        snap = self.xapi.VDI.snapshot(self.disk)
        self.pool.actors.write(self.disk, 2**26)
        row = self.xapi.VDI.get_record(self.disk)
        [vbd] = row['VBDs']
        self.xapi.VM.hard_shutdown(self.vm)
        self.xapi.VDI.revert(snap)
        volumes = self.pool.world.disks[self.sr].volumes
        kept = self.xapi.VDI.get_uuid(snap)
        self.assertEqual(volumes[kept].parent, volumes[row['uuid']].parent)
        self.assertLess(volumes[row['uuid']].used, 2**25)
        after = self.xapi.VDI.get_record(self.disk)
        self.assertEqual([vbd], after['VBDs'])
        self.assertEqual(row['other_config'], after['other_config'])
        self.assertEqual([snap], after['snapshots'])

    def test_a_machine_keeps_its_disk(self):
        snap = self.xapi.VM.snapshot(self.vm, 'before')
        self.xapi.VM.revert(snap)
        self.assertEqual(self.disk, self.disk_of(self.vm))

    def test_what_it_takes(self):
        snap = self.xapi.VDI.snapshot(self.disk)
        self.assertFails(
            ['REVERT_ONLY_ALLOWED_ON_SNAPSHOT'],
            self.xapi.VDI.revert,
            self.image,
        )
        self.assertFails(
            ['VDI_IN_USE', self.disk, 'revert_from'],
            self.xapi.VDI.revert,
            snap,
        )
        self.xapi.VM.hard_shutdown(self.vm)
        self.xapi.VDI.destroy(self.disk)
        self.assertFails(
            ['HANDLE_INVALID', 'VDI', self.disk], self.xapi.VDI.revert, snap
        )
        # As a corrupt database has it.
        self.pool.actors.set('VDI', snap, snapshot_of=snap)
        self.assertCode(
            'OTHER_OPERATION_IN_PROGRESS', self.xapi.VDI.revert, snap
        )

    def test_drivers_of_chains_cannot(self):
        host = self.pool.world.master
        sr = self.pool.world.add_sr('chains', 'nfs', hosts=(host,))
        snap = self.xapi.VDI.snapshot(self.pool.actors.disk('data', sr))
        self.assertFails(
            ['SR_OPERATION_NOT_SUPPORTED', sr], self.xapi.VDI.revert, snap
        )
