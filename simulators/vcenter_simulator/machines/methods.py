"""Methods of machines and their folders, as clients call them."""

from collections.abc import Callable
from typing import Any

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.entities import find_datacenter
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.cloning import clone_machine
from vcenter_simulator.machines.creation import create_machine
from vcenter_simulator.machines.creation import register_machine
from vcenter_simulator.machines.creation import Site
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.machines import power
from vcenter_simulator.machines.reconfiguring import reconfigure
from vcenter_simulator.machines.relocation import relocate_machine
from vcenter_simulator.machines.removal import unregister_machine
from vcenter_simulator.machines import snapshots
from vcenter_simulator.machines import templates
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import Reference

ALLOCATE = 'Datastore.AllocateSpace'


@serves('Folder', 'CreateVM_Task')
def create_vm(call: Call) -> Reference:
    site = read_site(call, call.this.reference)
    spec = call.arguments.config

    def create(task: object) -> Reference:
        return create_machine(call.world, site, spec).reference

    return call.world.tasks.start(call, call.this, create)


@serves('Folder', 'RegisterVM_Task')
def register_vm(call: Call) -> Reference:
    arguments = call.arguments
    if not arguments.asTemplate and arguments.pool is None:
        raise invalid_argument('pool')
    site = read_site(call, call.this.reference)

    def register(task: object) -> Reference:
        place: Place = call.world.stores.resolve_path(
            arguments.path, site.datacenter
        )
        return register_machine(
            call.world, site, place, arguments.name
        ).reference

    return call.world.tasks.start(call, call.this, register)


@serves('VirtualMachine', 'UnregisterVM')
def unregister_vm(call: Call) -> None:
    unregister_machine(call.world, require_machine(call))


@serves('VirtualMachine', 'ReconfigVM_Task')
def reconfigure_vm(call: Call) -> Reference:
    machine = require_machine(call)
    datacenter = find_datacenter(call.world, machine.reference).moid
    return start_work(
        call,
        lambda: reconfigure(
            call.world, machine, call.arguments.spec, datacenter
        ),
    )


@serves('VirtualMachine', 'PowerOnVM_Task')
def power_on_vm(call: Call) -> Reference:
    machine = require_machine(call)

    def start() -> None:
        machine.host = call.arguments.host or machine.host
        power.power_on(machine)

    return start_work(call, start)


@serves('VirtualMachine', 'PowerOffVM_Task')
def power_off_vm(call: Call) -> Reference:
    machine = require_machine(call)
    return start_work(call, lambda: power.power_off(machine))


@serves('VirtualMachine', 'SuspendVM_Task')
def suspend_vm(call: Call) -> Reference:
    machine = require_machine(call)
    return start_work(call, lambda: power.suspend(machine))


@serves('VirtualMachine', 'ResetVM_Task')
def reset_vm(call: Call) -> Reference:
    machine = require_machine(call)
    return start_work(call, lambda: power.check_power(machine, POWERED_ON))


@serves('VirtualMachine', 'ShutdownGuest')
@serves('VirtualMachine', 'RebootGuest')
def command_guest(call: Call) -> None:
    power.check_power(require_machine(call), POWERED_ON)
    raise VimFault('ToolsUnavailable', 'No tools run in the guest.')


@serves('VirtualMachine', 'RefreshStorageInfo')
def refresh_storage(call: Call) -> None:
    require_machine(call).forget_shown()


@serves('VirtualMachine', 'MarkAsTemplate')
def mark_as_template(call: Call) -> None:
    templates.mark_template(require_machine(call))


@serves('VirtualMachine', 'MarkAsVirtualMachine')
def mark_as_machine(call: Call) -> None:
    arguments = call.arguments
    templates.mark_machine(
        require_machine(call), arguments.pool, arguments.host
    )


@serves('VirtualMachine', 'RelocateVM_Task')
def relocate_vm(call: Call) -> Reference:
    machine = require_machine(call)
    spec = call.arguments.spec
    if spec.datastore is not None:
        call.check_privilege(spec.datastore, ALLOCATE)
    return start_work(
        call, lambda: relocate_machine(call.world, machine, spec)
    )


@serves('VirtualMachine', 'CloneVM_Task')
def clone_vm(call: Call) -> Reference:
    machine = require_machine(call)
    arguments = call.arguments
    site = read_site(call, arguments.folder, machine)
    snapshot = None
    if arguments.spec.snapshot is not None:
        found = call.find(arguments.spec.snapshot)
        snapshot = snapshots.require_snapshot(found).snapshot

    def clone() -> Reference:
        return clone_machine(
            call.world, machine, site, arguments.name, arguments.spec, snapshot
        ).reference

    return start_work(call, clone)


def read_site(
    call: Call, folder: Reference, like: Machine | None = None
) -> Site:
    """Give where a call wants a machine; as another one unless it says.

    :raises VimFault: InvalidArgument for a folder of no datacenter
    """
    arguments = call.arguments
    location = arguments.spec and arguments.spec.location
    given = location or arguments
    pool, host = given.pool, given.host or _choose_host(call, given.pool)
    if like is not None:
        pool, host = pool or like.pool, host or like.host
    return Site(
        folder=folder,
        datacenter=find_datacenter(call.world, folder).moid,
        pool=pool,
        host=host,
    )


def require_machine(call: Call) -> Machine:
    """Give the machine that a call is made to.

    :raises VimFault: InvalidType
    """
    if not isinstance(call.this, Machine):
        raise VimFault('InvalidType')
    return call.this


def _choose_host(call: Call, pool: Reference | None) -> Reference | None:
    """Give a host of the pool's cluster, as DRS would choose one."""
    if pool is None:
        return None
    owner = call.find(pool).read_property('owner')
    hosts = call.find(owner).read_property('host') or (None,)
    chosen: Reference | None = hosts[0]
    return chosen


def start_work(call: Call, work: Callable[[], Any]) -> Reference:
    """Start a task on the machine; it is told of once it has ended."""

    def run(task: object) -> Any:
        result = work()
        call.world.note_change()
        return result

    return call.world.tasks.start(call, call.this, run)
