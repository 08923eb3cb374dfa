"""Sweeping: what the core makes of a handler, broken at every call."""

from collections.abc import Iterator
import contextlib
import datetime
import itertools
import logging

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.handler import declares
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import TWO
from imagecache_handlers.testing.faults import Died
from imagecache_handlers.testing.faults import Fault
from imagecache_handlers.testing.faults import Faulty
from imagecache_handlers.testing.faults import How
from imagecache_handlers.testing.faults import When

# Longer than the minimum age, and than anything of a dead host counts.
A_WHILE = datetime.timedelta(hours=2)
RULES = Rules(
    min_age=A_WHILE / 2,
    resized_min_age=A_WHILE / 2,
)


class Sweeping(Examining):
    """``ONE`` lies idle beside ``KIN``, pinned, and ``TWO``, in use."""

    def _furnish(self) -> None:
        self._seconds = 0.0
        self._swept = self.store()
        self._granted = False
        self._start = datetime.datetime.now(datetime.UTC)
        self.seed(KIN)
        self._cache(self._faulty()).pin(KIN, 'kit', store=self._swept)
        if self.sees_users:
            self.occupy(self._seeded(TWO), 'vm')

    def _kept(self) -> set[str]:
        kept = (KIN, TWO) if self.sees_users else (KIN,)
        return set(map(self._key, kept))

    def _left(self) -> set[str]:
        return {image.image_id for image in self._list()}

    def _faulty(self, *faults: Fault) -> Faulty:
        return Faulty(self._connect(), *faults)

    def _now(self) -> datetime.datetime:
        return self._start + datetime.timedelta(seconds=self._seconds)

    def _wait(self, seconds: float) -> None:
        self._seconds += seconds

    def _cache(self, handler: Faulty) -> ImageCache:
        return ImageCache(
            handler,
            RULES,
            clock=self._now,
            monotonic=lambda: self._seconds,
            sleep=self._wait,
        )

    def _sweep(self, *faults: Fault) -> list[str]:
        """Sweep as a host of its own would; give the calls it made."""
        handler = self._faulty(*faults)
        # A host may die in it, and a backend that fails is nobody's bug.
        with _unheard(), contextlib.suppress(CacheError, Died):
            self._cache(handler).sweep(
                lambda: Evidence(complete=True, as_of=self._now()),
                [self._swept],
            )
        return handler.calls

    def _sweep_after_a_while(self, *faults: Fault) -> list[str]:
        self._wait(A_WHILE.total_seconds())
        return self._sweep(*faults)

    @promise('sweep')
    def test_a_sweep_evicts_what_lies_idle_and_nothing_else(self) -> None:
        self._furnish()
        self.seed(ONE)
        self._sweep()
        self.assertEqual({self._key(ONE)} | self._kept(), self._left())
        with self._counted('sweep that evicts one of three'):
            self._sweep_after_a_while()
        self.assertEqual(self._kept(), self._left())

    @promise('sweep')
    def test_a_sweep_that_finds_nothing_new_writes_nothing(self) -> None:
        self._furnish()
        self._sweep()
        writes = {'mark', 'mark_many', 'evict', 'evict_many'}
        self.assertFalse(writes & {*self._sweep()})

    @promise('sweep')
    def test_a_sweep_that_stands_still_overtakes_no_grant(self) -> None:
        for force in False, True:
            with self._case(force=force):
                self._furnish()
                self.seed(ONE)
                self._sweep()
                many = declares(self._connect(), 'evict_many')
                method = 'evict_many' if many else 'evict'
                stop = Fault(call=1, method=method, how=self._stand_still)
                if force:
                    self._evict(stop)
                else:
                    self._sweep_after_a_while(stop)
                self.assertTrue(self._granted)
                self.assertIn(self._key(ONE), self._left())
                self._cache(self._faulty()).unpin(ONE, 'kit')
                self._sweep_after_a_while()
                self.assertEqual(self._kept(), self._left())

    @promise('sweep')
    def test_a_sweep_that_stands_still_at_last_overtakes_no_grant(
        self,
    ) -> None:
        if not self._supplies('last_step'):
            return
        self._furnish()
        self.seed(ONE)
        self._sweep()
        with self.last_step(self._stand_still):
            self._sweep_after_a_while()
        self.assertEqual(self._granted, self._key(ONE) in self._left())

    def _stand_still(self) -> None:
        """Stop for longer than a claim lasts; others go on meanwhile."""
        self._wait(A_WHILE.total_seconds())
        if not self._granted:
            cache = self._cache(self._faulty())
            self.assertTrue(cache.pin(ONE, 'kit', store=self._swept))
            self._granted = True

    def _evict(self, *faults: Fault) -> None:
        evidence = Evidence(complete=True, as_of=self._now())
        with _unheard():
            self._cache(self._faulty(*faults)).evict(
                ONE, evidence, store=self._swept, force=True
            )

    @promise('sweep')
    def test_a_sweep_that_breaks_is_finished_by_the_next(self) -> None:
        for fault in self._faults():
            with self._case(fault=fault):
                self._furnish()
                self.seed(ONE)
                self._sweep()
                self._sweep_after_a_while(fault)
                self.assertLessEqual(self._kept(), self._left())
                self._sweep_after_a_while()
                self.assertEqual(self._kept(), self._left())

    def _faults(self) -> Iterator[Fault]:
        """Break each call of a sweep that evicts, in each way."""
        self._furnish()
        self.seed(ONE)
        self._sweep()
        calls = range(1, 1 + len(self._sweep_after_a_while()))
        whens: tuple[When, ...] = 'before', 'after'
        ways = itertools.product(calls, whens, (How.DIE, How.LOSE))
        self._is_used = True
        for call, when, how in ways:
            yield Fault(call=call, when=when, how=how)


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep warnings of faults that are meant off a screen nobody set up."""
    log = logging.getLogger('imagecache_handlers')
    handler = logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
