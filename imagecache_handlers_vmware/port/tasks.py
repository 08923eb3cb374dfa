"""Tasks: work that vCenter does in its own time, followed to its end.

All tasks of a group are asked about in one call.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import time

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_properties
from imagecache_handlers_vmware.port.replies import child
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import local_name
from imagecache_handlers_vmware.port.replies import read_task_fault
from imagecache_handlers_vmware.port.replies import text_of
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port import retrievals
from imagecache_handlers_vmware.port import service_requests
from imagecache_handlers_vmware.port.session import Session

# Seconds between looks: the first two soon, for many tasks take no time.
_PAUSES = (0.02, 0.2, 1.0)

_STATE = Selection(kind='Task', properties=('info.state', 'info.error'))
_INFO = Selection(kind='Task', properties=('info',))


class Endless(ReplyLost):
    """A task was waited for as long as is worth it; it may yet be done."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long to wait for tasks, and on which clock."""

    seconds: float = 180.0
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic


def read_task(answer: Iterable[Element], method: str) -> Reference:
    """Give the task that a call has started.

    :raises WrongAnswer: when the answer names none.
    """
    for element in answer:
        return read_reference(element)
    raise WrongAnswer(f'{method} named no task')


def follow_tasks(
    session: Session,
    tasks: Mapping[Reference, str],
    waiting: Waiting,
) -> Iterator[tuple[Reference, CallError | None]]:
    """Give the end of each task when it is seen; None: it did its work.

    ``tasks`` has the method of each.  What cannot be known is told as a
    ``ReplyLost``, what took too long as ``Endless``.
    """
    left = dict(tasks)
    looking = Looking(waiting)
    while left and looking.may_look():
        try:
            states = _read_states(session, left)
        except CallError as error:
            for task, method in left.items():
                yield task, ReplyLost(f'{method}: {error}')
            return
        for task, end in states.items():
            del left[task]
            yield task, end
    for task, method in left.items():
        yield task, Endless(f'{method} has not ended')


def cancel_tasks(session: Session, tasks: Iterable[Reference]) -> None:
    """Ask for tasks to be stopped; only their ends tell if they were."""
    for task in tasks:
        try:
            session.once(service_requests.cancel_task(task))
        except VimFault:
            continue  # it has ended, or cannot be stopped
        except CallError:
            return  # vCenter hangs: others would be waited for as long


class Looking:
    """When to look again, and for how long."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._end = waiting.clock() + waiting.seconds
        self._count = 0

    def may_look(self) -> bool:
        """Wait until it is time; False: it was worth no longer."""
        if self._count:
            last = len(_PAUSES) - 1
            self._waiting.sleep(_PAUSES[min(self._count - 1, last)])
            if self._waiting.clock() > self._end:
                return False
        self._count += 1
        return True


def _read_states(
    session: Session, tasks: Mapping[Reference, str]
) -> dict[Reference, CallError | None]:
    """Give the ends of those that have ended."""
    ends: dict[Reference, CallError | None] = {}
    for found in read_properties(session, tasks, [_STATE]):
        method = tasks.get(found.reference)
        state = found.text('info.state')
        if method is None or state in ('queued', 'running'):
            continue
        if state == 'success':
            ends[found.reference] = None
        elif (error := found.properties.get('info.error')) is not None:
            ends[found.reference] = read_task_fault(method, error)
        else:
            why = f'{method}: its task says {state!r} and nothing else'
            ends[found.reference] = ReplyLost(why)
    return ends


def read_result(
    session: Session,
    task: Reference,
    method: str,
    use: Callable[[Element], object],
    name: str,
    waiting: Waiting,
) -> None:
    """Follow a task and use each element of a name in its result.

    The result comes with the state, in one call.

    :raises VimFault: what the task ended with.
    :raises ReplyLost: when its end cannot be known.
    """
    looking = Looking(waiting)
    while looking.may_look():
        info = _read_info(session, task, method, use, name)
        if _has_succeeded(info, method):
            return
    raise Endless(f'{method} has not ended')


def _read_info(
    session: Session,
    task: Reference,
    method: str,
    use: Callable[[Element], object],
    name: str,
) -> Element:
    """Read what is known of a task, and use what is in its result."""
    request = retrievals.retrieve_properties(
        session.managers.property_collector, [task], [_INFO], 1
    )

    def take(elements: Iterator[Element]) -> Element | None:
        info = None
        for element in elements:
            if local_name(element.tag) == 'objects':
                info = read_object(element).properties.get('info')
            else:
                use(element)
        return info

    info = session.stream(request, ('objects', name), take)
    if info is None:
        # A session that has ended is answered, too: with nothing.
        session.forget_login()
        info = session.stream(request, ('objects', name), take)
    if info is None:
        raise ReplyLost(f'{method}: nothing was said of its task')
    return info


def _has_succeeded(info: Element, method: str) -> bool:
    """Tell if a task has done its work; else it is still to end.

    :raises VimFault: what it ended with.
    """
    state = text_of(info, 'state')
    if state != 'error':
        return state == 'success'
    error = child(info, 'error')
    if error is None:
        raise VimFault(method, 'a fault without a name', '')
    raise read_task_fault(method, error)
