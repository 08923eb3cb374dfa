"""Changed blocks are tracked; the data of a snapshot can go, they stay."""

import threading

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import Scenario

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestTracking(PoolCase):
    scenario = Scenario(srs=2, kinds=('nfs', 'zfs-vol'))

    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)
        self.disk = self.pool.actors.spawn(self.image)
        self.volumes = self.pool.world.disks[self.sr].volumes

    def tracked(self):
        self.xapi.VDI.enable_cbt(self.disk)
        return self.xapi.VDI.snapshot(self.disk)

    def uuid(self, vdi):
        return self.xapi.VDI.get_uuid(vdi)

    def test_a_disk_in_use_can_be_tracked(self):
        for _ in range(2):
            self.xapi.VDI.enable_cbt(self.disk)
            self.assertTrue(self.xapi.VDI.get_cbt_enabled(self.disk))
        for _ in range(2):
            self.xapi.VDI.disable_cbt(self.disk)
            self.assertFalse(self.xapi.VDI.get_cbt_enabled(self.disk))

    def test_snapshots_are_tracked_then_clones_are_not(self):
        snap = self.tracked()
        self.assertTrue(self.xapi.VDI.get_cbt_enabled(snap))
        clone = self.xapi.VDI.clone(self.disk)
        self.assertFalse(self.xapi.VDI.get_cbt_enabled(clone))

    def test_what_cannot_be_tracked(self):
        snap = self.tracked()
        why = f'VDI is a snapshot: {snap}'
        for call in self.xapi.VDI.enable_cbt, self.xapi.VDI.disable_cbt:
            self.assertFails(['OPERATION_NOT_ALLOWED', why], call, snap)
        disk = self.pool.actors.disk('data')
        self.xapi.VDI.set_on_boot(disk, 'reset')
        reset = ['VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION']
        self.assertFails(reset, self.xapi.VDI.enable_cbt, disk)
        self.pool.actors.set('VDI', disk, type='suspend')
        self.assertFails(
            ['VDI_INCOMPATIBLE_TYPE', disk, 'suspend'],
            self.xapi.VDI.enable_cbt,
            disk,
        )
        [other] = [sr for sr in self.xapi.SR.get_all() if sr != self.sr]
        disk = self.pool.actors.disk('data', other)
        self.assertFails(
            ['SR_OPERATION_NOT_SUPPORTED', other],
            self.xapi.VDI.enable_cbt,
            disk,
        )

    def test_the_data_goes_and_the_row_stays(self):
        snap = self.tracked()
        uuid = self.uuid(snap)
        self.xapi.VDI.data_destroy(snap)
        row = self.xapi.VDI.get_record(snap)
        self.assertEqual(
            ('cbt_metadata', True), (row['type'], row['cbt_enabled'])
        )
        self.assertEqual(self.disk, row['snapshot_of'])
        self.assertNotIn(uuid, self.volumes)
        # A second time there is nothing to do.
        self.xapi.VDI.data_destroy(snap)

    def test_it_survives_a_scan_and_is_destroyed_at_last(self):
        snap = self.tracked()
        self.xapi.VDI.data_destroy(snap)
        self.xapi.SR.scan(self.sr)
        self.assertIn(snap, self.xapi.VDI.get_all())
        self.xapi.VDI.destroy(snap)
        self.xapi.SR.scan(self.sr)
        self.assertNotIn(snap, self.xapi.VDI.get_all())

    def test_a_scan_sees_that_only_changes_are_left(self):
        snap = self.tracked()
        self.pool.actors.lose(snap)
        self.xapi.SR.scan(self.sr)
        self.assertEqual('cbt_metadata', self.xapi.VDI.get_type(snap))

    def test_whose_data_can_go(self):
        self.assertFails(
            ['OPERATION_NOT_ALLOWED', f'VDI is not a snapshot: {self.disk}'],
            self.xapi.VDI.data_destroy,
            self.disk,
        )
        snap = self.xapi.VDI.snapshot(self.disk)
        self.assertFails(
            ['VDI_NO_CBT_METADATA', snap], self.xapi.VDI.data_destroy, snap
        )
        self.assertEqual('user', self.xapi.VDI.get_type(snap))

    def test_it_waits_for_the_machines_to_let_go(self):
        snap = self.tracked()
        vm = self.pool.actors.attach(snap)
        self.xapi.VM.hard_shutdown(vm)
        self.pool.timing.detach = 0.1
        self.assertFails(
            ['VDI_IN_USE', snap, 'data_destroy'],
            self.xapi.VDI.data_destroy,
            snap,
        )
        self.assertEqual('user', self.xapi.VDI.get_type(snap))
        self.pool.timing.detach = 30
        later = threading.Timer(0.2, self.pool.do, ('VM.destroy', vm))
        later.start()
        self.xapi.VDI.data_destroy(snap)
        later.join()

    def test_nothing_else_can_be_done_to_it(self):
        snap = self.tracked()
        self.xapi.VDI.data_destroy(snap)
        bad = ['VDI_INCOMPATIBLE_TYPE', snap, 'cbt_metadata']
        for call in self.xapi.VDI.clone, self.xapi.VDI.snapshot:
            self.assertFails(bad, call, snap)
        self.assertFails(bad, self.xapi.VDI.resize, snap, '1')
        self.assertFails(bad, self.xapi.VDI.copy, snap, self.sr)
        vm = self.xapi.VM.create({'name_label': 'a machine'})
        record = {
            'VM': vm,
            'VDI': snap,
            'userdevice': '0',
            'bootable': True,
            'mode': 'RO',
            'type': 'Disk',
            'empty': False,
            'other_config': {},
            'qos_algorithm_type': '',
            'qos_algorithm_params': {},
        }
        self.assertFails(bad, self.xapi.VBD.create, record)

    def test_bytes_that_others_share_stay(self):
        snap = self.tracked()
        self.xapi.VDI.data_destroy(snap)
        self.pool.actors.coalesce()
        chain = self.pool.world.disks[self.sr].chain(self.uuid(self.disk))
        self.assertGreaterEqual(sum(one.used for one in chain), 2**30)
