"""Destroying: how a disk goes, and which of them may yet do so."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import AbstractContextManager
import dataclasses
import datetime
import logging
import threading
from typing import Any
from typing import NamedTuple

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.handler import always
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import Endless
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port.in_flight import doing_beside
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.port.tasks import ENDED
from imagecache_handlers_xenapi.port.tasks import TaskLost
from imagecache_handlers_xenapi.port.tasks import Tasks
from imagecache_handlers_xenapi.set_aside import SetAside

LOG = logging.getLogger(__name__)

# Is given the task whose end was seen.
EndTask = Callable[[str], object]

DESTROY = 'Async.VDI.destroy'

# Seconds: what a removal may take with all its tries; so long before that
# moment a destroy that still waits in xapi's queues is cancelled.
LONGEST = 150.0
AFTERWARDS = 30.0

# Longer than xapi keeps anything in a queue: what was lost is over by then.
_FORGOTTEN = datetime.timedelta(hours=2, minutes=10)
_UNDER_WAY = 'a removal may be under way'


@dataclasses.dataclass(frozen=True, slots=True)
class _Begun:
    """A destroy whose end we have not seen; without a task if that is lost."""

    at: datetime.datetime
    task: str | None


class _Told(NamedTuple):
    """The destroys that xapi knows of: those that go on, and that ended."""

    pending: frozenset[str]
    ended: frozenset[str]


class Removals:
    """Destroys disks, and remembers which destroys have not ended."""

    def __init__(self, port: Port, clocks: Clocks) -> None:
        self._port = port
        self._clocks = clocks
        self._tasks = Tasks(port, clocks)
        self._guard = threading.Lock()
        self._begun: dict[str, _Begun] = {}
        self.set_aside = SetAside(clocks)

    def destroy(
        self,
        disk: Disk,
        end: float | None = None,
        leave: Callable[[], object] = always,
        end_task: EndTask | None = None,
    ) -> None:
        """Destroy a disk; when this returns it is gone.

        By ``end`` of the monotonic clock this returns or raises.  What
        ``leave`` raises as the request leaves keeps it back.  A task whose
        end was seen is given to ``end_task``, or forgotten at once.

        :raises XapiFailure: when it was refused, or failed in the middle.
        :raises Unreachable: when nobody was asked.
        :raises Endless: when it has not ended, and may yet.
        :raises ReplyLost: when it may be gone, or may yet go.
        """
        if end is None:
            end = self._clocks.monotonic() + LONGEST
        self._note_begun(disk, None)
        try:
            task = self._port.once(DESTROY, disk.ref, leave=leave)
        except ReplyLost as error:
            self._look_after_loss(disk, error)
            return
        except CacheError:
            self._forget_begun(disk)
            raise
        self._note_begun(disk, task)
        if self._follow_task(disk, task, end):
            (end_task or self._tasks.forget)(task)

    def forgetting_beside(self) -> AbstractContextManager[EndTask]:
        """Have tasks forgotten beside other calls, so that nobody waits."""
        return doing_beside(self._port, self._tasks.forget)

    def _follow_task(self, disk: Disk, task: str, end: float) -> bool:
        """Follow a task to success; False: it was lost, and done."""
        try:
            self._wait_for_end(disk, task, end)
        except TaskLost as error:
            self._note_begun(disk, None)
            self._look_after_loss(disk, ReplyLost(f'{DESTROY}: {error}'))
            return False
        except WrongAnswer:
            # What cannot be followed is not left to wait in a queue.
            stopped = self._tasks.cancel(task)
            LOG.info('%s of %s: %s', DESTROY, disk.uuid, stopped)
            raise
        except XapiFailure as error:
            if errors.may_go_on(error):
                self._note_begun(disk, None)
            else:
                self._forget_begun(disk)
            self._tasks.forget(task)
            raise
        self._forget_begun(disk)
        self.set_aside.discard(disk.uuid)
        return True

    def _wait_for_end(self, disk: Disk, task: str, end: float) -> None:
        """Wait for success, and have it cancelled when that takes too long."""
        if self._tasks.follow(task, DESTROY, end - AFTERWARDS):
            return
        self.set_aside.add(disk.uuid)
        told = self._tasks.cancel(task)
        LOG.warning('%s of %s takes too long: %s', DESTROY, disk.uuid, told)
        if not self._tasks.follow(task, DESTROY, end):
            raise Endless(f'{DESTROY} does not end; {told}')

    def _look_after_loss(self, disk: Disk, error: ReplyLost) -> None:
        """Look what became of a disk whose destroy was lost."""
        try:
            self._port.call('VDI.get_uuid', disk.ref)
        except XapiFailure as answer:
            if not errors.is_gone(answer, disk.ref):
                raise error from answer
            self._forget_begun(disk)
            return
        except CacheError as trouble:
            raise error from trouble
        raise error

    def _note_begun(self, disk: Disk, task: str | None) -> None:
        with self._guard:
            self._begun[disk.uuid] = _Begun(self._clocks.now(), task)

    def _forget_begun(self, disk: Disk) -> None:
        with self._guard:
            self._begun.pop(disk.uuid, None)

    def busy(self, disks: Iterable[Disk]) -> dict[str, str | None]:
        """Say why those disks may be about to go that might, by uuid.

        None: by now no removal of that one is under way.  Of another
        process only an expired claim tells: while it lives the claim itself
        keeps everybody away.  A task does not say what it is aimed at, and
        when it began is told by another clock, so any may be.
        """
        now = self._clocks.now()
        begun = self._remembered_begun(now)
        suspects = [
            disk
            for disk in disks
            if disk.uuid in begun or _has_expired(disk, now)
        ]
        if not suspects:
            return {}
        told = self._told_destroys()
        strange = told.pending - {one.task for one in begun.values()}
        return {
            disk.uuid: _UNDER_WAY
            if (strange and _has_expired(disk, now))
            or _may_come(begun.get(disk.uuid), told)
            else None
            for disk in suspects
        }

    def _remembered_begun(self, now: datetime.datetime) -> dict[str, _Begun]:
        with self._guard:
            self._begun = {
                uuid: one
                for uuid, one in self._begun.items()
                if now - one.at <= _FORGOTTEN
            }
            return dict(self._begun)

    def _told_destroys(self) -> _Told:
        found: Mapping[str, Mapping[str, Any]] = self._port.read(
            'task.get_all_records_where',
            filters.equals(name__label=DESTROY),
        )
        ended = {
            task for task, record in found.items() if record['status'] in ENDED
        }
        return _Told(frozenset(found.keys() - ended), frozenset(ended))


def _may_come(begun: _Begun | None, told: _Told) -> bool:
    """Tell if a destroy of ours may yet be done.

    Only of one that was seen to end it is certain that it will not: a host
    that restarts forgets its tasks, and the storage manager works on.
    """
    return begun is not None and begun.task not in told.ended


def _has_expired(disk: Disk, now: datetime.datetime) -> bool:
    return any(expiry < now for expiry in disk.marks.claims.values())
