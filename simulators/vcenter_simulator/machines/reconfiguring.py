"""Reconfiguring: what a ConfigSpec makes of a machine."""

from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.entities import check_name
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.changes import Changer
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.power import check_readable
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Typed

if TYPE_CHECKING:
    from vcenter_simulator.world import World


def reconfigure(
    world: 'World', machine: Machine, spec: DataObject, datacenter: str
) -> None:
    """Let a machine be as a specification says.

    What was changed before a fault stays so.

    :raises VimFault: ConcurrentAccess where ``changeVersion`` is not the
        machine's; InvalidState for one that cannot be read; InvalidName; and
        as Changer.apply_changes
    """
    check_readable(machine)
    version = spec.changeVersion
    if version and version != str(machine.change_version):
        raise VimFault('ConcurrentAccess', 'The machine was changed since.')
    apply_traits(machine, spec)
    changer = Changer(world, machine, datacenter)
    try:
        changer.apply_changes(spec.deviceChange or ())
    finally:
        machine.note_change()
        save_config(machine)


def apply_traits(machine: Machine, spec: DataObject) -> None:
    """Take over what a specification says apart from devices."""
    traits = machine.traits
    if spec.name is not None:
        machine.name = check_name(spec.name)
    traits.guest = spec.guestId or traits.guest
    traits.cpus = spec.numCPUs or traits.cpus
    traits.memory_mb = spec.memoryMB or traits.memory_mb
    traits.uuid = spec.uuid or traits.uuid
    traits.instance_uuid = spec.instanceUuid or traits.instance_uuid
    if spec.annotation is not None:
        traits.annotation = spec.annotation
    for option in spec.extraConfig or ():
        # An empty value removes the key.
        if text := _read_text(option.value):
            traits.extra[option.key] = text
        else:
            traits.extra.pop(option.key, None)


def _read_text(value: Any) -> str:
    """Read the value of an option, whatever type it was sent as."""
    given = value.value if isinstance(value, Typed) else value
    return '' if given is None else str(given)
