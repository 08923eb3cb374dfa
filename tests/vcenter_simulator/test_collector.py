"""The property collector: what it selects, reads, and what it leaves out."""

from tests.vcenter_simulator.clients import COLLECTOR
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import read_objects
from tests.vcenter_simulator.clients import ref
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import TYPE
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from tests.vcenter_simulator.clients import write_ref
from vcenter_simulator import DataObject
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator import Reference
from vcenter_simulator import User
from vcenter_simulator import VimFault

DISK = DataObject(
    'VirtualDisk',
    key=2000,
    unitNumber=0,
    capacityInKB=1024,
    backing=DataObject(
        'VirtualDiskFlatVer2BackingInfo',
        fileName='[ds] a/a.vmdk',
        diskMode='persistent',
    ),
)
CDROM = DataObject('VirtualCdrom', key=3000)


def make_config(name):
    return DataObject(
        'VirtualMachineConfigInfo',
        name=name,
        hardware=DataObject(
            'VirtualHardware', numCPU=1, memoryMB=512, device=(DISK, CDROM)
        ),
        extraConfig=(
            DataObject('OptionValue', key='nvp.vm-uuid', value='some'),
        ),
    )


class CollectorCase(VcenterCase):
    how = {'users': {'guest': User('secret', READ_ONLY)}}

    def setUp(self):
        super().setUp()
        self.vms = [self.add_vm(number) for number in range(5)]
        self.store = self.add(
            'Datastore',
            'datastore-1',
            name='ds',
            vm=tuple(vm.reference for vm in self.vms),
        )

    def add(self, kind, moid, **properties):
        return self.world.inventory.add(
            ManagedObject(kind, moid, **properties)
        )

    def add_vm(self, number):
        name = f'vm {number}'
        return self.add(
            'VirtualMachine',
            f'vm-{number}',
            name=name,
            parent=ROOT,
            config=make_config(name),
        )

    def spec(self, *paths, skip=True, more=''):
        """Write what reads all machines of the datastore."""
        wanted = ''.join(f'<pathSet>{path}</pathSet>' for path in paths)
        return (
            f'<propSet><type>VirtualMachine</type>{wanted}</propSet>{more}'
            f'<objectSet>{write_ref("obj", self.store.reference)}'
            f'<skip>{"true" if skip else "false"}</skip>'
            '<selectSet xsi:type="TraversalSpec"><type>Datastore</type>'
            '<path>vm</path></selectSet></objectSet>'
        )

    def objects(self, result):
        return read_objects(result.iterfind(f'{VIM}objects'))

    def names(self, result):
        return [
            values['name'].text for values, _ in self.objects(result).values()
        ]

    def all_names(self):
        return [f'vm {number}' for number in range(5)]


class TestSelection(CollectorCase):
    def test_a_traversal_leads_to_all_that_an_object_refers_to(self):
        [result] = self.client.retrieve(self.spec('name'))
        self.assertEqual(self.all_names(), self.names(result))

    def test_the_start_is_read_too_unless_it_is_skipped(self):
        more = '<propSet><type>Datastore</type><pathSet>name</pathSet>'
        more += '</propSet>'
        [result] = self.client.retrieve(
            self.spec('name', skip=False, more=more)
        )
        self.assertEqual(['ds', *self.all_names()], self.names(result))
        [result] = self.client.retrieve(self.spec('name', more=more))
        self.assertEqual(self.all_names(), self.names(result))

    def test_objects_of_other_types_are_not_selected(self):
        spec = self.spec('name').replace(
            '<type>VirtualMachine</type>', '<type>HostSystem</type>'
        )
        self.assertEqual([], self.client.retrieve(spec))

    def test_a_type_stands_for_those_derived_from_it(self):
        spec = self.spec('name').replace(
            '<type>VirtualMachine</type>', '<type>ManagedEntity</type>'
        )
        [result] = self.client.retrieve(spec)
        self.assertEqual(self.all_names(), self.names(result))

    def test_named_traversals_recur_and_loops_end(self):
        inner = self.add('Folder', 'group-1', name='inner', childEntity=())
        self.world.root.properties['childEntity'] = (inner.reference,)
        inner.properties['childEntity'] = (ROOT, inner.reference)
        spec = (
            '<propSet><type>Folder</type><pathSet>name</pathSet></propSet>'
            f'<objectSet>{write_ref("obj", ROOT)}<skip>false</skip>'
            '<selectSet xsi:type="TraversalSpec"><name>down</name>'
            '<type>Folder</type><path>childEntity</path>'
            '<selectSet><name>down</name></selectSet></selectSet>'
            '</objectSet>'
        )
        [result] = self.client.retrieve(spec)
        self.assertEqual(['Datacenters', 'inner'], self.names(result))

    def test_a_name_that_no_traversal_has(self):
        spec = one_spec(ROOT, 'name').replace(
            '</objectSet>',
            '<selectSet><name>nobody</name></selectSet></objectSet>',
        )
        self.assertFaults('InvalidArgument', self.client.retrieve, spec)

    def test_references_to_what_is_gone_are_passed_over(self):
        self.world.inventory.remove(self.vms[2].reference)
        [result] = self.client.retrieve(self.spec('name'))
        self.assertEqual(4, len(self.objects(result)))

    def test_what_is_gone_can_be_left_open(self):
        self.world.inventory.remove(self.store.reference)
        spec = self.spec('name')
        self.assertFaults('ManagedObjectNotFound', self.client.retrieve, spec)
        more = '<reportMissingObjectsInResults>true'
        more += '</reportMissingObjectsInResults>'
        self.assertEqual([], self.client.retrieve(spec + more))

    def test_what_may_not_be_seen_is_not_reached(self):
        guest = self.new_client()
        guest.log_in('guest', 'secret')
        hidden = self.vms[1].reference
        self.world.privileges.grant('guest', hidden, frozenset())
        [result] = guest.retrieve(self.spec('name'))
        self.assertNotIn(hidden, self.objects(result))
        self.assertEqual(4, len(self.objects(result)))
        # It is counted all the same where it is referred to.
        values, _ = self.read(self.store.reference, 'vm', client=guest)
        self.assertEqual(5, len(values['vm']))

    def test_unknown_types_and_properties_are_refused(self):
        for path in ('nonsense', 'config.nonsense', 'name.x', 'config..x', ''):
            with self.subTest(path):
                fault = self.assertFaults(
                    'InvalidProperty', self.client.retrieve, self.spec(path)
                )
                self.assertEqual(path, fault.field('name') or '')
        spec = one_spec(ROOT, 'name', kind='Nonsense')
        self.assertFaults('InvalidArgument', self.client.retrieve, spec)
        spec = self.spec('name').replace('<path>vm<', '<path>machines<')
        self.assertFaults('InvalidArgument', self.client.retrieve, spec)


class TestPaths(CollectorCase):
    def one(self, path):
        values, missing = self.read(self.vms[0].reference, path)
        self.assertEqual({}, missing)
        return values.get(path)

    def test_a_path_leads_into_data(self):
        self.assertEqual('vm 0', self.one('config.name').text)
        self.assertEqual('1', self.one('config.hardware.numCPU').text)

    def test_an_array_says_of_what_it_is_and_its_items_of_which_type(self):
        devices = self.one('config.hardware.device')
        self.assertEqual('ArrayOfVirtualDevice', devices.get(TYPE))
        kinds = [(one.tag, one.get(TYPE)) for one in devices]
        self.assertEqual(
            [
                (f'{VIM}VirtualDevice', 'VirtualDisk'),
                (f'{VIM}VirtualDevice', 'VirtualCdrom'),
            ],
            kinds,
        )
        backing = devices[0].find(f'{VIM}backing')
        self.assertEqual('VirtualDiskFlatVer2BackingInfo', backing.get(TYPE))

    def test_an_item_of_an_array_by_its_key(self):
        disk = self.one('config.hardware.device[2000]')
        self.assertEqual('VirtualDisk', disk.get(TYPE))
        path = 'config.extraConfig["nvp.vm-uuid"]'
        self.assertEqual('some', self.one(path).findtext(f'{VIM}value'))
        path = 'config.hardware.device[2000].backing.fileName'
        self.assertEqual('[ds] a/a.vmdk', self.one(path).text)
        self.assertIsNone(self.one('config.hardware.device[9]'))

    def test_an_array_has_no_fields(self):
        spec = self.spec('config.hardware.device.key')
        self.assertFaults('InvalidProperty', self.client.retrieve, spec)

    def test_what_is_unset_stands_nowhere(self):
        self.assertIsNone(self.one('snapshot'))
        self.assertIsNone(self.one('config.files.vmPathName'))
        self.vms[0].properties['config'] = None
        self.assertIsNone(self.one('config.hardware.device'))

    def test_an_empty_array_is_there(self):
        self.store.properties['vm'] = ()
        values, _ = self.read(self.store.reference, 'vm')
        self.assertEqual(0, len(values['vm']))

    def test_all_is_whatever_is_set(self):
        spec = one_spec(self.store.reference).replace(
            '</type>', '</type><all>true</all>'
        )
        [result] = self.client.retrieve(spec)
        [(values, missing)] = self.objects(result).values()
        self.assertEqual({'name', 'vm'}, set(values))

    def test_a_fault_of_one_property_is_told_beside_the_others(self):
        def break_down():
            raise VimFault('HostCommunication')

        self.vms[0].properties['layoutEx'] = break_down
        values, missing = self.read(
            self.vms[0].reference, 'name', 'layoutEx.file'
        )
        self.assertEqual({'name'}, set(values))
        self.assertEqual({'layoutEx.file': 'HostCommunication'}, missing)


class TestMissing(CollectorCase):
    def test_a_hidden_property_hides_what_is_below(self):
        fault = VimFault('NotFound')
        self.vcenter.hide_property('config', fault, self.vms[1].reference)
        [result] = self.client.retrieve(
            self.spec('name', 'config.name', 'config.hardware')
        )
        objects = self.objects(result)
        values, missing = objects[self.vms[1].reference]
        self.assertEqual({'name'}, set(values))
        self.assertEqual(
            {'config.name': 'NotFound', 'config.hardware': 'NotFound'},
            missing,
        )
        values, missing = objects[self.vms[0].reference]
        self.assertEqual({}, missing)
        self.vcenter.show_property('config', self.vms[1].reference)
        _, missing = self.read(self.vms[1].reference, 'config.name')
        self.assertEqual({}, missing)

    def test_it_can_be_hidden_on_all(self):
        self.vcenter.hide_property('name', VimFault('NotFound'))
        [result] = self.client.retrieve(self.spec('name'))
        self.assertEqual(
            [({}, {'name': 'NotFound'})] * 5,
            list(self.objects(result).values()),
        )


class TestPages(CollectorCase):
    def start(self, size=2):
        [result] = self.client.retrieve(
            self.spec('name'), f'<maxObjects>{size}</maxObjects>'
        )
        return result

    def go_on(self, result, method='ContinueRetrievePropertiesEx'):
        token = result.findtext(f'{VIM}token')
        return self.client.call(method, COLLECTOR, f'<token>{token}</token>')

    def test_pages_have_all_of_it_and_the_last_has_no_token(self):
        result = self.start()
        names = self.names(result)
        self.assertEqual(2, len(names))
        while result.find(f'{VIM}token') is not None:
            [result] = self.go_on(result)
            names += self.names(result)
        self.assertEqual(self.all_names(), names)

    def test_a_page_that_has_room_is_the_only_one(self):
        self.assertIsNone(self.start(5).find(f'{VIM}token'))
        self.assertIsNone(self.start(2**31 - 1).find(f'{VIM}token'))

    def test_a_page_of_nothing_is_refused(self):
        for size in 0, -1:
            self.assertFaults('InvalidArgument', self.start, size)

    def test_a_token_is_good_once_and_for_its_session(self):
        result = self.start()
        self.go_on(result)
        self.assertFaults('InvalidArgument', self.go_on, result)
        result = self.start()
        self.client = self.new_client()
        self.client.log_in()
        self.assertFaults('InvalidArgument', self.go_on, result)

    def test_a_session_that_ends_between_pages(self):
        result = self.start()
        self.world.sessions.end_all()
        self.assertFaults('NotAuthenticated', self.go_on, result)

    def test_a_retrieval_can_be_cancelled(self):
        result = self.start()
        self.go_on(result, 'CancelRetrievePropertiesEx')
        self.assertFaults('InvalidArgument', self.go_on, result)

    def test_what_goes_between_pages_is_missing(self):
        result = self.start()
        self.world.inventory.remove(self.vms[2].reference)
        [result] = self.go_on(result)
        self.assertEqual(
            ({}, {'name': 'ManagedObjectNotFound'}),
            self.objects(result)[self.vms[2].reference],
        )


class TestOtherWays(CollectorCase):
    def test_the_old_method_gives_all_at_once(self):
        found = self.client.call(
            'RetrieveProperties',
            COLLECTOR,
            f'<specSet>{self.spec("name")}</specSet>',
        )
        self.assertEqual(5, len(read_objects(found)))

    def test_pyvmomis_way_reads_one_property_with_its_type(self):
        [value] = self.client.call(
            'Fetch', self.store.reference, '<prop>vm</prop>'
        )
        self.assertEqual('ArrayOfManagedObjectReference', value.get(TYPE))
        self.assertEqual(self.vms[0].reference, ref(value[0]))
        self.assertEqual(
            [],
            self.client.call(
                'Fetch', self.store.reference, '<prop>host</prop>'
            ),
        )
        self.assertFaults(
            'InvalidProperty',
            self.client.call,
            'Fetch',
            self.store.reference,
            '<prop>x</prop>',
        )
        self.assertFaults(
            'NotAuthenticated',
            self.new_client().call,
            'Fetch',
            self.store.reference,
            '<prop>vm</prop>',
        )

    def test_a_collector_of_ones_own(self):
        [made] = self.client.call('CreatePropertyCollector', COLLECTOR)
        collector = ref(made)
        self.assertEqual('PropertyCollector', collector.kind)
        self.client.call('DestroyPropertyCollector', collector)
        self.assertFaults(
            'ManagedObjectNotFound',
            self.client.call,
            'DestroyPropertyCollector',
            collector,
        )

    def test_a_reference_may_be_a_string_of_any_kind(self):
        gone = Reference('VirtualMachine', 'x' * 255)
        self.assertFaults(
            'ManagedObjectNotFound', self.client.retrieve, one_spec(gone)
        )
