"""Calls of a handler, timed: how long a pass is in its backend."""

from collections.abc import Callable
from collections.abc import Iterator
import functools
import time
from typing import Any


CALLS = (
    *('stores', 'enumerate', 'mark', 'mark_many', 'evict', 'evict_many'),
    *('debris', 'clean', 'recover', 'reservations', 'record_host', 'hosts'),
    *('remarks', 'find_users_beside'),
)


class InCalls:
    """Adds up the time that is spent in the calls of a handler."""

    def __init__(self, handler: Any) -> None:
        self.seconds = 0.0
        self._depth = 0
        for name in CALLS:
            setattr(handler, name, self._time(getattr(handler, name)))

    def _time(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*given: Any, **how: Any) -> Any:
            result = self._add(lambda: call(*given, **how))
            is_lazy = isinstance(result, Iterator)
            return self._draw(result) if is_lazy else result

        return timed

    def _draw(self, results: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (one := self._add(lambda: next(results, end))) is not end:
            yield one

    def _add(self, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        self._depth += 1
        try:
            return call()
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.perf_counter() - started
