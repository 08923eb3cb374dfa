"""One storage operation per SR at a time: the others wait inside."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import threading
import time

from xapi_simulator.errors import XapiError
from xapi_simulator.records import Records
from xapi_simulator.timing import Timing

Check = Callable[[], object]


class Queues:
    """Keeps the operations of one SR, or of one VDI, apart.

    The real pool tries again after random waits of 1 to 20 seconds, or
    earlier when woken; here a waiter wakes at once.
    """

    def __init__(self, records: Records, timing: Timing) -> None:
        self._records = records
        self._timing = timing
        self._changed = threading.Condition()
        self._busy: dict[tuple[str, str], tuple[str, str]] = {}

    def wake(self) -> None:
        """Let the waiting look again whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()

    @contextlib.contextmanager
    def operation(
        self,
        task: str,
        check: Check,
        *wanted: tuple[str, str, str],
    ) -> Iterator[None]:
        """Hold objects for an operation: (class, reference, operation).

        ``check`` runs before and after every wait, and raises what is wrong.

        :raises XapiError: OTHER_OPERATION_IN_PROGRESS after a long wait.
        """
        self._take(task, check, wanted)
        try:
            for cls, ref, operation in wanted:
                self._show(cls, ref, task, operation)
            yield
        finally:
            for cls, ref, _ in wanted:
                self._show(cls, ref, task, None)
            with self._changed:
                for cls, ref, _ in wanted:
                    del self._busy[cls, ref]
                self._changed.notify_all()

    @contextlib.contextmanager
    def shown(
        self, cls: str, ref: str, task: str, operation: str
    ) -> Iterator[None]:
        """Show an operation that keeps nobody else out."""
        self._show(cls, ref, task, operation)
        try:
            yield
        finally:
            self._show(cls, ref, task, None)

    def _take(
        self, task: str, check: Check, wanted: tuple[tuple[str, str, str], ...]
    ) -> None:
        limit = time.monotonic() + self._timing.queue_limit
        with self._changed:
            check()
            while blocked := self._blocked(wanted):
                left = limit - time.monotonic()
                if left <= 0:
                    raise XapiError('OTHER_OPERATION_IN_PROGRESS', *blocked)
                self._changed.wait(left)
                check()
            for cls, ref, operation in wanted:
                self._busy[cls, ref] = operation, task

    def _blocked(
        self, wanted: tuple[tuple[str, str, str], ...]
    ) -> tuple[str, str, str, str] | None:
        for cls, ref, _ in wanted:
            if (cls, ref) in self._busy:
                operation, task = self._busy[cls, ref]
                return cls, ref, operation, task
        return None

    def _show(
        self, cls: str, ref: str, task: str, operation: str | None
    ) -> None:
        """Write what is going on into the object, if it is still there."""
        with self._records.lock:
            row = self._records.find(cls, ref)
            if row is None:
                return
            now = dict(row['current_operations'])
            now.pop(task, None)
            if operation is not None:
                now[task] = operation
            self._records.write(cls, ref, current_operations=now)
