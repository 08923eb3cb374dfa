"""In flight: many calls at once, as many as a port has lanes."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from concurrent import futures
from typing import TypeVar

from imagecache_handlers_xenapi.port.port import Port

One = TypeVar('One')
Result = TypeVar('Result')


def for_each_in_flight(
    port: Port, act: Callable[[One], Result], these: Iterable[One]
) -> Iterator[Result]:
    """Do something for each of these; gives the results in their order.

    Whoever takes no more of them leaves those undone that have not begun.
    """
    if port.lanes == 1:
        yield from map(act, these)
        return
    with futures.ThreadPoolExecutor(port.lanes) as pool:
        waiting = [pool.submit(act, one) for one in these]
        try:
            for one in waiting:
                yield one.result()
        finally:
            pool.shutdown(cancel_futures=True)
