"""Machines: what they do to the datastores that their disks lie on."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script import disks
from tests.functional.vcsim.script.files import search
from tests.functional.vcsim.script.reading import read
from tests.functional.vcsim.script.reading import tell_objects
from tests.functional.vcsim.script import step

Device = vim.vm.device
CONTROLLER = 1000


def create(client: Client, name: str) -> Any:
    files = vim.vm.FileInfo(vmPathName='[LocalDS_0]')
    controller = Device.VirtualLsiLogicController(
        key=CONTROLLER, busNumber=0, sharedBus='noSharing'
    )
    spec = vim.vm.ConfigSpec(
        name=name,
        guestId='otherGuest',
        memoryMB=64,
        numCPUs=1,
        files=files,
        deviceChange=[
            Device.VirtualDeviceSpec(operation='add', device=controller)
        ],
    )
    folder = client.datacenter.vmFolder
    pool = client.cluster.resourcePool
    return client.finish(folder.CreateVM_Task(spec, pool))


def list_files(machine: Any) -> Any:
    return sorted(
        [file.type, file.name]
        for file in machine.layoutEx.file
        if file.type not in ('log', 'nvram')
    )


@step
def create_machine(client: Client) -> Any:
    machine = client.machines['one'] = create(client, 'one')
    return [machine.name, machine.config.files.vmPathName]


@step
def read_machine(client: Client) -> Any:
    machine = client.machines['one']
    return [
        machine.runtime.powerState,
        machine.runtime.connectionState,
        machine.config.template,
        machine.config.guestId,
        [store.name for store in machine.datastore],
        machine.parent.name,
        machine.resourcePool.name,
        machine.runtime.host.name in ('DC0_C0_H0', 'DC0_C0_H1'),
    ]


@step
def list_machine_files(client: Client) -> Any:
    return list_files(client.machines['one'])


@step
def search_machine_folder(client: Client) -> Any:
    [[_, files]] = search(client, '[LocalDS_0] one', '*.vmx')
    return [file[0] for file in files]


def attach(client: Client, **backing: Any) -> Any:
    disk = Device.VirtualDisk(
        key=-1,
        controllerKey=CONTROLLER,
        unitNumber=backing.pop('unit', 0),
        capacityInKB=disks.KILOBYTES,
        backing=Device.VirtualDisk.FlatVer2BackingInfo(
            diskMode='persistent', thinProvisioned=True, **backing
        ),
    )
    created = not backing.get('fileName') or 'parent' in backing
    change = Device.VirtualDeviceSpec(
        operation='add',
        fileOperation='create' if created else None,
        device=disk,
    )
    spec = vim.vm.ConfigSpec(deviceChange=[change])
    return client.finish(client.machines['one'].ReconfigVM_Task(spec))


def list_chains(machine: Any) -> Any:
    return [
        list_chain(device.backing)
        for device in machine.config.hardware.device
        if isinstance(device, Device.VirtualDisk)
    ]


def list_chain(backing: Any) -> Any:
    if not backing:
        return []
    return [backing.fileName, *list_chain(backing.parent)]


@step
def attach_linked_clone(client: Client) -> Any:
    parent = Device.VirtualDisk.FlatVer2BackingInfo(
        fileName=disks.BASE, diskMode='persistent'
    )
    attach(client, fileName='', parent=parent)
    return list_chains(client.machines['one'])


@step
def list_clone_files(client: Client) -> Any:
    return list_files(client.machines['one'])


@step
def list_clone_layout(client: Client) -> Any:
    layout = client.machines['one'].layout
    return [sorted(disk.diskFile) for disk in layout.disk]


@step
def attach_new_disk(client: Client) -> Any:
    attach(client, fileName='', unit=1)
    return list_chains(client.machines['one'])


@step
def attach_missing_disk(client: Client) -> Any:
    path = '[LocalDS_0] disks/none.vmdk'
    return attach(client, fileName=path, unit=2)


@step
def follow_store_to_machines(client: Client) -> Any:
    follow = vim.PropertyCollector.TraversalSpec(
        name='vm', type=vim.Datastore, path='vm', skip=False
    )
    spec = client.select(
        vim.VirtualMachine,
        ['name', 'runtime.powerState'],
        client.store,
        skip=True,
        selectSet=[follow],
    )
    return tell_objects(read(client, spec))
