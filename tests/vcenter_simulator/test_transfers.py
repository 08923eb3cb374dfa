"""Files over HTTP, and disks uploaded while their machine is imported."""

from tests.vcenter_simulator.clients import Client
from tests.vcenter_simulator.test_vm_methods import CONTROLLER
from tests.vcenter_simulator.test_vm_methods import disk_change
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
import urllib.parse
from vcenter_simulator import DataObject
from vcenter_simulator import drop
from vcenter_simulator import Scenario

MIB = 2**20


class Served(StateCase):
    scenario = Scenario(datastores=2, folders=('a b',))

    def setUp(self):
        super().setUp()
        self.sim.start()
        self.client = Client(self.sim)
        self.addCleanup(self.client.close)
        self.client.log_in()

    def ask(self, method, path, body=None, store='datastore-0', **headers):
        query = urllib.parse.urlencode(
            {'dcPath': 'a b/datacenter-0', 'dsName': store}
        )
        url = f'/folder/{urllib.parse.quote(path)}?{query}'
        answer, data = self.client.request(method, url, body, **headers)
        return answer.status, data


class TestFolder(Served):
    def test_what_was_put_is_there_and_comes_back(self):
        self.assertEqual(201, self.ask('PUT', 'x/y/f', b'content')[0])
        self.assertEqual(['x', 'x/y', 'x/y/f'], list(self.tree()))
        self.assertEqual((200, b'content'), self.ask('GET', 'x/y/f'))
        self.assertEqual(200, self.ask('PUT', 'x/y/f', b'other')[0])
        self.assertEqual((200, b'other'), self.ask('GET', 'x/y/f'))

    def test_hostile_names(self):
        for name in HOSTILE:
            with self.subTest(name):
                self.assertEqual(201, self.ask('PUT', f'd/{name}', b'x')[0])
                self.assertIn(f'd/{name}', self.tree())
                self.assertEqual((200, b'x'), self.ask('GET', f'd/{name}'))

    def test_the_rest_of_a_large_file_is_zeros(self):
        self.actors.make_disk('[datastore-0] d.vmdk', MIB)
        status, data = self.ask('GET', 'd-flat.vmdk')
        self.assertEqual((200, bytes(MIB)), (status, data))

    def test_what_is_refused(self):
        self.actors.make_folder('[datastore-0] d')
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        top = '/'.join(machine.disks[0].chain[0].parts)
        for method, path, store, status in (
            ('GET', 'no', 'datastore-0', 404),
            ('GET', 'd/no', 'nowhere', 404),
            ('GET', 'd/../x', 'datastore-0', 400),
            ('GET', 'd', 'datastore-0', 400),
            ('GET', top, 'datastore-0', 409),
            ('PUT', top, 'datastore-0', 409),
            ('PUT', 'x' * 256, 'datastore-0', 500),
        ):
            with self.subTest(method=method, path=path):
                body = b'x' if method == 'PUT' else None
                self.assertEqual(
                    status, self.ask(method, path, body, store)[0]
                )

    def test_a_full_datastore(self):
        self.store.capacity = self.store.used
        self.assertEqual(507, self.ask('PUT', 'f', b'content')[0])
        self.assertEqual({}, self.tree())

    def test_a_descriptor_is_edited_so_that_its_disk_can_go(self):
        self.actors.cache(IMAGE)
        self.actors.end(self.actors.spawn(IMAGE))
        path = f'vmware_base/{IMAGE}/{IMAGE}.vmdk'
        _, text = self.ask('GET', path)
        lines = [
            line
            for line in text.splitlines(keepends=True)
            if b'ddb.deletable' not in line
        ]
        self.assertEqual(200, self.ask('PUT', path, b''.join(lines))[0])
        self.disks('DeleteVirtualDisk_Task', name=f'[datastore-0] {path}')


class TestLease(Served):
    def lend(self, name='OSTACK_IMG_x', gib=1):
        config = DataObject(
            'VirtualMachineConfigSpec',
            name=name,
            files=DataObject(
                'VirtualMachineFileInfo', vmPathName='[datastore-0]'
            ),
            deviceChange=(CONTROLLER, disk_change(gib=gib)),
        )
        made = self.call(
            self.cluster.pool.reference,
            'ImportVApp',
            spec=DataObject('VirtualMachineImportSpec', configSpec=config),
            folder=self.sim.estate.datacenter.properties['vmFolder'],
        )
        return self.world.inventory.find(made)

    def path_of(self, lease):
        [device] = lease.read_property('info').deviceUrl
        self.assertTrue(device.url.startswith('https://*/nfc/'))
        self.assertTrue(device.disk)
        return device.url.removeprefix('https://*')

    def test_a_machine_is_there_once_its_disk_was_sent(self):
        lease = self.lend()
        self.assertEqual('ready', lease.read_property('state'))
        before = self.store.used
        for method in 'PUT', 'POST':
            answer, _ = self.client.request(
                method, self.path_of(lease), bytes(MIB), Overwrite='t'
            )
            self.assertEqual(201, answer.status)
        self.assertEqual(before + MIB, self.store.used)
        self.call(lease.reference, 'HttpNfcLeaseProgress', percent=50)
        self.assertEqual(50, lease.read_property('transferProgress'))
        [entry] = self.call(lease.reference, 'HttpNfcLeaseGetManifest')
        self.assertEqual(MIB, entry.size)
        self.call(lease.reference, 'HttpNfcLeaseComplete')
        self.assertEqual('done', lease.read_property('state'))
        answer, _ = self.client.request('PUT', self.path_of(lease), b'x')
        self.assertEqual(404, answer.status)
        machine = lease.machine
        self.call(machine.reference, 'UnregisterVM')
        self.disks(
            'MoveVirtualDisk_Task',
            sourceName='[datastore-0] OSTACK_IMG_x/OSTACK_IMG_x.vmdk',
            destName='[datastore-0] image.vmdk',
        )

    def test_aborted_it_leaves_nothing(self):
        before = self.tree()
        lease = self.lend()
        path = self.path_of(lease)
        self.call(lease.reference, 'HttpNfcLeaseAbort')
        self.assertEqual(before, self.tree())
        self.assertEqual('error', lease.read_property('state'))
        answer, _ = self.client.request('PUT', path, b'x')
        self.assertEqual(404, answer.status)
        for method in 'Abort', 'Complete', 'GetManifest':
            self.assert_fault(
                'InvalidState',
                self.call,
                lease.reference,
                f'HttpNfcLease{method}',
            )

    def test_faults(self):
        self.lend()
        self.assert_fault('DuplicateName', self.lend)
        lease = self.lend('more')
        self.store.capacity = self.store.used
        answer, _ = self.client.request('PUT', self.path_of(lease), b'x' * 9)
        self.assertEqual(507, answer.status)
        self.client.http.close()
        self.sim.before('PUT /nfc', drop())
        with self.assertRaises(OSError):
            self.client.request('PUT', self.path_of(lease), b'x')
