"""Templates: machines that cannot run, and back again."""

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_OFF
from vcenter_simulator.machines.power import check_power
from vcenter_simulator.machines.power import check_readable
from vcenter_simulator.machines.removal import delete_files
from vcenter_simulator.values import Reference


def mark_template(machine: Machine) -> None:
    """Let a machine be a template: its .vmx is called .vmtx then.

    :raises VimFault: InvalidPowerState, InvalidState
    """
    check_power(machine, POWERED_OFF)
    check_readable(machine)
    if machine.is_template:
        raise VimFault('InvalidState', 'It is a template already.')
    machine.is_template = True
    machine.pool = None
    _rename_config(machine, f'{machine.stem}.vmtx')


def mark_machine(
    machine: Machine, pool: Reference, host: Reference | None
) -> None:
    """Let a template be a machine again.

    :raises VimFault: InvalidState
    """
    check_readable(machine)
    if not machine.is_template:
        raise VimFault('InvalidState', 'It is no template.')
    machine.is_template = False
    machine.pool = pool
    machine.host = host or machine.host
    _rename_config(machine, f'{machine.stem}.vmx')


def _rename_config(machine: Machine, name: str) -> None:
    before: Place = machine.config_file
    machine.config_file = before.sibling(name)
    delete_files([before])
    save_config(machine)
    machine.note_change()
