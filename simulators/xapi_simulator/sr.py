"""The calls of the classes SR and PBD: storage, and who is plugged into it."""

from collections.abc import Iterator
import functools
import time

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator import forwarding
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params

OPERATOR = 'pool-operator'


def messages() -> Iterator[Message]:
    sr = params('sr: SR ref')
    yield Message('SR.scan', scan, sr, 'void', 'vm-power-admin', True)
    yield Message('SR.update', update, sr, 'void', OPERATOR, True)
    for name in 'name_label', 'name_description':
        work = functools.partial(_write, name)
        value = (*sr, *params('value: string'))
        yield Message(f'SR.set_{name}', work, value, 'void', OPERATOR, True)
    pbd = params('self: PBD ref')
    yield Message('PBD.plug', plug, pbd, 'void', OPERATOR, True)
    yield Message('PBD.unplug', unplug, pbd, 'void', OPERATOR, True)


def scan(call: Call, sr: str) -> None:
    """Look at all disks; nothing else may happen in the SR meanwhile."""
    _exclusively(call, sr, 'scan')


def update(call: Call, sr: str) -> None:
    """Read how full the SR is."""
    _exclusively(call, sr, 'update')


def _exclusively(call: Call, sr: str, operation: str) -> None:
    world = call.world

    def check() -> None:
        world.tasks.check(call.task)
        chains.check_sr(world, sr, changes=False)
        forwarding.check(world, sr)

    with world.queues.operation(call.task, check, ('SR', sr, operation)):
        time.sleep(world.timing.of(call.method))
        if operation == 'scan':
            chains.scan(world, sr)
        else:
            chains.refresh(world, sr)


def _write(name: str, call: Call, sr: str, value: str) -> None:
    call.world.records.write('SR', sr, **{name: value})


def plug(call: Call, pbd: str) -> None:
    """Let a host see the SR."""
    call.world.records.write('PBD', pbd, currently_attached=True)


def unplug(call: Call, pbd: str) -> None:
    """Let a host see the SR no more.

    :raises XapiError: VDI_IN_USE when a machine of that host has a disk there.
    """
    world = call.world
    sr = world.records.get('PBD', pbd)['SR']

    def check() -> None:
        world.tasks.check(call.task)
        _check_unplug(call, pbd)

    with world.queues.operation(call.task, check, ('SR', sr, 'unplug')):
        world.records.write('PBD', pbd, currently_attached=False)


def _check_unplug(call: Call, pbd: str) -> None:
    records = call.world.records
    row = records.get('PBD', pbd)
    for vdi in records.get('SR', row['SR'])['VDIs']:
        for ref in records.get('VDI', vdi)['VBDs']:
            vbd = records.get('VBD', ref)
            vm = records.get('VM', vbd['VM'])
            if vbd['currently_attached'] and vm['resident_on'] == row['host']:
                raise XapiError('VDI_IN_USE', vdi, 'unplug')
