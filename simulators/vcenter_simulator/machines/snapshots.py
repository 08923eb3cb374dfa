"""Snapshots of machines: taken, removed and gone back to."""

import copy
import dataclasses
import re
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import allocated_bytes
from vcenter_simulator.datastores.chains import extent_object
from vcenter_simulator.datastores.chains import hint_parent
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.chains import rewrite_descriptor
from vcenter_simulator.datastores.disks import create_child
from vcenter_simulator.datastores.disks import delete_disk
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.homes import free_delta_name
from vcenter_simulator.machines.homes import home_of
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import Snapshot
from vcenter_simulator.machines.power import check_readable
from vcenter_simulator.machines.power import hold_again
from vcenter_simulator.machines.power import release_files
from vcenter_simulator.machines.properties import show_config
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World

KIND = 'VirtualMachineSnapshot'
_NUMBER = re.compile(r'-\d{6}$')


class SnapshotObject(ManagedObject):
    """A snapshot as clients see it."""

    def __init__(
        self, machine: Machine, snapshot: Snapshot, then: Machine
    ) -> None:
        super().__init__(
            KIND,
            snapshot.reference.moid,
            vm=machine.reference,
            config=lambda: show_config(then),
            childSnapshot=lambda: tuple(
                child.reference for child in snapshot.children
            ),
        )
        self.machine = machine
        self.snapshot = snapshot


def take_snapshot(
    world: 'World', machine: Machine, name: str, description: str
) -> Reference:
    """Take a snapshot: from now on each disk writes to a child.

    :raises VimFault: InvalidState; NoDiskSpace; FileNotFound for a disk
    """
    check_readable(machine)
    machine.snapshot_count += 1
    number = machine.snapshot_count
    data = _write_data(machine, number)
    snapshot = Snapshot(
        Reference(KIND, world.inventory.new_moid('snapshot')),
        name,
        description,
        number,
        machine.config_file.store.now(),
        machine.power_state,
        data,
        {disk.key: disk.chain for disk in machine.disks},
    )
    then = _copy_machine(machine)
    release_files(machine)
    _add_children(machine)
    siblings = machine.current.children if machine.current else None
    (machine.snapshots if siblings is None else siblings).append(snapshot)
    machine.current = snapshot
    world.inventory.add(SnapshotObject(machine, snapshot, then))
    _finish(machine)
    return snapshot.reference


def _copy_machine(machine: Machine) -> Machine:
    """Keep what a machine is made of now, as its snapshot shows it."""
    then = copy.copy(machine)
    then.devices = {
        key: copy.copy(device) for key, device in machine.devices.items()
    }
    return then


def remove_snapshot(
    world: 'World', machine: Machine, snapshot: Snapshot, with_children: bool
) -> None:
    """Remove a snapshot: what came after it is merged into its disks.

    :raises VimFault: NoDiskSpace
    """
    release_files(machine)
    if with_children:
        for child in reversed(list(snapshot.walk())[1:]):
            _drop_snapshot(world, machine, child)
    _drop_snapshot(world, machine, snapshot)
    _finish(machine)


def _drop_snapshot(
    world: 'World', machine: Machine, snapshot: Snapshot
) -> None:
    above = find_parent(machine, snapshot)
    siblings = above.children if above else machine.snapshots
    siblings.remove(snapshot)
    siblings += snapshot.children
    if machine.current is snapshot:
        machine.current = above
    for chain in snapshot.chains.values():
        _merge_child(machine, chain[0])
    if snapshot.data.node is not None:
        snapshot.data.store.detach_node(snapshot.data.parts)
    world.inventory.remove(snapshot.reference)


def revert_to(machine: Machine, snapshot: Snapshot) -> None:
    """Go back: what the disks wrote since is thrown away.

    :raises VimFault: FileNotFound, NoDiskSpace
    """
    release_files(machine)
    kept = {
        chain[0]
        for one in machine.walk_snapshots()
        for chain in one.chains.values()
    }
    for disk in machine.disks:
        if disk.key not in snapshot.chains:
            del machine.devices[disk.key]
            continue
        if disk.chain[0] not in kept:
            delete_disk(disk.chain[0])
        disk.chain = snapshot.chains[disk.key]
    _add_children(machine)
    machine.current = snapshot
    _finish(machine)


def find_parent(machine: Machine, snapshot: Snapshot) -> Snapshot | None:
    """Give the snapshot that another was taken after."""
    for one in machine.walk_snapshots():
        if snapshot in one.children:
            return one
    return None


def _finish(machine: Machine) -> None:
    machine.note_change()
    save_config(machine)
    hold_again(machine)


def _write_data(machine: Machine, number: int) -> Place:
    place = machine.config_file.sibling(
        f'{machine.stem}-Snapshot{number}.vmsn'
    )
    store = place.store
    store.write_file(place.parts, File(28000, b'', store.now()))
    return place


def _add_children(machine: Machine) -> None:
    home = home_of(machine.config_file)
    for disk in machine.disks:
        if disk.mode.startswith('independent'):
            continue
        # By the disk that is written to, not by a base of other machines.
        stem = _NUMBER.sub('', disk.chain[0].name.removesuffix('.vmdk'))
        place = free_delta_name(home, stem)
        create_child(place, disk.chain[0], marks=False)
        disk.chain = (place, *disk.chain)


def _merge_child(machine: Machine, place: Place) -> None:
    """Let the only child of a disk be merged into it."""
    chains = machine.list_chains()
    children = {
        chain[index]
        for chain in chains
        for index in range(len(chain) - 1)
        if chain[index + 1] == place
    }
    if len(children) != 1:
        return
    (child,) = children
    if not all(read_disk(one).is_deletable for one in (place, child)):
        # Somebody's linked clone hangs on one of them.
        return
    _move_bytes(child, place)
    delete_disk(child)
    _drop_from_chains(machine, child, place)


def _move_bytes(child: Place, place: Place) -> None:
    gained = allocated_bytes(child)
    name = extent_object(read_disk(place))
    if name is not None:
        place.store.objects[name] += gained
        place.store.used += gained
        return
    extent = place.sibling(read_disk(place).extent).read_file()
    size = max(extent.size, extent.allocated + gained)
    place.store.grow_file(extent, size, extent.allocated + gained)


def _drop_from_chains(machine: Machine, child: Place, place: Place) -> None:
    """Let all that named a merged disk name the one it went into."""
    for disk in machine.disks:
        disk.chain = _without(disk.chain, child, place)
    for snapshot in machine.walk_snapshots():
        snapshot.chains = {
            key: _without(chain, child, place)
            for key, chain in snapshot.chains.items()
        }


def _without(
    chain: tuple[Place, ...], child: Place, place: Place
) -> tuple[Place, ...]:
    if child not in chain:
        return chain
    index = chain.index(child)
    if index:
        above = chain[index - 1]
        disk = read_disk(above)
        hint = hint_parent(above, place)
        rewrite_descriptor(above, dataclasses.replace(disk, parent=hint))
    return chain[:index] + chain[index + 1 :]


def require_snapshot(one: ManagedObject) -> SnapshotObject:
    """Give what a call to a snapshot is about.

    :raises VimFault: InvalidType
    """
    if not isinstance(one, SnapshotObject):
        raise VimFault('InvalidType')
    return one
