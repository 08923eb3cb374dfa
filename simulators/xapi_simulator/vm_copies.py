"""Copies of machines: clones, snapshots and checkpoints, and the way back."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
from typing import Any

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator import nested
from xapi_simulator import power
from xapi_simulator.records import Row
from xapi_simulator import suspension
from xapi_simulator.values import EPOCH
from xapi_simulator.values import NULL

ANY = 'Halted', 'Paused', 'Running', 'Suspended'
# What a copy of a machine has of its origin.
_KEPT = (
    'name_description',
    'user_version',
    'affinity',
    'memory_target',
    'memory_static_max',
    'VCPUs_max',
    'other_config',
    'tags',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One way to copy a machine, and its disks with it."""

    name: str
    disks: str
    states: tuple[str, ...]
    is_a_snapshot: bool = True


CLONE = Kind('clone', 'VDI.clone', ('Halted',), False)
SNAPSHOT = Kind('snapshot', 'VDI.snapshot', ANY)
CHECKPOINT = Kind('checkpoint', 'VDI.snapshot', ANY[1:])


def messages() -> Iterator[Message]:
    what = params('vm: VM ref', 'new_name: string')
    ignored = Parameter('ignore_vdis', 'VDI ref set', ())
    power_admin = 'vm-power-admin'
    yield _make('clone', clone, what, 'vm-admin')
    yield _make('snapshot', snapshot, (*what, ignored), power_admin)
    yield _make('checkpoint', checkpoint, what, power_admin)


def _make(
    name: str,
    work: Callable[..., Any],
    more: tuple[Parameter, ...],
    role: str,
) -> Message:
    return Message(f'VM.{name}', work, more, 'VM ref', role, True)


def clone(call: Call, vm: str, new_name: str) -> str:
    """Make a machine of clones of a machine's disks.

    A suspended one can be cloned if it is a snapshot: a checkpoint.
    """
    row = call.world.records.get('VM', vm)
    states = ('Halted', 'Suspended') if row['is_a_snapshot'] else ('Halted',)
    with power.operation(call, vm, 'clone', *states):
        return _copy(call, vm, CLONE, new_name)


def snapshot(
    call: Call, vm: str, new_name: str, ignore_vdis: tuple[str, ...]
) -> str:
    """Keep what the disks of a machine are now, in any state of it."""
    with power.operation(call, vm, 'snapshot', *SNAPSHOT.states):
        return _copy(call, vm, SNAPSHOT, new_name, ignore_vdis)


def checkpoint(call: Call, vm: str, new_name: str) -> str:
    """Keep disks and memory; a running machine is suspended meanwhile."""
    world = call.world
    with power.operation(call, vm, 'checkpoint', *CHECKPOINT.states):
        row = world.records.get('VM', vm)
        if row['power_state'] != 'Running':
            return _copy(call, vm, CHECKPOINT, new_name)
        suspension.save(call, vm)
        power.enter(world, vm, 'Suspended', row['resident_on'])
        try:
            made = _copy(call, vm, CHECKPOINT, new_name)
            info = {**_info(row), 'power-state-at-snapshot': 'Running'}
            world.records.write('VM', made, snapshot_info=info)
        finally:
            suspension.restore(call, vm, 'Running')
        return made


def _copy(
    call: Call,
    vm: str,
    kind: Kind,
    new_name: str,
    ignored: tuple[str, ...] = (),
) -> str:
    """Copy the disks first, then the record, then its memory.

    Until the VBDs are there nothing tells whose the new disks are.
    """
    world = call.world
    vbds = _vbds(call, vm, ignored)
    with _undone(call) as made:
        disks = [(vbd, copy_disk(call, vbd, kind, made)) for vbd in vbds]
        world.steering.reach('after', f'VM.{kind.name}#disks')
        new = _record(call, vm, kind, new_name)
        try:
            for vbd, disk in disks:
                copy_vbd(call, vbd, new, disk)
            world.steering.reach('after', f'VM.{kind.name}#vbds')
            _copy_memory(call, vm, new, kind)
        except XapiError:
            world.records.delete('VM', new)
            raise
    _settle(call, new, _state(call, vm, kind))
    return new


def _vbds(call: Call, vm: str, ignored: tuple[str, ...]) -> list[Row]:
    records = call.world.records
    rows = [records.get('VBD', one) for one in records.get('VM', vm)['VBDs']]
    return [row for row in rows if row['VDI'] not in ignored]


@contextlib.contextmanager
def _undone(call: Call) -> Iterator[list[str]]:
    """Give a list of new disks, destroyed again if the rest goes wrong."""
    made: list[str] = []
    try:
        yield made
    except XapiError:
        for vdi in made:
            with contextlib.suppress(XapiError):
                nested.run(call, 'VDI.destroy', vdi)
        raise


def copy_disk(call: Call, vbd: Row, kind: Kind, made: list[str]) -> str:
    """Copy the disk of a VBD; what is in a drive stays what it is."""
    vdi: str = vbd['VDI']
    if vbd['empty'] or vbd['type'] == 'CD':
        return vdi
    new: str = nested.run(call, kind.disks, vdi, {})
    made.append(new)
    return new


def _record(call: Call, vm: str, kind: Kind, new_name: str) -> str:
    records = call.world.records
    row = records.get('VM', vm)
    snap = kind.is_a_snapshot
    new = records.create(
        'VM',
        **{name: row[name] for name in _KEPT},
        name_label=new_name,
        is_a_template=snap or row['is_a_template'],
        is_a_snapshot=snap,
        snapshot_of=vm if snap else NULL,
        snapshot_time=chains.now() if snap else EPOCH,
        snapshot_info=_info(row) if snap else {},
        parent=row['parent'] if snap else NULL,
        current_operations={call.task: kind.name},
    )
    if snap:
        records.write('VM', vm, parent=new)
    return new


def _info(row: Row) -> dict[str, str]:
    return {
        'power-state-at-snapshot': row['power_state'],
        'disk-snapshot-type': 'crash_consistent',
    }


def copy_vbd(call: Call, vbd: Row, vm: str, vdi: str) -> None:
    """Give a machine a VBD like another one's, attached if that is."""
    left = 'uuid', 'VM', 'VDI', 'allowed_operations', 'current_operations'
    fields = {name: vbd[name] for name in vbd if name not in left}
    if vbd['type'] == 'Disk':
        # The copy owns its disks, whoever owned the first ones.
        fields['other_config'] = {'owner': '', **vbd['other_config']}
    call.world.records.create('VBD', **fields, VM=vm, VDI=vdi)
    call.world.show_operations(vdi)


def _copy_memory(call: Call, vm: str, new: str, kind: Kind) -> None:
    world = call.world
    image = world.records.get('VM', vm)['suspend_VDI']
    if image != NULL and kind is not SNAPSHOT:
        made = nested.run(call, kind.disks, image, {})
        world.records.write('VM', new, suspend_VDI=made)


def _state(call: Call, vm: str, kind: Kind) -> str:
    """Give the state of the new machine: never one that runs."""
    state = call.world.records.get('VM', vm)['power_state']
    asleep = state == 'Suspended' and kind is not SNAPSHOT
    return 'Suspended' if asleep else 'Halted'


def _settle(call: Call, new: str, state: str) -> None:
    world = call.world
    world.records.write('VM', new, current_operations={})
    if state == 'Halted':
        power.halt(world, new)
    else:
        power.enter(world, new, state, NULL)
