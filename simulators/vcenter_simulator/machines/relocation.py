"""Relocation of machines: to another datastore, host, pool or folder."""

import dataclasses
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.disks import copy_disk
from vcenter_simulator.datastores.disks import create_child
from vcenter_simulator.datastores.disks import delete_disk
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.disks import THIN
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.homes import free_disk_name
from vcenter_simulator.machines.homes import home_of
from vcenter_simulator.machines.homes import make_home
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.power import check_readable
from vcenter_simulator.machines.power import hold_again
from vcenter_simulator.machines.power import release_files
from vcenter_simulator.machines.removal import delete_files
from vcenter_simulator.machines.removal import drop_empty_folder
from vcenter_simulator.values import DataObject

if TYPE_CHECKING:
    from vcenter_simulator.world import World

# A child stays a child, of the parent where that lies.
KEEPS_PARENT = 'moveChildMostDiskBacking'
NEW_CHILD = 'createNewChildDiskBacking'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Where the files go: the home, and each disk by its key."""

    home: Store | None
    disks: dict[int, Store]
    keeps_parent: bool

    def store_of(self, disk: Disk) -> Store | None:
        return self.disks.get(disk.key, self.home)


def read_targets(world: 'World', spec: DataObject) -> Targets:
    """Read where a RelocateSpec sends a machine."""
    find = world.stores.find_store
    disks = {}
    for one in spec.disk or ():
        store = find(one.datastore.moid)
        if store is not None:
            disks[one.diskId] = store
    return Targets(
        home=find(spec.datastore.moid) if spec.datastore else None,
        disks=disks,
        keeps_parent=spec.diskMoveType in (KEEPS_PARENT, NEW_CHILD),
    )


def relocate_machine(
    world: 'World', machine: Machine, spec: DataObject
) -> None:
    """Move a machine; its disks are consolidated unless told otherwise.

    :raises VimFault: InvalidState; NotSupported with snapshots; FileNotFound
        for a parent; NoDiskSpace
    """
    check_readable(machine)
    targets = read_targets(world, spec)
    moves_files = targets.home is not None or targets.disks
    if moves_files and machine.snapshots:
        raise VimFault('NotSupported', 'The machine has snapshots.')
    if moves_files:
        release_files(machine)
        try:
            _move_files(world, machine, targets)
        finally:
            hold_again(machine)
    machine.host = spec.host or machine.host
    machine.pool = spec.pool or machine.pool
    machine.parent = spec.folder or machine.parent
    machine.note_change()


def copy_chain(
    world: 'World', disk: Disk, home: Place, stem: str, keeps_parent: bool
) -> Place:
    """Copy a disk to another folder, alone or with its parent named."""
    target = free_disk_name(home, stem)
    if keeps_parent and len(disk.chain) > 1:
        create_child(target, disk.chain[1])
        return target
    spec = None
    if disk.is_thin:
        spec = DiskSpec(capacity=disk.capacity, disk_type=THIN)
    copy_disk(disk.chain[0], target, world.stores, spec, False)
    return target


def attach_chain(world: 'World', disk: Disk, place: Place) -> Disk:
    """Let a disk of a machine be the one at a place.

    :raises VimFault: FileNotFound for it or a parent
    """
    told = read_disk(place)
    disk.chain = tuple(follow_chain(place, world.stores))
    disk.uuid = told.uuid
    disk.capacity = told.capacity
    disk.is_thin = told.is_thin
    return disk


def _move_files(world: 'World', machine: Machine, targets: Targets) -> None:
    old_home = home_of(machine.config_file)
    homes: dict[Store, Place] = {old_home.store: old_home}
    for disk in machine.disks:
        store = targets.store_of(disk)
        if store is None or store is disk.chain[0].store:
            continue
        if store not in homes:
            homes[store] = make_home(store, machine.name)
        top = disk.chain[0]
        new = copy_chain(
            world, disk, homes[store], machine.stem, targets.keeps_parent
        )
        attach_chain(world, disk, new)
        _drop_disk(top)
    if targets.home is not None and targets.home is not old_home.store:
        if targets.home not in homes:
            homes[targets.home] = make_home(targets.home, machine.name)
        _move_home(machine, homes[targets.home])
        drop_empty_folder(old_home)
    save_config(machine)


def _drop_disk(place: Place) -> None:
    """Delete what was copied elsewhere; what is not deletable stays."""
    if read_disk(place).is_deletable:
        delete_disk(place)


def _move_home(machine: Machine, home: Place) -> None:
    moved = []
    for place, kind in machine.home_files:
        target = home.child(place.name)
        if place.node is not None:
            node = place.store.detach_node(place.parts)
            target.store.add_node(target.parts, node)
        moved.append((target, kind))
    machine.home_files = moved
    delete_files([machine.config_file])
    machine.config_file = home.child(machine.config_file.name)
