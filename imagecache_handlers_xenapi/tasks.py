"""Tasks of XAPI, followed to their end."""

from collections.abc import Mapping
import contextlib
import logging
from typing import Any

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_xenapi import failures
from imagecache_handlers_xenapi.failures import CallError
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.failures import Lost
from imagecache_handlers_xenapi.session import Port
from imagecache_handlers_xenapi.timing import Clocks

LOG = logging.getLogger(__name__)

_ENDED = frozenset({'success', 'failure', 'cancelled'})

# Seconds: one wait for events, and the first of them.
_WAIT, _AT_ONCE = 10.0, 1.0
# The first and the longest pause of polling.
_FIRST, _LONGEST = 0.05, 2.0


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

        :raises Failed: when the task failed or was cancelled.
        :raises TaskLost: when nobody knows how it ended.
        :raises Lost: when it cannot be asked after any more.
        """
        token, pause, polls = '', _FIRST, not self._port.may_block
        while True:
            left = max(0.0, end - self._clocks.monotonic())
            record: Mapping[str, Any] = {}
            troubled = False
            try:
                if polls:
                    record = self._port.call('task.get_record', task)
                else:
                    record, token = self._await(task, token, left)
            except CallError as error:
                if failures.is_gone(error, task):
                    raise TaskLost(str(error)) from error
                # That we may not ask, or not now, is no end of the task.
                LOG.debug('Task %s is asked after again: %s', task, error)
                token, pause, troubled = '', _LONGEST, True
                polls = polls or isinstance(error, Failed)
            except ConfigurationError as error:
                raise Lost(f'{method}: {error}') from error
            if record.get('status') in _ENDED:
                _check(method, record)
                return True
            if not left:
                return False
            if polls or troubled:
                self._clocks.sleep(min(left, pause))
                pause = min(2 * pause, _LONGEST)

    def _await(
        self, task: str, token: str, left: float
    ) -> tuple[Mapping[str, Any], str]:
        """Give the task's record, if there is news of it."""
        # The first answer comes at once, if there is such a task; a wait as
        # long as the timeout would lose it.
        longest = min(_WAIT if token else _AT_ONCE, self._port.timeout / 2)
        wait = min(longest, max(_FIRST, left))
        batch = self._port.call('event.from', [f'task/{task}'], token, wait)
        if not batch['events'] and not token:
            # Of a task that is gone there are no events either.
            return self._port.call('task.get_record', task), ''
        for event in reversed(batch['events']):
            if event['operation'] == 'del':
                raise TaskLost(f'{task} was forgotten')
            return event['snapshot'], batch['token']
        return {}, batch['token']

    def cancel(self, task: str) -> None:
        """Ask it to stop; it may succeed all the same."""
        with contextlib.suppress(CacheError):
            self._port.call('task.cancel', task)

    def forget(self, task: str) -> None:
        """Have a task removed: nobody asks any more how it ended."""
        with contextlib.suppress(CacheError):
            self._port.call('task.destroy', task)


def _check(method: str, record: Mapping[str, Any]) -> None:
    if record['status'] == 'success':
        return
    cancelled = record['status'] == 'cancelled'
    code = 'TASK_CANCELLED' if cancelled else 'INTERNAL_ERROR'
    raise Failed(method, record['error_info'] or (code,))
