"""Membership of SRs in the pool: forgotten and introduced, with their PBDs."""

from collections.abc import Iterator
from typing import Any

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.fields import MAP
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator.storage import Repository
from xapi_simulator.world import SR_OPERATIONS
from xapi_simulator.world import World

OPERATOR = 'pool-operator'
# How large the disks are of an SR that was never here before.
_SIZE = 2**44


def messages() -> Iterator[Message]:
    sr = params('sr: SR ref')
    yield Message('SR.forget', forget, sr, 'void', OPERATOR, True)
    what = (
        *params('uuid: string', 'name_label: string'),
        *params('name_description: string', 'type: string'),
        *params('content_type: string', 'shared: bool'),
        Parameter('sm_config', MAP, {}),
    )
    yield Message('SR.introduce', introduce, what, 'SR ref', OPERATOR, True)
    record, this = params('args: PBD record'), params('self: PBD ref')
    yield Message('PBD.create', create_pbd, record, 'PBD ref', OPERATOR, True)
    yield Message('PBD.destroy', destroy_pbd, this, 'void', OPERATOR, True)


def forget(call: Call, sr: str) -> None:
    """Let the database forget an SR and its disks; nothing is erased.

    :raises XapiError: SR_HAS_PBD while any host has it plugged in.
    """
    world = call.world

    def check() -> None:
        world.tasks.check(call.task)
        world.records.get('SR', sr)
        if world.seen_by(sr):
            raise XapiError('SR_HAS_PBD', sr)

    with world.queues.operation(call.task, check, ('SR', sr, 'forget')):
        remove(world, sr)


def remove(world: World, sr: str) -> None:
    """Take an SR out of the database, with all that refers to it."""
    records = world.records
    with records.lock:
        row = records.get('SR', sr)
        for vdi in row['VDIs']:
            chains.forget(world, vdi, records.get('VDI', vdi))
        for pbd in row['PBDs']:
            records.delete('PBD', pbd)
        world.forgotten[row['uuid']] = world.disks.pop(sr)
        records.delete('SR', sr)


def introduce(
    call: Call,
    uuid: str,
    name_label: str,
    name_description: str,
    type: str,  # noqa: A002 -- its name in the datamodel
    content_type: str,
    shared: bool,
    sm_config: dict[str, str],
) -> str:
    """Let an SR be known (again); the next scan finds its disks.

    :raises XapiError: SR_UUID_EXISTS when it is known.
    """
    world = call.world
    with world.records.lock:
        if world.records.has_uuid('SR', uuid):
            raise XapiError('SR_UUID_EXISTS', uuid)
        sr = world.records.create(
            'SR',
            uuid=uuid,
            name_label=name_label,
            name_description=name_description,
            type=type,
            content_type=content_type,
            shared=shared,
            sm_config=sm_config,
            allowed_operations=SR_OPERATIONS,
        )
        kept = world.forgotten.pop(uuid, None)
        world.disks[sr] = kept or Repository(type, _SIZE)
    return sr


def create_pbd(call: Call, args: dict[str, Any]) -> str:
    """Let a host know how it reaches an SR; it is not plugged in yet."""
    records = call.world.records
    taken = 'host', 'SR', 'device_config', 'other_config'
    with records.lock:
        records.get('host', args['host'])
        records.get('SR', args['SR'])
        fields = {name: args[name] for name in taken if name in args}
        return records.create('PBD', **fields)


def destroy_pbd(call: Call, pbd: str) -> None:
    """Let a host forget how it reached an SR.

    :raises XapiError: OPERATION_NOT_ALLOWED while it is plugged in.
    """
    records = call.world.records
    with records.lock:
        if records.get('PBD', pbd)['currently_attached']:
            raise XapiError('OPERATION_NOT_ALLOWED', 'PBD is plugged in')
        records.delete('PBD', pbd)
