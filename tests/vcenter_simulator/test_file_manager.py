"""FileManager: each method, each of its faults, and names that hurt."""

from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import Scenario
from vcenter_simulator import User
from vcenter_simulator import VimFault

BASE = f'[datastore-0] vmware_base/{IMAGE}'


class TestMakeDirectory(StateCase):
    def make(self, name, parents=False, **options):
        return self.files(
            'MakeDirectory',
            name=name,
            createParentDirectories=parents,
            **options,
        )

    def test_a_folder_is_made(self):
        self.make('[datastore-0] a')
        self.make('[datastore-0]b')
        self.make('[datastore-0] a//c/')
        self.assertEqual({'a': None, 'a/c': None, 'b': None}, self.tree())

    def test_parents_are_made_only_when_asked_for(self):
        fields = self.assert_fault(
            'FileNotFound', self.make, '[datastore-0] a/b/c'
        )
        self.assertEqual({'file': '[datastore-0] a/b'}, fields)
        self.assertEqual({}, self.tree())
        self.make('[datastore-0] a/b/c', parents=True)
        self.assertEqual(['a', 'a/b', 'a/b/c'], list(self.tree()))

    def test_one_that_is_there_already_is_refused_even_with_parents(self):
        self.make('[datastore-0] a')
        for parents in (False, True):
            fields = self.assert_fault(
                'FileAlreadyExists', self.make, '[datastore-0] a', parents
            )
            self.assertEqual({'file': '[datastore-0] a'}, fields)

    def test_a_file_is_no_parent(self):
        self.actors.write_file('[datastore-0] a')
        for parents in (False, True):
            self.assert_fault(
                'CannotCreateFile', self.make, '[datastore-0] a/b', parents
            )

    def test_paths_that_lead_nowhere(self):
        for path, kind in (
            ('[nowhere] a', 'InvalidDatastore'),
            ('[datastore-0 a', 'InvalidDatastorePath'),
            ('[] a', 'InvalidDatastorePath'),
            ('a', 'InvalidDatastorePath'),
            ('', 'InvalidDatastorePath'),
            ('[datastore-0] a/../b', 'InvalidDatastorePath'),
            ('[datastore-0] ..', 'InvalidDatastorePath'),
            ('[datastore-0] ./a', 'InvalidDatastorePath'),
            (f'[datastore-0] {"x" * 256}', 'FileNameTooLong'),
            (f'[datastore-0] {"é" * 128}', 'FileNameTooLong'),
        ):
            with self.subTest(path):
                self.assert_fault(kind, self.make, path)
        self.assertEqual({}, self.tree())

    def test_a_datastore_path_needs_a_datacenter(self):
        fields = self.assert_fault(
            'InvalidArgument', self.make, '[datastore-0] a', datacenter=None
        )
        self.assertEqual({'invalidProperty': 'datacenter'}, fields)

    def test_a_url_needs_none(self):
        url = f'ds:///vmfs/volumes/{self.store.uuid}/a'
        self.make(url, datacenter=None)
        self.make(
            'https://vc/folder/a/b%20c?dcPath=datacenter-0&dsName=datastore-0'
        )
        self.assertEqual(['a', 'a/b c'], list(self.tree()))

    def test_hostile_names_are_kept_as_they_are(self):
        for name in HOSTILE:
            self.make(f'[datastore-0] {name}')
        shown = self.names('[datastore-0]')
        self.assertEqual(sorted(HOSTILE), shown)

    def test_full_datastores_refuse(self):
        self.store.capacity = self.store.used
        fields = self.assert_fault('NoDiskSpace', self.make, '[datastore-0] a')
        self.assertEqual('datastore-0', fields['datastore'])

    def test_so_does_one_that_has_as_many_entries_as_it_can(self):
        self.store.entry_limit = 2
        self.make('[datastore-0] a')
        self.make('[datastore-0] b')
        self.assert_fault('NoDiskSpace', self.make, '[datastore-0] c')
        self.files('DeleteDatastoreFile_Task', name='[datastore-0] a')
        self.make('[datastore-0] c')

    def test_one_that_no_host_reaches_is_invalid(self):
        self.actors.reach('datastore-0', is_accessible=False)
        self.assert_fault('InvalidDatastore', self.make, '[datastore-0] a')


class TestDelete(StateCase):
    def delete(self, path):
        return self.files('DeleteDatastoreFile_Task', name=path)

    def test_files_and_folders_go_and_give_their_space_back(self):
        before = self.store.used, self.store.entry_count
        self.actors.make_folder('[datastore-0] a')
        self.actors.write_file('[datastore-0] a/f', b'12345')
        self.delete('[datastore-0] a')
        self.assertEqual({}, self.tree())
        self.assertEqual(before, (self.store.used, self.store.entry_count))

    def test_what_is_not_there_and_what_must_stay(self):
        for path, kind in (
            ('[datastore-0] a', 'FileNotFound'),
            ('[datastore-0]', 'CannotDeleteFile'),
            ('[nowhere] a', 'InvalidDatastore'),
            ('[datastore-0] a/../b', 'InvalidDatastorePath'),
        ):
            with self.subTest(path):
                self.assert_fault(kind, self.delete, path)

    def test_what_a_running_machine_uses_is_locked_off_it_is_not(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE, is_linked=False)
        disk = str(machine.disks[0].chain[0])
        self.assert_fault('FileLocked', self.delete, disk)
        self.actors.stop(machine)
        self.delete(disk)

    def test_the_base_of_a_running_linked_clone_is_locked(self):
        self.actors.cache(IMAGE)
        self.actors.spawn(IMAGE)
        fields = self.assert_fault('FileLocked', self.delete, BASE)
        self.assertEqual(f'{BASE}/{IMAGE}.vmdk', fields['file'])

    def test_the_base_of_a_stopped_one_is_not_deletable(self):
        self.actors.cache(IMAGE)
        self.actors.stop(self.actors.spawn(IMAGE))
        for path in (f'{BASE}/{IMAGE}.vmdk', BASE):
            self.assert_fault('CannotDeleteFile', self.delete, path)

    def test_nor_is_it_ever_after(self):
        self.actors.cache(IMAGE)
        self.actors.end(self.actors.spawn(IMAGE))
        self.assert_fault('CannotDeleteFile', self.delete, BASE)

    def test_a_folder_goes_entry_by_entry_until_something_stops_it(self):
        self.actors.make_folder('[datastore-0] a')
        for name in 'b', 'c':
            self.actors.write_file(f'[datastore-0] a/{name}')
        self.actors.make_disk('[datastore-0] a/d.vmdk')
        self.actors.set_deletable('[datastore-0] a/d.vmdk', is_deletable=False)
        self.actors.write_file('[datastore-0] a/e')
        self.assert_fault('CannotDeleteFile', self.delete, '[datastore-0] a')
        self.assertEqual(
            {'a', 'a/d.vmdk', 'a/e'}, set(self.tree()) - {'a/d-flat.vmdk'}
        )

    def test_others_can_act_between_two_entries(self):
        self.actors.make_folder('[datastore-0] a')
        for name in 'b', 'c':
            self.actors.write_file(f'[datastore-0] a/{name}')
        seen = []

        def look():
            seen.append(list(self.tree()))
            raise VimFault('FileFault', file='')

        self.sim.after('DeleteDatastoreFile_Task#entry', look)
        self.assert_fault('FileFault', self.delete, '[datastore-0] a')
        self.assertEqual([['a', 'a/c']], seen)
        self.assertEqual(['a', 'a/c'], list(self.tree()))

    def test_a_disk_lost_by_its_descriptor_keeps_its_extent(self):
        self.actors.make_disk('[datastore-0] a.vmdk')
        self.delete('[datastore-0] a.vmdk')
        self.assertEqual({'a-flat.vmdk': GIB}, self.tree())


class Pair(StateCase):
    scenario = Scenario(datastores=2)
    verb = ''

    def setUp(self):
        super().setUp()
        self.actors.make_folder('[datastore-0] a')
        self.actors.write_file('[datastore-0] a/f', b'content')
        self.actors.make_folder('[datastore-0] a/g')

    def send(self, source, target, force=False, **options):
        return self.files(
            f'{self.verb}DatastoreFile_Task',
            sourceName=source,
            destinationName=target,
            force=force,
            **options,
        )

    def content(self, path):
        return self.actors.place(path).read_file().content


class TestMove(Pair):
    verb = 'Move'

    def test_a_folder_goes_with_all_in_it(self):
        self.send('[datastore-0] a', '[datastore-0] b')
        self.assertEqual({'b', 'b/f', 'b/g'}, set(self.tree()))
        self.assertEqual(b'content', self.content('[datastore-0] b/f'))

    def test_to_another_datastore(self):
        self.send('[datastore-0] a', '[datastore-1] b')
        self.assertEqual({}, self.tree())
        self.assertEqual({'b', 'b/f', 'b/g'}, set(self.tree('[datastore-1]')))
        self.assertEqual(0, self.store.used)

    def test_faults(self):
        self.actors.make_folder('[datastore-0] b')
        self.actors.write_file('[datastore-0] h')
        for source, target, kind in (
            ('no', 'x', 'FileNotFound'),
            ('a', 'no/x', 'FileNotFound'),
            ('a', 'b', 'FileAlreadyExists'),
            ('a/f', 'h', 'FileAlreadyExists'),
            ('a', 'a/x', 'CannotAccessFile'),
            ('', 'x', 'CannotAccessFile'),
            ('a', 'h/x', 'CannotCreateFile'),
            ('a', 'x' * 256, 'FileNameTooLong'),
        ):
            with self.subTest(source=source, target=target):
                before = self.tree()
                self.assert_fault(
                    kind,
                    self.send,
                    f'[datastore-0] {source}',
                    f'[datastore-0] {target}',
                )
                self.assertEqual(before, self.tree())

    def test_force_replaces_a_file_but_no_folder(self):
        self.actors.write_file('[datastore-0] h', b'old')
        self.send('[datastore-0] a/f', '[datastore-0] h', force=True)
        self.assertEqual(b'content', self.content('[datastore-0] h'))
        self.actors.make_folder('[datastore-0] b')
        self.assert_fault(
            'FileAlreadyExists',
            self.send,
            '[datastore-0] a',
            '[datastore-0] b',
            force=True,
        )

    def test_nothing_moves_that_somebody_uses(self):
        self.actors.cache(IMAGE)
        self.actors.spawn(IMAGE)
        self.assert_fault('FileLocked', self.send, BASE, '[datastore-0] x')
        self.assertIn(f'vmware_base/{IMAGE}/{IMAGE}.vmdk', self.tree())

    def test_what_is_not_deletable_moves_as_any_other(self):
        self.actors.cache(IMAGE)
        self.actors.stop(self.actors.spawn(IMAGE))
        self.send(BASE, '[datastore-0] x')
        self.assertIn(f'x/{IMAGE}.vmdk', self.tree())

    def test_a_move_that_breaks_off_leaves_two_halves(self):
        def fail():
            raise VimFault('FileFault', file='')

        self.sim.after('MoveDatastoreFile_Task#entry', fail)
        self.assert_fault(
            'FileFault', self.send, '[datastore-0] a', '[datastore-0] b'
        )
        self.assertEqual({'a', 'a/g', 'b', 'b/f'}, set(self.tree()))

    def test_the_target_is_in_the_sources_datacenter_unless_told(self):
        self.send(
            '[datastore-0] a',
            '[datastore-0] b',
            destinationDatacenter=self.datacenter,
        )
        self.assert_fault(
            'InvalidArgument',
            self.send,
            '[datastore-0] b',
            '[datastore-0] c',
            sourceDatacenter=None,
        )

    def test_hostile_names_move_there_and_back(self):
        for name in HOSTILE:
            with self.subTest(name):
                self.send('[datastore-0] a', f'[datastore-0] x{name[1:]}')
                self.send(f'[datastore-0] x{name[1:]}', '[datastore-0] a')
        self.assertEqual({'a', 'a/f', 'a/g'}, set(self.tree()))


class TestCopy(Pair):
    verb = 'Copy'

    def test_a_folder_is_copied_with_all_in_it(self):
        self.send('[datastore-0] a', '[datastore-1] b')
        self.assertEqual({'b', 'b/f', 'b/g'}, set(self.tree('[datastore-1]')))
        self.assertEqual({'a', 'a/f', 'a/g'}, set(self.tree()))
        self.assertEqual(b'content', self.content('[datastore-1] b/f'))

    def test_into_a_folder_that_is_there_files_replace_when_forced(self):
        self.actors.make_folder('[datastore-0] b')
        self.actors.write_file('[datastore-0] b/f', b'old')
        self.assert_fault(
            'FileAlreadyExists',
            self.send,
            '[datastore-0] a',
            '[datastore-0] b',
        )
        self.send('[datastore-0] a', '[datastore-0] b', force=True)
        self.assertEqual(b'content', self.content('[datastore-0] b/f'))

    def test_faults(self):
        self.actors.write_file('[datastore-0] h')
        for source, target, kind in (
            ('no', 'x', 'FileNotFound'),
            ('a/f', 'no/x', 'FileNotFound'),
            ('a/f', 'h', 'FileAlreadyExists'),
            ('a', 'a/x', 'CannotAccessFile'),
            ('a', 'h', 'FileAlreadyExists'),
        ):
            with self.subTest(source=source, target=target):
                self.assert_fault(
                    kind,
                    self.send,
                    f'[datastore-0] {source}',
                    f'[datastore-0] {target}',
                )

    def test_it_needs_room(self):
        store = self.actors.store('datastore-1')
        store.capacity = store.used + 3
        self.assert_fault(
            'NoDiskSpace', self.send, '[datastore-0] a/f', '[datastore-1] f'
        )

    def test_a_disk_that_is_written_to_cannot_be_read_its_parent_can(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        top = machine.disks[0].chain[0]
        self.assert_fault('FileLocked', self.send, str(top), '[datastore-0] x')
        self.send(BASE, '[datastore-0] x')
        self.assertIn(f'x/{IMAGE}-flat.vmdk', self.tree())


class TestPrivileges(StateCase):
    users = {'eve': User('pw', frozenset({'System.View'}))}

    def test_files_are_for_those_who_may_manage_them(self):
        self.log_in_as('eve')
        for method, arguments in (
            ('MakeDirectory', {'name': '[datastore-0] a'}),
            ('DeleteDatastoreFile_Task', {'name': '[datastore-0] a'}),
        ):
            fields = self.assert_fault(
                'NoPermission', self.files, method, **arguments
            )
            self.assertEqual('Datastore.FileManagement', fields['privilegeId'])
