"""Tasks: what runs for an Async call, and what it came to."""

from collections.abc import Callable
import enum
import threading
import time

from xapi_simulator.errors import XapiError
from xapi_simulator.records import Records
from xapi_simulator.timing import Timing
from xapi_simulator.values import date

KEPT = 200
_ENDED = frozenset({'success', 'failure', 'cancelled'})


class When(enum.Enum):
    """When the work of an Async call is done."""

    THREAD = 'in a thread of its own, as in a real pool'
    AT_ONCE = 'before the call is answered: the same again in every run'
    TOLD = 'when somebody says so'


class Tasks:
    """The tasks of a pool; whoever ends one says with what."""

    def __init__(self, records: Records, timing: Timing) -> None:
        self.when = When.THREAD
        self._records = records
        self._timing = timing
        self._waiting: dict[str, Callable[[], None]] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._born: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    def create(self, label: str, description: str, host: str) -> str:
        self.collect()
        ref = self._records.create(
            'task',
            name_label=label,
            name_description=description,
            allowed_operations=('cancel',),
            created=date(time.time()),
            resident_on=host,
        )
        self._cancelled[ref] = threading.Event()
        self._born[ref] = time.monotonic()
        return ref

    def run(self, ref: str, work: Callable[[], str]) -> None:
        """Do the work, now or when its time comes; its text is the result."""

        def body() -> None:
            try:
                self.succeed(ref, work())
            except XapiError as error:
                self.fail(ref, error)

        if self.when is When.TOLD:
            self._waiting[ref] = body
        elif self.when is When.AT_ONCE:
            body()
        else:
            threading.Thread(target=body, daemon=True).start()

    def run_waiting(self) -> int:
        """Do all work that waits to be told; gives how much it was."""
        count = 0
        while self._waiting:
            ref = next(iter(self._waiting))
            self._waiting.pop(ref)()
            count += 1
        return count

    def drop_waiting(self) -> None:
        """Forget the work that waits, as a restart of xapi does."""
        self._waiting.clear()

    def succeed(self, ref: str, result: str = '') -> None:
        self._end(ref, status='success', result=result, progress=1.0)

    def fail(self, ref: str, error: XapiError) -> None:
        cancelled = error.code == 'TASK_CANCELLED'
        self._end(
            ref,
            status='cancelled' if cancelled else 'failure',
            error_info=tuple(error.description),
            progress=1.0,
        )

    def progress(self, ref: str, done: float) -> None:
        """Tell how far it is, if it is a task that anybody can see."""
        if self._records.find('task', ref) is not None:
            self._records.write('task', ref, progress=done)

    def check(self, ref: str) -> None:
        """Go on only if nobody has cancelled it.

        :raises XapiError: TASK_CANCELLED when somebody has.
        """
        event = self._cancelled.get(ref)
        if event is not None and event.is_set():
            raise XapiError('TASK_CANCELLED', ref)

    def sleep(self, ref: str, seconds: float) -> None:
        """Let work take its time, less when it is cancelled."""
        event = self._cancelled.get(ref)
        if event is None:
            time.sleep(seconds)
        elif event.wait(seconds):
            self.check(ref)

    def cancel(self, ref: str) -> None:
        """Ask a task to stop; what it is doing may still succeed.

        :raises XapiError: OPERATION_NOT_ALLOWED when it has ended.
        """
        with self._records.lock:
            row = self._records.get('task', ref)
            if row['status'] in _ENDED:
                raise XapiError('OPERATION_NOT_ALLOWED', ref)
            self._records.write('task', ref, status='cancelling')
        if ref in self._cancelled:
            self._cancelled[ref].set()

    def destroy(self, ref: str) -> None:
        """Forget a task, a running one as soon as it ends."""
        with self._records.lock:
            row = self._records.get('task', ref)
            if row['status'] in _ENDED:
                self.lose(ref)
            else:
                later = {**row['current_operations'], ref: 'destroy'}
                self._records.write('task', ref, current_operations=later)

    def lose(self, ref: str) -> None:
        """Forget a task, whatever it is doing; the work goes on."""
        self._records.delete('task', ref)
        for known in self._born, self._ended:
            known.pop(ref, None)

    def collect(self) -> None:
        """Forget the tasks that are too old, or too many."""
        now = time.monotonic()
        ended = sorted(list(self._ended.items()), key=lambda one: one[1])
        surplus = len(ended) - KEPT
        for number, (ref, since) in enumerate(ended):
            old = now - since > self._timing.finished_tasks
            if old or number < surplus:
                self.lose(ref)
        for ref, since in list(self._born.items()):
            if now - since > self._timing.pending_tasks:
                self.lose(ref)

    def _end(self, ref: str, **fields: object) -> None:
        self._cancelled.pop(ref, None)
        with self._records.lock:
            row = self._records.find('task', ref)
            if row is None or row['status'] in _ENDED:
                return
            self._records.write(
                'task',
                ref,
                **fields,
                finished=date(time.time()),
                allowed_operations=('destroy',),
            )
            self._ended[ref] = time.monotonic()
            if 'destroy' in row['current_operations'].values():
                self.lose(ref)
        self.collect()
