"""Methods of snapshots, and of machines that have some."""

from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.methods import require_machine
from vcenter_simulator.machines.methods import start_work
from vcenter_simulator.machines import snapshots
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import Reference


@serves('VirtualMachine', 'CreateSnapshot_Task')
def create_snapshot(call: Call) -> Reference:
    machine = require_machine(call)
    name = call.arguments.name
    description = call.arguments.description or ''
    return start_work(
        call,
        lambda: snapshots.take_snapshot(
            call.world, machine, name, description
        ),
    )


@serves('VirtualMachine', 'RemoveAllSnapshots_Task')
def remove_snapshots(call: Call) -> Reference:
    machine = require_machine(call)

    def remove() -> None:
        for snapshot in list(machine.snapshots):
            snapshots.remove_snapshot(call.world, machine, snapshot, True)

    return start_work(call, remove)


@serves('VirtualMachine', 'RevertToCurrentSnapshot_Task')
def revert_to_current(call: Call) -> Reference:
    machine = require_machine(call)

    def revert() -> None:
        if machine.current is None:
            raise VimFault('NotFound', 'The machine has no snapshot.')
        snapshots.revert_to(machine, machine.current)

    return start_work(call, revert)


@serves('VirtualMachineSnapshot', 'RemoveSnapshot_Task')
def remove_snapshot(call: Call) -> Reference:
    found = snapshots.require_snapshot(call.this)
    with_children = call.arguments.removeChildren
    return call.world.tasks.start(
        call,
        found.machine,
        lambda task: snapshots.remove_snapshot(
            call.world, found.machine, found.snapshot, with_children
        ),
    )


@serves('VirtualMachineSnapshot', 'RevertToSnapshot_Task')
def revert_to_snapshot(call: Call) -> Reference:
    found = snapshots.require_snapshot(call.this)
    return call.world.tasks.start(
        call,
        found.machine,
        lambda task: snapshots.revert_to(found.machine, found.snapshot),
    )
