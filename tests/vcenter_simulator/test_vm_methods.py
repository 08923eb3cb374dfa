"""Machines: made, registered, changed, run and removed, with their faults."""

from tests.vcenter_simulator.worlds import GIB
from tests.vcenter_simulator.worlds import HOSTILE
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import DataObject
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.trees import is_held
from vcenter_simulator import Scenario

BASE = f'[datastore-0] vmware_base/{IMAGE}/{IMAGE}.vmdk'
CONTROLLER = DataObject(
    'VirtualDeviceConfigSpec',
    operation='add',
    device=DataObject(
        'VirtualLsiLogicController', key=-1, busNumber=0, sharedBus='noSharing'
    ),
)


def disk_change(
    file: str = '',
    operation: str | None = 'create',
    parent: str | None = None,
    gib: int = 1,
    controller: int = -1,
) -> DataObject:
    above = None
    if parent is not None:
        above = DataObject('VirtualDiskFlatVer2BackingInfo', fileName=parent)
    return DataObject(
        'VirtualDeviceConfigSpec',
        operation='add',
        fileOperation=operation,
        device=DataObject(
            'VirtualDisk',
            key=-2,
            controllerKey=controller,
            capacityInKB=gib * 2**20,
            backing=DataObject(
                'VirtualDiskFlatVer2BackingInfo',
                fileName=file,
                diskMode='persistent',
                thinProvisioned=True,
                parent=above,
            ),
        ),
    )


def change(operation: str, device: DataObject, file: str | None = None):
    return DataObject(
        'VirtualDeviceConfigSpec',
        operation=operation,
        fileOperation=file,
        device=device,
    )


class Machines(StateCase):
    scenario = Scenario(datastores=2)

    def setUp(self):
        super().setUp()
        self.folder = self.sim.estate.datacenter.properties['vmFolder']
        self.pool = self.cluster.pool.reference

    def create(self, name='vm', path='[datastore-0]', changes=(), **fields):
        config = DataObject(
            'VirtualMachineConfigSpec',
            name=name,
            files=DataObject('VirtualMachineFileInfo', vmPathName=path),
            deviceChange=tuple(changes),
            **fields,
        )
        made = self.call(
            self.folder, 'CreateVM_Task', config=config, pool=self.pool
        )
        return self.world.inventory.find(made)

    def with_disk(self, name='vm'):
        return self.create(name, changes=(CONTROLLER, disk_change()))

    def reconfigure(self, machine, *changes, **fields):
        spec = DataObject(
            'VirtualMachineConfigSpec', deviceChange=changes, **fields
        )
        self.call(machine.reference, 'ReconfigVM_Task', spec=spec)

    def register(self, path, **options):
        made = self.call(
            self.folder,
            'RegisterVM_Task',
            path=path,
            asTemplate=False,
            **{'pool': self.pool, **options},
        )
        return self.world.inventory.find(made)

    def power(self, machine, verb):
        self.call(machine.reference, f'Power{verb}VM_Task')


class TestCreateVm(Machines):
    def test_it_gets_a_folder_of_its_name_and_what_was_asked_for(self):
        machine = self.create(guestId='otherGuest', numCPUs=2, memoryMB=64)
        config = machine.read_property('config')
        self.assertEqual('[datastore-0] vm/vm.vmx', config.files.vmPathName)
        self.assertEqual('otherGuest', config.guestId)
        self.assertEqual(64, config.hardware.memoryMB)
        self.assertEqual('poweredOff', machine.power_state)
        self.assertEqual(self.cluster.hosts[0].reference, machine.host)
        self.assertIn(machine.reference, self.datastore.list_users())

    def test_a_folder_that_is_taken_gets_a_number(self):
        self.actors.make_folder('[datastore-0] vm')
        machine = self.create()
        self.assertEqual('[datastore-0] vm_1/vm.vmx', str(machine.config_file))

    def test_a_path_is_used_as_it_is_told(self):
        machine = self.create(path='[datastore-1] x/y.vmx')
        self.assertEqual('[datastore-1] x/y.vmx', str(machine.config_file))

    def test_disks_go_beside_it_unless_told(self):
        self.actors.make_folder('[datastore-1] x')
        machine = self.create(
            changes=(
                CONTROLLER,
                disk_change(),
                disk_change('[datastore-0]'),
                disk_change('[datastore-1] x/y.vmdk'),
            )
        )
        self.assertEqual(
            [
                '[datastore-0] vm/vm.vmdk',
                '[datastore-0] vm/vm_1.vmdk',
                '[datastore-1] x/y.vmdk',
            ],
            [str(disk.chain[0]) for disk in machine.disks],
        )
        self.assertEqual([0, 1, 2], [disk.unit for disk in machine.disks])
        self.assertEqual({1000}, {disk.controller for disk in machine.disks})

    def test_faults(self):
        self.create()
        for arguments, kind in (
            ({}, 'DuplicateName'),
            ({'name': ''}, 'InvalidName'),
            ({'name': 'x' * 81}, 'InvalidName'),
            ({'name': 'b', 'path': None}, 'InvalidArgument'),
            ({'name': 'b', 'path': '[nowhere]'}, 'InvalidDatastore'),
            ({'name': 'b', 'path': 'b.vmx'}, 'InvalidDatastorePath'),
            (
                {'name': 'b', 'path': '[datastore-0] vm/vm.vmx'},
                'AlreadyExists',
            ),
            (
                {'name': 'b', 'changes': (disk_change(),)},
                'InvalidDeviceSpec',
            ),
        ):
            with self.subTest(**arguments):
                before = self.tree()
                self.assert_fault(kind, self.create, **arguments)
                self.assertEqual(before, self.tree())
        machines = list(self.world.inventory.all('VirtualMachine'))
        self.assertEqual(1, len(machines))

    def test_slashes_in_names_are_written_as_vcenter_does(self):
        machine = self.create('a/b%c\\d')
        self.assertEqual('a%2fb%25c%5cd', machine.name)
        self.assertIn('a%2fb%25c%5cd', self.tree())

    def test_hostile_names_come_back_when_it_is_registered_again(self):
        for name in HOSTILE:
            if len(name) > 80:
                continue
            with self.subTest(name):
                machine = self.create(
                    name, changes=(CONTROLLER, disk_change())
                )
                shown, layout = machine.name, self.layout(machine)
                path = str(machine.config_file)
                self.call(machine.reference, 'UnregisterVM')
                again = self.register(path)
                self.assertEqual(shown, again.name)
                kept = {one for one in layout if not one.endswith('.vmsd')}
                self.assertEqual(kept, set(self.layout(again)))
                self.call(again.reference, 'Destroy_Task')


class TestRegister(Machines):
    def test_disks_drives_and_traits_come_back(self):
        self.actors.write_file('[datastore-1] x.iso')
        machine = self.with_disk()
        drive = DataObject(
            'VirtualCdrom',
            key=-3,
            controllerKey=200,
            unitNumber=0,
            backing=DataObject(
                'VirtualCdromIsoBackingInfo', fileName='[datastore-1] x.iso'
            ),
        )
        self.reconfigure(machine, change('add', drive), numCPUs=3)
        self.call(machine.reference, 'UnregisterVM')
        self.assertEqual((), self.datastore.list_users())
        again = self.register('[datastore-0] vm/vm.vmx')
        self.assertNotEqual(machine.reference, again.reference)
        self.assertEqual(machine.traits, again.traits)
        self.assertEqual(
            [disk.chain for disk in machine.disks],
            [disk.chain for disk in again.disks],
        )
        self.assertEqual('[datastore-1] x.iso', str(again.drives[0].image))

    def test_faults(self):
        self.with_disk()
        for path, kind in (
            ('[datastore-0] vm/vm.vmx', 'AlreadyExists'),
            ('[datastore-0] vm/no.vmx', 'NotFound'),
            ('[datastore-0] vm/vm.vmdk', 'InvalidVmConfig'),
            ('[datastore-0] vm', 'IncorrectFileType'),
        ):
            with self.subTest(path):
                self.assert_fault(kind, self.register, path)
        self.assert_fault(
            'InvalidArgument',
            self.register,
            '[datastore-0] vm/vm.vmx',
            pool=None,
        )


class TestReconfigure(Machines):
    def test_a_linked_disk_has_its_parent_in_all_views(self):
        self.actors.cache(IMAGE)
        machine = self.create(changes=(CONTROLLER, disk_change(parent=BASE)))
        self.assertFalse(read_disk(self.actors.place(BASE)).is_deletable)
        [disk] = [
            one
            for one in machine.read_property('config').hardware.device
            if one.type_name == 'VirtualDisk'
        ]
        self.assertEqual(BASE, disk.backing.parent.fileName)
        self.assertEqual(10 * 2**20, disk.capacityInKB)
        self.assertIn(BASE, self.layout(machine))
        [layout] = machine.read_property('layout').disk
        self.assertEqual((BASE, '[datastore-0] vm/vm.vmdk'), layout.diskFile)
        [chain] = machine.read_property('layoutEx').disk
        self.assertEqual([2, 2], [len(one.fileKey) for one in chain.chain])

    def test_an_existing_disk_is_attached_with_its_chain(self):
        self.actors.cache(IMAGE)
        clone = self.actors.spawn(IMAGE, starts=False)
        path = str(clone.disks[0].chain[0])
        machine = self.create(changes=(CONTROLLER, disk_change(path, None)))
        self.assertEqual(clone.disks[0].chain, machine.disks[0].chain)

    def test_a_disk_is_detached_or_destroyed(self):
        machine = self.create(
            changes=(CONTROLLER, disk_change(), disk_change())
        )
        first, second = machine.disks
        device = DataObject('VirtualDisk', key=first.key)
        self.reconfigure(machine, change('remove', device))
        self.assertIn('vm/vm.vmdk', self.tree())
        self.assertNotIn('[datastore-0] vm/vm.vmdk', self.layout(machine))
        device = DataObject('VirtualDisk', key=second.key)
        self.reconfigure(machine, change('remove', device, 'destroy'))
        self.assertNotIn('vm/vm_1.vmdk', self.tree())
        self.assertEqual([], machine.disks)

    def test_a_disk_grows(self):
        machine = self.with_disk()
        device = DataObject(
            'VirtualDisk', key=machine.disks[0].key, capacityInKB=3 * 2**20
        )
        self.reconfigure(machine, change('edit', device))
        self.assertEqual(3 * GIB, self.tree()['vm/vm-flat.vmdk'])

    def test_while_it_runs_the_locks_follow(self):
        self.actors.cache(IMAGE)
        machine = self.create(changes=(CONTROLLER,))
        self.power(machine, 'On')
        self.reconfigure(machine, disk_change(parent=BASE, controller=1000))
        self.assert_fault(
            'FileLocked', self.disks, 'DeleteVirtualDisk_Task', name=BASE
        )
        device = DataObject('VirtualDisk', key=machine.disks[0].key)
        self.reconfigure(machine, change('remove', device))
        self.assert_fault(
            'CannotDeleteFile', self.disks, 'DeleteVirtualDisk_Task', name=BASE
        )

    def test_faults(self):
        machine = self.with_disk()
        gone = DataObject('VirtualDisk', key=99)
        cases = (
            (disk_change('[datastore-0] no.vmdk', None), 'FileNotFound'),
            (disk_change(parent='[datastore-0] no.vmdk'), 'FileNotFound'),
            (disk_change('[datastore-0] vm/vm.vmdk'), 'FileAlreadyExists'),
            (disk_change('[datastore-0] no/a.vmdk'), 'FileNotFound'),
            (change('remove', gone), 'InvalidDeviceSpec'),
            (change('edit', gone), 'InvalidDeviceSpec'),
            (disk_change(controller=77), 'InvalidDeviceSpec'),
        )
        for changed, kind in cases:
            if changed.device.controllerKey == -1:
                changed = changed.replace(
                    device=changed.device.replace(controllerKey=1000)
                )
            with self.subTest(repr(changed)):
                before = self.tree(), self.layout(machine)
                self.assert_fault(kind, self.reconfigure, machine, changed)
                self.assertEqual(before, (self.tree(), self.layout(machine)))

    def test_a_machine_that_was_changed_since_is_not_changed(self):
        machine = self.create()
        before = machine.read_property('config').changeVersion
        self.reconfigure(machine, numCPUs=2, changeVersion=before)
        self.assert_fault(
            'ConcurrentAccess',
            self.reconfigure,
            machine,
            numCPUs=3,
            changeVersion=before,
        )

    def test_extra_values_are_kept_until_emptied(self):
        machine = self.create()
        option = DataObject('OptionValue', key='nvp.vm-uuid', value='x')
        self.reconfigure(machine, extraConfig=(option,))
        [shown] = machine.read_property('config').extraConfig
        self.assertEqual(('nvp.vm-uuid', 'x'), (shown.key, shown.value))
        self.reconfigure(machine, extraConfig=(option.replace(value=''),))
        self.assertIsNone(machine.read_property('config').extraConfig)


class TestPower(Machines):
    def test_a_running_machine_has_a_swap_file_and_a_log(self):
        machine = self.create(memoryMB=64)
        self.power(machine, 'On')
        swap = f'vm/vm-{machine.moid}.vswp'
        self.assertEqual(64 * 2**20, self.tree()[swap])
        self.assertIn(f'[datastore-0] {swap}', self.layout(machine))
        self.power(machine, 'Off')
        self.assertNotIn(swap, self.tree())
        self.assertIn('[datastore-0] vm/vmware.log', self.layout(machine))

    def test_states_that_do_not_fit(self):
        machine = self.create()
        fields = self.assert_fault(
            'InvalidPowerState', self.power, machine, 'Off'
        )
        self.assertEqual('poweredOff', fields['existingState'])
        self.power(machine, 'On')
        self.assert_fault('InvalidPowerState', self.power, machine, 'On')
        for method in 'UnregisterVM', 'Destroy_Task', 'MarkAsTemplate':
            self.assert_fault(
                'InvalidPowerState', self.call, machine.reference, method
            )

    def test_a_missing_parent_or_a_full_datastore_keeps_it_off(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE, starts=False)
        place = self.actors.place(BASE)
        self.store.capacity = self.store.used + 2**20
        self.assert_fault('NoDiskSpace', self.power, machine, 'On')
        node = place.store.detach_node(place.parts)
        self.assert_fault('FileNotFound', self.power, machine, 'On')
        self.assertEqual([], machine.handles)
        self.assertFalse(is_held(node))

    def test_two_do_not_write_to_one_disk(self):
        one = self.with_disk('one')
        path = str(one.disks[0].chain[0])
        two = self.create('two', changes=(CONTROLLER, disk_change(path, None)))
        self.power(one, 'On')
        self.assert_fault('FileLocked', self.power, two, 'On')
        self.power(one, 'Off')
        self.power(two, 'On')

    def test_nobody_writes_to_what_others_read(self):
        self.actors.cache(IMAGE)
        clone = self.actors.spawn(IMAGE)
        writer = self.create(changes=(CONTROLLER, disk_change(BASE, None)))
        self.assert_fault('FileLocked', self.power, writer, 'On')
        self.power(clone, 'Off')
        self.power(writer, 'On')
        self.assert_fault('FileLocked', self.power, clone, 'On')

    def test_suspended_it_gives_its_files_up(self):
        self.actors.cache(IMAGE)
        machine = self.actors.spawn(IMAGE)
        self.call(machine.reference, 'SuspendVM_Task')
        self.assertEqual([], machine.handles)
        self.power(machine, 'On')
        self.assertEqual('poweredOn', machine.power_state)

    def test_guests_have_no_tools(self):
        machine = self.create()
        for method in 'ShutdownGuest', 'RebootGuest':
            self.assert_fault(
                'InvalidPowerState', self.call, machine.reference, method
            )
        self.power(machine, 'On')
        self.assert_fault(
            'ToolsUnavailable', self.call, machine.reference, 'ShutdownGuest'
        )
        self.call(machine.reference, 'ResetVM_Task')


class TestTemplates(Machines):
    def test_a_template_cannot_run_until_it_is_a_machine_again(self):
        machine = self.with_disk()
        self.call(machine.reference, 'MarkAsTemplate')
        self.assertTrue(machine.read_property('config').template)
        self.assertIsNone(machine.read_property('resourcePool'))
        self.assertIn('[datastore-0] vm/vm.vmtx', self.layout(machine))
        self.assert_fault('InvalidState', self.power, machine, 'On')
        self.assert_fault(
            'InvalidState', self.call, machine.reference, 'MarkAsTemplate'
        )
        self.call(machine.reference, 'MarkAsVirtualMachine', pool=self.pool)
        self.assertIn('vm/vm.vmx', self.tree())
        self.power(machine, 'On')
        self.assert_fault(
            'InvalidState',
            self.call,
            machine.reference,
            'MarkAsVirtualMachine',
            pool=self.pool,
        )


class TestRemoval(Machines):
    def test_destroyed_it_leaves_nothing(self):
        before = self.store.used, self.tree()
        machine = self.with_disk()
        self.power(machine, 'On')
        self.power(machine, 'Off')
        self.call(machine.reference, 'CreateSnapshot_Task', **SNAPSHOT)
        self.call(machine.reference, 'Destroy_Task')
        self.assertEqual(before, (self.store.used, self.tree()))
        self.assertFalse(self.world.inventory.has(machine.reference))

    def test_a_base_outlives_its_clones(self):
        self.actors.cache(IMAGE)
        before = set(self.tree())
        machine = self.actors.spawn(IMAGE)
        self.actors.end(machine)
        self.assertEqual(before, set(self.tree()))

    def test_a_folder_with_something_else_in_it_stays(self):
        machine = self.with_disk()
        self.actors.write_file('[datastore-0] vm/notes')
        self.call(machine.reference, 'Destroy_Task')
        self.assertEqual({'vm', 'vm/notes'}, set(self.tree()))

    def test_of_one_that_nobody_can_read_the_files_stay(self):
        machine = self.with_disk()
        self.actors.break_machine(machine, 'orphaned')
        before = self.tree()
        self.call(machine.reference, 'Destroy_Task')
        self.assertEqual(before, self.tree())


SNAPSHOT = {'name': 's', 'memory': False, 'quiesce': False}
