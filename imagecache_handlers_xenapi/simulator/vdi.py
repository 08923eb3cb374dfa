"""The calls of class VDI: disks, and what may happen to them."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import time
from typing import Any

from imagecache_handlers_xenapi.simulator import chains
from imagecache_handlers_xenapi.simulator.errors import XapiError
from imagecache_handlers_xenapi.simulator.messages import Call
from imagecache_handlers_xenapi.simulator.messages import Message
from imagecache_handlers_xenapi.simulator.messages import Parameter
from imagecache_handlers_xenapi.simulator.messages import params
from imagecache_handlers_xenapi.simulator.records import Row
from imagecache_handlers_xenapi.simulator.schema import MAP
from imagecache_handlers_xenapi.simulator.values import NULL
from imagecache_handlers_xenapi.simulator.world import BLOCKING

ADMIN = 'vm-admin'

# What xapi itself copies from a VDI to its clone or snapshot.
COPIED = (
    'name_label',
    'name_description',
    'type',
    'sharable',
    'other_config',
    'xenstore_data',
    'on_boot',
    'allow_caching',
    'tags',
)
# What VDI.create takes from the record that it is given.
TAKEN = (
    'name_label',
    'name_description',
    'type',
    'sharable',
    'read_only',
    'other_config',
    'xenstore_data',
    'sm_config',
    'tags',
)
_STEPS = 10


def messages() -> Iterator[Message]:
    vdi = params('vdi: VDI ref')
    this = params('self: VDI ref')
    driver = Parameter('driver_params', MAP, {})
    yield _make('create', create, params('args: VDI record'), 'VDI ref')
    yield _make('destroy', destroy, this)
    yield _make('clone', clone, (*vdi, driver), 'VDI ref')
    yield _make('snapshot', snapshot, (*vdi, driver), 'VDI ref')
    where = (
        Parameter('sr', 'SR ref', NULL),
        Parameter('base_vdi', 'VDI ref', NULL),
        Parameter('into_vdi', 'VDI ref', NULL),
    )
    yield _make('copy', copy, (*vdi, *where), 'VDI ref')
    yield _make('resize', resize, (*vdi, *params('size: int')))
    yield _make('forget', forget, vdi)
    for name, kind in (
        ('name_label', 'string'),
        ('name_description', 'string'),
        ('read_only', 'bool'),
        ('sharable', 'bool'),
        ('on_boot', 'enum on_boot'),
        ('allow_caching', 'bool'),
    ):
        work = functools.partial(_write, name)
        value = params(f'value: {kind}')
        yield _make(f'set_{name}', work, (*this, *value))


def _make(
    name: str,
    work: Callable[..., Any],
    more: tuple[Parameter, ...],
    result: str = 'void',
) -> Message:
    return Message(f'VDI.{name}', work, more, result, ADMIN, True)


def create(call: Call, args: dict[str, Any]) -> str:
    """Create an empty disk."""
    fields = {name: args[name] for name in TAKEN if name in args}
    size = args['virtual_size']
    return _new(
        call, args['SR'], size, fields, call.world.timing.of(call.method)
    )


def _new(
    call: Call, sr: str, size: int, fields: dict[str, Any], seconds: float
) -> str:
    world = call.world

    def check() -> None:
        world.tasks.check(call.task)
        chains.check_sr(world, sr)

    with world.queues.operation(call.task, check, ('SR', sr, 'vdi_create')):
        time.sleep(seconds)
        return chains.create(world, sr, size, fields)


def destroy(call: Call, vdi: str) -> None:
    """Destroy a disk, with the VBDs that hold it without being attached."""
    world = call.world
    check = functools.partial(_check, call, vdi, 'destroy')
    with _exclusive(call, vdi, 'destroy', check):
        _work(call)
        # It may have been attached or forgotten while that took its time.
        _check(call, vdi, 'destroy', cancel=False)
        chains.destroy(world, vdi)


def clone(call: Call, vdi: str, driver_params: dict[str, str]) -> str:
    """Make a disk that begins as this one is."""
    return _branch(call, vdi, 'clone', {})


def snapshot(call: Call, vdi: str, driver_params: dict[str, str]) -> str:
    """Keep what a disk is now as a disk of its own."""
    fields = {
        'is_a_snapshot': True,
        'snapshot_of': vdi,
        'snapshot_time': chains.now(),
    }
    return _branch(call, vdi, 'snapshot', fields)


def _branch(
    call: Call, vdi: str, operation: str, fields: dict[str, Any]
) -> str:
    world = call.world
    check = functools.partial(_check, call, vdi, operation)
    with _exclusive(call, vdi, operation, check):
        # Read before the storage layer begins: what is written to the
        # source meanwhile, the new disk does not have.
        source = world.records.get('VDI', vdi)
        copied = {name: source[name] for name in COPIED}
        _work(call)
        method = f'VDI.{operation}'
        new = chains.branch(world, vdi, method, fields)
        world.records.write('VDI', new, **copied)
        world.steering.reach('after', f'{method}#metadata')
    return new


def copy(call: Call, vdi: str, sr: str, base_vdi: str, into_vdi: str) -> str:
    """Copy all bytes of a disk to another, new or given one.

    The new one has the name and the maps of the source from the beginning.
    """
    world = call.world
    _check(call, vdi, 'copy')
    source = world.records.get('VDI', vdi)
    target = into_vdi
    if into_vdi == NULL:
        fields = {name: source[name] for name in COPIED}
        target = _new(call, sr, source['virtual_size'], fields, 0)
    try:
        with _inside(call, vdi, 'RO'), _inside(call, target, 'RW'):
            _copy_bytes(call, source, target)
    except XapiError:
        if into_vdi == NULL:
            chains.destroy(world, target)
        raise
    return target


def _copy_bytes(call: Call, source: Row, target: str) -> None:
    world = call.world
    used = sum(
        one.used for one in world.disks[source['SR']].chain(source['uuid'])
    )
    for step in range(_STEPS):
        world.tasks.check(call.task)
        world.tasks.progress(call.task, step / _STEPS)
        world.tasks.sleep(call.task, world.timing.of(call.method) / _STEPS)
        chains.write(world, target, used * (step + 1) // _STEPS)


@contextlib.contextmanager
def _inside(call: Call, vdi: str, mode: str) -> Iterator[None]:
    """Show that a disk is copied, and keep others out of it."""
    world = call.world
    with (
        world.held(vdi, world.master, mode),
        world.queues.shown('VDI', vdi, call.task, 'copy'),
    ):
        yield


def resize(call: Call, vdi: str, size: int) -> None:
    """Let a disk be larger."""
    world = call.world
    check = functools.partial(_check, call, vdi, 'resize')
    with _exclusive(call, vdi, 'resize', check):
        _work(call)
        row = world.records.get('VDI', vdi)
        world.disks[row['SR']].volumes[row['uuid']].virtual = size
        world.records.write('VDI', vdi, virtual_size=size)


def forget(call: Call, vdi: str) -> None:
    """Let the database forget a disk; the next scan finds it again."""
    row = call.world.records.get('VDI', vdi)
    chains.forget(call.world, vdi, row)


def _write(name: str, call: Call, vdi: str, value: Any) -> None:
    call.world.records.write('VDI', vdi, **{name: value})


def _exclusive(
    call: Call, vdi: str, operation: str, check: Callable[[], None]
) -> contextlib.AbstractContextManager[None]:
    sr = call.world.records.get('VDI', vdi)['SR']
    return call.world.queues.operation(
        call.task,
        check,
        ('SR', sr, f'vdi_{operation}'),
        ('VDI', vdi, operation),
    )


def _work(call: Call) -> None:
    """Let the storage layer take its time: nothing interrupts it."""
    time.sleep(call.world.timing.of(call.method))


def _check(call: Call, vdi: str, operation: str, cancel: bool = True) -> None:
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
    if BLOCKING[operation].intersection(_attached(call, row)):
        raise XapiError('VDI_IN_USE', vdi, operation)
    if operation == 'destroy':
        _check_destroy(call, vdi, row)
    elif row['missing']:
        raise XapiError('VDI_MISSING', row['SR'], vdi)


def _check_destroy(call: Call, vdi: str, row: Row) -> None:
    if not row['managed']:
        raise XapiError('VDI_NOT_MANAGED', vdi)
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
