"""Stats that a driver adds: from sweeps, and from what happens between.

With Nova's folder and no Nova; what its resource tracker, database and
scheduler make of them is tried in ``tests/functional/nova``.
"""

import os
import threading
import unittest
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.actions.stores import Inventory
from imagecache_handlers.frontends.fleet import opts
from imagecache_handlers.frontends.fleet.stats import read_stats
from imagecache_handlers.frontends.nova.cache_stats import CacheStats
from imagecache_handlers.frontends.nova.libvirt import LibvirtImageCacheMixin
from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import utc_now
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import sha1
from tests.frontends.nova.test_libvirt import NovaDriver
from tests.frontends.nova.test_libvirt import Stock
from tests.frontends.nova.things import Api
from tests.frontends.nova.things import HostPlace
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import nova_options

GIB = 2**30
BUDGET = 8 * 1024
START = CacheStats.start_look
UPTIME = {'uptime': '12:00 up 9 days'}


class Driver(NovaDriver):
    """Nova's driver, with two nodes as that of Ironic may have."""

    spawning = None

    def init_host(self, host):
        self.did.append(host)

    def get_available_resource(self, nodename):
        if nodename not in ('node-1', 'node-2'):
            return {}
        return {'hypervisor_hostname': nodename, 'stats': dict(UPTIME)}

    def spawn(self, context, instance, *given, **named):
        if self.spawning:
            self.spawning()
        return super().spawn(context, instance, *given, **named)


class Base(HostPlace):
    def setUp(self):
        super().setUp()
        self.driver = self.make_driver()

    def make_driver(self):
        place = self

        class Libvirt(LibvirtImageCacheMixin, Driver):
            nova_conf = place.conf

            def image_api(self):
                return Api(OTHER, os.urandom(3000))

        return Libvirt(Stock(self.folder))

    def sweep(self, *used):
        instances = [Instance(image_ref=one) for one in used]
        self.driver.manage_image_cache('context', instances)

    def told(self):
        return read_stats(self.stats())

    def stats(self, node='node-1'):
        return self.driver.get_available_resource(node)['stats']

    def start(self):
        """Start as Nova does, and wait for the look."""
        looks = []
        stats = self.driver.cache_stats
        with mock.patch.object(
            CacheStats,
            'start_look',
            lambda self, look: looks.append(START(stats, look)),
        ):
            self.driver.init_host('compute')
        for thread in looks:
            thread.join()

    def set_option(self, name, value):
        opts.register_opts(self.conf)
        self.conf.set_override(name, value, group=opts.GROUP)


class TestAdded(Base):
    def test_before_the_first_look_nothing_is_added(self):
        with self.assertNoLogs():
            self.assertEqual(UPTIME, self.stats())

    def test_what_a_sweep_saw(self):
        self.lay(sha1(IMAGE))
        self.sweep(IMAGE)
        told = self.told()
        self.assertTrue(told.has_image(IMAGE))
        self.assertFalse(told.has_image(OTHER))
        self.assertEqual(1, told.count)
        self.assertEqual(UPTIME['uptime'], self.stats()['uptime'])

    def test_what_there_was_when_the_service_started(self):
        self.lay(sha1(IMAGE))
        self.start()
        self.assertEqual(['compute'], self.driver.did)
        self.assertTrue(self.told().has_image(IMAGE))

    def test_before_the_first_image_there_is_none(self):
        self.folder.rmdir()
        self.start()
        self.assertEqual(
            (0, True), (self.told().count, self.told().is_complete)
        )
        self.assertFalse(self.folder.exists())
        self.driver.spawn('context', Instance(image_ref=IMAGE))
        self.assertTrue(self.told().has_image(IMAGE))

    def test_what_goes_is_told_no_more_before_the_sweep_has_ended(self):
        self.lay(sha1(IMAGE))
        self.lay(sha1(OTHER))
        self.sweep()
        self.set_age(0)
        counts = []
        learn = self.driver.cache_stats.learn_outcome

        def watch(outcome):
            learn(outcome)
            counts.append(self.told().count)

        self.driver.image_cache_manager.on_outcome = watch
        while self.file(sha1(OTHER)).exists():
            threading.Event().wait(0.3)
            self.sweep()
        self.assertEqual([1, 0], counts)
        self.assertEqual(0, self.told().count)

    def set_age(self, seconds):
        name = 'remove_unused_original_minimum_age_seconds'
        self.conf.set_override(name, seconds, group='image_cache')

    def test_what_comes_and_what_came_by_a_spawn(self):
        self.sweep()
        seen = []
        self.driver.spawning = lambda: seen.append(self.told())
        self.driver.spawn('context', Instance(image_ref=IMAGE))
        self.assertTrue(seen[0].awaits_image(IMAGE))
        self.assertFalse(seen[0].has_image(IMAGE))
        self.assertTrue(self.told().has_image(IMAGE))
        self.assertFalse(self.told().awaits_image(IMAGE))

    def test_a_spawn_that_failed_brought_nothing(self):
        self.sweep()
        self.driver.spawning = mock.Mock(side_effect=OSError)
        with self.assertRaises(OSError):
            self.driver.spawn('context', Instance(image_ref=IMAGE))
        told = self.told()
        self.assertFalse(told.has_image(IMAGE) or told.awaits_image(IMAGE))

    def test_a_boot_from_a_volume_brings_nothing(self):
        self.sweep()
        self.driver.spawn('context', Instance(image_ref=''))
        self.assertEqual(0, self.told().count)

    def test_what_came_by_request(self):
        self.sweep()
        self.driver.cache_image('context', OTHER)
        self.assertTrue(self.told().has_image(OTHER))

    def test_what_nova_cached_by_itself(self):
        self.sweep()
        kind = cfg.BoolOpt('enable_certificate_validation', default=True)
        self.conf.register_opts([kind], group='glance')
        self.driver.cache_image('context', OTHER)
        self.assertEqual([OTHER], self.driver.did)
        self.assertTrue(self.told().has_image(OTHER))

    def test_nova_asks_no_backend(self):
        self.lay(sha1(IMAGE))
        self.sweep()
        opened = mock.patch.object(
            self.driver.image_cache_manager, 'open_cache'
        )
        with opened as called:
            self.assertTrue(self.told().has_image(IMAGE))
        called.assert_not_called()

    def test_the_same_images_are_the_same_stats(self):
        """Each minute, and whatever is made of an image that is there."""
        self.lay(sha1(IMAGE))
        self.sweep()
        before = self.stats()
        self.driver.spawn('context', Instance(image_ref=IMAGE))
        self.assertEqual(before, self.stats())
        self.driver.spawning = lambda: self.assertEqual(before, self.stats())
        self.driver.spawn('context', Instance(image_ref=IMAGE))

    def test_many_images_are_at_most_eight_kibibytes(self):
        images = [
            CachedImage(image_id=f'{n}', store='s', location=f'{n}', size=1)
            for n in range(3000)
        ]
        found = Inventory(stores=(), items=tuple(images), problems={})
        self.driver.cache_stats.start_look(lambda: found).join()
        ours = {k: v for k, v in self.stats().items() if k not in UPTIME}
        self.assertTrue(all(key.startswith('imagecache_') for key in ours))
        size = sum(len(key) + len(value) for key, value in ours.items())
        self.assertLess(7 * 1024, size)
        self.assertLessEqual(size, BUDGET)

    def test_where_disks_do_not_lie_in_files_nothing_is_told(self):
        self.lay(sha1(IMAGE))
        self.sweep()
        kind = cfg.StrOpt('images_type', default='rbd')
        self.conf.register_opts([kind], group='libvirt')
        self.start()
        self.assertEqual(UPTIME, self.stats())

    def test_it_can_be_switched_off(self):
        self.lay(sha1(IMAGE))
        self.sweep()
        self.set_option('tell_scheduler', False)
        self.assertEqual(UPTIME, self.stats())
        self.assertEqual(
            {'hypervisor_hostname': 'node-1', 'stats': UPTIME},
            self.driver.get_available_resource('node-1'),
        )

    def test_switched_off_nobody_looks_at_the_start(self):
        self.set_option('tell_scheduler', False)
        with mock.patch.object(
            self.driver.image_cache_manager, 'open_cache'
        ) as called:
            self.start()
        called.assert_not_called()

    def test_a_look_that_fails_ends_no_start(self):
        with (
            mock.patch.object(
                self.driver,
                'list_cached',
                side_effect=StoreUnavailable('s', 'no'),
            ),
            self.assertLogs(level='WARNING') as log,
        ):
            self.start()
        self.assertIn('What is cached is not told yet', str(log))
        self.assertEqual(UPTIME, self.stats())


class TestNodes(Base):
    """Drivers of several nodes, as that of Ironic, and of other stats."""

    def test_each_node_tells_it_and_one_that_is_none_stays_so(self):
        self.sweep()
        self.assertEqual(self.stats('node-1'), self.stats('node-2'))
        self.assertIsNotNone(read_stats(self.stats('node-2')))
        self.assertEqual({}, self.driver.get_available_resource('away'))

    def test_what_a_driver_gives_is_not_changed(self):
        self.sweep()
        for stats in UPTIME, {}, None:
            given = {'stats': stats}
            found = self.driver.cache_stats.add_stats(given)
            self.assertEqual({'stats': stats}, given)
            self.assertIsNotNone(read_stats(found['stats']))
        for given in None, {'stats': '{"text": 1}'}, {'stats': [1]}:
            self.assertIs(given, self.driver.cache_stats.add_stats(given))

    def test_what_fails_here_costs_no_resources(self):
        self.sweep()
        with (
            mock.patch.object(
                CacheStats, 'write_stats', side_effect=ZeroDivisionError
            ),
            self.assertLogs(level='ERROR'),
        ):
            self.assertEqual(UPTIME, self.stats())


class TestOneStore(unittest.TestCase):
    """A driver that boots from one store, the one whose size it reports."""

    def setUp(self):
        class OneStore(ImageCacheMixin, Driver):
            boots_from_one_store = True
            nova_conf = nova_options()

        self.driver = OneStore('virtapi')
        self.stats = self.driver.cache_stats
        stores = (
            Store(name='small', total=100 * GIB, free=40 * GIB),
            Store(name='large', total=300 * GIB, free=200 * GIB),
        )
        images = tuple(
            CachedImage(image_id=name, store=store, location=name, size=1)
            for name, store in [('a', 'small'), ('b', 'large')]
        )
        found = Inventory(stores=stores, items=images, problems={})
        self.stats.start_look(lambda: found).join()

    def told(self, total, used):
        resources = {'local_gb': total, 'local_gb_used': used}
        return read_stats(self.stats.add_stats(resources).get('stats'))

    def count_found(self, told):
        return [name for name in 'abcd' if told.has_image(name)]

    def test_of_several_stores_that_which_nova_reports(self):
        self.assertEqual(['a'], self.count_found(self.told(100, 60)))
        self.assertEqual(['b'], self.count_found(self.told(300, 99)))
        self.assertIsNone(self.told(200, 100))

    def test_what_comes_comes_where_nova_boots_from(self):
        self.told(100, 60)
        with self.stats.arriving(['c']):
            pass
        with self.stats.arriving(['d'], everywhere=True):
            pass
        self.assertEqual(['a', 'c', 'd'], self.count_found(self.told(100, 60)))
        self.assertEqual(['b', 'd'], self.count_found(self.told(300, 99)))


class TestTime(Base):
    def test_its_time_is_that_of_the_last_look(self):
        """Whatever came since: what was seen is no newer for it."""
        self.sweep()
        at = self.driver.image_cache_manager.report.plan.now
        self.assertLessEqual(self.told().as_of, at)
        self.assertLess((at - self.told().as_of).total_seconds(), 600)
        with mock.patch(
            'imagecache_handlers.clocks.utc_now', return_value=utc_now()
        ):
            self.driver.spawn('context', Instance(image_ref=IMAGE))
        self.assertEqual(at, self.driver.cache_stats._seen.as_of)
