"""``VM.revert``: a machine gets the disks and the state of a snapshot."""

from collections.abc import Iterator
import contextlib

from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params
from xapi_simulator import nested
from xapi_simulator import power
from xapi_simulator.records import Row
from xapi_simulator import suspension
from xapi_simulator.values import NULL
from xapi_simulator import vm_copies


def messages() -> Iterator[Message]:
    yield Message(
        'VM.revert',
        revert,
        params('snapshot: VM ref'),
        'void',
        'vm-power-admin',
        True,
    )


def revert(call: Call, snapshot: str) -> None:
    """Halt a machine and put it back to what a snapshot of it kept.

    Where ``VDI.revert`` is not to be had, as with all chains of VHDs, its
    disks are destroyed, and clones of those of the snapshot take their place.

    :raises XapiError: OPERATION_NOT_ALLOWED when it is no snapshot, or of a
        machine that is gone (xapi would make a new one).
    """
    world = call.world
    vm = world.records.get('VM', snapshot)['snapshot_of']
    if world.records.find('VM', vm) is None:
        raise XapiError('OPERATION_NOT_ALLOWED', 'no machine to revert')
    with (
        power.operation(call, snapshot, 'revert', *vm_copies.ANY),
        power.operation(call, vm, 'reverting', *vm_copies.ANY),
    ):
        if world.records.get('VM', vm)['power_state'] != 'Halted':
            suspension.stop(call, vm)
        _revert_disks(call, snapshot, vm)
        _revert_memory(call, snapshot, vm)
        world.records.write('VM', vm, parent=snapshot)


def _revert_disks(call: Call, snapshot: str, vm: str) -> None:
    kept = {row['VDI']: row for _, row in _disks(call, snapshot)}
    origins = {vdi: _origin(call, vdi) for vdi in kept}
    left = {vdi: kept[vdi] for vdi in kept if not _rewound(call, vdi)}
    done = {origins[vdi] for vdi in kept if vdi not in left}
    for ref, row in _disks(call, vm):
        if row['VDI'] in done:
            continue
        call.world.records.delete('VBD', ref)
        # A disk that the snapshot has nothing of is only taken away.
        if row['VDI'] in origins.values():
            nested.run(call, 'VDI.destroy', row['VDI'])
    call.world.steering.reach('after', 'VM.revert#destroyed')
    for vdi, row in left.items():
        _replace(call, row, vm, origins[vdi])


def _disks(call: Call, vm: str) -> list[tuple[str, Row]]:
    records = call.world.records
    vbds = records.get('VM', vm)['VBDs']
    rows = [(ref, records.get('VBD', ref)) for ref in vbds]
    return [
        (ref, row)
        for ref, row in rows
        if row['type'] == 'Disk' and not row['empty']
    ]


def _origin(call: Call, vdi: str) -> str:
    origin: str = call.world.records.get('VDI', vdi)['snapshot_of']
    return origin


def _rewound(call: Call, vdi: str) -> bool:
    """Try the quick way, which keeps the disk of the machine."""
    try:
        nested.run(call, 'VDI.revert', vdi)
    except XapiError as error:
        if error.code != 'SR_OPERATION_NOT_SUPPORTED':
            raise
        return False
    return True


def _replace(call: Call, vbd: Row, vm: str, origin: str) -> None:
    """Give the machine a clone; all snapshots are told to be of that now."""
    records = call.world.records
    new = nested.run(call, 'VDI.clone', vbd['VDI'], {})
    for ref, row in records.rows('VDI').items():
        if row['snapshot_of'] == origin:
            with contextlib.suppress(XapiError):
                records.write('VDI', ref, snapshot_of=new)
    fields = {**vbd, 'currently_attached': False}
    vm_copies.copy_vbd(call, fields, vm, new)


def _revert_memory(call: Call, snapshot: str, vm: str) -> None:
    """Let it be suspended again if the snapshot was a checkpoint."""
    world = call.world
    image = world.records.get('VM', snapshot)['suspend_VDI']
    if image == NULL:
        return
    made = nested.run(call, 'VDI.clone', image, {})
    world.records.write('VM', vm, suspend_VDI=made)
    for ref in world.records.get('VM', vm)['VBDs']:
        world.attach(ref, True)
    power.enter(world, vm, 'Suspended', NULL)
