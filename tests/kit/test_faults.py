"""Faults break exactly the call that they name, and nothing else."""

import concurrent.futures
import dataclasses
import io
import threading
import unittest

from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import declares
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.conformance import samples
from imagecache_handlers.testing.faults import Died
from imagecache_handlers.testing.faults import Fault
from imagecache_handlers.testing.faults import Faulty
from imagecache_handlers.testing.faults import How
from imagecache_handlers.testing.faults import When
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf
from tests.kit import cellar
from tests.kit import test_memory
from tests.kit.test_minimal import TableHandler

# The labels that a broken mark of {'aa'} leaves.
DONE: dict[When, set[str]] = {'before': set(), 'after': {'aa'}}


class TestFaultlessMemory(test_memory.TestMemory):
    """Without a fault it keeps every promise of the other handler."""

    def connect(self):
        return Faulty(super().connect())


class TestFaultlessCellar(
    cellar.CellarHooks, conformance.HandlerConformance, unittest.TestCase
):
    def connect(self):
        return Faulty(super().connect())


class FaultCase(unittest.TestCase):
    def setUp(self):
        self.shelf = Shelf()
        self.shelf.entries['at'] = Entry(image_id='a', size=7)

    def handler(self, *faults):
        return Faulty(MemoryHandler(self.shelf), *faults)

    def image(self):
        [image] = MemoryHandler(self.shelf).enumerate('shelf')
        return image

    def labels(self):
        return self.shelf.entries['at'].labels


class TestCounting(FaultCase):
    def test_calls_are_named_in_order(self):
        handler = self.handler()
        image = self.image()
        handler.enumerate('shelf')
        handler.pin(image, 'ops')
        list(handler.stores())
        handler.key('a')
        handler.evict(self.image())
        handler.close()
        self.assertEqual(
            ['enumerate', 'mark', 'stores', 'evict'], handler.calls
        )

    def test_a_call_is_found_by_its_number(self):
        handler = self.handler(Fault(call=2, how=How.FAIL))
        handler.enumerate('shelf')
        with self.assertRaises(StoreUnavailable):
            handler.mark(self.image(), {'aa'})
        handler.mark(self.image(), {'aa'})
        self.assertEqual({'aa'}, self.labels())

    def test_a_call_is_found_by_method_and_number(self):
        fault = Fault(call=2, method='mark', how=How.FAIL)
        handler = self.handler(fault)
        handler.enumerate('shelf')
        handler.mark(self.image(), {'aa'})
        handler.enumerate('shelf')
        with self.assertRaises(StoreUnavailable):
            handler.mark(self.image(), {'bb'})
        self.assertEqual({'aa'}, self.labels())

    def test_a_fault_may_be_added_on_the_way(self):
        handler = self.handler()
        handler.enumerate('shelf')
        handler.faults.append(Fault(call=2, how=How.FAIL))
        with self.assertRaises(StoreUnavailable):
            handler.enumerate('shelf')

    def test_threads_are_counted_each(self):
        handler = self.handler()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in range(100):
                pool.submit(handler.enumerate, 'shelf')
        self.assertEqual(['enumerate'] * 100, handler.calls)

    def test_a_fault_that_can_never_be_met_is_refused(self):
        right = Fault(call=1, how=How.FAIL)
        for wrong in {'call': 0}, {'method': 'key'}, {'when': 'during'}:
            with self.subTest(wrong), self.assertRaises(ValueError):
                dataclasses.replace(right, **wrong)


class TestFaults(FaultCase):
    def test_a_failure_before_does_nothing_and_after_does_it(self):
        for when, labels in DONE.items():
            with self.subTest(when=when):
                fault = Fault(call=1, when=when, how=How.FAIL)
                with self.assertRaises(StoreUnavailable) as caught:
                    self.handler(fault).mark(self.image(), {'aa'})
                self.assertEqual('shelf', caught.exception.store)
                self.assertEqual(labels, self.labels())

    def test_a_lost_reply_is_uncertain_and_says_of_what(self):
        for when, labels in DONE.items():
            with self.subTest(when=when):
                fault = Fault(call=1, when=when, how=How.LOSE)
                with self.assertRaises(Uncertain) as caught:
                    self.handler(fault).evict(self.image())
                self.assertEqual('a', caught.exception.image_id)
                self.assertEqual(not labels, bool(self.shelf.entries))

    def test_a_lost_answer_to_a_question_is_unavailable(self):
        fault = Fault(call=1, when='after', how=How.LOSE)
        with self.assertRaises(StoreUnavailable):
            self.handler(fault).enumerate('shelf')

    def test_a_lost_reply_may_have_been_an_error(self):
        image = self.image()
        self.shelf.entries['at'].users.add('vm')
        with self.assertRaises(ImageInUse):
            self.handler().evict(image)
        fault = Fault(call=1, when='after', how=How.LOSE)
        with self.assertRaises(Uncertain):
            self.handler(fault).evict(image)

    def test_nobody_catches_a_death(self):
        self.assertFalse(issubclass(Died, Exception))

    def test_the_dead_do_nothing_more(self):
        for when, labels in DONE.items():
            with self.subTest(when=when):
                fault = Fault(call=1, when=when, how=How.DIE)
                handler = self.handler(fault)
                image = self.image()
                try:
                    with self.assertRaises(Died):
                        handler.mark(image, {'aa'})
                finally:
                    # As in code that tidies up on its way out.
                    with self.assertRaises(Died):
                        handler.mark(image, (), {'aa'})
                self.assertEqual(labels, self.labels())
                self.assertEqual(['mark'], handler.calls)

    def test_all_threads_die_together(self):
        inside, died = threading.Event(), threading.Event()

        def wait():
            inside.set()
            self.assertTrue(died.wait(10))

        handler = self.handler(
            Fault(call=1, method='evict', when='after', how=wait),
            Fault(call=1, method='mark', how=How.DIE),
        )
        image = self.image()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            evicting = pool.submit(handler.evict, image)
            self.assertTrue(inside.wait(10))
            with self.assertRaises(Died):
                handler.mark(image, {'aa'})
            died.set()
            with self.assertRaises(Died):
                evicting.result()
        self.assertEqual({}, self.shelf.entries)

    def test_another_actor_acts_before_or_after(self):
        seen = []

        def look():
            seen.append(set(self.labels()))

        self.handler(
            Fault(call=1, how=look), Fault(call=1, when='after', how=look)
        ).mark(self.image(), {'aa'})
        self.assertEqual([set(), {'aa'}], seen)

    def test_another_actor_may_use_the_same_handler(self):
        handler = self.handler()
        image = self.image()
        handler.faults.append(
            Fault(call=1, how=lambda: handler.mark(image, {'bb'}))
        )
        handler.mark(image, {'aa'})
        self.assertEqual(['mark', 'mark'], handler.calls)
        self.assertEqual({'aa', 'bb'}, self.labels())


class TestAbilities(unittest.TestCase):
    def test_it_declares_what_the_other_declares(self):
        least = Faulty(TableHandler({}))
        rich = Faulty(cellar.CellarHandler(cellar.Cellar()))
        for ability in 'room', 'add', 'debris', 'clean':
            with self.subTest(ability=ability):
                self.assertFalse(declares(least, ability))
                self.assertTrue(declares(rich, ability))

    def test_it_is_as_parallel_as_the_other(self):
        other = MemoryHandler()
        other.parallel, other.batch, other.wants_seen = 3, 5, True
        handler = Faulty(other)
        self.assertEqual(
            (3, 5, True),
            (handler.parallel, handler.batch, handler.wants_seen),
        )

    def test_optional_methods_have_faults_too(self):
        meta = ImageMeta(image_id='a', size=1, disk_format='raw')
        calls = {
            'room': lambda it: it.room(meta, 'north'),
            'add': lambda it: it.add(meta, io.BytesIO(b'a'), 'north'),
            'debris': lambda it: it.debris('north'),
            'clean': lambda it: it.clean(samples.as_debris('north', 'cask')),
        }
        for method, call in calls.items():
            lost = (
                Uncertain if method in ('add', 'clean') else (StoreUnavailable)
            )
            for how, error in (
                (How.FAIL, StoreUnavailable),
                (How.LOSE, lost),
                (How.DIE, Died),
            ):
                with self.subTest(method=method, how=how):
                    fault = Fault(call=1, method=method, how=how)
                    backend = cellar.CellarHandler(cellar.Cellar())
                    with self.assertRaises(error):
                        call(Faulty(backend, fault))
