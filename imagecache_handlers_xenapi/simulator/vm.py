"""The calls of the classes VM and VBD: machines, and the disks they hold."""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers_xenapi.simulator.errors import XapiError
from imagecache_handlers_xenapi.simulator.messages import Call
from imagecache_handlers_xenapi.simulator.messages import Message
from imagecache_handlers_xenapi.simulator.messages import Parameter
from imagecache_handlers_xenapi.simulator.messages import params
from imagecache_handlers_xenapi.simulator.records import Row
from imagecache_handlers_xenapi.simulator.values import NULL

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
    yield _make('VM.hard_shutdown', shutdown, vm, OPERATOR)
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
        'VM', **fields, allowed_operations=('start',)
    )


def destroy(call: Call, vm: str) -> None:
    """Destroy a halted machine; its disks stay."""
    records = call.world.records
    with records.lock:
        row = _in_state(call, vm, 'Halted')
        for vbd in row['VBDs']:
            records.delete('VBD', vbd)
        records.delete('VM', vm)


def start(call: Call, vm: str, start_paused: bool, force: bool) -> None:
    """Start a machine: all its disks are attached, or it stays halted."""
    records = call.world.records
    with records.lock:
        row = _in_state(call, vm, 'Halted')
        if row['is_a_template']:
            raise XapiError('VM_IS_TEMPLATE', vm)
        vbds = [(ref, records.get('VBD', ref)) for ref in row['VBDs']]
        for ref, vbd in vbds:
            _check_attach(call, ref, vbd)
        state = 'Paused' if start_paused else 'Running'
        records.write(
            'VM', vm, power_state=state, resident_on=_home(call, row)
        )
        for ref, _ in vbds:
            call.world.attach(ref, True)


def _home(call: Call, row: Row) -> str:
    affinity: str = row['affinity']
    return affinity if affinity != NULL else call.world.master


def shutdown(call: Call, vm: str) -> None:
    """Halt a machine and detach its disks."""
    records = call.world.records
    with records.lock:
        row = _in_state(call, vm, 'Running')
        for ref in row['VBDs']:
            call.world.attach(ref, False)
        records.write('VM', vm, power_state='Halted', resident_on=NULL)


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
            records.get('VDI', args['VDI'])
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
        _in_state(call, row['VM'], 'Running')
        if row['currently_attached']:
            raise XapiError('DEVICE_ALREADY_ATTACHED', vbd)
        _check_attach(call, vbd, row)
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


def _in_state(call: Call, vm: str, state: str) -> Row:
    row = call.world.records.get('VM', vm)
    if row['power_state'] != state:
        raise XapiError(
            'VM_BAD_POWER_STATE',
            vm,
            state.lower(),
            row['power_state'].lower(),
        )
    return row


def _check_attach(call: Call, ref: str, vbd: Row) -> None:
    """Make sure that a disk is there, and nobody else's to write to."""
    records = call.world.records
    if vbd['empty']:
        return
    vdi = records.get('VDI', vbd['VDI'])
    disk = call.world.disks[vdi['SR']]
    if vdi['missing'] or vdi['uuid'] not in disk.volumes:
        raise XapiError('VDI_MISSING', vdi['SR'], vbd['VDI'])
    if not call.world.seen_by(vdi['SR']):
        raise XapiError('SR_HAS_NO_PBDS', vdi['SR'])
    if 'destroy' in vdi['current_operations'].values():
        operations = vdi['current_operations']
        [task] = [one for one in operations if operations[one] == 'destroy']
        raise XapiError(
            'OTHER_OPERATION_IN_PROGRESS', 'VDI', vbd['VDI'], 'destroy', task
        )
    modes = {
        other['mode']
        for one in vdi['VBDs']
        if one != ref
        and (other := records.get('VBD', one))['currently_attached']
    }
    alone = vbd['mode'] == 'RW' and modes
    if (alone or 'RW' in modes) and not vdi['sharable']:
        raise XapiError('VDI_IN_USE', vbd['VDI'], 'attach')
