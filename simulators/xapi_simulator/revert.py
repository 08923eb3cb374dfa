"""``VDI.revert``: a disk becomes what its snapshot is, and stays itself."""

from collections.abc import Iterator

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params
from xapi_simulator import operations
from xapi_simulator.world import World


def messages() -> Iterator[Message]:
    yield Message(
        'VDI.revert',
        revert,
        params('snapshot: VDI ref'),
        'void',
        'vm-power-admin',
        True,
    )


def revert(call: Call, snapshot: str) -> None:
    """Give a disk back the content of one of its snapshots.

    References, names and maps of both stay as they are; what the disk held
    since then is lost.  sm's own drivers cannot: only those of SMAPIv3.
    """
    world = call.world
    row = world.records.get('VDI', snapshot)
    origin = row['snapshot_of']
    if origin == snapshot:
        # A corrupt row: it would wait for itself.
        raise XapiError(
            'OTHER_OPERATION_IN_PROGRESS',
            *('VDI', origin, 'revert_to', call.task),
        )

    def check() -> None:
        _check(call, snapshot, origin)

    with world.queues.operation(
        call.task,
        check,
        ('SR', row['SR'], 'vdi_revert'),
        ('VDI', snapshot, 'revert_to'),
        ('VDI', origin, 'revert_from'),
    ):
        operations.work(call)
        _rewind(world, snapshot, origin)


def _check(call: Call, snapshot: str, origin: str) -> None:
    records = call.world.records
    sr = records.get('VDI', snapshot)['SR']
    if call.world.disks[sr].is_vhd:
        raise XapiError('SR_OPERATION_NOT_SUPPORTED', sr)
    operations.check(call, snapshot, 'revert_to')
    if not records.get('VDI', snapshot)['is_a_snapshot']:
        raise XapiError('REVERT_ONLY_ALLOWED_ON_SNAPSHOT')
    operations.check(call, origin, 'revert_from')
    if records.get('VDI', origin)['SR'] != sr:
        raise XapiError('HANDLE_INVALID', 'VDI', origin)


def _rewind(world: World, snapshot: str, origin: str) -> None:
    kept = world.records.get('VDI', snapshot)
    disk = world.disks[kept['SR']]
    with disk.lock:
        chains.volume(world, snapshot)
        leaf = chains.volume(world, origin)
        base = world.records.new_uuid()
        if disk.revert(leaf.uuid, kept['uuid'], base):
            named = {'name_label': 'base copy'}
            chains.introduce(world, kept['SR'], disk.volumes[base], named)
    world.kick(kept['SR'])
