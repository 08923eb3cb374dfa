"""Datastores as objects: names, space shown late, maintenance, removal."""

from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import Scenario
from vcenter_simulator import User


class Datastores(StateCase):
    scenario = Scenario(datastores=2, hosts=2)
    users = {'eve': User('pw', frozenset({'System.View'}))}

    def rename(self, name, method='Rename_Task'):
        return self.call(self.datastore.reference, method, newName=name)

    def summary(self):
        return self.datastore.read_property('summary')


class TestRename(Datastores):
    def test_paths_with_the_new_name_lead_there_the_old_nowhere(self):
        self.actors.cache(IMAGE)
        for method in 'Rename_Task', 'RenameDatastore':
            name = f'by {method}'
            self.rename(name, method)
            self.assertEqual(name, self.summary().name)
            self.assertEqual(name, self.datastore.read_property('name'))
            self.assertEqual(['vmware_base'], self.names(f'[{name}]'))
        self.assert_fault('InvalidDatastore', self.search, '[datastore-0]')

    def test_urls_lead_there_as_before(self):
        url = self.summary().url
        self.rename('other')
        self.assertEqual(url, self.summary().url)
        self.files('MakeDirectory', name=f'{url}a', datacenter=None)
        self.assertEqual(['a'], self.names('[other]'))

    def test_names_with_brackets_and_slashes(self):
        for name, shown in (
            ('a]b', 'a]b'),
            ('[a] b', '[a] b'),
            ('50%', '50%25'),
            ('a/b', 'a%2fb'),
            ('ü 雪', 'ü 雪'),
        ):
            with self.subTest(name):
                self.rename(name)
                self.assertEqual(shown, self.summary().name)
                self.files('MakeDirectory', name=f'[{shown}] {IMAGE}')
                results = self.search(f'[{shown}] {IMAGE}')
                self.assertEqual(f'[{shown}] {IMAGE}/', results.folderPath)
                self.files(
                    'DeleteDatastoreFile_Task', name=f'[{shown}] {IMAGE}'
                )

    def test_the_longest_name_that_fits_is_meant(self):
        self.rename('a')
        self.actors.rename('datastore-1', 'a] b')
        self.files('MakeDirectory', name='[a] b] c')
        self.assertEqual(['c'], list(self.actors.tree('[a] b]')))
        self.assertEqual({}, self.tree('[a]'))

    def test_faults(self):
        for method in 'Rename_Task', 'RenameDatastore':
            for name, kind in (
                ('', 'InvalidName'),
                ('x' * 81, 'InvalidName'),
                ('datastore-1', 'DuplicateName'),
            ):
                with self.subTest(name=name, method=method):
                    self.assert_fault(kind, self.rename, name, method)
        self.rename('datastore-0')
        self.log_in_as('eve')
        fields = self.assert_fault('NoPermission', self.rename, 'x')
        self.assertEqual('Datastore.Rename', fields['privilegeId'])


class TestSpace(Datastores):
    def test_it_is_shown_as_it_was_until_it_is_refreshed(self):
        before = self.summary().freeSpace
        read = self.datastore.read_property('info').timestamp
        self.actors.cache(IMAGE, used=GIB)
        self.assertEqual(before, self.summary().freeSpace)
        for method in 'RefreshDatastore', 'RefreshDatastoreStorageInfo':
            self.call(self.datastore.reference, method)
        self.assertGreaterEqual(before - self.summary().freeSpace, GIB)
        info = self.datastore.read_property('info')
        self.assertEqual(self.summary().freeSpace, info.freeSpace)
        self.assertLess(read, info.timestamp)

    def test_or_half_an_hour_is_over(self):
        self.sim.clock.freeze()
        self.datastore.refresh()
        before = self.summary().freeSpace
        self.actors.cache(IMAGE, used=GIB)
        self.sim.clock.advance(1799)
        self.assertEqual(before, self.summary().freeSpace)
        self.sim.clock.advance(1)
        self.assertNotEqual(before, self.summary().freeSpace)


class TestAccess(Datastores):
    def test_one_host_that_reaches_it_is_enough(self):
        one, other = self.datastore.mounts
        self.datastore.set_mount(one, False)
        self.assertTrue(self.summary().accessible)
        shown = self.datastore.read_property('host')
        self.assertEqual(
            [False, True], [each.mountInfo.accessible for each in shown]
        )
        self.datastore.set_mount(other, False)
        self.assertFalse(self.summary().accessible)
        self.assert_fault('InvalidDatastore', self.search, '[datastore-0]')


class TestMaintenance(Datastores):
    def enter(self):
        answer = self.call(
            self.datastore.reference, 'DatastoreEnterMaintenanceMode'
        )
        self.end(answer.task)

    def leave(self):
        self.call(
            self.datastore.reference, 'DatastoreExitMaintenanceMode_Task'
        )

    def test_it_waits_for_the_machines_to_leave(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        self.enter()
        self.assertEqual('enteringMaintenance', self.summary().maintenanceMode)
        self.actors.end(machine)
        self.assertEqual('inMaintenance', self.summary().maintenanceMode)
        self.leave()
        self.assertEqual('normal', self.summary().maintenanceMode)

    def test_faults(self):
        self.assert_fault('InvalidState', self.leave)
        self.enter()
        self.assert_fault('InvalidState', self.enter)


class TestRemoval(Datastores):
    def test_nothing_leads_there_any_more(self):
        for method in 'DestroyDatastore', 'Destroy_Task':
            datastore = self.actors.add_store('more')
            url = datastore.url
            self.files('MakeDirectory', name='[more] a')
            self.call(datastore.reference, method)
            for name in '[more] a', f'{url}a':
                self.assert_fault(
                    'InvalidDatastore', self.files, 'MakeDirectory', name=name
                )
            listed = self.sim.estate.datacenter.read_property('datastore')
            self.assertNotIn(datastore.reference, listed)
            self.assertNotIn(
                datastore.reference,
                self.cluster.hosts[0].read_property('datastore'),
            )

    def test_while_machines_lie_there_it_stays(self):
        self.actors.cache(IMAGE)
        self.actors.stop(self.actors.spawn(IMAGE))
        for method in 'DestroyDatastore', 'Destroy_Task':
            self.assert_fault(
                'ResourceInUse', self.call, self.datastore.reference, method
            )
