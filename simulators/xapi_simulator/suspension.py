"""Suspension of machines: memory in a disk of its own, until they resume."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import time
from typing import Any

from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params
from xapi_simulator import nested
from xapi_simulator import operations
from xapi_simulator import power
from xapi_simulator.values import NULL

# xapi keeps room for the memory, for what else it saves, and to be sure.
_SURPLUS, _MORE = 1.2 * 1.05, 100 * 2**20


def messages() -> Iterator[Message]:
    vm, this = params('vm: VM ref'), params('self: VM ref')
    how = params('start_paused: bool', 'force: bool')
    image = params('value: VDI ref')
    yield _make('suspend', suspend, vm, 'vm-operator')
    yield _make('resume', resume, (*vm, *how), 'vm-operator')
    yield _make('hard_shutdown', hard_shutdown, vm, 'vm-operator')
    yield _make('set_suspend_VDI', set_image, (*this, *image), 'pool-operator')


def _make(
    name: str, work: Callable[..., Any], more: tuple[Any, ...], role: str
) -> Message:
    return Message(f'VM.{name}', work, more, 'void', role, True)


def suspend(call: Call, vm: str) -> None:
    """Save the memory of a machine in a disk and let it live nowhere."""
    with power.operation(call, vm, 'suspend', 'Running'):
        save(call, vm)
        power.enter(call.world, vm, 'Suspended', NULL)
        call.world.records.write('VM', vm, domid=-1)


def save(call: Call, vm: str) -> None:
    """Make a disk of the memory of a machine."""
    world = call.world
    row = world.records.get('VM', vm)
    size = int(row['memory_static_max'] * _SURPLUS) + _MORE
    fields = {
        'name_label': 'Suspend image',
        'name_description': 'Suspend image',
        'type': 'suspend',
        'sm_config': {'vmhint': row['uuid'], 'initial_allocation': str(size)},
    }
    sr = _repository(call, vm)
    try:
        image = operations.create(call, sr, size, fields, 0)
    except XapiError as error:
        if error.code != 'SR_BACKEND_FAILURE_44':
            raise
        raise XapiError('SR_SUSPEND_SPACE_INSUFFICIENT', sr) from None
    world.records.write('VM', vm, suspend_VDI=image)
    world.steering.reach('after', 'VM.suspend#image')
    time.sleep(world.timing.of(call.method))


def _repository(call: Call, vm: str) -> str:
    """Choose where to: what the machine says, else what the pool does."""
    world = call.world
    row = world.records.get('VM', vm)
    pool = world.records.get('pool', world.pool)
    for sr in row['suspend_SR'], pool['suspend_image_SR']:
        known = world.records.find('SR', sr) is not None
        if known and row['resident_on'] in world.seen_by(sr):
            return str(sr)
    raise XapiError('VM_NO_SUSPEND_SR', vm)


def resume(call: Call, vm: str, start_paused: bool, force: bool) -> None:
    """Let a suspended machine go on; the disk of its memory is destroyed."""
    with power.operation(call, vm, 'resume', 'Suspended'):
        restore(call, vm, 'Paused' if start_paused else 'Running')


def restore(call: Call, vm: str, state: str) -> None:
    """Read a machine's memory back.

    :raises XapiError: VM_HAS_NO_SUSPEND_VDI, and the machine is off.
    """
    world = call.world
    row = world.records.get('VM', vm)
    image = row['suspend_VDI']
    if image == NULL:
        power.halt(world, vm)
        raise XapiError('VM_HAS_NO_SUSPEND_VDI', 'VM', vm)
    with world.records.lock:
        _check_image(call, image)
        for ref in row['VBDs']:
            vbd = world.records.get('VBD', ref)
            if vbd['currently_attached']:
                power.check_attach(world, ref, vbd)
        power.enter(world, vm, state, power.home(world, row))
        world.records.write('VM', vm, suspend_VDI=NULL)
    nested.run(call, 'VDI.destroy', image)


def _check_image(call: Call, image: str) -> None:
    world = call.world
    row = world.records.get('VDI', image)
    if row['uuid'] not in world.disks[row['SR']].volumes:
        raise XapiError('VDI_MISSING', row['SR'], image)


def hard_shutdown(call: Call, vm: str) -> None:
    """Halt a machine and detach its disks; saved memory is destroyed."""
    states = 'Paused', 'Suspended', 'Running'
    with power.operation(call, vm, 'hard_shutdown', *states):
        stop(call, vm)


def stop(call: Call, vm: str) -> None:
    """Halt a machine that is not halted."""
    world = call.world
    image = world.records.get('VM', vm)['suspend_VDI']
    if image != NULL:
        # Whether that works or not, it is forgotten.
        with contextlib.suppress(XapiError):
            nested.run(call, 'VDI.destroy', image)
        world.records.write('VM', vm, suspend_VDI=NULL)
    power.halt(world, vm)


def set_image(call: Call, vm: str, value: str) -> None:
    """Let a suspended machine resume from another disk of the same bytes."""
    world = call.world
    power.in_state(call, vm, 'Suspended')
    row = world.records.get('VDI', value)
    if row['type'] == 'cbt_metadata':
        raise XapiError('VDI_INCOMPATIBLE_TYPE', vm, row['type'])
    world.records.write('VM', vm, suspend_VDI=value)
