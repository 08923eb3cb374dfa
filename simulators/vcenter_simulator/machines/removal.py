"""Removal of machines: from the inventory alone, or with their files."""

from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.descriptors import read_descriptor
from vcenter_simulator.datastores.disks import delete_disk
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.homes import home_of
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_OFF
from vcenter_simulator.machines.machine import SUSPENDED
from vcenter_simulator.machines.power import check_power

if TYPE_CHECKING:
    from vcenter_simulator.world import World


def unregister_machine(world: 'World', machine: Machine) -> None:
    """Let vCenter forget a machine; its files stay.

    :raises VimFault: InvalidPowerState while it runs
    """
    check_power(machine, POWERED_OFF, SUSPENDED)
    for snapshot in machine.walk_snapshots():
        world.inventory.remove(snapshot.reference)
    world.inventory.remove(machine.reference)


def destroy_machine(world: 'World', machine: Machine) -> None:
    """Delete a machine with its files, and its folder if that is empty then.

    Of its disks and their parents it deletes down to the first that is not
    deletable: that one has other children.

    :raises VimFault: InvalidPowerState while it runs; FileLocked
    """
    check_power(machine, POWERED_OFF)
    if machine.is_readable:
        for chain in machine.list_chains():
            _delete_chain(chain)
        _delete_home(machine)
    unregister_machine(world, machine)


def delete_files(places: list[Place]) -> None:
    """Delete those files that are there."""
    for place in places:
        if isinstance(place.node, File):
            place.store.detach_node(place.parts)


def clear_home(home: Place) -> None:
    """Delete the folder of a machine that could not be made, disks and all."""
    folder = home.node
    if not isinstance(folder, Folder):
        return
    for name in list(folder.entries):
        place = home.child(name)
        if isinstance(place.node, File) and read_descriptor(place.node):
            delete_disk(place)
    delete_files([home.child(name) for name in folder.entries])
    home.store.detach_node(home.parts)


def drop_empty_folder(place: Place) -> None:
    """Delete a folder, unless something is in it."""
    node = place.node
    if place.parts and isinstance(node, Folder) and not node.entries:
        place.store.detach_node(place.parts)


def _delete_home(machine: Machine) -> None:
    delete_files(
        [
            machine.config_file,
            *(place for place, _ in machine.home_files),
            *(one.data for one in machine.walk_snapshots()),
        ]
    )
    drop_empty_folder(home_of(machine.config_file))


def _delete_chain(chain: tuple[Place, ...]) -> None:
    for place in chain:
        # A snapshot's chain may have gone with the disk's already.
        if place.node is None:
            continue
        # Below lies what others hang on, and may run on.
        if not read_disk(place).is_deletable:
            return
        try:
            delete_disk(place)
        except VimFault as fault:
            if fault.type_name == 'FileLocked':
                raise
            return
