"""layoutEx: kept through detaching, renaming, snapshots and relocation."""

from tests.vcenter_simulator.test_vm_methods import change
from tests.vcenter_simulator.test_vm_methods import Machines
from tests.vcenter_simulator.test_vm_methods import SNAPSHOT
from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import IMAGE
from vcenter_simulator import DataObject
from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator import Reference

FOLDER = f'vmware_base/{IMAGE}'
BASE = f'[datastore-0] {FOLDER}/{IMAGE}.vmdk'
FLAT = f'[datastore-0] {FOLDER}/{IMAGE}-flat.vmdk'


class Clones(Machines):
    def setUp(self):
        super().setUp()
        self.actors.cache(IMAGE)
        self.machine = self.actors.spawn(IMAGE)
        self.top = self.machine.disks[0].chain[0]

    def snapshot(self, machine=None, name='s'):
        return self.call(
            (machine or self.machine).reference,
            'CreateSnapshot_Task',
            **{**SNAPSHOT, 'name': name},
        )

    def relocate(self, machine, **spec):
        self.call(
            machine.reference,
            'RelocateVM_Task',
            spec=DataObject('VirtualMachineRelocateSpec', **spec),
        )

    def shown_base(self):
        return {BASE, FLAT} & set(self.layout(self.machine))


class TestLayout(Clones):
    def test_files_tell_what_they_are_and_take(self):
        shown = self.machine.read_property('layoutEx').file
        kinds = {one.name.rpartition('.')[2]: one.type for one in shown}
        self.assertEqual('config', kinds['vmx'])
        self.assertEqual('swap', kinds['vswp'])
        self.assertEqual('log', kinds['log'])
        files = {one.name: one for one in shown}
        self.assertEqual('diskDescriptor', files[BASE].type)
        self.assertEqual('diskExtent', files[FLAT].type)
        self.assertEqual(GIB, files[FLAT].size)
        self.assertEqual(list(range(len(shown))), [one.key for one in shown])

    def test_a_detached_disk_is_not_shown_though_it_lies_there(self):
        self.actors.stop(self.machine)
        device = DataObject('VirtualDisk', key=self.machine.disks[0].key)
        self.reconfigure(self.machine, change('remove', device))
        self.assertEqual(set(), self.shown_base())
        self.assertIsNotNone(self.top.node)

    def test_nova_keeps_a_disk_for_its_resize_that_nobody_shows(self):
        kept = self.actors.resize(self.machine)
        self.assertEqual(set(), self.shown_base())
        chain = follow_chain(kept, self.world.stores)
        self.assertEqual(BASE, str(chain[-1]))

    def test_a_rename_of_the_datastore_is_followed(self):
        self.call(self.datastore.reference, 'Rename_Task', newName='other [x]')
        self.assertIn(
            f'[other [x]] {FOLDER}/{IMAGE}.vmdk', self.layout(self.machine)
        )
        backing = self.machine.read_property('config').hardware.device[-1]
        self.assertTrue(
            backing.backing.parent.fileName.startswith('[other [x]] ')
        )
        self.actors.stop(self.machine)
        self.actors.start(self.machine)

    def test_files_moved_behind_its_back_are_shown_where_they_were(self):
        self.actors.stop(self.machine)
        self.files(
            'MoveDatastoreFile_Task',
            sourceName=f'[datastore-0] {FOLDER}',
            destinationName='[datastore-0] moved',
        )
        self.call(self.machine.reference, 'RefreshStorageInfo')
        self.assertIn(BASE, self.layout(self.machine))
        self.assert_fault('FileNotFound', self.power, self.machine, 'On')

    def test_one_that_cannot_be_read_shows_nothing(self):
        for state in 'inaccessible', 'orphaned', 'invalid':
            self.actors.break_machine(self.machine, state)
            for name in 'config', 'layout', 'layoutEx', 'storage':
                self.assertIsNone(self.machine.read_property(name))
            summary = self.machine.read_property('summary')
            self.assertEqual(state, summary.runtime.connectionState)
            self.assertIsNotNone(summary.config.vmPathName)
            self.assertIn(self.machine.reference, self.datastore.list_users())
        self.assert_fault(
            'InvalidState', self.reconfigure, self.machine, numCPUs=2
        )
        self.actors.mend_machine(self.machine)
        self.assertEqual({BASE, FLAT}, self.shown_base())

    def test_disconnected_is_known_as_it_was(self):
        self.actors.break_machine(self.machine, 'disconnected')
        self.assertEqual({BASE, FLAT}, self.shown_base())

    def test_an_iso_is_seen_in_the_drive_alone(self):
        image = 'c0ffee00-0000-4000-8000-00000000000a'
        self.actors.cache(image, is_iso=True)
        machine = self.actors.boot_iso(image)
        path = f'[datastore-0] vmware_base/{image}/{image}.iso'
        self.assertNotIn(path, self.layout(machine))
        drive = machine.read_property('config').hardware.device[-1]
        self.assertEqual(path, drive.backing.fileName)
        self.assert_fault(
            'FileLocked', self.files, 'DeleteDatastoreFile_Task', name=path
        )


class TestSnapshots(Clones):
    def test_each_snapshot_adds_a_child_all_of_it_is_shown(self):
        self.snapshot()
        self.snapshot()
        self.assertEqual(4, len(self.machine.disks[0].chain))
        layout = self.machine.read_property('layoutEx')
        self.assertEqual([4], [len(one.chain) for one in layout.disk])
        self.assertEqual(
            [2, 3], [len(one.disk[0].chain) for one in layout.snapshot]
        )
        shown = self.layout(self.machine)
        self.assertEqual(2, sum(one.endswith('.vmsn') for one in shown))
        self.assertEqual({BASE, FLAT}, self.shown_base())

    def test_removed_it_is_merged_into_what_was_before(self):
        before = self.layout(self.machine), set(self.tree())
        first = self.snapshot()
        second = self.snapshot()
        for one in (first, second):
            self.call(one, 'RemoveSnapshot_Task', removeChildren=False)
            self.assertFalse(self.world.inventory.has(one))
        self.assertEqual(before, (self.layout(self.machine), set(self.tree())))
        self.actors.stop(self.machine)
        self.actors.start(self.machine)

    def test_the_newest_first(self):
        before = set(self.tree())
        first = self.snapshot()
        second = self.snapshot()
        for one in (second, first):
            self.call(one, 'RemoveSnapshot_Task', removeChildren=False)
        self.assertEqual(before, set(self.tree()))

    def test_all_at_once(self):
        before = set(self.tree())
        for _ in range(3):
            self.snapshot()
        self.call(self.machine.reference, 'RemoveAllSnapshots_Task')
        self.assertEqual(before, set(self.tree()))
        self.assertIsNone(self.machine.read_property('snapshot'))

    def test_their_tree_is_told(self):
        self.snapshot(name='one')
        second = self.snapshot(name='two')
        shown = self.machine.read_property('snapshot')
        self.assertEqual(second, shown.currentSnapshot)
        [root] = shown.rootSnapshotList
        self.assertEqual('one', root.name)
        self.assertEqual(['two'], [one.name for one in root.childSnapshotList])

    def test_gone_back_to_all_since_is_thrown_away(self):
        first = self.snapshot()
        chain = self.machine.disks[0].chain[1:]
        self.snapshot()
        self.call(first, 'RevertToSnapshot_Task')
        self.assertEqual(chain, self.machine.disks[0].chain[1:])
        self.call(self.machine.reference, 'RevertToCurrentSnapshot_Task')
        self.assertEqual(chain, self.machine.disks[0].chain[1:])
        other = self.create('other')
        self.assert_fault(
            'NotFound',
            self.call,
            other.reference,
            'RevertToCurrentSnapshot_Task',
        )

    def test_a_backup_comes_and_goes(self):
        before = set(self.tree())
        self.actors.back_up(self.machine)
        self.assertNotEqual(before, set(self.tree()))
        self.actors.end_backup(self.machine)
        self.assertEqual(before, set(self.tree()))


class TestRelocation(Clones):
    def test_to_another_datastore_it_needs_its_base_no_more(self):
        target = self.sim.estate.datastores[1].reference
        self.relocate(self.machine, datastore=target)
        self.assertEqual(set(), self.shown_base())
        self.assertTrue(
            all(
                one.startswith('[datastore-1] ')
                for one in self.layout(self.machine)
            )
        )
        self.assertEqual([], [one for one in self.tree() if 'vmx' in one])
        self.assertEqual((), self.datastore.list_users())
        self.assert_fault(
            'FileLocked',
            self.disks,
            'DeleteVirtualDisk_Task',
            name=str(self.machine.disks[0].chain[0]),
        )

    def test_with_the_child_alone_it_still_hangs_on_its_base(self):
        target = self.sim.estate.datastores[1].reference
        self.relocate(
            self.machine,
            datastore=target,
            diskMoveType='moveChildMostDiskBacking',
        )
        self.assertEqual({BASE, FLAT}, self.shown_base())
        self.assertIn(self.machine.reference, self.datastore.list_users())
        self.actors.stop(self.machine)
        self.actors.start(self.machine)

    def test_one_disk_alone(self):
        locator = DataObject(
            'VirtualMachineRelocateSpecDiskLocator',
            diskId=self.machine.disks[0].key,
            datastore=self.sim.estate.datastores[1].reference,
        )
        self.relocate(self.machine, disk=(locator,))
        self.assertEqual(
            'datastore-1', self.machine.disks[0].chain[0].store.name
        )
        self.assertEqual('datastore-0', self.machine.config_file.store.name)

    def test_pool_and_host_need_no_files_moved(self):
        before = self.layout(self.machine)
        host = self.cluster.hosts[0].reference
        self.relocate(self.machine, host=host, pool=self.pool)
        self.assertEqual(before, self.layout(self.machine))

    def test_a_disk_that_others_hang_on_stays_where_it_was(self):
        machine = self.with_disk()
        path = str(machine.disks[0].chain[0])
        self.actors.set_deletable(path, is_deletable=False)
        target = self.sim.estate.datastores[1].reference
        self.relocate(machine, datastore=target)
        self.assertIn('vm/vm.vmdk', self.tree())
        self.assertNotIn(path, self.layout(machine))

    def test_faults(self):
        target = self.sim.estate.datastores[1]
        self.snapshot()
        self.assert_fault(
            'NotSupported',
            self.relocate,
            self.machine,
            datastore=target.reference,
        )
        other = self.actors.spawn(IMAGE)
        target.store.capacity = target.store.used + 2**20
        before = self.layout(other)
        self.assert_fault(
            'NoDiskSpace', self.relocate, other, datastore=target.reference
        )
        self.assertEqual(before, self.layout(other))
        self.assertTrue(other.handles)


class TestClones(Clones):
    def clone(self, name='copy', snapshot=None, **location):
        made = self.call(
            self.machine.reference,
            'CloneVM_Task',
            folder=self.folder,
            name=name,
            spec=DataObject(
                'VirtualMachineCloneSpec',
                location=DataObject('VirtualMachineRelocateSpec', **location),
                template=False,
                powerOn=False,
                snapshot=snapshot,
            ),
        )
        return self.world.inventory.find(made)

    def test_a_full_clone_needs_nobody(self):
        self.actors.stop(self.machine)
        clone = self.clone()
        self.assertEqual(1, len(clone.disks[0].chain))
        self.assertNotEqual(self.machine.traits.uuid, clone.traits.uuid)

    def test_a_linked_one_hangs_on_the_snapshot(self):
        snapshot = self.snapshot()
        clone = self.clone(
            snapshot=snapshot, diskMoveType='createNewChildDiskBacking'
        )
        self.assertEqual(self.top, clone.disks[0].chain[1])
        self.assertIn(BASE, self.layout(clone))

    def test_a_snapshot_that_it_hangs_on_is_not_merged(self):
        for number in range(2):
            taken = [self.snapshot() for _ in range(2)]
            clone = self.clone(
                f'clone {number}',
                snapshot=taken[number],
                diskMoveType='createNewChildDiskBacking',
            )
            chain = clone.disks[0].chain
            before = [one.node for one in chain]
            own = self.machine.disks[0].chain
            self.call(taken[0], 'RemoveSnapshot_Task', removeChildren=False)
            self.assertEqual(own, self.machine.disks[0].chain)
            self.assertEqual(before, [one.node for one in chain])
            self.assertEqual(
                list(chain), follow_chain(chain[0], self.world.stores)
            )
            self.actors.start(clone)

    def test_faults(self):
        before = self.tree()
        self.assert_fault('FileLocked', self.clone)
        self.assertEqual(before, self.tree())
        self.actors.stop(self.machine)
        self.assert_fault('DuplicateName', self.clone, self.machine.name)
        self.assert_fault('InvalidName', self.clone, '')
        self.assert_fault(
            'InvalidArgument',
            self.clone,
            diskMoveType='createNewChildDiskBacking',
        )

    def test_no_reference_is_shared(self):
        self.actors.stop(self.machine)
        clone = self.clone()
        self.assertIsInstance(clone.reference, Reference)
        self.assertNotEqual(self.machine.reference, clone.reference)
        self.actors.end(self.machine)
        self.actors.start(clone)
