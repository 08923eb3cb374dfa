"""The smaller managers: extensions, permissions, and searches by uuid."""

from tests.vcenter_simulator.clients import ref
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from tests.vcenter_simulator.clients import write_ref
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator import Scenario
from vcenter_simulator import User

EXTENSION = (
    '<extension><description><label>a</label><summary>b</summary>'
    '</description><key>org.openstack.compute</key><version>1.0</version>'
    '<lastHeartbeatTime>2026-11-29T12:00:00Z</lastHeartbeatTime></extension>'
)
KEY = '<extensionKey>org.openstack.compute</extensionKey>'


class ManagerCase(VcenterCase):
    def manager(self, kind):
        [one] = self.world.inventory.all(kind)
        return one.reference

    def ask(self, method, arguments, kind, client=None):
        return (client or self.client).call(
            method, self.manager(kind), arguments
        )


class TestExtensions(ManagerCase):
    def extension(self, method, arguments):
        return self.ask(method, arguments, 'ExtensionManager')

    def test_one_is_registered_found_and_gone_again(self):
        self.assertEqual([], self.extension('FindExtension', KEY))
        self.extension('RegisterExtension', EXTENSION)
        [found] = self.extension('FindExtension', KEY)
        self.assertEqual('1.0', found.findtext(f'{VIM}version'))
        self.extension('UnregisterExtension', KEY)
        self.assertEqual([], self.extension('FindExtension', KEY))

    def test_there_is_one_of_each_key(self):
        self.extension('RegisterExtension', EXTENSION)
        self.assertFaults(
            'InvalidArgument', self.extension, 'RegisterExtension', EXTENSION
        )

    def test_one_that_is_not_there(self):
        self.assertFaults(
            'NotFound', self.extension, 'UnregisterExtension', KEY
        )


class TestPermissions(ManagerCase):
    how = {'users': {'guest': User('secret', READ_ONLY)}}

    def test_a_session_is_told_which_privileges_it_has(self):
        guest = self.new_client()
        key = guest.log_in('guest', 'secret').findtext(f'{VIM}key')
        [found] = self.ask(
            'HasPrivilegeOnEntities',
            f'{write_ref("entity", ROOT)}<sessionId>{key}</sessionId>'
            '<privId>System.Read</privId><privId>Folder.Create</privId>',
            'AuthorizationManager',
        )
        self.assertEqual(ROOT, ref(found.find(f'{VIM}entity')))
        granted = {
            one.findtext(f'{VIM}privId'): one.findtext(f'{VIM}isGranted')
            for one in found.iterfind(f'{VIM}privAvailability')
        }
        self.assertEqual(
            {'System.Read': 'true', 'Folder.Create': 'false'}, granted
        )

    def test_a_session_that_is_none(self):
        self.assertFaults(
            'InvalidArgument',
            self.ask,
            'HasPrivilegeOnEntities',
            f'{write_ref("entity", ROOT)}<sessionId>x</sessionId>',
            'AuthorizationManager',
        )

    def list_privileges(self, user):
        [found] = self.ask(
            'FetchUserPrivilegeOnEntities',
            f'{write_ref("entities", ROOT)}<userName>{user}</userName>',
            'AuthorizationManager',
        )
        return {one.text for one in found.iterfind(f'{VIM}privileges')}

    def test_the_privileges_of_a_user(self):
        self.assertEqual(READ_ONLY, self.list_privileges('guest'))
        self.assertEqual(set(), self.list_privileges('nobody'))
        everything = self.list_privileges(self.vcenter.username)
        self.assertLess(READ_ONLY | {'Folder.Create'}, everything)


class TestSearches(ManagerCase):
    how = {'scenario': Scenario(images=1, machines=2)}

    def setUp(self):
        super().setUp()
        self.machines = list(self.world.inventory.all('VirtualMachine'))

    def find(self, method, arguments):
        return [ref(one) for one in self.ask(method, arguments, 'SearchIndex')]

    def test_machines_by_either_uuid(self):
        machine = self.machines[1]
        config = machine.read_property('config')
        for name, uuid in (
            ('false', config.uuid.upper()),
            ('true', config.instanceUuid),
        ):
            for method in 'FindByUuid', 'FindAllByUuid':
                arguments = (
                    f'<uuid>{uuid}</uuid><vmSearch>true</vmSearch>'
                    f'<instanceUuid>{name}</instanceUuid>'
                )
                self.assertEqual(
                    [machine.reference], self.find(method, arguments)
                )

    def test_hosts_by_theirs(self):
        [host] = self.world.inventory.all('HostSystem')
        hardware = host.read_property('summary').hardware
        self.assertEqual(
            [host.reference],
            self.find(
                'FindByUuid',
                f'<uuid>{hardware.uuid}</uuid><vmSearch>false</vmSearch>',
            ),
        )

    def test_machines_by_their_file_in_their_datacenter_only(self):
        machine = self.machines[0]
        path = machine.read_property('config').files.vmPathName
        datacenter = self.vcenter.estate.datacenter.reference
        inside = write_ref('datacenter', datacenter) + f'<path>{path}</path>'
        self.assertEqual(
            [machine.reference], self.find('FindByDatastorePath', inside)
        )
        other = self.vcenter.do(ROOT, 'CreateDatacenter', name='other')
        outside = write_ref('datacenter', other) + f'<path>{path}</path>'
        self.assertEqual([], self.find('FindByDatastorePath', outside))

    def test_a_datacenter_that_is_gone(self):
        arguments = '<datacenter type="Datacenter">datacenter-99</datacenter>'
        arguments += '<uuid>x</uuid><vmSearch>true</vmSearch>'
        self.assertFaults(
            'ManagedObjectNotFound', self.find, 'FindByUuid', arguments
        )

    def test_what_nobody_has(self):
        arguments = '<uuid>x</uuid><vmSearch>true</vmSearch>'
        self.assertEqual([], self.find('FindByUuid', arguments))
        self.assertEqual([], self.find('FindAllByUuid', arguments))
