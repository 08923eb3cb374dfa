"""Tasks: work that goes on after its call has been answered."""

from collections.abc import Callable
import functools
import threading
from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.faults import ERRORS
from vcenter_simulator.faults import unexpected
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema import table
from vcenter_simulator.serving import Call
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.values import Typed

if TYPE_CHECKING:
    from vcenter_simulator.world import World

LIMIT = 640
_ENDED = frozenset({'success', 'error'})


class Task(ManagedObject):
    """One task; its work is handed the task, to sleep, check and report."""

    def __init__(
        self, world: 'World', moid: str, entity: ManagedObject, call: Call
    ) -> None:
        super().__init__('Task', moid)
        self._world = world
        self.method = call.method
        self.cancelled = threading.Event()
        self.info = DataObject(
            'TaskInfo',
            key=moid,
            task=self.reference,
            name=call.method,
            descriptionId=f'{call.this.kind}.{call.method}',
            entity=entity.reference,
            entityName=str(entity.read_property('name') or entity.moid),
            state='queued',
            cancelled=False,
            cancelable=True,
            reason=DataObject(
                'TaskReasonUser',
                userName=call.session.user if call.session else '',
            ),
            queueTime=world.clock.now(),
            eventChainId=world.new_number(),
        )

    def read_property(self, name: str) -> Any:
        return self.info if name == 'info' else super().read_property(name)

    @property
    def state(self) -> str:
        return str(self.info.state)

    @property
    def has_ended(self) -> bool:
        return self.state in _ENDED

    def sleep(self, seconds: float) -> None:
        """Let the work take time, with the world unlocked meanwhile.

        :raises VimFault: RequestCanceled, as soon as somebody cancels.
        """
        until = self._world.clock.moment + seconds
        self._world.pause(until, self.cancelled)
        self.check()

    def check(self) -> None:
        """Go on only if nobody has cancelled the task.

        :raises VimFault: RequestCanceled.
        """
        if self.cancelled.is_set() or self._world.stopped.is_set():
            message = 'The task was canceled by a user.'
            raise VimFault('RequestCanceled', message)

    def progress(self, percent: int) -> None:
        """Tell how far the work is."""
        self.change(progress=percent)

    def change(self, **fields: Any) -> None:
        """Change what the task tells of itself."""
        self.info = self.info.replace(**fields)
        self._world.note_change()


def _tell_kind(method: str, result: Any) -> Any:
    """Say of which type a result is, where a method's tasks have one."""
    declared = _find_result(method)
    if result is None or declared is None or isinstance(result, Typed):
        return result
    return Typed(declared.any_kind, result)


@functools.cache
def _find_result(method: str) -> Field | None:
    found = table.all_methods().get(method)
    return None if found is None else found.task_result


class Tasks:
    """The tasks of a vCenter; those above a limit wait in a queue."""

    def __init__(self, world: 'World') -> None:
        self._world = world
        self._slots = threading.Semaphore(LIMIT)
        self._known: dict[str, Task] = {}
        self._threads: list[threading.Thread] = []

    def set_limit(self, limit: int) -> None:
        """Say how many tasks that take time may run at once from now on."""
        self._slots = threading.Semaphore(limit)

    def threads(self) -> list[threading.Thread]:
        """Give the threads of the tasks that are under way."""
        self._threads = [one for one in self._threads if one.is_alive()]
        return list(self._threads)

    def start(
        self,
        call: Call,
        entity: ManagedObject,
        work: Callable[[Task], Any],
        seconds: float | None = None,
    ) -> Reference:
        """Start a task on an entity, and give the reference to answer with.

        The work runs with the world locked, after ``seconds`` (None: as the
        timing has it for the method); without any it has ended when this
        returns.  It returns the task's result, or raises VimFault.
        """
        self._forget_old()
        moid = self._world.inventory.new_moid('task')
        task = Task(self._world, moid, entity, call)
        self._known[moid] = task
        self._world.inventory.add(task)
        span = self._find_span(call, seconds)
        if span > 0:
            self._start_later(task, work, span)
        else:
            self._run_work(task, work, 0)
        return task.reference

    def _find_span(self, call: Call, seconds: float | None) -> float:
        timing = self._world.timing
        return timing.of(call.method) if seconds is None else seconds

    def _start_later(
        self, task: Task, work: Callable[[Task], Any], seconds: float
    ) -> None:
        slots = self._slots

        def run() -> None:
            with slots, self._world.lock:
                self._run_work(task, work, seconds)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run_work(
        self, task: Task, work: Callable[[Task], Any], seconds: float
    ) -> None:
        now = self._world.clock.now
        try:
            task.check()
            task.change(state='running', startTime=now())
            if seconds:
                task.sleep(seconds)
            self._world.steering.reach('before', f'{task.method}#work')
            result = _tell_kind(task.method, work(task))
            task.change(state='success', result=result, completeTime=now())
        except VimFault as fault:
            self._fail_task(task, fault)
        except ERRORS as error:
            self._fail_task(task, unexpected(error))

    def _fail_task(self, task: Task, fault: VimFault) -> None:
        task.change(
            state='error',
            error=fault.localized,
            completeTime=self._world.clock.now(),
        )

    def cancel(self, task: Task) -> None:
        """Ask a task to stop; what it is doing may still succeed.

        :raises VimFault: InvalidState, it has ended.
        """
        if task.has_ended:
            raise VimFault('InvalidState', 'The task has ended already.')
        task.cancelled.set()
        task.change(cancelled=True)
        self._world.clock.wake()

    def all(self) -> list[Task]:
        """Give the tasks that are remembered, the oldest first."""
        return list(self._known.values())

    def forget_all(self) -> None:
        """Forget every task, as a restart does; their work goes on."""
        for moid in list(self._known):
            self._forget_task(moid)

    def _forget_task(self, moid: str) -> None:
        self._known.pop(moid, None)
        self._world.inventory.remove(Reference('Task', moid))

    def _forget_old(self) -> None:
        clock = self._world.clock
        limit = clock.moment - self._world.timing.finished_tasks
        for moid, task in list(self._known.items()):
            ended = task.info.completeTime
            if ended is None or ended.timestamp() > limit:
                return
            self._forget_task(moid)
