"""VirtualDiskManager: disks with their data, chains, and what is refused."""

from tests.vcenter_simulator.worlds import disk_spec
from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import make_sparse_header
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import DataObject
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator import Scenario

DISK = '[datastore-0] d/a.vmdk'
BASE = f'[datastore-0] vmware_base/{IMAGE}/{IMAGE}.vmdk'


class Disks(StateCase):
    scenario = Scenario(datastores=2)

    def setUp(self):
        super().setUp()
        self.actors.make_folder('[datastore-0] d')

    def create(self, name=DISK, **spec):
        return self.disks(
            'CreateVirtualDisk_Task', name=name, spec=disk_spec(**spec)
        )

    def delete(self, name=DISK):
        return self.disks('DeleteVirtualDisk_Task', name=name)

    def send(self, verb, source, target, force=False, **options):
        return self.disks(
            f'{verb}VirtualDisk_Task',
            sourceName=source,
            destName=target,
            force=force,
            **options,
        )

    def disk(self, path=DISK):
        return read_disk(self.actors.place(path))

    def extend(self, gib, name=DISK, eager=None):
        return self.disks(
            'ExtendVirtualDisk_Task',
            name=name,
            newCapacityKb=gib * 2**20,
            eagerZero=eager,
        )


class TestCreate(Disks):
    def test_a_disk_is_a_descriptor_and_an_extent(self):
        self.assertEqual(DISK, self.create())
        self.assertEqual(GIB, self.tree()['d/a-flat.vmdk'])
        text = self.actors.place(DISK).read_file().content.decode()
        self.assertTrue(text.startswith('# Disk DescriptorFile\n'))
        self.assertIn(f'RW {GIB // 512} VMFS "a-flat.vmdk"', text)
        self.assertIn('createType="vmfs"', text)
        self.assertNotIn('ddb.deletable', text)

    def test_types_take_what_they_promise(self):
        for kind, taken in (
            ('thin', 0),
            ('preallocated', GIB),
            ('thick', GIB),
            ('eagerZeroedThick', GIB),
        ):
            before = self.store.used
            self.create(f'[datastore-0] d/{kind}.vmdk', kind=kind)
            descriptor = self.tree()[f'd/{kind}.vmdk'] or 0
            self.assertEqual(taken, self.store.used - before - descriptor)

    def test_adapters_are_written_as_esx_does(self):
        for adapter, written in (
            ('lsiLogic', 'lsilogic'),
            ('busLogic', 'buslogic'),
            ('ide', 'ide'),
        ):
            name = f'[datastore-0] d/{adapter}.vmdk'
            self.create(name, adapter=adapter)
            self.assertEqual(written, self.disk(name).adapter)

    def test_faults(self):
        self.create()
        for name, spec, kind in (
            (DISK, {}, 'FileAlreadyExists'),
            ('[datastore-0] no/a.vmdk', {}, 'FileNotFound'),
            ('[nowhere] a.vmdk', {}, 'InvalidDatastore'),
            ('[datastore-0] ../a.vmdk', {}, 'InvalidDatastorePath'),
            ('[datastore-0] b.vmdk', {'gib': 0}, 'InvalidArgument'),
            ('[datastore-0] b.vmdk', {'kind': 'raw'}, 'InvalidArgument'),
            ('[datastore-0] b.vmdk', {'adapter': 'x'}, 'InvalidArgument'),
            (f'[datastore-0] {"x" * 251}.vmdk', {}, 'FileNameTooLong'),
        ):
            with self.subTest(name=name, **spec):
                before = self.tree()
                self.assert_fault(kind, self.create, name, **spec)
                self.assertEqual(before, self.tree())

    def test_where_it_does_not_fit_nothing_is_left(self):
        self.store.capacity = GIB // 2
        before = self.store.used, self.tree()
        self.assert_fault('NoDiskSpace', self.create, kind='thick')
        self.assertEqual(before, (self.store.used, self.tree()))

    def test_a_device_is_no_file(self):
        self.assert_fault(
            'NotSupported',
            self.disks,
            'CreateVirtualDisk_Task',
            name=DISK,
            spec=DataObject(
                'DeviceBackedVirtualDiskSpec',
                diskType='raw',
                adapterType='lsiLogic',
                device='/vmfs/devices/disks/x',
            ),
        )

    def test_hostile_names_lead_to_their_extents(self):
        for name in HOSTILE:
            short = name[:100].lstrip() or 'x'
            path = f'[datastore-0] d/{short}.vmdk'
            with self.subTest(short):
                self.create(path)
                self.assertEqual(f'{short}-flat.vmdk', self.disk(path).extent)
                self.delete(path)
        self.assertEqual({'d': None}, self.tree())


class TestDelete(Disks):
    def test_it_goes_with_its_extent(self):
        before = self.store.used
        self.create(kind='thick')
        self.delete()
        self.assertEqual({'d': None}, self.tree())
        self.assertEqual(before, self.store.used)

    def test_faults(self):
        self.create()
        self.actors.write_file('[datastore-0] d/text', b'text')
        for name, kind in (
            ('[datastore-0] d/no.vmdk', 'FileNotFound'),
            ('[datastore-0] d', 'IncorrectFileType'),
            ('[datastore-0] d/text', 'IncorrectFileType'),
            ('[datastore-0] d/a-flat.vmdk', 'IncorrectFileType'),
        ):
            with self.subTest(name):
                self.assert_fault(kind, self.delete, name)

    def test_a_base_is_locked_while_a_clone_runs_then_undeletable(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        self.assert_fault('FileLocked', self.delete, BASE)
        self.actors.stop(machine)
        self.assert_fault('CannotDeleteFile', self.delete, BASE)
        self.actors.end(machine)
        fields = self.assert_fault('CannotDeleteFile', self.delete, BASE)
        self.assertEqual({'file': BASE}, fields)
        self.assertIn(f'vmware_base/{IMAGE}/{IMAGE}-flat.vmdk', self.tree())

    def test_without_the_line_in_its_descriptor_it_goes(self):
        self.actors.cache(IMAGE)
        self.actors.end(self.actors.spawn(IMAGE))
        text = self.actors.place(BASE).read_file().content
        lines = text.splitlines(keepends=True)
        kept = [line for line in lines if b'ddb.deletable' not in line]
        self.assertEqual(1, len(lines) - len(kept))
        self.actors.write_file(BASE, b''.join(kept))
        self.delete(BASE)
        self.assertNotIn(f'vmware_base/{IMAGE}/{IMAGE}-flat.vmdk', self.tree())

    def test_an_uploaded_sparse_file_is_a_disk_too(self):
        self.actors.write_file(DISK, make_sparse_header(GIB))
        self.delete()
        self.assertEqual({'d': None}, self.tree())

    def test_a_descriptor_whose_data_is_lost_goes(self):
        self.create()
        self.actors.lose_extent(DISK)
        self.delete()
        self.assertEqual({'d': None}, self.tree())


class TestCopy(Disks):
    def test_a_copy_is_another_disk_of_the_same_kind(self):
        self.create(kind='thick', adapter='ide')
        target = '[datastore-1] b.vmdk'
        self.assertEqual(target, self.send('Copy', DISK, target))
        source, copy = self.disk(), self.disk(target)
        self.assertNotEqual(source.uuid, copy.uuid)
        self.assertEqual('b-flat.vmdk', copy.extent)
        self.assertEqual(
            (source.adapter, source.is_thin), (copy.adapter, copy.is_thin)
        )

    def test_a_specification_tells_type_and_adapter_but_no_size(self):
        self.create()
        self.send(
            'Copy',
            DISK,
            '[datastore-0] b.vmdk',
            destSpec=DataObject(
                'VirtualDiskSpec', diskType='thick', adapterType='busLogic'
            ),
        )
        copy = self.disk('[datastore-0] b.vmdk')
        self.assertEqual(('buslogic', GIB), (copy.adapter, copy.capacity))
        self.assertFalse(copy.is_thin)

    def test_a_linked_clone_becomes_a_disk_without_a_parent(self):
        self.actors.cache(IMAGE, used=GIB)
        machine = self.actors.spawn(IMAGE)
        self.actors.stop(machine)
        top = str(machine.disks[0].chain[0])
        self.send('Copy', top, '[datastore-0] b.vmdk')
        copy = self.disk('[datastore-0] b.vmdk')
        self.assertEqual(('', True), (copy.parent, copy.is_deletable))
        taken = self.actors.place('[datastore-0] b-flat.vmdk').read_file()
        self.assertEqual(GIB + 64 * 2**20, taken.allocated)

    def test_an_uploaded_sparse_file_becomes_thin(self):
        self.actors.write_file(DISK, make_sparse_header(3 * GIB) + b'data')
        self.send('Copy', DISK, '[datastore-0] b.vmdk')
        copy = self.disk('[datastore-0] b.vmdk')
        self.assertEqual((3 * GIB, True), (copy.capacity, copy.is_thin))

    def test_faults(self):
        self.create()
        self.create('[datastore-0] d/lost.vmdk')
        self.actors.lose_extent('[datastore-0] d/lost.vmdk')
        self.actors.write_file('[datastore-0] d/text', b'text')
        for source, target, kind in (
            ('d/no.vmdk', 'b.vmdk', 'FileNotFound'),
            ('d/lost.vmdk', 'b.vmdk', 'FileNotFound'),
            ('d/a.vmdk', 'no/b.vmdk', 'FileNotFound'),
            ('d/text', 'b.vmdk', 'IncorrectFileType'),
            ('d/a.vmdk', 'd/lost.vmdk', 'FileAlreadyExists'),
            ('d/a.vmdk', 'd/text', 'FileAlreadyExists'),
        ):
            with self.subTest(source=source, target=target):
                before = self.tree()
                self.assert_fault(
                    kind,
                    self.send,
                    'Copy',
                    f'[datastore-0] {source}',
                    f'[datastore-0] {target}',
                )
                self.assertEqual(before, self.tree())

    def test_force_replaces_a_disk(self):
        self.create()
        self.create('[datastore-0] d/b.vmdk', gib=2)
        self.send('Copy', DISK, '[datastore-0] d/b.vmdk', force=True)
        self.assertEqual(GIB, self.disk('[datastore-0] d/b.vmdk').capacity)

    def test_a_parent_can_be_read_while_a_clone_runs_its_top_cannot(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        self.send('Copy', BASE, '[datastore-0] b.vmdk')
        self.assert_fault(
            'FileLocked',
            self.send,
            'Copy',
            str(machine.disks[0].chain[0]),
            '[datastore-0] c.vmdk',
        )


class TestMove(Disks):
    def test_it_stays_the_same_disk(self):
        self.create()
        before = self.disk()
        self.send('Move', DISK, '[datastore-1] b.vmdk')
        after = self.disk('[datastore-1] b.vmdk')
        self.assertEqual(before.uuid, after.uuid)
        self.assertEqual({'d': None}, self.tree())
        self.assertIn('b-flat.vmdk', self.tree('[datastore-1]'))

    def test_a_child_finds_its_parent_from_elsewhere(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE, starts=False)
        top = str(machine.disks[0].chain[0])
        self.send('Move', top, '[datastore-1] b.vmdk')
        parent = self.disk('[datastore-1] b.vmdk').parent
        found = self.world.stores.resolve_url(parent)
        self.assertEqual(BASE, str(found))

    def test_not_deletable_it_moves_and_stays_so(self):
        self.create()
        self.actors.set_deletable(DISK, is_deletable=False)
        self.send('Move', DISK, '[datastore-0] b.vmdk')
        self.assertFalse(self.disk('[datastore-0] b.vmdk').is_deletable)

    def test_faults(self):
        self.create()
        self.create('[datastore-0] b.vmdk')
        self.actors.cache(IMAGE)
        self.actors.spawn(IMAGE)
        for source, target, kind in (
            (DISK, '[datastore-0] b.vmdk', 'FileAlreadyExists'),
            ('[datastore-0] no.vmdk', '[datastore-0] c', 'FileNotFound'),
            (DISK, '[datastore-0] no/b.vmdk', 'FileNotFound'),
            (BASE, '[datastore-0] c.vmdk', 'FileLocked'),
        ):
            with self.subTest(source=source, target=target):
                before = self.tree()
                self.assert_fault(kind, self.send, 'Move', source, target)
                self.assertEqual(before, self.tree())


class TestExtend(Disks):
    def test_it_grows_thin_ones_take_no_more(self):
        self.create()
        before = self.store.used
        self.extend(2)
        self.assertEqual(2 * GIB, self.disk().capacity)
        self.assertEqual(2 * GIB, self.tree()['d/a-flat.vmdk'])
        self.assertEqual(before, self.store.used)
        self.extend(3, eager=True)
        self.assertEqual(before + GIB, self.store.used)

    def test_faults(self):
        self.create(gib=2, kind='thick')
        self.assert_fault('InvalidArgument', self.extend, 1)
        self.assert_fault(
            'FileNotFound', self.extend, 3, '[datastore-0] no.vmdk'
        )
        self.store.capacity = self.store.used + GIB - 1
        self.assert_fault('NoDiskSpace', self.extend, 3)
        self.assertEqual(2 * GIB, self.disk().capacity)

    def test_one_in_use_is_locked(self):
        self.actors.cache(IMAGE)
        self.actors.spawn(IMAGE)
        self.assert_fault('FileLocked', self.extend, 20, BASE)


class TestUuid(Disks):
    def test_it_is_read_and_written(self):
        self.create()
        read = self.disks('QueryVirtualDiskUuid', name=DISK)
        self.assertRegex(
            read,
            r'^60 00 c2 9d( [0-9a-f]{2}){4}-([0-9a-f]{2} ?){8}$',
        )
        other = read[:-2] + '00'
        self.disks('SetVirtualDiskUuid', name=DISK, uuid=other)
        self.assertEqual(other, self.disks('QueryVirtualDiskUuid', name=DISK))

    def test_what_is_no_disk_has_none(self):
        self.assert_fault(
            'FileNotFound', self.disks, 'QueryVirtualDiskUuid', name=DISK
        )
        self.assert_fault(
            'IncorrectFileType',
            self.disks,
            'QueryVirtualDiskUuid',
            name='[datastore-0] d',
        )
