"""Changes of devices: disks, drives and the rest, added and removed."""

import dataclasses
from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.disks import create_child
from vcenter_simulator.datastores.disks import create_disk
from vcenter_simulator.datastores.disks import delete_disk
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.disks import extend_disk
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.devices import Device
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.machines.devices import find_controller
from vcenter_simulator.machines.devices import free_key
from vcenter_simulator.machines.devices import free_unit
from vcenter_simulator.machines.homes import free_disk_name
from vcenter_simulator.machines.homes import home_of
from vcenter_simulator.machines.homes import make_folder
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.power import hold_again
from vcenter_simulator.machines.power import release_files
from vcenter_simulator.values import DataObject

if TYPE_CHECKING:
    from vcenter_simulator.world import World

KIB = 1024
DISK, DRIVE = 'VirtualDisk', 'VirtualCdrom'


@dataclasses.dataclass(slots=True)
class Changer:
    """Changes the devices of one machine, whose paths a datacenter reads.

    Clients give new devices negative keys, by which others of the same
    request may hang on them: ``keys`` are those that they got.
    """

    world: 'World'
    machine: Machine
    datacenter: str
    keys: dict[int, int] = dataclasses.field(default_factory=dict)

    def apply_changes(self, changes: tuple[DataObject, ...]) -> None:
        """Do what a specification says, one after the other.

        New controllers come first: Nova names them after what hangs on them.

        :raises VimFault: InvalidDeviceSpec, InvalidDeviceOperation,
            FileNotFound for a disk or parent, FileAlreadyExists, NoDiskSpace,
            FileLocked, CannotDeleteFile
        """
        works = {
            'add': self._add_device,
            'remove': self._remove_device,
            'edit': self._edit_device,
        }
        for index, change in sorted(enumerate(changes), key=_comes_later):
            work = works.get(change.operation or 'edit')
            if work is None:
                raise refuse_device(index, change.operation)
            work(index, change)
        hold_again(self.machine)

    def resolve_path(self, text: str) -> Place:
        return self.world.stores.resolve_path(text, self.datacenter)

    def _add_device(self, index: int, change: DataObject) -> None:
        device = change.device
        key = free_key(self.machine.devices, device.type_name)
        if device.key is not None:
            self.keys[device.key] = key
        added: Device
        if device.type_name == DISK:
            added = self._make_disk(index, change, key)
        elif device.type_name == DRIVE:
            added = self._make_drive(device, key)
        else:
            added = self._settle_other(device, key)
        self.machine.devices[key] = added

    def _settle_other(self, device: DataObject, key: int) -> DataObject:
        """Give a controller or card the key that it has from now on."""
        fields: dict[str, Any] = {'key': key}
        wanted = device.controllerKey
        if wanted is not None:
            fields['controllerKey'] = self.keys.get(wanted, wanted)
        if device.macAddress == '' or device.addressType == 'generated':
            fields['macAddress'] = f'00:50:56:00:00:{key % 256:02x}'
        return device.replace(**fields)

    def _find_slot(self, device: DataObject) -> tuple[int, int]:
        wanted = device.controllerKey
        if wanted is not None:
            wanted = self.keys.get(wanted, wanted)
        devices = self.machine.devices
        controller = find_controller(devices, wanted, device.type_name)
        unit = device.unitNumber
        if unit is None or unit < 0:
            unit = free_unit(devices.values(), controller)
        return controller, unit

    def _make_drive(self, device: DataObject, key: int) -> Drive:
        controller, unit = self._find_slot(device)
        return Drive(
            key,
            controller,
            unit,
            self._find_image(device.backing),
            bool(device.connectable and device.connectable.startConnected),
        )

    def _find_image(self, backing: DataObject | None) -> Place | None:
        if backing is None or not backing.fileName:
            return None
        return self.resolve_path(backing.fileName)

    def _make_disk(self, index: int, change: DataObject, key: int) -> Disk:
        device = change.device
        controller, unit = self._find_slot(device)
        backing = device.backing
        if backing is None or backing.fileName is None:
            raise refuse_device(index, 'backing')
        if change.fileOperation is None:
            place = self.resolve_path(backing.fileName)
        else:
            place = self._create_file(device, backing, change.fileOperation)
        chain = tuple(follow_chain(place, self.world.stores))
        disk = read_disk(place)
        mode = backing.diskMode or 'persistent'
        return Disk(
            key,
            controller,
            unit,
            chain,
            disk.capacity,
            disk.is_thin,
            disk.uuid,
            mode,
        )

    def _create_file(
        self, device: DataObject, backing: DataObject, operation: str
    ) -> Place:
        place = self._choose_place(backing)
        if operation == 'replace' and place.node is not None:
            delete_disk(place)
        if backing.parent is not None:
            parent = self.resolve_path(backing.parent.fileName)
            create_child(place, parent)
            return place
        eager = 'eagerZeroedThick' if backing.eagerlyScrub else 'preallocated'
        capacity = device.capacityInBytes or device.capacityInKB * KIB
        spec = DiskSpec(
            capacity=capacity,
            disk_type='thin' if backing.thinProvisioned else eager,
        )
        create_disk(place, spec)
        return place

    def _choose_place(self, backing: DataObject) -> Place:
        """Give where a new disk goes: as told, or beside the machine."""
        home = home_of(self.machine.config_file)
        stem = self.machine.stem
        if not backing.fileName:
            return free_disk_name(home, stem)
        place = self.resolve_path(backing.fileName)
        if place.parts:
            return place
        if place.store is home.store:
            return free_disk_name(home, stem)
        folder = make_folder(place.child(self.machine.name))
        return free_disk_name(folder, stem)

    def _remove_device(self, index: int, change: DataObject) -> None:
        key = change.device.key
        device = self.machine.devices.get(key)
        if device is None:
            raise refuse_device(index, 'key')
        if isinstance(device, Disk) and change.fileOperation == 'destroy':
            release_files(self.machine)
            delete_disk(device.chain[0])
        del self.machine.devices[key]

    def _edit_device(self, index: int, change: DataObject) -> None:
        wanted = change.device
        device = self.machine.devices.get(wanted.key)
        if device is None:
            raise refuse_device(index, 'key')
        if isinstance(device, Disk):
            self._edit_disk(device, wanted)
        elif isinstance(device, Drive):
            device.image = self._find_image(wanted.backing)
            connectable = wanted.connectable
            device.is_connected = bool(connectable and connectable.connected)
        else:
            self.machine.devices[wanted.key] = self._settle_other(
                wanted, wanted.key
            )

    def _edit_disk(self, disk: Disk, wanted: DataObject) -> None:
        capacity = (wanted.capacityInKB or 0) * KIB
        if capacity > disk.capacity:
            release_files(self.machine)
            extend_disk(disk.chain[0], capacity, False)
            disk.capacity = capacity
        if wanted.backing is not None and wanted.backing.diskMode:
            disk.mode = wanted.backing.diskMode


def refuse_device(index: int, name: str) -> VimFault:
    """Make the fault of a device that cannot be as it is asked for."""
    return VimFault(
        'InvalidDeviceSpec',
        f'Invalid configuration for device {index}.',
        property=f'virtualDeviceSpec.{name}',
        deviceIndex=index,
    )


def _comes_later(numbered: tuple[int, DataObject]) -> bool:
    """Tell what is to wait until new controllers are there."""
    change = numbered[1]
    is_controller = change.device.type_name.endswith('Controller')
    return not (is_controller and change.operation == 'add')
