"""Slow calls: which of a handler's run now, and which seem to hang."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import itertools
import logging
import threading
import time
from typing import Any
from typing import cast
from typing import TypeVar

LOG = logging.getLogger(__name__)

H = TypeVar('H')

# The methods that may wait for a backend, and which argument tells the store:
# by its name, as an image or debris there, or as several images.
_STORE_AT = {
    'stores': None,
    'room': 1,
    'add': 2,
    **dict.fromkeys(('enumerate', 'evict', 'evict_many', 'mark'), 0),
    **dict.fromkeys(('mark_many', 'recover', 'debris', 'clean'), 0),
    **dict.fromkeys(('remarks', 'record_host', 'hosts', 'forget_host'), 0),
    **dict.fromkeys(('accept_host', 'age', 'pin', 'unpin'), 0),
    **dict.fromkeys(('staging', 'reserve', 'reservations', 'unreserve'), 0),
    **dict.fromkeys(('content', 'altered', 'quarantine'), 0),
}

# All that can be on record.
METHODS = frozenset(_STORE_AT)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that has not returned; ``since`` counts monotonic seconds."""

    method: str
    store: str
    since: float

    def __str__(self) -> str:
        where = f' in the store {self.store}' if self.store else ''
        return f'{self.method}{where}'


# Is given a call that returned, its seconds, and whether it raised.
TellEnd = Callable[[Call, float, bool], object]


class RunningCalls:
    """The calls of handlers that run now, told when they last too long.

    ``tell`` is given a sentence, once for each call that lasts longer than
    ``timeout`` (None: never), while it lasts.  Nobody ends such a call: what
    it has done by then only its backend knows.  ``tell_end`` is given each
    call as it returns, by the thread that made it.
    """

    def __init__(
        self,
        timeout: datetime.timedelta | None,
        *,
        tell: Callable[[str], object] = LOG.warning,
        monotonic: Callable[[], float] = time.monotonic,
        tell_end: TellEnd | None = None,
    ) -> None:
        self._timeout = timeout
        self._tell = tell
        self._tell_end = tell_end
        self._monotonic = monotonic
        self._running: dict[int, Call] = {}
        self._numbers = itertools.count()
        self._told: set[int] = set()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again what lasts too long, in a thread."""
        if self._timeout is None:
            yield
            return
        end = threading.Event()
        thread = threading.Thread(
            target=self._look_in_time, args=[end], daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _look_in_time(self, end: threading.Event) -> None:
        # Seldom: who watches over a service takes any work for progress.
        while not end.wait(self.tell_slow()):
            pass

    def tell_slow(self) -> float | None:
        """Tell of each call that lasts too long now, and was not told.

        :returns: seconds until another one can; None: never.
        """
        if self._timeout is None:
            return None
        limit, now = self._timeout.total_seconds(), self._monotonic()
        running = self._running.copy()
        self._told &= running.keys()
        lasting = {
            number: now - call.since
            for number, call in running.items()
            if number not in self._told
        }
        for number, seconds in lasting.items():
            if seconds >= limit:
                self._tell_once(number, running[number], seconds)
        others = [one for one in lasting.values() if one < limit]
        return limit - max(others, default=0.0)

    def _tell_once(self, number: int, call: Call, seconds: float) -> None:
        self._told.add(number)
        text = (
            f'the handler has not returned from {call} for {seconds:.0f} s '
            f'(call_timeout); still waiting'
        )
        try:
            self._tell(text)
        except Exception:
            # A caller's own: the next call that hangs is told all the same.
            LOG.exception('%s, which could not be told', text)

    def describe(self) -> str:
        """Name what runs now, and for how long; empty: nothing.

        It waits for no lock, for a signal may come at any time.
        """
        now = self._monotonic()
        return ', '.join(
            f'{call} ({now - call.since:.0f} s)'
            for call in self._running.copy().values()
        )

    def watch_handler(self, handler: H) -> H:
        """Give the handler so that its calls are on record as they run."""
        return cast(H, _Watched(handler, self))

    @contextlib.contextmanager
    def record_call(self, method: str, store: str) -> Iterator[None]:
        """Have a call on record meanwhile."""
        number = next(self._numbers)
        call = Call(method=method, store=store, since=self._monotonic())
        self._running[number] = call
        failed = True
        try:
            yield
            failed = False
        finally:
            del self._running[number]
            if self._tell_end is not None:
                self._tell_end(call, self._monotonic() - call.since, failed)


class _Watched:
    """A handler all of whose calls are on record as long as they run."""

    def __init__(self, handler: Any, calls: RunningCalls) -> None:
        self._handler = handler
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._handler, name)
        if name not in _STORE_AT:
            return found

        def call(*args: Any, **others: Any) -> Any:
            store = _store_of(name, args, others)
            with self._calls.record_call(name, store):
                result = found(*args, **others)
            if isinstance(result, Iterator):
                # It has yet to begin what it was called for.
                return self._step_through(name, store, result)
            return result

        return call

    def _step_through(
        self, name: str, store: str, results: Iterator[Any]
    ) -> Iterator[Any]:
        try:
            while True:
                with self._calls.record_call(name, store):
                    one = next(results, _END)
                if one is _END:
                    return
                yield one
        finally:
            if close := getattr(results, 'close', None):
                # It may wait for what it began.
                with self._calls.record_call(name, store):
                    close()


_END = object()


def _store_of(name: str, args: tuple[Any, ...], others: dict[str, Any]) -> str:
    place = _STORE_AT[name]
    if place is None or place >= len(args):
        return str(others.get('store', ''))
    told = args[place]
    if isinstance(told, str):
        return told
    if isinstance(told, list | tuple):
        told = told[0] if told else None
    return str(getattr(told, 'store', ''))
