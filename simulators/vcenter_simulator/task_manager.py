"""TaskManager and Task: cancelling, and tasks that clients make."""

from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.tasks import Task
from vcenter_simulator.world import World


@serves('Task', 'CancelTask')
def cancel_task(call: Call) -> None:
    assert isinstance(call.this, Task)  # noqa: S101
    call.world.tasks.cancel(call.this)


def show_tasks(world: World) -> None:
    """Have TaskManager tell of recent tasks."""
    for one in world.inventory.all('TaskManager'):
        one.properties['recentTask'] = lambda: tuple(
            task.reference for task in world.tasks.all()
        )
