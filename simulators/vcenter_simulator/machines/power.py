"""Power of machines: what a host holds open while one runs."""

from vcenter_simulator.datastores.chains import disk_places
from vcenter_simulator.datastores.locks import close_file
from vcenter_simulator.datastores.locks import Handle
from vcenter_simulator.datastores.locks import open_file
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_OFF
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.machines.machine import SUSPENDED

_MIB = 2**20


def check_power(machine: Machine, *wanted: str) -> None:
    """Make sure that a machine is in one of some states.

    :raises VimFault: InvalidPowerState
    """
    if machine.power_state not in wanted:
        raise VimFault(
            'InvalidPowerState',
            'The operation is not allowed in the current state.',
            requestedState=wanted[0],
            existingState=machine.power_state,
        )


def check_readable(machine: Machine) -> None:
    """Make sure that vCenter can reach a machine's files.

    :raises VimFault: InvalidState
    """
    if not machine.is_readable:
        raise VimFault(
            'InvalidState',
            f'The machine is {machine.connection_state}.',
        )


def power_on(machine: Machine) -> None:
    """Start a machine.

    :raises VimFault: InvalidPowerState; InvalidState for a template or one
        that cannot be read; FileNotFound where a disk of a chain is missing;
        FileLocked where another machine writes to it; NoDiskSpace for swap
    """
    check_power(machine, POWERED_OFF, SUSPENDED)
    check_readable(machine)
    if machine.is_template:
        raise VimFault('InvalidState', 'A template cannot be started.')
    hold_files(machine)
    try:
        _add_run_files(machine)
    except VimFault:
        release_files(machine)
        raise
    machine.power_state = POWERED_ON
    machine.note_change()


def power_off(machine: Machine) -> None:
    """Stop a machine at once.

    :raises VimFault: InvalidPowerState
    """
    check_power(machine, POWERED_ON, SUSPENDED)
    release_files(machine)
    drop_swap(machine)
    machine.power_state = POWERED_OFF
    machine.note_change()


def suspend(machine: Machine) -> None:
    """Suspend a machine, which gives its files up.

    :raises VimFault: InvalidPowerState
    """
    check_power(machine, POWERED_ON)
    release_files(machine)
    drop_swap(machine)
    machine.power_state = SUSPENDED
    machine.note_change()


def hold_files(machine: Machine) -> None:
    """Open the disks of a machine: all its own to write, parents to read.

    :raises VimFault: FileNotFound, FileLocked; then nothing is held
    """
    try:
        for disk in machine.disks:
            for depth, place in enumerate(disk.chain):
                _hold_disk(machine, place, is_top=depth == 0)
        for drive in machine.drives:
            if drive.image is not None and drive.image.node is not None:
                _hold(machine, drive.image, False)
    except VimFault:
        release_files(machine)
        raise


def release_files(machine: Machine) -> None:
    """Close what a host holds open for a machine."""
    while machine.handles:
        close_file(machine.handles.pop())


def hold_again(machine: Machine) -> None:
    """Hold the files of what the machine is made of now, if it runs.

    :raises VimFault: as hold_files
    """
    if machine.power_state == POWERED_ON:
        release_files(machine)
        hold_files(machine)


def drop_swap(machine: Machine) -> None:
    """Delete the swap file."""
    for place, kind in list(machine.home_files):
        if kind == 'swap':
            machine.home_files.remove((place, kind))
            if place.node is not None:
                place.store.detach_node(place.parts)


def _hold_disk(machine: Machine, place: Place, is_top: bool) -> None:
    for file in disk_places(place):
        _hold(machine, file, is_top)


def _hold(machine: Machine, place: Place, as_writer: bool) -> None:
    handle: Handle = open_file(place, as_writer=as_writer)
    machine.handles.append(handle)


def _add_run_files(machine: Machine) -> None:
    """Make the files that a machine has once it has run."""
    home = machine.config_file
    swap = home.sibling(f'{machine.stem}-{machine.moid}.vswp')
    size = machine.traits.memory_mb * _MIB
    swap.store.add_node(swap.parts, File(size, b'', swap.store.now()))
    machine.home_files.append((swap, 'swap'))
    for name, kind in (
        (f'{machine.stem}.nvram', 'nvram'),
        ('vmware.log', 'log'),
    ):
        place = home.sibling(name)
        if place.node is None:
            file = File(8684, b'', place.store.now())
            place.store.add_node(place.parts, file)
        if (place, kind) not in machine.home_files:
            machine.home_files.append((place, kind))
