"""Tasks of XAPI, followed to their end."""

from collections.abc import Mapping
import contextlib
import logging
from typing import Any

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.port import Port

LOG = logging.getLogger(__name__)

# Whatever else a status is, the task may yet do its work.
ENDED = frozenset({'success', 'failure', 'cancelled'})
_RUNNING = frozenset({'pending', 'cancelling'})

# Seconds: one wait for events, and the first of them.
_WAIT, _AT_ONCE = 10.0, 1.0
# The first and the longest pause of polling.
_FIRST, _LONGEST = 0.05, 2.0
# Records in a row that nobody understands: the next is like them.
_NOT_UNDERSTOOD = 3


class TaskLost(Exception):
    """The task is not known any more, and so is what became of it."""


class Tasks:
    """Follows tasks by events, or by looking where that would block others.

    A host that is away for a while ends no task: it is asked again.
    """

    def __init__(self, port: Port, clocks: Clocks) -> None:
        self._port = port
        self._clocks = clocks

    def follow(self, task: str, method: str, end: float) -> bool:
        """Wait for success; False: it has not ended by that moment.

        :raises XapiFailure: when the task failed or was cancelled.
        :raises TaskLost: when nobody knows how it ended.
        :raises WrongAnswer: when what is said of it cannot be understood.
        :raises ReplyLost: when it cannot be asked after any more.
        """
        watch = _Watch(self._port, task, method)
        while True:
            left = max(0.0, end - self._clocks.monotonic())
            record = watch.look(left)
            if record.get('status') in ENDED:
                _check_record(method, record)
                return True
            if not left:
                return False
            if watch.pause:
                self._clocks.sleep(min(left, watch.pause))

    def cancel(self, task: str) -> str:
        """Ask it to stop, and say what came of asking.

        It may go on, and succeed, all the same.
        """
        try:
            self._port.call('task.cancel', task)
        except ReplyLost as error:
            return f'whether it was cancelled is not known: {error}'
        except CacheError as error:
            return f'it could not be cancelled: {error}'
        return 'it was cancelled'

    def forget(self, task: str) -> None:
        """Have a task removed: nobody asks any more how it ended."""
        with contextlib.suppress(CacheError):
            self._port.call('task.destroy', task)


class _Watch:
    """One task, looked at again and again; ``pause`` is how long not to."""

    def __init__(self, port: Port, task: str, method: str) -> None:
        self.pause = 0.0
        self._port = port
        self._task = task
        self._method = method
        self._polls = not port.may_block
        self._next = _FIRST
        self._token = ''
        self._not_understood = 0

    def look(self, left: float) -> Mapping[str, Any]:
        """Give its record, if there is news of it."""
        try:
            record = (
                self._poll_record() if self._polls else self._await_news(left)
            )
            self._check_status(record)
        except CallError as error:
            self._bear_error(error)
            return {}
        except ConfigurationError as error:
            raise ReplyLost(f'{self._method}: {error}') from error
        self._not_understood = 0
        self.pause = self._next if self._polls else 0.0
        self._next = min(2 * self._next, _LONGEST)
        return record

    def _poll_record(self) -> Mapping[str, Any]:
        record: Mapping[str, Any]
        record = self._port.call('task.get_record', self._task)
        return record

    def _await_news(self, left: float) -> Mapping[str, Any]:
        # The first answer comes at once, if there is such a task; a wait as
        # long as the timeout would lose it.
        longest = _WAIT if self._token else _AT_ONCE
        longest = min(longest, self._port.timeout / 2)
        wait = min(longest, max(_FIRST, left))
        topics = [f'task/{self._task}']
        batch = self._port.call('event.from', topics, self._token, wait)
        if not batch['events'] and not self._token:
            # Of a task that is gone there are no events either.
            return self._poll_record()
        self._token = batch['token']
        for event in reversed(batch['events']):
            if event.get('ref') != self._task:
                what = 'news of another task came'
                raise WrongAnswer('event.from', self._task, what)
            if event['operation'] == 'del':
                raise TaskLost(f'{self._task} was forgotten')
            snapshot: Mapping[str, Any] = event['snapshot']
            return snapshot
        return {}

    def _check_status(self, record: Mapping[str, Any]) -> None:
        status = record.get('status', 'pending')
        if status not in ENDED | _RUNNING:
            what = f'no task has the status {str(status)[:50]!r}'
            raise WrongAnswer('task.get_record', self._task, what)

    def _bear_error(self, error: CallError) -> None:
        """Go on after an error, which does not end the task.

        That we may not ask, or not now, tells nothing of it.
        """
        if errors.is_gone(error, self._task):
            raise TaskLost(str(error)) from error
        self._not_understood += isinstance(error, WrongAnswer)
        if self._not_understood == _NOT_UNDERSTOOD:
            raise error
        LOG.debug('Task %s is asked after again: %s', self._task, error)
        self._token = ''
        if isinstance(error, XapiFailure | WrongAnswer) and not self._polls:
            # It may know no events: its record tells as well, and at once.
            self._polls, self.pause = True, 0.0
        else:
            self.pause = self._next = _LONGEST


def _check_record(method: str, record: Mapping[str, Any]) -> None:
    if record['status'] == 'success':
        return
    cancelled = record['status'] == 'cancelled'
    code = 'TASK_CANCELLED' if cancelled else 'INTERNAL_ERROR'
    raise XapiFailure(method, record['error_info'] or (code,))
