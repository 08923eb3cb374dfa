"""Groups: many tasks begun one after another, and followed together."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port import tasks
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.port.tasks import Waiting

K = TypeVar('K', bound=Hashable)


# Answers lost one after another, after which nothing more is begun: each may
# take as long as a vCenter that hangs is waited for.
_BEARABLE = 2

# Seconds for which tasks are followed once they were cancelled.
_LONGER = 10.0

Ends = dict[K, CacheError | None]


def run_group(
    session: Session,
    requests: Mapping[K, Request],
    waiting: Waiting,
    leave: Callable[[], object] = at_any_time,
    *,
    cancels: bool = False,
) -> Ends[K]:
    """Begin a task each, and give the end of each; None: it did its work.

    None is ever begun twice, and none at all once vCenter hangs.  ``leave``
    is called just before each request is sent, and raises what keeps it
    back.  ``cancels``: what was waited for long enough is cancelled.
    """
    ends: Ends[K] = {}
    running = _begin_tasks(session, requests, leave, ends)
    methods = {task: requests[key].method for task, key in running.items()}
    for task, end in tasks.follow_tasks(session, methods, waiting):
        ends[running[task]] = end
    if cancels:
        endless = {
            task: methods[task]
            for task, key in running.items()
            if isinstance(ends[key], Endless)
        }
        for task, known in _cancel_tasks(session, endless, waiting):
            ends[running[task]] = known
    return ends


def _begin_tasks(
    session: Session,
    requests: Mapping[K, Request],
    leave: Callable[[], object],
    ends: Ends[K],
) -> dict[Reference, K]:
    running: dict[Reference, K] = {}
    lost = 0
    for key, request in requests.items():
        if lost >= _BEARABLE:
            why = f'{request.method}: not begun, for vCenter hangs'
            ends[key] = Unreachable(why)
            continue
        try:
            answer = session.once(request, leave)
            running[tasks.read_task(answer, request.method)] = key
        except CacheError as error:
            ends[key] = error
            lost = lost + 1 if isinstance(error, _LOST) else 0
        else:
            lost = 0
    return running


def _cancel_tasks(
    session: Session, endless: Mapping[Reference, str], waiting: Waiting
) -> Iterator[tuple[Reference, CacheError | None]]:
    if not endless:
        return
    tasks.cancel_tasks(session, endless)
    seconds = min(waiting.seconds, _LONGER)
    longer = dataclasses.replace(waiting, seconds=seconds)
    yield from tasks.follow_tasks(session, endless, longer)


_LOST = (ReplyLost, Unreachable)
