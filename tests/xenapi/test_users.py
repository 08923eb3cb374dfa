"""Who uses an image, where the records tell it badly or somewhere else.

Clones that lost their ``vhd-parent``, machines that sleep on a disk, and the
types of SR whose drivers keep chains: each by what a sweep does.
"""

import json

from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import seen_label
from imagecache_handlers import Reason
from imagecache_handlers import StoreUnavailable
from imagecache_handlers_xenapi.disks import CACHED
from tests.xenapi.pool import SEEN
from tests.xenapi.test_defects import LONG_AGO
from tests.xenapi.test_defects import SweepCase
from xapi_simulator import reply
from xapi_simulator import Scenario

ASLEEP = 'VM.get_all_records_where'

# The drivers of these write down who hangs off whom.
TOLD = (
    *('ext', 'file', 'largeblock', 'nfs', 'smb', 'xfs', 'zfs'),
    *('cephfs', 'glusterfs', 'moosefs', 'linstor'),
    *('lvm', 'lvmofcoe', 'lvmohba', 'lvmoiscsi'),
)


class UsersCase(SweepCase):
    def lose_parent(self, ref):
        """Lose what the storage layer wrote down of a disk."""
        self.assertTrue(self.record(ref)['sm_config'])
        self.actors.set('VDI', ref, sm_config={})

    def config(self, ref, **keys):
        """Change keys of ``other_config``; None takes one off."""
        changed = {**self.record(ref)['other_config'], **keys}
        kept = {key: text for key, text in changed.items() if text is not None}
        self.actors.set('VDI', ref, other_config=kept)

    def cached_at(self, ref, text):
        self.config(ref, **{CACHED: text})

    def assertKept(self, ref, reason):
        report = self.sweep()
        self.assertSwept(report)
        self.assertReason(reason, report, ref)

    def assertGoes(self, ref):
        uuid = self.uuid(ref)
        # Whatever an earlier sweep made of its age.
        self.label(ref, LONG_AGO)
        self.sweep()
        self.assertNotIn(uuid, self.vdis())


class TestTypes(UsersCase):
    def test_where_chains_are_told_a_used_image_stays_and_an_idle_one_goes(
        self,
    ):
        for kind in TOLD:
            with self.subTest(kind):
                self.start(Scenario(kinds=(kind,)))
                used = self.idle('debian')
                self.idle('alpine')
                self.actors.spawn(used)
                report = self.sweep()
                self.assertSwept(report, alpine='evicted')
                self.assertReason(Reason.IN_USE, report, used)

    def test_and_one_whose_users_left(self):
        for kind in TOLD:
            with self.subTest(kind):
                self.start(Scenario(kinds=(kind,)))
                ref = self.idle('debian')
                self.actors.end_disk(self.actors.spawn(ref))
                for _ in range(2):
                    self.assertIsNone(self.image(ref).unknown)
                    self.actors.coalesce()
                self.assertGoes(ref)

    def test_where_none_are_told_nothing_goes(self):
        for kind in 'gfs2', 'hba', 'iscsi', 'zfs-vol', 'dummy', 'shm':
            with self.subTest(kind):
                self.start(Scenario(kinds=(kind,)))
                self.assertKept(self.idle('debian'), Reason.UNKNOWN)


class TestLostParents(UsersCase):
    """Nova leaves ``cached-time`` on a clone: the only trace that is left."""

    def test_a_clone_that_lost_its_parent_keeps_its_image(self):
        for labels in (SEEN, LONG_AGO), ():
            with self.subTest(labels=labels):
                ref = self.idle('debian', labels=labels)
                disk = self.actors.spawn(ref)
                self.label(ref, SEEN, LONG_AGO)
                self.lose_parent(disk)
                self.assertKept(ref, Reason.UNKNOWN)
                self.actors.end_disk(disk)
                self.assertGoes(ref)

    def test_so_does_the_snapshot_of_one(self):
        ref = self.idle('debian')
        disk = self.actors.spawn(ref)
        self.actors.write(disk, 2**24)
        snapshot = self.actors.snapshot(disk)
        self.actors.end_disk(disk)
        self.actors.coalesce()
        self.lose_parent(snapshot)
        self.assertKept(ref, Reason.UNKNOWN)

    def test_and_one_whose_parent_has_no_record(self):
        ref = self.idle('debian')
        disk = self.actors.spawn(ref)
        self.actors.set('VDI', disk, sm_config={'vhd-parent': 'gone'})
        self.assertKept(ref, Reason.UNKNOWN)

    def test_an_image_that_lost_its_own_stays_too(self):
        ref = self.idle('debian')
        self.actors.spawn(ref)
        self.lose_parent(ref)
        self.assertKept(ref, Reason.UNKNOWN)

    def test_and_one_where_all_did(self):
        ref = self.idle('debian')
        disk = self.actors.spawn(ref)
        for one in ref, disk:
            self.lose_parent(one)
        self.assertKept(ref, Reason.UNKNOWN)

    def test_an_explicit_evict_is_refused_as_well(self):
        ref = self.idle('debian')
        self.lose_parent(self.actors.spawn(ref))
        handler = self.connect()
        with self.assertRaises(ImageBusy) as caught:
            handler.evict(self.image(ref, handler))
        self.assertIn('vhd-parent', str(caught.exception))
        self.assertIn(self.uuid(ref), self.vdis())

    def test_a_scan_of_the_sr_finds_the_parent_again(self):
        """As the words for it advise: the drivers read it off the disks."""
        ref = self.idle('debian')
        disk = self.actors.spawn(ref)
        self.lose_parent(disk)
        self.assertIn('xe sr-scan', self.image(ref).unknown)
        self.pool.do('SR.scan', self.sr)
        self.assertKept(ref, Reason.IN_USE)
        self.actors.end_disk(disk)
        self.assertGoes(ref)

    def test_a_full_copy_looks_the_same_until_it_is_called_one(self):
        """By taking ``cached-time`` off it, whatever labels it bears."""
        ref = self.idle('debian')
        copy = self.pool.do('VDI.copy', ref, self.sr)
        self.actors.untag(copy)
        self.assertKept(ref, Reason.UNKNOWN)
        self.assertIn(f'take {CACHED} off', self.image(ref).unknown)
        self.cached_at(copy, None)
        self.assertGoes(ref)
        self.assertIn(self.uuid(copy), self.vdis())

    def test_the_disks_are_named_and_counted(self):
        ref = self.idle('debian')
        disks = [self.actors.spawn(ref) for _ in range(3)]
        self.actors.set('VDI', disks[0], name_label='web-1')
        for disk in disks:
            self.lose_parent(disk)
        why = self.image(ref).unknown
        self.assertIn('and 2 more', why)
        self.assertIn('VDI ', why)
        for disk in disks[1:]:
            self.actors.end_disk(disk)
        uuid = self.uuid(disks[0])
        self.assertIn(f'web-1 (VDI {uuid}) may be', self.image(ref).unknown)

    def test_disks_of_other_images_and_of_none_keep_nobody(self):
        ref, other = self.idle('debian'), self.idle('alpine')
        self.cached_at(ref, '1577836800')
        self.lose_parent(self.actors.spawn(other))
        self.actors.disk('volume', self.sr)
        self.assertGoes(ref)
        self.assertKept(other, Reason.UNKNOWN)

    def test_without_a_time_the_label_of_its_image_tells(self):
        ref, other = self.idle('debian'), self.idle('alpine')
        for one in ref, other:
            self.cached_at(one, None)
        self.lose_parent(self.actors.spawn(ref))
        self.assertGoes(other)
        self.assertKept(ref, Reason.UNKNOWN)

    def test_a_label_that_names_no_image_leaves_it_to_the_time(self):
        """A sweep labels a clone that still looks like its image."""
        ref = self.idle('debian', labels=())
        disk = self.actors.spawn(ref)
        self.label(disk, SEEN)
        self.label(ref, SEEN, LONG_AGO)
        self.actors.write(disk, 2**24)
        second = self.actors.clone(disk)
        self.actors.end_disk(disk)
        self.actors.coalesce()
        self.lose_parent(second)
        self.assertKept(ref, Reason.UNKNOWN)

    def test_a_time_that_is_garbage_is_a_trace_as_well(self):
        ref = self.idle('debian')
        self.cached_at(ref, 'yesterday')
        self.lose_parent(self.actors.spawn(ref))
        self.assertKept(ref, Reason.UNKNOWN)

    def test_an_image_of_the_same_time_is_no_clone(self):
        refs = [self.idle(f'image-{number}') for number in range(3)]
        for ref in refs:
            self.cached_at(ref, '1577836800')
        self.assertEqual(3, len(self.sweep().outcomes))
        self.assertEqual(set(), self.vdis())

    def test_base_copies_and_changed_blocks_are_no_clones(self):
        ref = self.idle('debian')
        text = self.record(ref)['other_config'][CACHED]
        for look in {'managed': False}, {'type': 'cbt_metadata'}:
            self.disk(other_config={CACHED: text}, **look)
        self.assertGoes(ref)


class TestElsewhere(UsersCase):
    """Disks of the same second, some of which are another image's."""

    def cached_together(self, labels=()):
        refs = [self.cache(name, labels=labels) for name in ('a', 'b')]
        for ref in refs:
            self.cached_at(ref, '1577836800')
        return refs

    def ripe(self, *refs):
        for ref in refs:
            self.label(ref, SEEN, LONG_AGO)

    def test_the_clones_of_another_image_keep_that_one_alone(self):
        idle, used = self.cached_together()
        self.actors.spawn(used)
        self.ripe(idle, used)
        self.assertGoes(idle)
        self.assertKept(used, Reason.IN_USE)

    def test_so_do_those_that_name_it_where_the_chain_is_lost(self):
        idle, used = self.cached_together(labels=(SEEN, LONG_AGO))
        self.lose_parent(self.actors.spawn(used))
        self.assertGoes(idle)
        self.assertKept(used, Reason.UNKNOWN)

    def test_one_that_names_nobody_and_lost_its_chain_keeps_both(self):
        refs = self.cached_together()
        self.lose_parent(self.actors.spawn(refs[1]))
        self.ripe(*refs)
        for ref in refs:
            self.assertKept(ref, Reason.UNKNOWN)

    def test_a_chain_of_its_own_may_be_one_that_was_lost_further_up(self):
        """A base copy has lost its parent, not the disk that hangs off it."""
        ref = self.idle('debian')
        disk = self.actors.spawn(ref)
        self.actors.write(disk, 2**24)
        self.actors.snapshot(disk)
        base = self.record(disk)['sm_config']['vhd-parent']
        self.lose_parent(self.ref(base))
        self.assertKept(ref, Reason.UNKNOWN)
        self.pool.do('SR.scan', self.sr)
        self.assertKept(ref, Reason.IN_USE)

    def test_so_a_copy_with_its_own_chain_keeps_the_image_too(self):
        ref = self.idle('debian')
        copy = self.pool.do('VDI.copy', ref, self.sr)
        self.actors.untag(copy)
        self.actors.write(copy, 2**24)
        snapshot = self.actors.snapshot(copy)
        self.assertKept(ref, Reason.UNKNOWN)
        for one in copy, snapshot:
            self.cached_at(one, None)
        self.assertGoes(ref)


class TestSuspended(UsersCase):
    """xapi destroys a disk that a machine sleeps on, and says nothing."""

    def sleep(self, ref, **fields):
        """Have a machine sleep on a disk: give its reference."""
        vm = self.pool.do('VM.create', {'name_label': 'web-1', **fields})
        self.actors.set('VM', vm, power_state='Suspended', suspend_VDI=ref)
        return vm

    def test_an_image_that_a_machine_sleeps_on_is_in_use(self):
        ref = self.idle('debian')
        vm = self.sleep(ref)
        self.assertKept(ref, Reason.IN_USE)
        uuid = self.pool.do('VM.get_uuid', vm)
        self.assertEqual(
            {f'suspended web-1 (VM {uuid})'}, self.image(ref).users
        )
        self.actors.set('VM', vm, suspend_VDI='OpaqueRef:NULL')
        self.assertGoes(ref)

    def test_so_it_is_by_a_checkpoint_or_where_the_state_says_otherwise(self):
        for fields in (
            {'is_a_template': True},
            {'power_state': 'Halted'},
            {'power_state': 'Suspended', 'name_label': ''},
        ):
            with self.subTest(fields):
                ref = self.idle('debian')
                vm = self.sleep(ref)
                self.actors.set('VM', vm, **fields)
                self.assertKept(ref, Reason.IN_USE)
                self.actors.delete(ref)

    def test_others_sleep_on_disks_of_their_own(self):
        ref = self.idle('debian')
        self.sleep(self.actors.disk('Suspend image', self.sr))
        self.sleep('OpaqueRef:gone')
        self.assertGoes(ref)

    def test_whoever_falls_asleep_after_the_look_is_seen(self):
        for newcomer in False, True:
            with self.subTest(newcomer=newcomer):
                ref = self.cache('debian')
                self.actors.end_disk(self.actors.spawn(ref))
                image = self.claimed(ref)
                if newcomer:
                    # The SR is read anew, after that disk.
                    self.actors.disk('newcomer', self.sr)
                self.sleep(ref)
                with self.assertRaises(ImageInUse) as caught:
                    self.handler.evict(image)
                self.assertIn('web-1', str(caught.exception))
                self.assertIn(image.location, self.vdis())
                self.actors.delete(ref)

    def test_a_machine_told_badly_is_no_look(self):
        """Whoever sleeps is not told, so nobody knows who uses what."""
        self.idle('debian')
        for field, value in {
            'suspend_VDI': 7,
            'name_label': None,
            'uuid': '',
        }.items():
            with self.subTest(field):
                vm = {'suspend_VDI': 'x', 'name_label': 'x', 'uuid': 'x'}
                body = {'result': {'r': {**vm, field: value}}}
                answer = reply(json.dumps(body).encode())
                for number in 1, 2:
                    self.pool.after(ASLEEP, answer, number)
                with self.assertRaises(StoreUnavailable):
                    self.connect().stores()
                self.pool.steering.clear()

    def claimed(self, ref):
        self.handler = self.connect()
        later = self.evidence().as_of.replace(year=2099)
        self.label(ref, claim_label('5f0c', later), seen_label(later))
        self.label(ref, SEEN)
        return self.image(ref, self.handler)
