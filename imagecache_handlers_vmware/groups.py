"""Groups: many tasks begun one after another, and followed together."""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers_vmware.port.connection import at_any_time
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port import tasks
from imagecache_handlers_vmware.port.tasks import Waiting

K = TypeVar('K', bound=Hashable)


def run_group(
    session: Session,
    requests: Mapping[K, Request],
    waiting: Waiting,
    leave: Callable[[], object] = at_any_time,
) -> dict[K, CacheError | None]:
    """Begin a task each, and give the end of each; None: it did its work.

    None is ever begun twice.  ``leave`` is called just before each request
    is sent, and raises what keeps it back.
    """
    ends: dict[K, CacheError | None] = {}
    running: dict[Reference, K] = {}
    for key, request in requests.items():
        try:
            answer = session.once(request, leave)
            running[tasks.read_task(answer, request.method)] = key
        except CacheError as error:
            ends[key] = error
    methods = {task: requests[key].method for task, key in running.items()}
    for task, end in tasks.follow_tasks(session, methods, waiting):
        ends[running[task]] = end
    return ends
