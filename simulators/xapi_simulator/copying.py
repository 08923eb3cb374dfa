"""``VDI.copy``: all bytes of a disk, which take their time."""

from collections.abc import Iterator
import contextlib

from xapi_simulator import chains
from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator import operations
from xapi_simulator.records import Row
from xapi_simulator.values import NULL

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
_STEPS = 10


def copy(call: Call, vdi: str, sr: str, base_vdi: str, into_vdi: str) -> str:
    """Copy all bytes of a disk to another, new or given one.

    The new one has the name and the maps of the source from the beginning.
    """
    world = call.world
    operations.check(call, vdi, 'copy')
    source = world.records.get('VDI', vdi)
    target = into_vdi
    if into_vdi == NULL:
        fields = {name: source[name] for name in COPIED}
        target = operations.create(call, sr, source['virtual_size'], fields, 0)
    try:
        with _inside(call, vdi, 'RO'), _inside(call, target, 'RW'):
            _copy_bytes(call, vdi, source, target)
    except XapiError:
        if into_vdi == NULL:
            chains.destroy(world, target, lambda: None)
        raise
    return target


def _copy_bytes(call: Call, vdi: str, source: Row, target: str) -> None:
    world = call.world
    chains.volume(world, vdi)
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
