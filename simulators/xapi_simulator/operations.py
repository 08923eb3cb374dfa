"""What stands against an operation on a disk, and who must wait for it."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import time
from typing import Any

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator import forwarding
from xapi_simulator.messages import Call
from xapi_simulator.records import Row
from xapi_simulator.world import BLOCKING


# What can be done to a disk of which only the changes are known.
BEARS_NO_DATA = 'data_destroy', 'destroy'


def exclusive(
    call: Call, vdi: str, operation: str
) -> contextlib.AbstractContextManager[None]:
    """Hold a disk and its SR for an operation, as soon as they are free."""
    may = functools.partial(check, call, vdi, operation)
    return held(call, vdi, operation, may)


def held(
    call: Call, vdi: str, operation: str, may: Callable[[], None]
) -> contextlib.AbstractContextManager[None]:
    """Hold them where more stands against it; ``may`` raises what does."""
    sr = call.world.records.get('VDI', vdi)['SR']
    return call.world.queues.operation(
        call.task,
        may,
        ('SR', sr, f'vdi_{operation}'),
        ('VDI', vdi, operation),
    )


def create(
    call: Call, sr: str, size: int, fields: dict[str, Any], seconds: float
) -> str:
    """Make an empty disk, as soon as its SR is free."""
    world = call.world

    def check_sr() -> None:
        world.tasks.check(call.task)
        chains.check_sr(world, sr)
        forwarding.check(world, sr)

    with world.queues.operation(call.task, check_sr, ('SR', sr, 'vdi_create')):
        time.sleep(seconds)
        return chains.create(world, sr, size, fields)


def work(call: Call) -> None:
    """Let the storage layer take its time: nothing interrupts it."""
    method = call.method.removeprefix('Async.')
    call.world.steering.reach('after', f'{method}#begun')
    time.sleep(call.world.timing.of(call.method))


def check(call: Call, vdi: str, operation: str, cancel: bool = True) -> None:
    """Make sure that an operation may begin.

    :raises XapiError: the first of what stands against it.
    """
    world = call.world
    if cancel:
        world.tasks.check(call.task)
    row = world.records.get('VDI', vdi)
    if world.records.get('SR', row['SR'])['type'] == 'udev':
        raise XapiError('VDI_IS_A_PHYSICAL_DEVICE', vdi)
    chains.check_sr(world, row['SR'], changes=operation != 'copy')
    if row['type'] == chains.METADATA and operation not in BEARS_NO_DATA:
        raise XapiError('VDI_INCOMPATIBLE_TYPE', vdi, row['type'])
    if BLOCKING[operation].intersection(_attached(call, row)):
        raise XapiError('VDI_IN_USE', vdi, operation)
    if not row['managed'] and operation != 'copy':
        raise XapiError('VDI_NOT_MANAGED', vdi)
    if operation == 'destroy':
        _check_destroy(call, vdi, row)
    elif row['missing']:
        raise XapiError('VDI_MISSING', row['SR'], vdi)
    forwarding.check(world, row['SR'])


def _check_destroy(call: Call, vdi: str, row: Row) -> None:
    if row['type'] == 'rrd':
        raise XapiError('VDI_HAS_RRDS', vdi)
    pool = call.world.records.get('pool', call.world.pool)
    if row['type'] == 'ha_statefile' and pool['ha_enabled']:
        raise XapiError('HA_IS_ENABLED')


def _attached(call: Call, row: Row) -> Iterator[str]:
    for ref in row['VBDs']:
        vbd = call.world.records.find('VBD', ref)
        if vbd is not None and vbd['currently_attached']:
            yield vbd['mode']
