"""Devices: what machines keep of their disks and drives, and show of it."""

from collections.abc import Iterable
import dataclasses

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.faults import VimFault
from vcenter_simulator.values import DataObject

# Where the keys of devices begin, by the end of their types' names.
_BASES = {
    'VirtualDisk': 2000,
    'VirtualCdrom': 3000,
    'VirtualIDEController': 200,
    'VirtualAHCIController': 15000,
    'VirtualNVMEController': 31000,
}
_SCSI_BASE = 1000
_CARD_BASE = 4000
_OTHER_BASE = 12000
_SCSI_TYPES = {
    'ParaVirtualSCSIController',
    'VirtualBusLogicController',
    'VirtualLsiLogicController',
    'VirtualLsiLogicSASController',
}
CARD_TYPES = {
    'VirtualE1000',
    'VirtualE1000e',
    'VirtualPCNet32',
    'VirtualSriovEthernetCard',
    'VirtualVmxnet2',
    'VirtualVmxnet3',
}
# On a SCSI bus the controller itself is the unit of this number.
_CONTROLLER_UNIT = 7


@dataclasses.dataclass(slots=True, eq=False)
class Disk:
    """A disk of a machine; ``chain`` is it and its parents, the base last.

    The chain is what it was when the disk was attached: vCenter does not
    look again, whatever becomes of the files.
    """

    key: int
    controller: int
    unit: int
    chain: tuple[Place, ...]
    capacity: int
    is_thin: bool = True
    uuid: str = ''
    mode: str = 'persistent'


@dataclasses.dataclass(slots=True, eq=False)
class Drive:
    """A CD-ROM drive, with the file of an ISO image or without."""

    key: int
    controller: int
    unit: int
    image: Place | None = None
    is_connected: bool = False


Device = Disk | Drive | DataObject


def is_controller(device: Device) -> bool:
    return isinstance(device, DataObject) and device.type_name.endswith(
        'Controller'
    )


def is_scsi(device: Device) -> bool:
    return isinstance(device, DataObject) and device.type_name in _SCSI_TYPES


def first_key(type_name: str) -> int:
    """Give where the keys of a type of device begin."""
    if type_name in _SCSI_TYPES:
        return _SCSI_BASE
    if type_name in CARD_TYPES:
        return _CARD_BASE
    return _BASES.get(type_name, _OTHER_BASE)


def free_key(devices: Iterable[int], type_name: str) -> int:
    """Give the first key that no device has."""
    taken = set(devices)
    key = first_key(type_name)
    while key in taken:
        key += 1
    return key


def free_unit(devices: Iterable[Device], controller: int) -> int:
    """Give the first unit of a controller that is free."""
    taken = {
        device.unit
        for device in devices
        if isinstance(device, Disk | Drive) and device.controller == controller
    }
    unit = 0
    while unit in taken or unit == _CONTROLLER_UNIT:
        unit += 1
    return unit


def find_controller(
    devices: dict[int, Device], wanted: int | None, type_name: str
) -> int:
    """Give the controller that a new device hangs on.

    :raises VimFault: InvalidDeviceSpec where there is none
    """
    if wanted is not None and wanted in devices:
        return wanted
    if wanted is None:
        for key, device in devices.items():
            suits = is_scsi if type_name == 'VirtualDisk' else is_controller
            if suits(device):
                return key
    raise VimFault(
        'InvalidDeviceSpec',
        'The device has no controller.',
        property='virtualDeviceSpec.device.controllerKey',
        deviceIndex=0,
    )


def show_device(device: Device) -> DataObject:
    """Write a device as ``config.hardware.device`` has it."""
    if isinstance(device, Disk):
        return _show_disk(device)
    if isinstance(device, Drive):
        return _show_drive(device)
    return device


def show_backing(disk: Disk) -> DataObject:
    """Write what a disk is backed by, each with its parent."""
    backing: DataObject | None = None
    for depth, place in enumerate(reversed(disk.chain)):
        backing = DataObject(
            'VirtualDiskFlatVer2BackingInfo',
            fileName=str(place),
            datastore=place.store.reference,
            diskMode=disk.mode,
            split=False,
            writeThrough=False,
            thinProvisioned=disk.is_thin or None,
            uuid=disk.uuid or None,
            contentId='fffffffe',
            parent=backing,
            deltaDiskFormat='redoLogFormat' if depth else None,
            digestEnabled=False,
        )
    if backing is None:
        raise ValueError('a disk has a chain of at least one')
    return backing


def _show_disk(disk: Disk) -> DataObject:
    return DataObject(
        'VirtualDisk',
        key=disk.key,
        deviceInfo=_describe(
            f'Hard disk {disk.key - 1999}', f'{disk.capacity // 1024:,} KB'
        ),
        backing=show_backing(disk),
        controllerKey=disk.controller,
        unitNumber=disk.unit,
        capacityInKB=disk.capacity // 1024,
        capacityInBytes=disk.capacity,
    )


def _show_drive(drive: Drive) -> DataObject:
    return DataObject(
        'VirtualCdrom',
        key=drive.key,
        deviceInfo=_describe(
            f'CD/DVD drive {drive.key - 2999}',
            f'ISO {drive.image}' if drive.image else 'Remote device',
        ),
        backing=_show_image(drive),
        connectable=DataObject(
            'VirtualDeviceConnectInfo',
            startConnected=drive.is_connected,
            allowGuestControl=True,
            connected=drive.is_connected,
            status='ok',
        ),
        controllerKey=drive.controller,
        unitNumber=drive.unit,
    )


def _show_image(drive: Drive) -> DataObject:
    if drive.image is None:
        return DataObject(
            'VirtualCdromRemotePassthroughBackingInfo',
            deviceName='',
            useAutoDetect=False,
            exclusive=False,
        )
    return DataObject(
        'VirtualCdromIsoBackingInfo',
        fileName=str(drive.image),
        datastore=drive.image.store.reference,
    )


def _describe(label: str, summary: str) -> DataObject:
    return DataObject('Description', label=label, summary=summary)
