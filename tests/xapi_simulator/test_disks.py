"""Disks act as xapi's: create, clone, snapshot, destroy, and what is left."""

from tests.xapi_simulator.clients import PoolCase

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestClone(PoolCase):
    def test_a_clone_wears_the_marks_of_its_source(self):
        image = self.pool.actors.cache(IMAGE)
        self.xapi.VDI.add_tags(image, 'mine')
        clone = self.xapi.VDI.clone(image)
        record = self.xapi.VDI.get_record(clone)
        self.assertEqual(f'Glance Image {IMAGE}', record['name_label'])
        self.assertEqual(IMAGE, record['other_config']['image-id'])
        self.assertEqual(['mine'], record['tags'])

    def test_a_clone_does_not_inherit_sm_config(self):
        image = self.pool.actors.cache(IMAGE)
        self.xapi.VDI.add_to_sm_config(image, 'key', 'value')
        clone = self.xapi.VDI.clone(image)
        self.assertNotIn('key', self.xapi.VDI.get_sm_config(clone))

    def test_a_first_clone_makes_a_hidden_base_copy(self):
        image = self.pool.actors.cache(IMAGE)
        clone = self.xapi.VDI.clone(image)
        parent = self.xapi.VDI.get_sm_config(clone)['vhd-parent']
        self.assertEqual({'vhd-parent': parent}, self._chain(image))
        base = self.xapi.VDI.get_record(self.xapi.VDI.get_by_uuid(parent))
        self.assertEqual('base copy', base['name_label'])
        self.assertFalse(base['managed'])
        self.assertTrue(base['read_only'])
        self.assertEqual({}, base['other_config'])

    def test_a_later_clone_of_an_unwritten_source_shares_the_base(self):
        image = self.pool.actors.cache(IMAGE)
        first, second = (self.xapi.VDI.clone(image) for _ in range(2))
        self.assertEqual(self._chain(first), self._chain(second))

    def test_the_clone_is_seen_first_then_the_base_then_the_parent(self):
        image = self.pool.actors.cache(IMAGE)
        seen = []

        def look():
            rows = self.pool.world.records.rows('VDI')
            seen.append((len(rows), dict(rows[image]['sm_config'])))

        for point in 'clone', 'base', 'parents':
            self.pool.after(f'VDI.clone#{point}', look)
        self.xapi.VDI.clone(image)
        parent = self._chain(image)
        self.assertEqual([(2, {}), (3, {}), (3, parent)], seen)

    def test_a_mark_made_meanwhile_does_not_reach_the_clone(self):
        image = self.pool.actors.cache(IMAGE)
        self.pool.after(
            'VDI.clone#clone',
            lambda: self.pool.do(
                'VDI.add_to_other_config', image, 'late', 'mark'
            ),
        )
        clone = self.xapi.VDI.clone(image)
        self.assertNotIn('late', self.xapi.VDI.get_other_config(clone))
        self.assertIn('late', self.xapi.VDI.get_other_config(image))

    def _chain(self, vdi):
        return self.xapi.VDI.get_sm_config(vdi)


class TestDestroy(PoolCase):
    def test_detached_vbds_go_with_their_disk(self):
        disk = self.pool.actors.spawn(self.pool.actors.cache(IMAGE))
        [vbd] = self.xapi.VDI.get_VBDs(disk)
        vm = self.xapi.VBD.get_VM(vbd)
        self.xapi.VM.hard_shutdown(vm)
        self.xapi.VDI.destroy(disk)
        self.assertEqual([], self.xapi.VM.get_VBDs(vm))
        self.assertFails(
            ['HANDLE_INVALID', 'VBD', vbd], self.xapi.VBD.get_record, vbd
        )

    def test_an_attached_disk_is_in_use(self):
        disk = self.pool.actors.spawn(self.pool.actors.cache(IMAGE))
        self.assertFails(
            ['VDI_IN_USE', disk, 'destroy'], self.xapi.VDI.destroy, disk
        )

    def test_what_is_allowed_is_said_but_only_advice(self):
        image = self.pool.actors.cache(IMAGE)
        allowed = self.xapi.VDI.get_allowed_operations
        self.assertIn('destroy', allowed(image))
        vm = self.pool.actors.attach(image)
        self.assertNotIn('destroy', allowed(image))
        self.assertIn('clone', allowed(image))
        self.xapi.VM.hard_shutdown(vm)
        self.assertIn('destroy', allowed(image))

    def test_a_missing_disk_cannot_be_cloned(self):
        image = self.pool.actors.cache(IMAGE)
        self.pool.actors.miss(image)
        missing = ['VDI_MISSING', self.sr, image]
        self.assertFails(missing, self.xapi.VDI.clone, image)
        self.xapi.VDI.destroy(image)

    def test_a_base_copy_is_not_managed(self):
        clone = self.xapi.VDI.clone(self.pool.actors.cache(IMAGE))
        parent = self.xapi.VDI.get_sm_config(clone)['vhd-parent']
        base = self.xapi.VDI.get_by_uuid(parent)
        self.assertFails(
            ['VDI_NOT_MANAGED', base], self.xapi.VDI.destroy, base
        )

    def test_some_disks_are_the_pools_own(self):
        disk = self.pool.actors.disk('statistics')
        self.pool.actors.set('VDI', disk, type='rrd')
        self.assertFails(['VDI_HAS_RRDS', disk], self.xapi.VDI.destroy, disk)
        self.pool.actors.set('VDI', disk, type='ha_statefile')
        pool = self.pool.world.pool
        self.pool.actors.set('pool', pool, ha_enabled=True)
        self.assertFails(['HA_IS_ENABLED'], self.xapi.VDI.destroy, disk)
        self.pool.actors.set('pool', pool, ha_enabled=False)
        self.xapi.VDI.destroy(disk)

    def test_what_is_gone_is_an_invalid_handle(self):
        image = self.pool.actors.cache(IMAGE)
        self.xapi.VDI.destroy(image)
        self.assertFails(
            ['HANDLE_INVALID', 'VDI', image], self.xapi.VDI.destroy, image
        )

    def test_a_task_tells_that_it_is_done(self):
        image = self.pool.actors.cache(IMAGE)
        record = self.follow(self.xapi.Async.VDI.destroy(image))
        self.assertEqual(('success', ''), (record['status'], record['result']))
        self.assertEqual([], self.xapi.SR.get_VDIs(self.sr))
