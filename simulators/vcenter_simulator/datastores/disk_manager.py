"""VirtualDiskManager: its methods, as clients call them."""

import dataclasses

from vcenter_simulator.datastores.addressing import check_place
from vcenter_simulator.datastores.addressing import resolve_place
from vcenter_simulator.datastores.addressing import start_work
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.chains import rewrite_descriptor
from vcenter_simulator.datastores import disks
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

KIB = 1024


@serves('VirtualDiskManager', 'CreateVirtualDisk_Task')
def create_disk(call: Call) -> Reference:
    arguments = call.arguments
    check_place(call, arguments.name, arguments.datacenter)

    def create_there() -> str:
        place = _resolve_name(call)
        disks.create_disk(place, _read_spec(arguments.spec, None))
        return str(place)

    return start_work(call, create_there)


@serves('VirtualDiskManager', 'DeleteVirtualDisk_Task')
def delete_disk(call: Call) -> Reference:
    check_place(call, call.arguments.name, call.arguments.datacenter)
    return start_work(call, lambda: disks.delete_disk(_resolve_name(call)))


@serves('VirtualDiskManager', 'CopyVirtualDisk_Task')
def copy_disk(call: Call) -> Reference:
    _check_both(call)
    arguments = call.arguments

    def copy_there() -> str:
        source, target = _resolve_both(call)
        spec = None
        if arguments.destSpec is not None:
            spec = _read_spec(arguments.destSpec, 1)
        force = bool(arguments.force)
        disks.copy_disk(source, target, call.world.stores, spec, force)
        return str(target)

    return start_work(call, copy_there)


@serves('VirtualDiskManager', 'MoveVirtualDisk_Task')
def move_disk(call: Call) -> Reference:
    _check_both(call)

    def move_there() -> str:
        source, target = _resolve_both(call)
        force = bool(call.arguments.force)
        disks.move_disk(source, target, call.world.stores, force)
        return str(target)

    return start_work(call, move_there)


@serves('VirtualDiskManager', 'ExtendVirtualDisk_Task')
def extend_disk(call: Call) -> Reference:
    arguments = call.arguments
    check_place(call, arguments.name, arguments.datacenter)

    def extend_there() -> None:
        capacity = arguments.newCapacityKb * KIB
        eager = bool(arguments.eagerZero)
        disks.extend_disk(_resolve_name(call), capacity, eager)

    return start_work(call, extend_there)


@serves('VirtualDiskManager', 'QueryVirtualDiskUuid')
def query_uuid(call: Call) -> str:
    check_place(call, call.arguments.name, call.arguments.datacenter)
    return read_disk(_resolve_name(call)).uuid


@serves('VirtualDiskManager', 'SetVirtualDiskUuid')
def write_uuid(call: Call) -> None:
    check_place(call, call.arguments.name, call.arguments.datacenter)
    place = _resolve_name(call)
    disk = read_disk(place)
    rewrite_descriptor(
        place, dataclasses.replace(disk, uuid=call.arguments.uuid)
    )


def _read_spec(spec: DataObject, capacity: int | None) -> DiskSpec:
    """Read a specification; a copy needs no capacity, and brings its own.

    :raises VimFault: NotSupported for a disk that is a device
    """
    if capacity is None and spec.capacityKb is None:
        raise VimFault('NotSupported')
    return DiskSpec(
        capacity=capacity or spec.capacityKb * KIB,
        disk_type=spec.diskType,
        adapter=spec.adapterType,
    )


def _resolve_name(call: Call) -> Place:
    return resolve_place(call, call.arguments.name, call.arguments.datacenter)


def _check_both(call: Call) -> None:
    arguments = call.arguments
    source = arguments.sourceDatacenter
    check_place(call, arguments.sourceName, source)
    check_place(call, arguments.destName, arguments.destDatacenter or source)


def _resolve_both(call: Call) -> tuple[Place, Place]:
    """Find source and target; their datacenter is the same unless told."""
    arguments = call.arguments
    source = arguments.sourceDatacenter
    target = arguments.destDatacenter or source
    return (
        resolve_place(call, arguments.sourceName, source),
        resolve_place(call, arguments.destName, target),
    )
