"""Layout of machines: the files that vCenter says they are made of."""

import datetime

from vcenter_simulator.datastores.chains import disk_places
from vcenter_simulator.datastores.chains import extent_object
from vcenter_simulator.datastores.descriptors import Descriptor
from vcenter_simulator.datastores.descriptors import read_descriptor
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import shows_property
from vcenter_simulator.machines.machine import Snapshot
from vcenter_simulator.values import DataObject

_NO_KEY = -1


class _Files:
    """The list of files under way, each once, and the keys they get."""

    def __init__(self) -> None:
        self.shown: list[DataObject] = []
        self._keys: dict[Place, int] = {}

    def add_file(
        self, place: Place, kind: str, backing: str | None = None
    ) -> int:
        """Add a file unless it is there, which gives its key."""
        if place not in self._keys:
            key = self._keys[place] = len(self.shown)
            self.shown.append(_show_file(key, place, kind, backing))
        return self._keys[place]

    def add_unit(self, place: Place) -> DataObject:
        """Add the files of one disk of a chain."""
        disk = _read_disk(place)
        backing = None if disk is None else extent_object(disk)
        keys = [self.add_file(place, 'diskDescriptor', backing)]
        keys += [
            self.add_file(extent, 'diskExtent')
            for extent in _list_extents(place, disk)
        ]
        return DataObject(
            'VirtualMachineFileLayoutExDiskUnit', fileKey=tuple(keys)
        )

    def add_chain(self, key: int, chain: tuple[Place, ...]) -> DataObject:
        """Add a disk with its parents; the base is the first of them."""
        return DataObject(
            'VirtualMachineFileLayoutExDiskLayout',
            key=key,
            chain=tuple(self.add_unit(place) for place in reversed(chain)),
        )

    def add_snapshot(self, snapshot: Snapshot) -> DataObject:
        data = self.add_file(snapshot.data, 'snapshotData')
        return DataObject(
            'VirtualMachineFileLayoutExSnapshotLayout',
            key=snapshot.reference,
            dataKey=data,
            memoryKey=_NO_KEY,
            disk=tuple(
                self.add_chain(key, chain)
                for key, chain in snapshot.chains.items()
            )
            or None,
        )


@shows_property('layoutEx')
def show_layout(machine: Machine) -> DataObject | None:
    """Write ``layoutEx``: nothing for a machine that cannot be read."""
    if not machine.is_readable:
        return None
    files = _Files()
    for place, kind in (
        (machine.config_file, 'config'),
        *machine.home_files,
    ):
        files.add_file(place, kind)
    disks = tuple(
        files.add_chain(disk.key, disk.chain) for disk in machine.disks
    )
    snapshots = tuple(
        files.add_snapshot(one) for one in machine.walk_snapshots()
    )
    return DataObject(
        'VirtualMachineFileLayoutEx',
        file=tuple(files.shown),
        disk=disks or None,
        snapshot=snapshots or None,
        timestamp=show_now(machine),
    )


@shows_property('layout')
def show_old_layout(machine: Machine) -> DataObject | None:
    """Write ``layout``, which knows descriptors only."""
    if not machine.is_readable:
        return None
    return DataObject(
        'VirtualMachineFileLayout',
        configFile=(machine.config_file.name,),
        logFile=tuple(
            place.name for place, kind in machine.home_files if kind == 'log'
        )
        or None,
        disk=tuple(
            DataObject(
                'VirtualMachineFileLayoutDiskLayout',
                key=disk.key,
                diskFile=tuple(str(one) for one in reversed(disk.chain)),
            )
            for disk in machine.disks
        )
        or None,
    )


def show_now(machine: Machine) -> datetime.datetime:
    """Give the time by the machine's datastore."""
    return datetime.datetime.fromtimestamp(
        machine.config_file.store.now(), datetime.UTC
    )


def sum_committed(machine: Machine) -> dict[str, int]:
    """Sum up what the machine's files take, by the moid of datastores."""
    taken = {store.moid: 0 for store in machine.list_stores()}
    places = [machine.config_file]
    places += [place for place, _ in machine.home_files]
    for chain in machine.list_chains():
        for place in chain:
            places += _list_files(place)
    for place in dict.fromkeys(places):
        node = place.node
        if isinstance(node, File):
            taken[place.store.moid] += node.allocated
    return taken


def _show_file(
    key: int, place: Place, kind: str, backing: str | None
) -> DataObject:
    node = place.node
    is_there = isinstance(node, File)
    size = node.allocated if isinstance(node, File) else 0
    return DataObject(
        'VirtualMachineFileLayoutExFileInfo',
        key=key,
        name=str(place),
        type=kind,
        size=size,
        uniqueSize=size,
        backingObjectId=backing,
        accessible=is_there,
    )


def _read_disk(place: Place) -> Descriptor | None:
    node = place.node
    return read_descriptor(node) if isinstance(node, File) else None


def _list_extents(place: Place, disk: Descriptor | None) -> list[Place]:
    if disk is None or extent_object(disk) is not None:
        return []
    return [place.sibling(disk.extent)]


def _list_files(place: Place) -> list[Place]:
    try:
        return disk_places(place)
    except VimFault:
        return [place]
