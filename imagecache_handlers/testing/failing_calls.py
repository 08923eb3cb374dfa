"""Failing calls: all of a handler are counted, and break where they are to."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from collections import Counter
import threading
from typing import TypeVar

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.breaks import Died
from imagecache_handlers.testing.breaks import Fault
from imagecache_handlers.testing.breaks import How
from imagecache_handlers.testing.breaks import When
from imagecache_handlers.testing.breaks import WRITES

_Reply = TypeVar('_Reply')
_Result = TypeVar('_Result')


class _NoMore:
    """What stands where a result is missing."""


_NO_MORE = _NoMore()


class FailingCalls:
    """Whoever makes calls that may break; ``dead``: none is made any more."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        self.calls: list[str] = []
        self.dead = False
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def make_call(
        self,
        method: str,
        store: str,
        work: Callable[[], _Reply],
        subject: str = '',
    ) -> _Reply:
        """Do one call of the backend; every one comes through here."""
        due = self._count(method)
        self._meet(due, 'before', method, store, subject)
        try:
            return work()
        finally:
            # In any case: a reply that is lost may have been an error.
            self._meet(due, 'after', method, store, subject)

    def make_calls(
        self,
        method: str,
        images: Sequence[CachedImage],
        work: Callable[[], Iterable[_Result]],
    ) -> Iterator[_Result]:
        """Do one call for many images, with each result as a call in it."""
        if not images:
            yield from work()
            return
        store, first = images[0].store, images[0].image_id
        due = self._count(method)
        self._meet(due, 'before', method, store, first)
        try:
            results = iter(work())
            for image in images:
                result = self.make_call(
                    'result',
                    store,
                    lambda: next(results, _NO_MORE),
                    image.image_id,
                )
                # However few there are: that is passed on as it is.
                if isinstance(result, _NoMore):
                    return
                yield result
            yield from results
        finally:
            # In any case, as after any call.
            self._meet(due, 'after', method, store, first)

    def _count(self, method: str) -> list[Fault]:
        """Count a call, and give the faults that are due in it."""
        with self._lock:
            if self.dead:
                raise Died(f'{method}: the process is dead')
            self.calls.append(method)
            self._counts[method] += 1
            counts = {None: len(self.calls), method: self._counts[method]}
            return [
                fault
                for fault in self.faults
                if counts.get(fault.method) == fault.call
            ]

    def _meet(
        self,
        due: Iterable[Fault],
        when: When,
        method: str,
        store: str,
        subject: str,
    ) -> None:
        why = f'a fault {when} {method}'
        for how in [fault.how for fault in due if fault.when == when]:
            if not isinstance(how, How):
                how()
            elif how is How.DIE:
                self.dead = True
            elif how is How.LOSE and method in WRITES:
                raise Uncertain(subject, why)
            else:
                raise StoreUnavailable(store, why)
        if self.dead:
            raise Died(why)
