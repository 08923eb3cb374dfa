"""In flight: many calls at once, as many as a port has lanes.

The threads keep no process from its end: who presses Ctrl-C does not wait for
a host that does not answer.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import queue
import threading
from typing import Generic
from typing import TypeVar

from imagecache_handlers_xenapi.port.port import Port

One = TypeVar('One')
Result = TypeVar('Result')

# Seconds for what is done beside to be done with.
_PATIENCE = 5.0


def for_each_in_flight(
    port: Port, act: Callable[[One], Result], these: Iterable[One]
) -> Iterator[Result]:
    """Do something for each of these; gives the results in their order.

    Whoever takes no more of them leaves those undone that have not begun.
    """
    if port.lanes == 1:
        yield from map(act, these)
        return
    flight = _Flight(act, these)
    flight.start(port.lanes)
    try:
        for result in flight.results:
            yield result.result()
    except GeneratorExit:
        flight.stop()
        flight.join()
        raise
    finally:
        flight.stop()


class _Flight(Generic[One, Result]):
    """What is to be done, and the threads that do it."""

    def __init__(
        self, act: Callable[[One], Result], these: Iterable[One]
    ) -> None:
        self._act = act
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        work = [(one, futures.Future[Result]()) for one in these]
        self.results = [result for _, result in work]
        self._waiting = iter(work)

    def start(self, lanes: int) -> None:
        for _ in range(min(lanes, len(self.results))):
            thread = threading.Thread(target=self._run, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Begin with no more."""
        with self._guard:
            self._waiting = iter(())

    def join(self) -> None:
        """Wait for what has begun."""
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._guard:
                turn = next(self._waiting, None)
            if turn is None:
                return
            one, result = turn
            try:
                result.set_result(self._act(one))
            # Whatever it is, it is raised where somebody waits for it.
            except BaseException as error:
                result.set_exception(error)


@contextlib.contextmanager
def doing_beside(
    port: Port, act: Callable[[str], object]
) -> Iterator[Callable[[str], object]]:
    """Have something done beside other calls, so that nobody waits for it."""
    if port.lanes == 1:
        yield act
        return
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def run() -> None:
        while (one := waiting.get()) is not None:
            act(one)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield waiting.put
    finally:
        waiting.put(None)
        thread.join(_PATIENCE)
