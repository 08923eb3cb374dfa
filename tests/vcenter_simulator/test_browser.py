"""Searches: what is found, in which order, with which details."""

import datetime

from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import OTHER
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import DataObject
from vcenter_simulator import Scenario
from vcenter_simulator import User

BASE = '[datastore-0] vmware_base'
ALL = DataObject(
    'FileQueryFlags',
    fileType=True,
    fileSize=True,
    modification=True,
    fileOwner=False,
)


class Images(StateCase):
    scenario = Scenario(datastores=2)

    def setUp(self):
        super().setUp()
        folder = self.actors.cache(IMAGE, cached_at=1_000_000.0)
        self.actors.age(IMAGE, 2_000_000.0)
        self.actors.cache(OTHER, is_iso=True)
        self.folder = str(folder)

    def found(self, path, **spec):
        return {one.path: one for one in self.search(path, **spec).file or ()}


class TestOneFolder(Images):
    def test_without_a_specification_all_is_named_and_no_more(self):
        results = self.search(BASE)
        self.assertEqual(self.datastore.reference, results.datastore)
        self.assertEqual(f'{BASE}/', results.folderPath)
        self.assertEqual(
            [{'path': IMAGE}, {'path': OTHER}],
            [dict(one.fields) for one in results.file],
        )

    def test_the_root(self):
        results = self.search('[datastore-0]')
        self.assertEqual('[datastore-0] ', results.folderPath)
        self.assertEqual(['vmware_base'], [one.path for one in results.file])

    def test_details_are_given_when_they_are_asked_for(self):
        found = self.found(self.folder, details=ALL)
        disk, flat = found[f'{IMAGE}.vmdk'], found[f'{IMAGE}-flat.vmdk']
        marker = found['ts-1970-01-24-03-33-20']
        self.assertEqual('VmDiskFileInfo', disk.type_name)
        self.assertEqual('FileInfo', flat.type_name)
        self.assertEqual('FolderFileInfo', marker.type_name)
        self.assertEqual(10 * GIB, flat.fileSize)
        self.assertEqual(
            datetime.datetime(1970, 1, 12, 13, 46, 40, tzinfo=datetime.UTC),
            disk.modification,
        )
        self.assertIsNone(disk.owner)

    def test_types_are_plain_unless_asked_for_but_for_folders(self):
        found = self.found(self.folder)
        self.assertEqual('FileInfo', found[f'{IMAGE}.vmdk'].type_name)
        self.assertEqual(
            'FolderFileInfo', found['ts-1970-01-24-03-33-20'].type_name
        )

    def test_patterns_match_files_and_folders(self):
        for patterns, wanted in (
            (['*'], 3),
            (['ts-*'], 1),
            (['*.vmdk'], 2),
            ([f'{IMAGE}.vmdk'], 1),
            (['*.iso', 'ts-????-*'], 1),
            (['TS-*'], 0),
            (['[t]s-*'], 0),
        ):
            with self.subTest(patterns):
                found = self.names(self.folder, matchPattern=tuple(patterns))
                self.assertEqual(wanted, len(found))

    def test_case_counts_unless_told_not_to(self):
        found = self.names(
            self.folder, matchPattern=('TS-*',), searchCaseInsensitive=True
        )
        self.assertEqual(['ts-1970-01-24-03-33-20'], found)

    def test_hostile_names_are_found_by_themselves(self):
        self.actors.make_folder('[datastore-0] d')
        for name in HOSTILE:
            self.actors.write_file(f'[datastore-0] d/{name}')
        for name in HOSTILE:
            with self.subTest(name):
                found = self.names('[datastore-0] d', matchPattern=(name,))
                self.assertEqual([name], found)

    def test_folders_come_first_when_asked_for(self):
        self.actors.write_file(f'{self.folder}/a')
        self.actors.make_folder(f'{self.folder}/z')
        found = self.names(self.folder, sortFoldersFirst=True)
        self.assertEqual(['ts-1970-01-24-03-33-20', 'z'], found[:2])

    def test_faults(self):
        self.actors.write_file('[datastore-0] file')
        for path, kind in (
            ('[datastore-0] no', 'FileNotFound'),
            ('[datastore-0] file', 'InvalidArgument'),
            ('[datastore-0] ../x', 'InvalidDatastorePath'),
            ('datastore-0', 'InvalidDatastorePath'),
            ('[nowhere]', 'InvalidDatastore'),
            # It is there, but not this browser's.
            ('[datastore-1]', 'InvalidDatastore'),
        ):
            for method in '', 'SubFolders':
                with self.subTest(path=path, method=method):
                    self.assert_fault(kind, self.search, path, method)

    def test_a_hosts_browser_knows_all_its_datastores(self):
        browser = self.cluster.hosts[0].properties['datastoreBrowser']
        for path in '[datastore-0]', '[datastore-1]':
            results = self.call(
                browser, 'SearchDatastore_Task', datastorePath=path
            )
            self.assertEqual(f'{path} ', results.folderPath)


class TestSubFolders(Images):
    def test_every_folder_is_told_of_even_if_nothing_in_it_matches(self):
        results = self.search(BASE, 'SubFolders', matchPattern=('ts-*',))
        self.assertEqual(
            [
                (f'{BASE}/', None),
                (f'{self.folder}/', ['ts-1970-01-24-03-33-20']),
                (f'{self.folder}/ts-1970-01-24-03-33-20/', None),
                (f'{BASE}/{OTHER}/', None),
            ],
            [
                (one.folderPath, one.file and [x.path for x in one.file])
                for one in results
            ],
        )


class TestQueries(Images):
    def test_kinds_by_their_query(self):
        for query, wanted in (
            ('FileQuery', 3),
            ('VmDiskFileQuery', 1),
            ('FolderFileQuery', 1),
            ('IsoImageFileQuery', 0),
        ):
            with self.subTest(query):
                found = self.names(self.folder, query=(DataObject(query),))
                self.assertEqual(wanted, len(found))
        isos = self.names(
            f'{BASE}/{OTHER}', query=(DataObject('IsoImageFileQuery'),)
        )
        self.assertEqual([f'{OTHER}.iso'], isos)

    def test_a_disk_tells_of_itself_what_is_asked_for(self):
        flags = DataObject(
            'VmDiskFileQueryFlags',
            diskType=True,
            capacityKb=True,
            hardwareVersion=False,
            controllerType=True,
            diskExtents=True,
            thin=True,
        )
        query = DataObject('VmDiskFileQuery', details=flags)
        [disk] = self.search(self.folder, query=(query,)).file
        self.assertEqual('VirtualDiskFlatVer2BackingInfo', disk.diskType)
        self.assertEqual(10 * 2**20, disk.capacityKb)
        self.assertEqual('VirtualLsiLogicController', disk.controllerType)
        self.assertEqual(
            (f'{self.folder}/{IMAGE}-flat.vmdk',), disk.diskExtents
        )
        self.assertIs(True, disk.thin)
        self.assertIsNone(disk.hardwareVersion)
        self.assertEqual(GIB, disk.fileSize)

    def test_a_filter_leaves_disks_out_and_nothing_else(self):
        for wanted, count in (
            ({}, 1),
            ({'thin': True}, 1),
            ({'thin': False}, 0),
            ({'controllerType': ('VirtualLsiLogicController',)}, 1),
            ({'controllerType': ('VirtualIDEController',)}, 0),
            ({'matchHardwareVersion': (13, 14)}, 1),
            ({'matchHardwareVersion': (9,)}, 0),
            ({'diskType': ('VirtualDiskFlatVer2BackingInfo',)}, 1),
            ({'diskType': ('VirtualDiskSeSparseBackingInfo',)}, 0),
        ):
            query = DataObject(
                'VmDiskFileQuery',
                filter=DataObject('VmDiskFileQueryFilter', **wanted),
            )
            folders = DataObject('FolderFileQuery')
            for method in '', 'SubFolders':
                with self.subTest(method=method, **wanted):
                    results = self.search(
                        self.folder, method, query=(query, folders)
                    )
                    first = results[0] if method else results
                    self.assertEqual(1 + count, len(first.file))


class TestPrivileges(Images):
    users = {'eve': User('pw', frozenset({'System.View'}))}

    def test_who_may_not_browse_finds_nothing(self):
        self.log_in_as('eve')
        fields = self.assert_fault('NoPermission', self.search, BASE)
        self.assertEqual('Datastore.Browse', fields['privilegeId'])


class TestDeleteFile(Images):
    def test_it_deletes_as_the_file_manager_does(self):
        browser = self.datastore.properties['browser']
        self.call(browser, 'DeleteFile', datastorePath=self.folder)
        self.assertEqual([OTHER], self.names(BASE))
        self.assert_fault(
            'FileNotFound',
            self.call,
            browser,
            'DeleteFile',
            datastorePath=self.folder,
        )
