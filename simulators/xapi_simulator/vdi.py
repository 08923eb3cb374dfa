"""The calls of class VDI: disks, and what may happen to them."""

from collections.abc import Callable
from collections.abc import Iterator
import functools
from typing import Any

from xapi_simulator import chains
from xapi_simulator import copying
from xapi_simulator.fields import MAP
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator import operations
from xapi_simulator import tracking
from xapi_simulator.values import NULL

ADMIN = 'vm-admin'

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
    yield _make('copy', copying.copy, (*vdi, *where), 'VDI ref')
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
    return operations.create(
        call, args['SR'], size, fields, call.world.timing.of(call.method)
    )


def destroy(call: Call, vdi: str) -> None:
    """Destroy a disk, with the VBDs that hold it without being attached."""
    world = call.world
    with operations.exclusive(call, vdi, 'destroy'):
        operations.work(call)
        # It may have been attached or forgotten while that took its time.
        check = functools.partial(
            operations.check, call, vdi, 'destroy', cancel=False
        )
        chains.destroy(world, vdi, check)


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
    with operations.exclusive(call, vdi, operation):
        # Read before the storage layer begins: what is written to the
        # source meanwhile, the new disk does not have.
        source = world.records.get('VDI', vdi)
        copied = {name: source[name] for name in copying.COPIED}
        operations.work(call)
        method = f'VDI.{operation}'
        new = chains.branch(world, vdi, method, fields)
        world.records.write('VDI', new, **copied)
        if operation == 'snapshot':
            tracking.follow(world, source, new)
        world.steering.reach('after', f'{method}#metadata')
    return new


def resize(call: Call, vdi: str, size: int) -> None:
    """Let a disk be larger."""
    world = call.world
    with operations.exclusive(call, vdi, 'resize'):
        operations.work(call)
        chains.volume(world, vdi).virtual = size
        world.records.write('VDI', vdi, virtual_size=size)


def forget(call: Call, vdi: str) -> None:
    """Let the database forget a disk; the next scan finds it again."""
    row = call.world.records.get('VDI', vdi)
    chains.forget(call.world, vdi, row)


def _write(name: str, call: Call, vdi: str, value: Any) -> None:
    call.world.records.write('VDI', vdi, **{name: value})
