"""Kinds of datastores: what vSAN, vVols and NFS do differently."""

from tests.vcenter_simulator.worlds import disk_spec
from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import Scenario

UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'


class Namespaces(StateCase):
    scenario = Scenario(datastores=3, kinds=('vsan', 'VMFS', 'VVOL'))

    def setUp(self):
        super().setUp()
        self.spaces = self.manager('DatastoreNamespaceManager')

    def create(self, name, number=0):
        datastore = self.sim.estate.datastores[number]
        return self.call(
            self.spaces,
            'CreateDirectory',
            datastore=datastore.reference,
            displayName=name,
        )

    def delete(self, path):
        return self.call(
            self.spaces,
            'DeleteDirectory',
            datacenter=self.datacenter,
            datastorePath=path,
        )

    def convert(self, url):
        return self.call(
            self.spaces,
            'ConvertNamespacePathToUuidPath',
            datacenter=self.datacenter,
            namespaceUrl=url,
        )

    def make(self, name, parents=False):
        return self.files(
            'MakeDirectory', name=name, createParentDirectories=parents
        )


class TestManager(Namespaces):
    def test_a_folder_is_called_by_a_uuid_and_shown_by_its_name(self):
        path = self.create('images')
        self.assertRegex(path, f'^/vmfs/volumes/{self.store.uuid}/{UUID}$')
        [entry] = self.search('[datastore-0]').file
        self.assertEqual(path.rpartition('/')[2], entry.path)
        self.assertEqual('images', entry.friendlyName)

    def test_both_names_lead_there(self):
        stable = self.create('images').rpartition('/')[2]
        self.make('[datastore-0] images/a')
        self.make(f'[datastore-0] {stable}/b')
        for name in 'images', stable:
            self.assertEqual(['a', 'b'], self.names(f'[datastore-0] {name}'))

    def test_names_are_converted(self):
        path = self.create('images')
        url = f'/vmfs/volumes/{self.store.uuid}/images/a/b'
        self.assertEqual(f'{path}/a/b', self.convert(url))
        self.assertEqual(f'ds://{path}/a/b', self.convert(f'ds://{url}'))
        self.assert_fault(
            'InvalidDatastorePath',
            self.convert,
            f'/vmfs/volumes/{self.store.uuid}/no',
        )
        self.assert_fault(
            'InvalidDatastore', self.convert, '/vmfs/volumes/vsan:x/images'
        )

    def test_faults_of_creation(self):
        self.create('images')
        for name, number, kind in (
            ('images', 0, 'FileAlreadyExists'),
            ('images', 1, 'InvalidDatastore'),
            ('x' * 256, 0, 'FileNameTooLong'),
        ):
            with self.subTest(name=name, number=number):
                self.assert_fault(kind, self.create, name, number)
        self.create('images', 2)
        self.store.capacity = self.store.used
        self.assert_fault('CannotCreateFile', self.create, 'more')

    def test_a_folder_goes_with_all_in_it(self):
        before = self.store.used
        path = self.create('images')
        self.make('[datastore-0] images/a')
        self.delete(path)
        self.assertEqual({}, self.tree())
        self.assertEqual(before, self.store.used)

    def test_faults_of_removal(self):
        path = self.create('images')
        self.make('[datastore-0] images/a')
        store = self.actors.store('datastore-1')
        for text, kind in (
            (f'{path}/a', 'InvalidDatastorePath'),
            ('[datastore-0] images', 'InvalidDatastorePath'),
            (
                f'/vmfs/volumes/{self.store.uuid}/images',
                'InvalidDatastorePath',
            ),
            (f'/vmfs/volumes/{self.store.uuid}/no', 'FileNotFound'),
            (f'/vmfs/volumes/{store.uuid}/no', 'InvalidDatastore'),
            ('images', 'InvalidDatastorePath'),
        ):
            with self.subTest(text):
                self.assert_fault(kind, self.delete, text)
        self.assertEqual(2, len(self.tree()))

    def test_hostile_names(self):
        for name in HOSTILE:
            self.create(name)
        shown = self.search('[datastore-0]').file
        self.assertCountEqual(HOSTILE, [one.friendlyName for one in shown])


class TestTop(Namespaces):
    def test_nothing_else_makes_deletes_or_moves_what_is_at_the_top(self):
        self.assert_fault('CannotCreateFile', self.make, '[datastore-0] a')
        self.assert_fault(
            'CannotCreateFile', self.make, '[datastore-0] a/b', True
        )
        self.create('images')
        self.assert_fault(
            'CannotDeleteFile',
            self.files,
            'DeleteDatastoreFile_Task',
            name='[datastore-0] images',
        )
        for source, target, kind in (
            ('images', 'moved', 'CannotAccessFile'),
            ('images/a', 'moved', 'CannotCreateFile'),
        ):
            if source == 'images/a':
                self.make('[datastore-0] images/a')
            self.assert_fault(
                kind,
                self.files,
                'MoveDatastoreFile_Task',
                sourceName=f'[datastore-0] {source}',
                destinationName=f'[datastore-0] {target}',
            )

    def test_it_says_so(self):
        shown = [
            one.read_property('capability').topLevelDirectoryCreateSupported
            for one in self.sim.estate.datastores
        ]
        self.assertEqual([False, True, False], shown)


class TestObjects(Namespaces):
    def test_the_data_of_a_disk_is_an_object_that_no_folder_shows(self):
        self.create('images')
        before = self.store.used
        path = '[datastore-0] images/a.vmdk'
        self.disks(
            'CreateVirtualDisk_Task', name=path, spec=disk_spec(kind='thick')
        )
        self.assertEqual(['a.vmdk'], self.names('[datastore-0] images'))
        self.assertEqual(GIB, sum(self.store.objects.values()))
        self.disks('DeleteVirtualDisk_Task', name=path)
        self.assertEqual(before, self.store.used)
        self.assertEqual({}, self.store.objects)

    def test_deleted_as_a_file_the_object_is_leaked(self):
        self.create('images')
        before = self.store.used
        path = '[datastore-0] images/a.vmdk'
        self.disks(
            'CreateVirtualDisk_Task', name=path, spec=disk_spec(kind='thick')
        )
        self.files('DeleteDatastoreFile_Task', name=path)
        self.assertEqual(before + GIB, self.store.used)

    def test_images_and_clones_live_there_as_elsewhere(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        shown = self.layout(machine)
        base = [name for name in shown if IMAGE in name]
        self.assertEqual(1, len(base))
        # vCenter names machines' files by the stable name or by the shown.
        found = self.actors.place(base[0]).node
        self.assertIs(
            self.actors.place(
                f'[datastore-0] vmware_base/{IMAGE}/{IMAGE}.vmdk'
            ).node,
            found,
        )
        self.assert_fault(
            'FileLocked',
            self.disks,
            'DeleteVirtualDisk_Task',
            name=base[0],
        )


class TestNfs(StateCase):
    scenario = Scenario(kinds=('NFS',))

    def test_open_files_have_lock_files_beside_them(self):
        self.actors.cache(IMAGE)
        folder = f'[datastore-0] vmware_base/{IMAGE}'
        before = self.names(folder)
        machine = self.actors.spawn(IMAGE)
        other = self.actors.spawn(IMAGE)
        locks = set(self.names(folder)) - set(before)
        self.assertEqual(2, len(locks))
        self.assertTrue(all(one.startswith('.lck-') for one in locks))
        self.actors.stop(machine)
        self.assertEqual(2, len(self.names(folder)) - len(before))
        self.actors.stop(other)
        self.assertEqual(before, self.names(folder))
