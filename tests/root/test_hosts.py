"""The hosts of a store: what the core asks a handler, and passes on."""

import datetime
import unittest

from imagecache_handlers import Evidence
from imagecache_handlers import Host
from imagecache_handlers import ImageCache
from imagecache_handlers import NotSupported
from imagecache_handlers import Rules
from imagecache_handlers import Store
from imagecache_handlers import StoreNotFound
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.faults import Fault
from imagecache_handlers.testing.faults import Faulty
from imagecache_handlers.testing.faults import How
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf

NOW = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)


class Registered(MemoryHandler):
    """One that knows hosts, and has remarks."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.known = []

    def remarks(self, store):
        return ['looked at 1 disk']

    def record_host(self, store):
        self.known.append('this')

    def hosts(self, store):
        return [Host(name=name, store=store) for name in self.known]

    def forget_host(self, store, name):
        there = name in self.known
        self.known = [one for one in self.known if one != name]
        return there

    def accept_host(self, store):
        self.known = ['accepted']


class TestHosts(unittest.TestCase):
    def setUp(self):
        self.shelf = Shelf()
        self.shelf.entries['at'] = Entry(image_id='a', size=7, users={'vm'})
        self.handler = Registered(self.shelf)

    def cache(self, handler=None):
        return ImageCache(handler or self.handler, Rules(), clock=lambda: NOW)

    def sweep(self, handler=None):
        return self.cache(handler).sweep(lambda: Evidence(as_of=NOW))

    def names(self):
        return [one.name for one in self.cache().hosts().items]

    def test_a_sweep_that_changes_nothing_is_on_record(self):
        report = self.sweep()
        self.assertEqual((), report.plan.changes)
        self.assertEqual(['this'], self.names())

    def test_a_plan_is_not(self):
        self.cache().plan(Evidence(as_of=NOW))
        self.assertEqual([], self.names())

    def test_what_cannot_be_recorded_is_told_and_stops_nothing(self):
        self.shelf.entries['at'].users = set()
        fault = Fault(call=1, method='record_host', how=How.FAIL)
        with self.assertLogs(
            'imagecache_handlers.actions.host_records'
        ) as logged:
            self.sweep(Faulty(self.handler, fault))
        self.assertIn('Other hosts cannot see', logged.output[0])
        self.assertTrue(self.shelf.entries['at'].labels)

    def test_it_is_recorded_before_anything_is_written(self):
        self.shelf.entries['at'].users = set()
        handler = Faulty(self.handler)
        self.sweep(handler)
        writes = [one for one in handler.calls if one in ('mark', 'evict')]
        self.assertTrue(writes)
        first = handler.calls.index(writes[0])
        self.assertLess(handler.calls.index('record_host'), first)

    def test_hosts_are_forgotten_and_accepted_by_store(self):
        self.sweep()
        cache = self.cache()
        self.assertEqual((), cache.forget_host('other').items)
        self.assertEqual(('shelf',), cache.forget_host('this').items)
        self.assertEqual(('shelf',), cache.accept_host(['shelf']).items)
        self.assertEqual(['accepted'], self.names())
        with self.assertRaises(StoreNotFound):
            cache.forget_host('this', ['nowhere'])

    def test_a_store_that_fails_is_a_problem_of_its_own(self):
        class Broken(Registered):
            def stores(self):
                return [*super().stores(), Store(name='b', problem='gone')]

            def accept_host(self, store):
                raise StoreUnavailable(store, 'full')

        cache = self.cache(Broken(self.shelf))
        done = cache.accept_host()
        self.assertEqual((), done.items)
        self.assertEqual({'shelf': 'full', 'b': 'gone'}, done.problems)

    def test_a_handler_that_knows_none_says_so(self):
        for handler in MemoryHandler(), Faulty(MemoryHandler()):
            cache = self.cache(handler)
            for ask in (
                cache.hosts,
                cache.accept_host,
                lambda: cache.forget_host('x'),  # noqa: B023
            ):
                with self.assertRaises(NotSupported):
                    ask()
            self.assertEqual({}, cache.inventory().remarks)

    def test_remarks_come_with_inventory_and_plan(self):
        for handler in self.handler, Faulty(self.handler):
            cache = self.cache(handler)
            said = {'shelf': ('looked at 1 disk',)}
            self.assertEqual(said, cache.inventory().remarks)
            self.assertEqual(said, cache.plan(Evidence(as_of=NOW)).remarks)

    def test_remarks_that_fail_stop_nothing(self):
        class Broken(Registered):
            def remarks(self, store):
                raise ValueError('odd')

        with self.assertLogs('imagecache_handlers.actions.guard'):
            found = self.cache(Broken(self.shelf)).inventory()
        self.assertEqual(1, len(found.images))
        self.assertIn('odd', found.remarks['shelf'][0])
