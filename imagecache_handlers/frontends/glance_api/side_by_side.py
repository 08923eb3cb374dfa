"""Side by side: the same question about several, in threads nobody waits for.

A pool of ``concurrent.futures`` holds up the end of the process until all
that it was given is done.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import threading
from typing import Generic
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def call_together(
    act: Callable[[Item], Result], items: Collection[Item], threads: int
) -> list[Result]:
    """Give what it says of each, in their order.

    The first that fails calls off all that have not begun, and is raised.
    """
    calls = _Calls(act, items)
    workers = [
        threading.Thread(
            target=calls.work_on, name='imagecache asking', daemon=True
        )
        for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return calls.list_results()


class _Calls(Generic[Item, Result]):
    """Which were made, and what came of them."""

    def __init__(
        self, act: Callable[[Item], Result], items: Collection[Item]
    ) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._left: Iterator[tuple[int, Item]] = iter(enumerate(items))
        self._results: dict[int, Result] = {}
        self._failures: list[BaseException] = []

    def work_on(self) -> None:
        while (taken := self._take_next()) is not None:
            number, item = taken
            try:
                self._results[number] = self._act(item)
            # Whatever it is, it is raised where somebody waits for it.
            except BaseException as error:  # noqa: BLE001
                self._failures.append(error)

    def _take_next(self) -> tuple[int, Item] | None:
        with self._lock:
            return None if self._failures else next(self._left, None)

    def list_results(self) -> list[Result]:
        for failure in self._failures[:1]:
            raise failure
        return [self._results[number] for number in sorted(self._results)]
