"""Cloning of machines: full copies, and children of a snapshot."""

from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.disks import create_child
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.entities import check_name
from vcenter_simulator.entities import check_unique
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.creation import add_machine
from vcenter_simulator.machines.creation import Site
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.machines.homes import free_disk_name
from vcenter_simulator.machines.homes import make_home
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import Snapshot
from vcenter_simulator.machines.machine import Traits
from vcenter_simulator.machines.power import check_readable
from vcenter_simulator.machines.power import power_on
from vcenter_simulator.machines.relocation import copy_chain
from vcenter_simulator.machines.relocation import NEW_CHILD
from vcenter_simulator.machines.relocation import read_targets
from vcenter_simulator.machines.removal import clear_home
from vcenter_simulator.machines.templates import mark_template
from vcenter_simulator.values import DataObject

if TYPE_CHECKING:
    from vcenter_simulator.world import World


def clone_machine(
    world: 'World',
    machine: Machine,
    site: Site,
    name: str,
    spec: DataObject,
    snapshot: Snapshot | None,
) -> Machine:
    """Clone a machine; linked to a snapshot where the specification says so.

    :raises VimFault: InvalidName, DuplicateName; InvalidState; InvalidArgument
        for a linked clone of no snapshot; FileLocked for a disk in use;
        FileNotFound, NoDiskSpace
    """
    check_readable(machine)
    shown = check_name(name)
    check_unique(world, site.folder, shown)
    targets = read_targets(world, spec.location)
    is_linked = spec.location.diskMoveType == NEW_CHILD
    if is_linked and snapshot is None:
        raise invalid_argument('spec.snapshot')
    store = targets.home or machine.config_file.store
    home = make_home(store, shown)
    clone = add_machine(world, site, shown, home.child(f'{shown}.vmx'))
    clone.traits = Traits(
        guest=machine.traits.guest,
        cpus=machine.traits.cpus,
        memory_mb=machine.traits.memory_mb,
        annotation=machine.traits.annotation,
        extra=dict(machine.traits.extra),
    )
    try:
        _copy_devices(world, machine, clone, home, snapshot, is_linked)
        save_config(clone)
    except VimFault:
        world.inventory.remove(clone.reference)
        clear_home(home)
        raise
    if spec.template:
        mark_template(clone)
    elif spec.powerOn:
        power_on(clone)
    return clone


def _copy_devices(
    world: 'World',
    machine: Machine,
    clone: Machine,
    home: Place,
    snapshot: Snapshot | None,
    is_linked: bool,
) -> None:
    for key, device in machine.devices.items():
        if isinstance(device, Disk):
            source = _disk_then(device, snapshot)
            if is_linked:
                place = free_disk_name(home, clone.stem)
                create_child(place, source.chain[0])
            else:
                place = copy_chain(world, source, home, clone.stem, False)
            clone.devices[key] = _copy_disk(world, source, place)
        elif isinstance(device, Drive):
            clone.devices[key] = Drive(
                key,
                device.controller,
                device.unit,
                device.image,
                device.is_connected,
            )
        else:
            clone.devices[key] = device


def _disk_then(disk: Disk, snapshot: Snapshot | None) -> Disk:
    """Give a disk as it was when a snapshot was taken."""
    if snapshot is None or disk.key not in snapshot.chains:
        return disk
    return Disk(
        disk.key,
        disk.controller,
        disk.unit,
        snapshot.chains[disk.key],
        disk.capacity,
        disk.is_thin,
        disk.uuid,
        disk.mode,
    )


def _copy_disk(world: 'World', disk: Disk, place: Place) -> Disk:
    return Disk(
        disk.key,
        disk.controller,
        disk.unit,
        tuple(follow_chain(place, world.stores)),
        disk.capacity,
        disk.is_thin,
        disk.uuid,
        disk.mode,
    )
