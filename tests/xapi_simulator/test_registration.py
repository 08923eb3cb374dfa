"""SRs leave the pool and come back, and their disks with them."""

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import Scenario

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestRegistration(PoolCase):
    scenario = Scenario(hosts=2)

    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)
        self.uuid = self.xapi.SR.get_uuid(self.sr)

    def unplug(self):
        for pbd in self.xapi.SR.get_PBDs(self.sr):
            self.xapi.PBD.unplug(pbd)

    def again(self):
        how = 'storage', '', 'nfs', 'user', True
        return self.xapi.SR.introduce(self.uuid, *how)

    def test_an_sr_that_is_plugged_in_is_not_forgotten(self):
        self.assertFails(['SR_HAS_PBD', self.sr], self.xapi.SR.forget, self.sr)
        first, *_ = self.xapi.SR.get_PBDs(self.sr)
        self.xapi.PBD.unplug(first)
        self.assertFails(['SR_HAS_PBD', self.sr], self.xapi.SR.forget, self.sr)

    def test_all_that_is_known_of_it_goes(self):
        vm = self.pool.actors.attach(self.image)
        self.xapi.VM.hard_shutdown(vm)
        self.unplug()
        self.xapi.SR.forget(self.sr)
        for cls in self.xapi.SR, self.xapi.VDI, self.xapi.PBD, self.xapi.VBD:
            self.assertEqual([], cls.get_all())
        gone = ['HANDLE_INVALID', 'SR', self.sr]
        self.assertFails(gone, self.xapi.SR.forget, self.sr)

    def test_it_comes_back_and_nobody_knows_the_images(self):
        self.xapi.VDI.clone(self.image)
        before = set(self.pool.world.disks[self.sr].volumes)
        image = self.xapi.VDI.get_uuid(self.image)
        self.unplug()
        self.xapi.SR.forget(self.sr)
        sr = self.again()
        self.assertEqual([], self.xapi.SR.get_VDIs(sr))
        for host in self.xapi.host.get_all():
            record = {'host': host, 'SR': sr, 'device_config': {}}
            self.xapi.PBD.plug(self.xapi.PBD.create(record))
        self.xapi.SR.scan(sr)
        rows = {
            row['uuid']: row
            for row in self.xapi.VDI.get_all_records().values()
        }
        self.assertEqual(before, set(rows))
        row = rows[image]
        self.assertEqual(('', {}), (row['name_label'], row['other_config']))
        self.xapi.VDI.destroy(self.xapi.VDI.get_by_uuid(image))

    def test_one_that_is_known_is_not_introduced(self):
        self.assertFails(['SR_UUID_EXISTS', self.uuid], self.again)

    def test_one_that_was_never_here_is_empty(self):
        sr = self.xapi.SR.introduce('', 'new', '', 'ext', 'user', False, {})
        self.assertEqual([], self.xapi.SR.get_VDIs(sr))
        self.assertFails(['SR_HAS_NO_PBDS', sr], self.xapi.SR.scan, sr)

    def test_a_pbd_that_is_plugged_in_stays(self):
        pbd, *_ = self.xapi.SR.get_PBDs(self.sr)
        self.assertCode('OPERATION_NOT_ALLOWED', self.xapi.PBD.destroy, pbd)
        self.xapi.PBD.unplug(pbd)
        self.xapi.PBD.destroy(pbd)
        self.assertNotIn(pbd, self.xapi.SR.get_PBDs(self.sr))
