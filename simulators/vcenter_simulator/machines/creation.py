"""Creation of machines: new ones, and those whose files are there."""

import dataclasses
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.entities import check_name
from vcenter_simulator.entities import check_unique
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.changes import Changer
from vcenter_simulator.machines.config_files import bus_of
from vcenter_simulator.machines.config_files import Config
from vcenter_simulator.machines.config_files import read_config
from vcenter_simulator.machines.config_files import resolve_file
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.config_files import Slot
from vcenter_simulator.machines.devices import Device
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.machines.homes import home_of
from vcenter_simulator.machines.homes import make_folder
from vcenter_simulator.machines.homes import make_home
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import Traits
from vcenter_simulator.machines.reconfiguring import apply_traits
from vcenter_simulator.machines.removal import clear_home
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a machine goes: folder, pool and host, and whose paths it has."""

    folder: Reference
    datacenter: str
    pool: Reference | None
    host: Reference | None


def create_machine(world: 'World', site: Site, spec: DataObject) -> Machine:
    """Make a machine with its folder, .vmx and devices.

    :raises VimFault: InvalidName; DuplicateName in its folder; InvalidArgument
        without a path; AlreadyExists where the .vmx is there; and as a
        reconfiguration, after which nothing is left of it
    """
    name = check_name(spec.name)
    check_unique(world, site.folder, name)
    config_file, is_new = _choose_config_file(world, site, spec, name)
    machine = add_machine(world, site, name, config_file)
    machine.home_files.append(
        (config_file.sibling(f'{machine.stem}.vmsd'), 'snapshotList')
    )
    try:
        apply_traits(machine, spec.replace(name=None))
        Changer(world, machine, site.datacenter).apply_changes(
            spec.deviceChange or ()
        )
        save_config(machine)
    except VimFault:
        world.inventory.remove(machine.reference)
        if is_new:
            clear_home(home_of(config_file))
        raise
    return machine


def register_machine(
    world: 'World', site: Site, place: Place, name: str | None
) -> Machine:
    """Let vCenter know a machine whose files are there.

    :raises VimFault: NotFound; AlreadyExists where it knows it already;
        DuplicateName; InvalidName; InvalidVmConfig
    """
    if place.node is None:
        raise VimFault('NotFound', f'There is no {place}.')
    config = read_config(place)
    for known in list_machines(world):
        if known.config_file == place:
            raise VimFault('AlreadyExists', name=known.name)
    shown = check_name(name or config.name)
    check_unique(world, site.folder, shown)
    machine = add_machine(world, site, shown, place, config.traits)
    machine.is_template = place.name.endswith('.vmtx')
    _attach_slots(world, machine, config)
    _adopt_files(machine)
    return machine


def _adopt_files(machine: Machine) -> None:
    """Know again what else lies in a machine's folder and is its own."""
    folder = home_of(machine.config_file)
    node = folder.node
    for name in node.entries if isinstance(node, Folder) else ():
        kind = _OWN_FILES.get(name.rpartition('.')[2])
        if kind is not None:
            machine.home_files.append((folder.child(name), kind))


def add_machine(
    world: 'World',
    site: Site,
    name: str,
    config_file: Place,
    traits: Traits | None = None,
) -> Machine:
    """Enter a machine into the inventory, with what every one has."""
    machine = Machine(
        world.inventory.new_moid('vm'),
        name,
        config_file,
        world.stores,
        parent=site.folder,
        host=site.host,
        pool=site.pool,
        traits=traits,
    )
    machine.devices.update(_BUILT_IN)
    return world.inventory.add(machine)


def list_machines(world: 'World') -> list[Machine]:
    """Give all machines that vCenter knows."""
    return [
        one
        for one in world.inventory.all('VirtualMachine')
        if isinstance(one, Machine)
    ]


def _choose_config_file(
    world: 'World', site: Site, spec: DataObject, name: str
) -> tuple[Place, bool]:
    """Give where the .vmx goes, in a folder that is there then.

    Tell too if that was made for it.
    """
    path = spec.files and spec.files.vmPathName
    if not path:
        raise invalid_argument('config.files.vmPathName')
    place = world.stores.resolve_path(path, site.datacenter)
    if not place.parts:
        return make_home(place.store, name).child(f'{name}.vmx'), True
    if place.node is not None and place.name.endswith('.vmx'):
        raise VimFault('AlreadyExists', name=str(place))
    if not place.name.endswith('.vmx'):
        place = place.child(f'{name}.vmx')
    folder = home_of(place)
    is_new = bool(folder.parts) and folder.node is None
    if is_new:
        folder = make_folder(folder)
    return folder.child(place.name), is_new


def _attach_slots(world: 'World', machine: Machine, config: Config) -> None:
    for number, type_name in config.scsi.items():
        machine.devices[1000 + number] = make_scsi(number, type_name)
    for index, slot in enumerate(config.slots):
        place = resolve_file(machine.config_file, slot.file, world.stores)
        device = _attach_slot(world, machine, slot, place, index)
        machine.devices[device.key] = device
    machine.note_change()


def _attach_slot(
    world: 'World', machine: Machine, slot: Slot, place: Place, index: int
) -> Disk | Drive:
    controller = next(
        key
        for key, device in machine.devices.items()
        if bus_of(device) == (slot.bus, slot.number)
    )
    if not place.name.endswith('.vmdk'):
        return Drive(3000 + index, controller, slot.unit, place)
    chain = tuple(follow_chain(place, world.stores))
    disk = read_disk(place)
    return Disk(
        2000 + index,
        controller,
        slot.unit,
        chain,
        disk.capacity,
        disk.is_thin,
        disk.uuid,
    )


def make_scsi(
    number: int = 0, type_name: str = 'VirtualLsiLogicController'
) -> DataObject:
    """Make a SCSI controller."""
    return DataObject(
        type_name,
        key=1000 + number,
        deviceInfo=DataObject(
            'Description',
            label=f'SCSI controller {number}',
            summary=type_name,
        ),
        controllerKey=100,
        unitNumber=3,
        busNumber=number,
        hotAddRemove=True,
        sharedBus='noSharing',
        scsiCtlrUnitNumber=7,
    )


def _make_bus(type_name: str, key: int, label: str, number: int) -> DataObject:
    return DataObject(
        type_name,
        key=key,
        deviceInfo=DataObject('Description', label=label, summary=label),
        busNumber=number,
    )


_OWN_FILES = {'nvram': 'nvram', 'log': 'log', 'vmsd': 'snapshotList'}
_BUILT_IN: dict[int, Device] = {
    200: _make_bus('VirtualIDEController', 200, 'IDE 0', 0),
    201: _make_bus('VirtualIDEController', 201, 'IDE 1', 1),
    300: _make_bus('VirtualPS2Controller', 300, 'PS2 controller 0', 0),
    100: _make_bus('VirtualPCIController', 100, 'PCI controller 0', 0),
    400: _make_bus('VirtualSIOController', 400, 'SIO controller 0', 0),
}
