"""Calls that xapi makes to itself while it answers one: tasks of their own."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from xapi_simulator.messages import Call
from xapi_simulator import revert
from xapi_simulator import vdi

_WORK: Mapping[str, Callable[..., Any]] = {
    'VDI.clone': vdi.clone,
    'VDI.destroy': vdi.destroy,
    'VDI.revert': revert.revert,
    'VDI.snapshot': vdi.snapshot,
}


def run(call: Call, method: str, *args: Any) -> Any:
    """Make another call and wait for its end; its task can be seen.

    Who cancels that task cancels that call alone.
    """
    world = call.world
    name = f'Async.{method}'
    task = world.tasks.create(name, '', world.master)
    inner = Call(world, call.host, call.session, task, name)
    try:
        return _WORK[method](inner, *args)
    finally:
        world.tasks.lose(task)
