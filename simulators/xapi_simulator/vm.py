"""The calls of the classes VM and VBD: machines, and the disks they hold."""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator import power

ADMIN, OPERATOR = 'vm-admin', 'vm-operator'


def messages() -> Iterator[Message]:
    vm, this = params('vm: VM ref'), params('self: VM ref')
    vbd = params('self: VBD ref')
    how = params('start_paused: bool', 'force: bool')
    template = (*this, *params('value: bool'))
    yield _make(
        'VM.create', create, params('args: VM record'), ADMIN, 'VM ref'
    )
    yield _make('VM.destroy', destroy, this, ADMIN)
    yield _make('VM.start', start, (*vm, *how), OPERATOR)
    yield _make('VM.clean_shutdown', shutdown, vm, OPERATOR)
    yield _make('VM.set_is_a_template', set_is_a_template, template, ADMIN)
    record = params('args: VBD record')
    yield _make('VBD.create', create_vbd, record, ADMIN, 'VBD ref')
    yield _make('VBD.destroy', destroy_vbd, vbd, ADMIN)
    yield _make('VBD.plug', plug, vbd, ADMIN)
    yield _make('VBD.unplug', unplug, vbd, ADMIN)
    mode = (*vbd, *params('value: enum vbd_mode'))
    yield _make('VBD.set_mode', set_mode, mode, ADMIN)


def _make(
    name: str,
    work: Callable[..., Any],
    more: tuple[Parameter, ...],
    role: str,
    result: str = 'void',
) -> Message:
    return Message(name, work, more, result, role, True)


def create(call: Call, args: dict[str, Any]) -> str:
    """Create a machine, without disks and halted."""
    names = 'name_label', 'name_description', 'other_config', 'tags'
    more = 'is_a_template', 'memory_static_max', 'VCPUs_max', 'affinity'
    fields = {name: args[name] for name in (*names, *more) if name in args}
    return call.world.records.create(
        'VM', **fields, allowed_operations=power.ALLOWED['Halted']
    )


def destroy(call: Call, vm: str) -> None:
    """Destroy a machine that runs nowhere; its disks stay, all of them."""
    records = call.world.records
    with records.lock:
        row = power.in_state(call, vm, 'Halted', 'Suspended')
        for child in row['children']:
            records.write('VM', child, parent=row['parent'])
        for vbd in row['VBDs']:
            vdi = records.get('VBD', vbd)['VDI']
            records.delete('VBD', vbd)
            call.world.show_operations(vdi)
        records.delete('VM', vm)


def start(call: Call, vm: str, start_paused: bool, force: bool) -> None:
    """Start a machine: all its disks are attached, or it stays halted."""
    records = call.world.records
    with records.lock:
        row = power.in_state(call, vm, 'Halted')
        if row['is_a_template']:
            raise XapiError('VM_IS_TEMPLATE', vm)
        vbds = [(ref, records.get('VBD', ref)) for ref in row['VBDs']]
        for ref, vbd in vbds:
            power.check_attach(call.world, ref, vbd)
        state = 'Paused' if start_paused else 'Running'
        power.enter(call.world, vm, state, power.home(call.world, row))
        for ref, _ in vbds:
            call.world.attach(ref, True)


def shutdown(call: Call, vm: str) -> None:
    """Halt a running machine and detach its disks."""
    with power.operation(call, vm, 'clean_shutdown', 'Running'):
        power.halt(call.world, vm)


def set_is_a_template(call: Call, vm: str, value: bool) -> None:
    call.world.records.write('VM', vm, is_a_template=value)


def create_vbd(call: Call, args: dict[str, Any]) -> str:
    """Give a machine a disk, not attached yet."""
    records = call.world.records
    taken = (
        'VM',
        'VDI',
        'userdevice',
        'bootable',
        'mode',
        'type',
        'empty',
        'other_config',
        'unpluggable',
        'qos_algorithm_type',
        'qos_algorithm_params',
    )
    fields = {name: args[name] for name in taken if name in args}
    with records.lock:
        records.get('VM', args['VM'])
        if not args['empty']:
            kind = records.get('VDI', args['VDI'])['type']
            if kind == 'cbt_metadata':
                raise XapiError('VDI_INCOMPATIBLE_TYPE', args['VDI'], kind)
        return records.create('VBD', **fields)


def destroy_vbd(call: Call, vbd: str) -> None:
    """Take a disk from a machine.

    :raises XapiError: OPERATION_NOT_ALLOWED when it is attached.
    """
    records = call.world.records
    with records.lock:
        row = records.get('VBD', vbd)
        if row['currently_attached']:
            why = f"VBD '{row['uuid']}' still attached"
            raise XapiError('OPERATION_NOT_ALLOWED', why)
        records.delete('VBD', vbd)


def plug(call: Call, vbd: str) -> None:
    """Attach a disk to a running machine."""
    records = call.world.records
    with records.lock:
        row = records.get('VBD', vbd)
        power.in_state(call, row['VM'], 'Running')
        if row['currently_attached']:
            raise XapiError('DEVICE_ALREADY_ATTACHED', vbd)
        power.check_attach(call.world, vbd, row)
        call.world.attach(vbd, True)


def unplug(call: Call, vbd: str) -> None:
    """Detach a disk from a running machine."""
    records = call.world.records
    with records.lock:
        row = records.get('VBD', vbd)
        if not row['currently_attached']:
            raise XapiError('DEVICE_ALREADY_DETACHED', vbd)
        call.world.attach(vbd, False)


def set_mode(call: Call, vbd: str, value: str) -> None:
    call.world.records.write('VBD', vbd, mode=value)
