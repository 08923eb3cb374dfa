"""Power states of machines: who is in which, and what a change takes."""

from collections.abc import Iterator
import contextlib

from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.records import Row
from xapi_simulator.values import NULL
from xapi_simulator.world import World


def in_state(call: Call, vm: str, *states: str) -> Row:
    """Give the row of a machine that is in one of these states.

    :raises XapiError: VM_BAD_POWER_STATE when it is in another.
    """
    row = call.world.records.get('VM', vm)
    if row['power_state'] not in states:
        wanted = ', '.join(state.lower() for state in states)
        actual = row['power_state'].lower()
        raise XapiError('VM_BAD_POWER_STATE', vm, wanted, actual)
    return row


@contextlib.contextmanager
def operation(call: Call, vm: str, name: str, *states: str) -> Iterator[None]:
    """Hold a machine for an operation, if it is in one of these states."""
    world = call.world

    def check() -> None:
        world.tasks.check(call.task)
        in_state(call, vm, *states)

    with world.queues.operation(call.task, check, ('VM', vm, name)):
        yield


def home(world: World, row: Row) -> str:
    """Choose the host on which a machine is to run."""
    affinity: str = row['affinity']
    return affinity if affinity != NULL else world.master


def halt(world: World, vm: str) -> None:
    """Let a machine be off: it lives nowhere, and its disks are detached."""
    records = world.records
    with records.lock:
        for ref in records.get('VM', vm)['VBDs']:
            world.attach(ref, False)
        records.write(
            'VM',
            vm,
            power_state='Halted',
            resident_on=NULL,
            domid=-1,
            allowed_operations=ALLOWED['Halted'],
        )


def enter(world: World, vm: str, state: str, host: str) -> None:
    """Let a machine be in a state, on a host or (suspended) on none.

    The disks of one that is suspended still count as attached.
    """
    world.records.write(
        'VM',
        vm,
        power_state=state,
        resident_on=host,
        allowed_operations=ALLOWED[state],
    )


def check_attach(world: World, ref: str, vbd: Row) -> None:
    """Make sure that a disk is there, and nobody else's to write to."""
    records = world.records
    if vbd['empty']:
        return
    vdi = records.get('VDI', vbd['VDI'])
    disk = world.disks[vdi['SR']]
    if vdi['missing'] or vdi['uuid'] not in disk.volumes:
        raise XapiError('VDI_MISSING', vdi['SR'], vbd['VDI'])
    if not world.seen_by(vdi['SR']):
        raise XapiError('SR_HAS_NO_PBDS', vdi['SR'])
    _check_unmoved(vbd['VDI'], vdi)
    modes = {
        other['mode']
        for one in vdi['VBDs']
        if one != ref
        and (other := records.get('VBD', one))['currently_attached']
    }
    alone = vbd['mode'] == 'RW' and modes
    if (alone or 'RW' in modes) and not vdi['sharable']:
        raise XapiError('VDI_IN_USE', vbd['VDI'], 'attach')


def _check_unmoved(vdi: str, row: Row) -> None:
    for task, operation in row['current_operations'].items():
        if operation in ('destroy', 'data_destroy', 'revert_from'):
            raise XapiError(
                'OTHER_OPERATION_IN_PROGRESS', 'VDI', vdi, operation, task
            )


# What a machine allows in which state, as far as it is offered here.
ALLOWED = {
    'Halted': ('clone', 'destroy', 'snapshot', 'start'),
    'Paused': ('checkpoint', 'hard_shutdown', 'snapshot'),
    'Running': (
        *('checkpoint', 'clean_shutdown', 'hard_shutdown', 'snapshot'),
        'suspend',
    ),
    'Suspended': (
        *('checkpoint', 'destroy', 'hard_shutdown', 'resume', 'snapshot'),
    ),
}
