"""Inventory around datastores: folders, StoragePods, clusters and hosts."""

import datetime

from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import Reference
from vcenter_simulator import Scenario
from vcenter_simulator.scenario import build_estate
from vcenter_simulator import Simulator

ROOT = Reference('Folder', 'group-d1')


class TestFolders(StateCase):
    scenario = Scenario(folders=('a', 'b/c'), pod='pod', datastores=2)

    def find(self, path):
        return self.call(
            self.manager('SearchIndex'),
            'FindByInventoryPath',
            inventoryPath=path,
        )

    def test_datacenters_lie_in_folders(self):
        self.assertEqual(self.datacenter, self.find('a/b%2fc/datacenter-0'))
        self.assertEqual(
            self.datastore.reference,
            self.find('a/b%2fc/datacenter-0/datastore/pod/datastore-0'),
        )

    def test_a_pod_sums_its_datastores_up(self):
        pod = self.find('a/b%2fc/datacenter-0/datastore/pod')
        summary = self.world.inventory.find(pod).read_property('summary')
        self.assertEqual(2 * self.store.capacity, summary.capacity)
        self.assertEqual('pod', summary.name)

    def test_folders_and_datacenters_are_made(self):
        folder = self.call(ROOT, 'CreateFolder', name='x')
        self.call(folder, 'CreateDatacenter', name='dc')
        self.assertEqual('Datacenter', self.find('x/dc').kind)
        self.assertEqual('Folder', self.find('x/dc/vm').kind)
        for method in 'CreateFolder', 'CreateDatacenter':
            self.assert_fault('InvalidName', self.call, ROOT, method, name='')
            self.assert_fault(
                'DuplicateName', self.call, ROOT, method, name='x'
            )

    def test_they_are_renamed_and_go_when_they_are_empty(self):
        folder = self.call(ROOT, 'CreateFolder', name='x')
        self.call(folder, 'Rename_Task', newName='y')
        self.assertEqual(folder, self.find('y'))
        inner = self.call(folder, 'CreateFolder', name='z')
        self.assert_fault('ResourceInUse', self.call, folder, 'Destroy_Task')
        self.assert_fault(
            'DuplicateName', self.call, folder, 'Rename_Task', newName='a'
        )
        self.call(inner, 'Destroy_Task')
        self.call(folder, 'Destroy_Task')
        self.assertIsNone(self.find('y'))

    def test_what_cannot_be_done_to_a_host(self):
        host = self.cluster.hosts[0].reference
        self.assert_fault(
            'NotSupported', self.call, host, 'Rename_Task', newName='x'
        )
        self.assert_fault('NotSupported', self.call, host, 'Destroy_Task')


class TestTwoDatacenters(StateCase):
    def test_datastores_of_one_name_are_told_apart_by_the_datacenter(self):
        other = build_estate(self.world, Scenario())
        for estate, name in ((self.sim.estate, 'a'), (other, 'b')):
            self.files(
                'MakeDirectory',
                name=f'[datastore-0] {name}',
                datacenter=estate.datacenter.reference,
            )
        self.assertEqual(['a'], list(self.store.root.entries))
        self.assertEqual(['b'], list(other.stores[0].root.entries))

    def test_files_go_from_one_to_the_other(self):
        other = build_estate(self.world, Scenario())
        self.actors.write_file('[datastore-0] f', b'x')
        self.files(
            'MoveDatastoreFile_Task',
            sourceName='[datastore-0] f',
            destinationName='[datastore-0] g',
            destinationDatacenter=other.datacenter.reference,
        )
        self.assertEqual(['g'], list(other.stores[0].root.entries))


class TestHosts(StateCase):
    scenario = Scenario(hosts=2)

    def test_a_host_in_maintenance_is_out_of_the_cluster(self):
        host = self.cluster.hosts[1]
        cluster = self.cluster.entity
        self.call(host.reference, 'EnterMaintenanceMode_Task', timeout=0)
        self.assertTrue(host.read_property('runtime').inMaintenanceMode)
        self.assertEqual(1, cluster.read_property('summary').numEffectiveHosts)
        self.call(host.reference, 'ExitMaintenanceMode_Task', timeout=0)
        self.assertEqual(2, cluster.read_property('summary').numEffectiveHosts)
        self.assert_fault(
            'InvalidState',
            self.call,
            host.reference,
            'ExitMaintenanceMode_Task',
            timeout=0,
        )

    def test_not_while_machines_run_on_it(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        host = self.cluster.hosts[0]
        self.assertEqual((machine.reference,), host.read_property('vm'))
        self.assert_fault(
            'Timedout',
            self.call,
            host.reference,
            'EnterMaintenanceMode_Task',
            timeout=0,
        )


class TestScenario(StateCase):
    scenario = Scenario(
        images=5, machines=7, datastores=2, kinds=('VMFS', 'NFS'), seed=1
    )

    def test_images_and_clones_lie_on_the_datastores_in_turn(self):
        per_store = [
            len(self.names(f'[{one.name}] vmware_base'))
            for one in self.sim.estate.datastores[:1]
        ]
        self.assertEqual([3], per_store)
        counts = [len(one.list_users()) for one in self.sim.estate.datastores]
        self.assertEqual([4, 3], counts)
        self.assertEqual(
            ['VMFS', 'NFS'],
            [
                one.read_property('summary').type
                for one in self.sim.estate.datastores
            ],
        )

    def test_a_seed_gives_the_same_images(self):
        other = Simulator(self.scenario)
        self.addCleanup(other.stop)
        found = [
            list(sim.actors.tree('[datastore-0] vmware_base'))
            for sim in (self.sim, other)
        ]
        self.assertEqual(found[0], found[1])

    def test_free_space_is_right_at_first(self):
        for datastore in self.sim.estate.datastores:
            self.assertEqual(datastore.store.free, datastore.read_free())

    def test_what_cannot_be(self):
        for fields in (
            {'hosts': 0},
            {'datastores': 0},
            {'kinds': ()},
            {'kinds': ('ext4',)},
            {'machines': 1},
        ):
            with self.assertRaises(ValueError):
                Scenario(**fields)


class TestActors(StateCase):
    def setUp(self):
        super().setUp()
        self.actors.cache(IMAGE)

    def test_a_mark_says_when_and_one_goes_when_the_image_is_used(self):
        since = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
        self.actors.age(IMAGE, since.timestamp())
        folder = f'[datastore-0] vmware_base/{IMAGE}'
        self.assertIn('ts-2026-01-02-03-04-05', self.names(folder))
        self.actors.spawn(IMAGE)
        self.assertEqual(2, len(self.names(folder)))

    def test_a_sweep_obeys_the_locks(self):
        machine = self.actors.spawn(IMAGE)
        self.assert_fault('FileLocked', self.actors.sweep, IMAGE)
        self.actors.end(machine)
        self.assert_fault('CannotDeleteFile', self.actors.sweep, IMAGE)
        disk = f'[datastore-0] vmware_base/{IMAGE}/{IMAGE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        self.actors.sweep(IMAGE)
        self.assertEqual([], self.names('[datastore-0] vmware_base'))

    def test_who_is_unregistered_keeps_its_files(self):
        machine = self.actors.spawn(IMAGE)
        self.assert_fault('InvalidPowerState', self.actors.unregister, machine)
        self.actors.stop(machine)
        before = self.tree()
        self.actors.unregister(machine)
        self.assertEqual(before, self.tree())
        self.assertFalse(self.world.inventory.has(machine.reference))

    def test_a_hidden_machine_is_nothing_to_that_user_alone(self):
        machine = self.actors.spawn(IMAGE)
        self.actors.hide(machine, 'eve')
        has = self.world.privileges.has
        self.assertFalse(has('eve', machine.reference, 'System.Read'))
        self.assertTrue(
            has(self.sim.username, machine.reference, 'System.Read')
        )

    def test_images_have_resized_copies_and_dates(self):
        other = 'c0ffee00-0000-4000-8000-00000000000b'
        self.actors.cache(other, sizes=(20, 40), cached_at=5.0)
        folder = f'[datastore-0] vmware_base/{other}'
        self.assertIn(f'{other}.20.vmdk', self.names(folder))
        node = self.actors.place(f'{folder}/{other}.40-flat.vmdk').node
        assert node is not None
        self.assertEqual(5.0, node.modified)

    def test_a_full_copy_needs_no_base(self):
        machine = self.actors.spawn(IMAGE, is_linked=False)
        self.assertEqual(1, len(machine.disks[0].chain))
        self.actors.sweep(IMAGE)

    def test_names_that_lead_nowhere(self):
        with self.assertRaises(LookupError):
            self.actors.store('nowhere')
