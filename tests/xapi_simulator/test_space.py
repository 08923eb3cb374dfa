"""Space comes back late: base copies, the collector, update and scan."""

import time

import pytest

from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator import Scenario
from xapi_simulator.storage import CHAIN_LIMIT
from xapi_simulator.storage import META

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
GIB = 2**30


class Space(PoolCase):
    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE, used=GIB)

    def used(self):
        return int(self.xapi.SR.get_physical_utilisation(self.sr))

    def updated(self):
        self.xapi.SR.update(self.sr)
        return self.used()

    def parent(self, vdi):
        return self.xapi.VDI.get_sm_config(vdi).get('vhd-parent')

    def hidden(self):
        return self.xapi.VDI.get_all_where('field "managed"="false"')


class TestUtilisation(Space):
    def test_a_destroy_is_not_seen_before_an_update(self):
        before = self.updated()
        self.xapi.VDI.destroy(self.image)
        self.assertEqual(before, self.used())
        self.assertEqual(before - GIB, self.updated())

    def test_statistics_are_read_now_and_then(self):
        self.assertEqual(0, self.used())
        self.pool.timing.statistics = 0.01
        self.wait_for(self.used)
        self.assertEqual(GIB, self.used())

    def test_a_used_image_frees_nearly_nothing_when_it_goes(self):
        self.pool.actors.spawn(self.image)
        before = self.updated()
        self.xapi.VDI.destroy(self.image)
        self.assertEqual(before - META, self.updated())
        self.pool.actors.coalesce()
        # Its last child took the base's place, bytes and all.
        self.assertEqual(GIB + META, self.updated())

    def test_an_unused_image_frees_its_base_only_when_that_is_collected(self):
        clone = self.pool.actors.clone(self.image)
        self.xapi.VDI.destroy(clone)
        self.xapi.VDI.destroy(self.image)
        self.assertEqual(GIB, self.updated())
        self.assertEqual(1, len(self.hidden()))
        self.pool.actors.coalesce()
        self.assertEqual(0, self.updated())
        self.assertEqual([], self.hidden())

    def test_a_scan_is_an_update_too(self):
        self.xapi.SR.scan(self.sr)
        self.assertEqual(GIB, self.used())
        allocated = int(self.xapi.SR.get_virtual_allocation(self.sr))
        self.assertEqual(10 * GIB, allocated)

    def test_an_sr_that_is_full_says_so(self):
        self.pool.world.disks[self.sr].size = GIB
        for call, params in (
            (self.xapi.VDI.clone, (self.image,)),
            (self.xapi.VDI.copy, (self.image, self.sr)),
        ):
            self.assertCode('SR_BACKEND_FAILURE_44', call, *params)


class TestCollector(Space):
    def test_it_works_by_itself_after_its_rest(self):
        self.pool.timing.collect = 0.05
        self.pool.actors.delete(self.pool.actors.clone(self.image))
        self.assertEqual(1, len(self.hidden()))
        self.wait_for(lambda: not self.hidden())

    def test_a_scan_wakes_it(self):
        self.pool.actors.delete(self.pool.actors.clone(self.image))
        self.pool.timing.collect = 0.01
        time.sleep(0.05)
        self.assertEqual(1, len(self.hidden()))
        self.xapi.SR.scan(self.sr)
        self.wait_for(lambda: not self.hidden())

    def test_the_last_child_of_a_base_loses_its_parent(self):
        clone = self.pool.actors.clone(self.image)
        self.assertIsNotNone(self.parent(self.image))
        self.pool.actors.delete(clone)
        self.assertIsNotNone(self.parent(self.image))
        self.pool.actors.coalesce()
        self.assertIsNone(self.parent(self.image))

    def test_two_children_keep_their_base(self):
        self.pool.actors.clone(self.image)
        self.assertEqual(0, self.pool.actors.coalesce())

    def test_some_leaves_are_never_merged(self):
        for change in (
            {'other_config': {'leaf-coalesce': 'false'}},
            {'on_boot': 'reset'},
            {'allow_caching': True},
        ):
            with self.subTest(change):
                image = self.pool.actors.cache(IMAGE)
                clone = self.pool.actors.clone(image)
                self.pool.actors.set('VDI', image, **change)
                self.pool.actors.delete(clone)
                self.pool.actors.coalesce()
                self.assertIsNotNone(self.parent(image))

    def test_a_row_of_bases_becomes_one(self):
        for _ in range(3):
            self.pool.actors.delete(self.pool.actors.clone(self.image))
            self.pool.actors.write(self.image, 10 * META)
        kept = self.pool.actors.clone(self.image)
        self.assertEqual(4, len(self.hidden()))
        self.pool.actors.coalesce()
        [base] = self.hidden()
        uuid = self.xapi.VDI.get_uuid(base)
        self.assertEqual(
            (uuid, uuid), (self.parent(self.image), self.parent(kept))
        )
        size = int(self.updated())
        self.assertEqual(GIB + 3 * 10 * META + 2 * META, size)

    def test_a_parent_is_gone_for_a_moment_when_it_changes(self):
        for _ in range(2):
            self.pool.actors.clone(self.image)
            self.pool.actors.write(self.image, 10 * META)
        seen = []

        def look():
            seen.append(self.parent(self.image))
            self.pool.do('VDI.add_to_sm_config', self.image, 'mark', 'kept')

        self.pool.after('sm#unlinked', look)
        before = self.parent(self.image)
        self.pool.actors.clone(self.image)
        self.assertEqual([None], seen)
        self.assertIn('mark', self.xapi.VDI.get_sm_config(self.image))
        self.assertNotIn(self.parent(self.image), (None, before))

    def test_a_chain_has_its_limit(self):
        # Each clone of a written disk makes its chain longer by one.
        for _ in range(CHAIN_LIMIT - 1):
            self.xapi.VDI.clone(self.image)
            self.pool.actors.write(self.image, 10 * META)
        self.assertCode(
            'SR_BACKEND_FAILURE_109', self.xapi.VDI.clone, self.image
        )
        self.assertEqual(CHAIN_LIMIT - 1, len(self.hidden()))

    def test_a_snapshot_is_a_child_like_others(self):
        snapshot = self.xapi.VDI.snapshot(self.image)
        record = self.xapi.VDI.get_record(snapshot)
        self.assertTrue(record['is_a_snapshot'])
        self.assertEqual(self.image, record['snapshot_of'])
        self.assertEqual(IMAGE, record['other_config']['image-id'])
        self.assertEqual([snapshot], self.xapi.VDI.get_snapshots(self.image))
        self.assertEqual(self.parent(self.image), self.parent(snapshot))


class TestScan(Space):
    def test_it_forgets_what_vanished(self):
        self.pool.actors.lose(self.image)
        self.assertIn(self.image, self.xapi.VDI.get_all())
        self.xapi.SR.scan(self.sr)
        self.assertEqual([], self.xapi.VDI.get_all())

    def test_it_finds_what_was_forgotten_but_not_what_was_written_of_it(self):
        clone = self.pool.actors.clone(self.image)
        uuid = self.xapi.VDI.get_uuid(clone)
        self.xapi.VDI.forget(clone)
        self.xapi.SR.scan(self.sr)
        found = self.xapi.VDI.get_by_uuid(uuid)
        self.assertEqual(self.parent(self.image), self.parent(found))
        self.assertEqual({}, self.xapi.VDI.get_other_config(found))

    def test_it_corrects_parents_and_leaves_other_keys(self):
        clone = self.pool.actors.clone(self.image)
        parent = self.parent(clone)
        for lost in {}, {'vhd-parent': 'another'}:
            wrong = {'host_x': 'RW', **lost}
            self.pool.actors.set('VDI', clone, sm_config=wrong)
            self.xapi.SR.scan(self.sr)
            self.assertEqual(
                {'host_x': 'RW', 'vhd-parent': parent},
                self.xapi.VDI.get_sm_config(clone),
            )

    def test_it_takes_off_a_parent_that_there_is_not(self):
        self.pool.actors.set('VDI', self.image, sm_config={'vhd-parent': 'x'})
        self.xapi.SR.scan(self.sr)
        self.assertEqual({}, self.xapi.VDI.get_sm_config(self.image))

    def test_what_vanished_can_be_destroyed_but_not_cloned(self):
        self.pool.actors.lose(self.image)
        self.assertFails(
            ['VDI_MISSING', self.sr, self.image],
            self.xapi.VDI.clone,
            self.image,
        )
        self.xapi.VDI.destroy(self.image)


class TestDrivers(PoolCase):
    KINDS = (
        *('ext', 'file', 'largeblock', 'nfs', 'smb', 'xfs', 'zfs'),
        *('cephfs', 'glusterfs', 'moosefs', 'linstor'),
        *('lvm', 'lvmofcoe', 'lvmohba', 'lvmoiscsi'),
    )

    def test_those_that_keep_chains_tell_of_parents(self):
        for kind in self.KINDS:
            with self.subTest(kind):
                self.start(scenario=Scenario(kinds=(kind,)))
                image = self.pool.actors.cache(IMAGE)
                clone = self.pool.actors.clone(image)
                parents = [
                    self.pool.do('VDI.get_sm_config', vdi)['vhd-parent']
                    for vdi in (image, clone)
                ]
                self.assertEqual(*parents)
                self.pool.do('VDI.destroy', clone)
                self.pool.actors.coalesce()
                self.assertEqual({}, self.pool.do('VDI.get_sm_config', image))

    def test_those_on_a_network_are_shared_by_the_hosts(self):
        for kind in self.KINDS:
            with self.subTest(kind):
                self.start(scenario=Scenario(kinds=(kind,)))
                local = kind in ('ext', 'file', 'largeblock', 'lvm')
                local = local or kind in ('xfs', 'zfs')
                shared = self.pool.do('SR.get_shared', self.sr)
                self.assertEqual(not local, shared)


class TestTypes(PoolCase):
    scenario = Scenario(kinds=('zfs-vol',))

    def test_other_types_never_tell_of_parents(self):
        image = self.pool.actors.cache(IMAGE)
        clone = self.xapi.VDI.clone(image)
        for vdi in image, clone:
            self.assertEqual({}, self.xapi.VDI.get_sm_config(vdi))

    def test_quick_times_collect_nothing(self):
        self.assertIsNone(quick().collect)
