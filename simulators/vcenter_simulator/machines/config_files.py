"""Configuration files: the .vmx of a machine, written and read again."""

from collections.abc import Iterator
import dataclasses
import re

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.places import Registry
from vcenter_simulator.datastores.trees import make_file
from vcenter_simulator.entities import unescape_name
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.devices import Device
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import Traits
from vcenter_simulator.values import DataObject

_LINE = re.compile(r'^\s*([^=\s]+)\s*=\s*"(.*)"\s*$', re.MULTILINE)
_SLOT = re.compile(r'^([a-z]+)(\d+):(\d+)\.fileName$')
_BUSES = {
    'VirtualIDEController': 'ide',
    'VirtualAHCIController': 'sata',
    'VirtualNVMEController': 'nvme',
}
_SCSI_NAMES = {
    'VirtualLsiLogicController': 'lsilogic',
    'VirtualLsiLogicSASController': 'lsisas1068',
    'VirtualBusLogicController': 'buslogic',
    'ParaVirtualSCSIController': 'pvscsi',
}
_ESCAPED = str.maketrans({'|': '|7C', '"': '|22', '\n': '|0A', '\r': '|0D'})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A disk or drive as a .vmx names it: its bus, unit and file."""

    bus: str
    number: int
    unit: int
    file: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a .vmx says; ``scsi`` are its SCSI controllers by number."""

    name: str
    traits: Traits
    scsi: dict[int, str]
    slots: tuple[Slot, ...]


def save_config(machine: Machine) -> None:
    """Write a machine's .vmx anew, in its place.

    :raises VimFault: NoDiskSpace
    """
    store = machine.config_file.store
    text = '\n'.join(
        f'{name} = "{_escape(value)}"' for name, value in _lines(machine)
    )
    file = make_file(text.encode() + b'\n', store.now())
    there = machine.config_file.node
    if there is None:
        store.add_node(machine.config_file.parts, file)
        return
    known = machine.config_file.read_file()
    known.content = file.content
    store.grow_file(known, file.size, file.size)


def read_config(place: Place) -> Config:
    """Read a .vmx.

    :raises VimFault: FileNotFound; InvalidVmConfig for what is none
    """
    text = place.read_file().content.decode('utf-8', 'replace')
    fields = {name: _unescape(value) for name, value in _LINE.findall(text)}
    if 'displayName' not in fields:
        raise VimFault('InvalidVmConfig', property='displayName')
    return Config(
        name=fields['displayName'],
        traits=_read_traits(fields),
        scsi=_read_controllers(fields),
        slots=tuple(_read_slots(fields)),
    )


def resolve_file(config_file: Place, name: str, stores: Registry) -> Place:
    """Find the file that a .vmx names, beside it or by a host's path."""
    found = stores.resolve_url(name) if name.startswith('/') else None
    return found or config_file.sibling(name)


def bus_of(device: Device | None) -> tuple[str, int]:
    """Give the bus that a controller makes, and its number."""
    if not isinstance(device, DataObject):
        return 'ide', 0
    bus = _BUSES.get(device.type_name, 'scsi')
    return bus, device.busNumber or 0


def _lines(machine: Machine) -> Iterator[tuple[str, str]]:
    traits = machine.traits
    yield '.encoding', 'UTF-8'
    yield 'displayName', unescape_name(machine.name)
    yield 'guestOS', traits.guest
    yield 'memSize', str(traits.memory_mb)
    yield 'numvcpus', str(traits.cpus)
    yield 'uuid.bios', traits.uuid
    yield 'vc.uuid', traits.instance_uuid
    yield 'annotation', traits.annotation
    for name, value in traits.extra.items():
        yield f'extra.{name}', value
    for device in machine.devices.values():
        yield from _device_lines(machine, device)


def _device_lines(
    machine: Machine, device: Device
) -> Iterator[tuple[str, str]]:
    if isinstance(device, DataObject):
        if device.type_name in _SCSI_NAMES:
            bus, number = bus_of(device)
            yield f'{bus}{number}.virtualDev', _SCSI_NAMES[device.type_name]
        return
    bus, number = bus_of(machine.devices.get(device.controller))
    slot = f'{bus}{number}:{device.unit}'
    file = device.chain[0] if isinstance(device, Disk) else device.image
    if file is not None:
        yield f'{slot}.fileName', _name_file(machine, file)
    kind = 'cdrom-image' if isinstance(device, Drive) else 'disk'
    yield f'{slot}.deviceType', kind


def _name_file(machine: Machine, file: Place) -> str:
    home = machine.config_file
    beside = file.store is home.store and file.parts[:-1] == home.parts[:-1]
    return file.name if beside else file.url


def _read_traits(fields: dict[str, str]) -> Traits:
    traits = Traits(
        guest=fields.get('guestOS', 'otherGuest64'),
        cpus=int(fields.get('numvcpus', '1')),
        memory_mb=int(fields.get('memSize', '512')),
        annotation=fields.get('annotation', ''),
        extra={
            name.removeprefix('extra.'): value
            for name, value in fields.items()
            if name.startswith('extra.')
        },
    )
    traits.uuid = fields.get('uuid.bios', traits.uuid)
    traits.instance_uuid = fields.get('vc.uuid', traits.instance_uuid)
    return traits


def _read_controllers(fields: dict[str, str]) -> dict[int, str]:
    types = {name: kind for kind, name in _SCSI_NAMES.items()}
    found = {}
    for name, value in fields.items():
        match = re.fullmatch(r'scsi(\d+)\.virtualDev', name)
        if match:
            found[int(match[1])] = types.get(
                value, 'VirtualLsiLogicController'
            )
    return found


def _read_slots(fields: dict[str, str]) -> Iterator[Slot]:
    for name, value in fields.items():
        match = _SLOT.match(name)
        if match:
            yield Slot(
                bus=match[1],
                number=int(match[2]),
                unit=int(match[3]),
                file=value,
            )


def _escape(value: str) -> str:
    return value.translate(_ESCAPED)


def _unescape(value: str) -> str:
    return re.sub(
        r'\|(7C|22|0A|0D)', lambda found: chr(int(found[1], 16)), value
    )
