"""Changes of disks, recorded block by block, and what outlives the data."""

from collections.abc import Iterator
import time

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params
from xapi_simulator import operations
from xapi_simulator.records import Row
from xapi_simulator.world import World

ADMIN = 'vm-admin'
# How often who waits for VBDs to go looks at them.
_LOOK = 0.02


def messages() -> Iterator[Message]:
    this = params('self: VDI ref')
    for name, work in (
        ('enable_cbt', enable),
        ('disable_cbt', disable),
        ('data_destroy', data_destroy),
    ):
        yield Message(f'VDI.{name}', work, this, 'void', ADMIN, True)


def enable(call: Call, vdi: str) -> None:
    """Record from now on which blocks of a disk change."""
    _switch(call, vdi, 'enable_cbt', True)


def disable(call: Call, vdi: str) -> None:
    """Record no more which blocks of a disk change."""
    _switch(call, vdi, 'disable_cbt', False)


def _switch(call: Call, vdi: str, operation: str, on: bool) -> None:
    world = call.world

    def check() -> None:
        operations.check(call, vdi, operation)
        _check_tracked(world, vdi)
        _check_live(world, vdi)

    with operations.held(call, vdi, operation, check):
        operations.work(call)
        row = world.records.get('VDI', vdi)
        logs = world.disks[row['SR']].logs
        (logs.add if on else logs.discard)(row['uuid'])
        world.records.write('VDI', vdi, cbt_enabled=on)


def _check_tracked(world: World, vdi: str) -> None:
    """Make sure that the SR can record changes: as chains of VHDs can."""
    sr = world.records.get('VDI', vdi)['SR']
    if not world.disks[sr].is_vhd:
        raise XapiError('SR_OPERATION_NOT_SUPPORTED', sr)


def _check_live(world: World, vdi: str) -> None:
    row = world.records.get('VDI', vdi)
    if row['is_a_snapshot']:
        raise XapiError('OPERATION_NOT_ALLOWED', f'VDI is a snapshot: {vdi}')
    if row['type'] not in ('user', 'system'):
        raise XapiError('VDI_INCOMPATIBLE_TYPE', vdi, row['type'])
    if row['on_boot'] == 'reset':
        raise XapiError('VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION')


def follow(world: World, source: Row, snapshot: str) -> None:
    """Let a snapshot take over what was recorded, if anything was."""
    if source['cbt_enabled']:
        uuid = world.records.get('VDI', snapshot)['uuid']
        world.disks[source['SR']].logs.add(uuid)
        world.records.write('VDI', snapshot, cbt_enabled=True)


def data_destroy(call: Call, vdi: str) -> None:
    """Erase the data of a snapshot; what was recorded of it stays.

    :raises XapiError: VDI_IN_USE when any VBD, attached or not, does not go
        while it waits for that.
    """
    world = call.world

    def check() -> None:
        operations.check(call, vdi, 'data_destroy')
        _check_tracked(world, vdi)
        _check_snapshot(world, vdi)

    with operations.held(call, vdi, 'data_destroy', check):
        kind = world.records.get('VDI', vdi)['type']
        if kind == chains.METADATA:
            return
        # Nobody shall attach it any more, and its look tells them.
        world.records.write('VDI', vdi, type=chains.METADATA)
        try:
            _wait_for_vbds(world, vdi)
            operations.work(call)
            _erase(world, vdi)
        except XapiError:
            world.records.write('VDI', vdi, type=kind)
            raise


def _check_snapshot(world: World, vdi: str) -> None:
    row = world.records.get('VDI', vdi)
    if not row['is_a_snapshot']:
        why = f'VDI is not a snapshot: {vdi}'
        raise XapiError('OPERATION_NOT_ALLOWED', why)
    if not row['cbt_enabled']:
        raise XapiError('VDI_NO_CBT_METADATA', vdi)


def _wait_for_vbds(world: World, vdi: str) -> None:
    end = time.monotonic() + world.timing.detach
    while world.records.get('VDI', vdi)['VBDs']:
        if time.monotonic() >= end:
            raise XapiError('VDI_IN_USE', vdi, 'data_destroy')
        time.sleep(_LOOK)


def _erase(world: World, vdi: str) -> None:
    row = world.records.get('VDI', vdi)
    disk = world.disks[row['SR']]
    with disk.lock:
        chains.volume(world, vdi)
        disk.remove(row['uuid'])
    world.kick(row['SR'])
