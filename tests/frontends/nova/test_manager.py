"""The manager that a driver has: passes, usage, holds, and images cached."""

import datetime
import os
import pathlib
import tempfile
import threading
import unittest
from unittest import mock

from imagecache_handlers.config.options import register_opts
from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import opts
from imagecache_handlers.frontends.nova.caching import NotCached
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from imagecache_handlers.frontends.nova.stopping import StoppableWork
from imagecache_handlers.frontends.nova import usage
from imagecache_handlers import HandlerNotFound
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from imagecache_handlers import utc_now
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import sha1
from tests.frontends.nova.things import Api
from tests.frontends.nova.things import HostPlace
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import Listed
from tests.frontends.nova.things import nova_options
from tests.frontends.nova.things import whole

DAY = datetime.timedelta(days=1)


class Base(HostPlace):
    def setUp(self):
        super().setUp()
        self.manager = self.new_manager()

    def new_manager(self, conf=None, **how):
        return ImageCacheManager(conf or self.conf, **how)

    def set_age(self, seconds):
        name = 'remove_unused_original_minimum_age_seconds'
        self.conf.set_override(name, seconds, group='image_cache')

    def update(self, *columns):
        instances = [Instance(**one) for one in columns]
        return self.manager.update('context', instances)

    def reasons(self, report):
        return {
            one.image.image_id: one.reason.value
            for one in report.plan.verdicts
        }

    def sweep_until_gone(self, name):
        """Ages are in whole seconds: it goes in the next one."""
        while self.file(name).exists():
            threading.Event().wait(0.3)
            report = self.update()
        return report


class TestUpdate(Base):
    def test_users_are_novas_and_those_that_are_seen(self):
        self.lay(sha1(IMAGE))
        self.lay(sha1(OTHER))
        self.lay(sha1('idle'))
        overlay(self.instances / 'vm' / 'disk', f'../_base/{sha1(OTHER)}')
        report = self.update({'image_ref': IMAGE})
        used = {sha1(IMAGE): 'in-use', sha1(OTHER): 'in-use'}
        self.assertEqual(
            used | {sha1('idle'): 'too-young'}, self.reasons(report)
        )
        self.assertIs(report, self.manager.report)

    def test_novas_options_count_as_they_are_now(self):
        self.lay(sha1('idle'))
        self.update()
        self.set_age(0)
        self.conf.set_override(
            'remove_unused_base_images', False, group='image_cache'
        )
        report = self.update()
        self.assertEqual({sha1('idle'): 'disabled'}, self.reasons(report))
        self.conf.clear_override(
            'remove_unused_base_images', group='image_cache'
        )
        with self.assertLogs('imagecache_handlers.frontends', 'INFO') as log:
            self.sweep_until_gone(sha1('idle'))
        self.assertIn(f'{sha1("idle")} in {self.path}: evicted', str(log))

    def test_an_option_of_ours_goes_first(self):
        self.lay(sha1('idle'))
        register_opts(self.conf)
        name = 'remove_unused_original_minimum_age_seconds'
        self.conf.set_override(name, 0, group='imagecache')
        self.sweep_until_gone(sha1('idle'))

    def test_never_means_never(self):
        self.lay(sha1('idle'))
        self.set_age(0)
        register_opts(self.conf)
        self.conf.set_override('manager_interval', -1, group='imagecache')
        with self.assertLogs('imagecache_handlers.frontends', 'INFO') as log:
            self.assertIsNone(self.update())
        self.assertIn('manager_interval is -1', str(log))

    def test_what_nova_called_an_image_is_told_when_it_goes(self):
        self.lay(sha1(IMAGE))
        self.update({'image_ref': IMAGE})
        self.set_age(0)
        with self.assertLogs('imagecache_handlers.frontends', 'INFO') as log:
            self.sweep_until_gone(sha1(IMAGE))
        self.assertIn(f'Image {IMAGE} in {self.path}: evicted', str(log))

    def test_it_goes_under_novas_lock_or_not_at_all(self):
        self.lay(sha1('idle'))
        self.update()
        self.set_age(0)
        threading.Event().wait(1.1)
        self.lockutils.taken.add(sha1('idle'))
        self.update()
        self.assertTrue(self.file(sha1('idle')).exists())
        self.lockutils.taken.clear()
        self.sweep_until_gone(sha1('idle'))
        how = {
            'lock_file_prefix': 'nova-',
            'external': True,
            'lock_path': str(self.locks),
            'blocking': False,
        }
        self.assertIn((sha1('idle'), how), self.lockutils.locked)

    def test_no_pass_beside_a_pass(self):
        begun, inside = [], []

        def sweep(*given, **how):
            begun.append(how)
            if len(begun) == 1:
                inside.append(self.manager.update('context', []))
            raise ConfigurationError('enough')

        cache = mock.Mock(sweep=sweep)
        with (
            mock.patch.object(self.manager, 'open_cache') as opened,
            self.assertLogs(level='WARNING'),
            self.assertRaises(ConfigurationError),
        ):
            opened.return_value.cache = cache
            self.update()
        self.assertEqual([None], inside)
        # What failed keeps nobody from the next one.
        self.assertIsNotNone(self.update())

    def test_an_aged_list_that_cannot_be_read_again_ends_the_pass(self):
        for name in 'one', 'two':
            self.lay(sha1(name))
        self.update()
        self.set_age(0)
        threading.Event().wait(1.1)
        report = self.manager.update(
            'context', [], as_of=utc_now() - datetime.timedelta(hours=1)
        )
        self.assertTrue(report.stopped)

    def test_it_is_stopped_when_the_service_ends(self):
        stopped = []

        def sweep(*given, should_stop, **how):
            stopped.append(should_stop())
            # It cannot wait for itself.
            self.manager.stop(patience=0)
            stopped.append(should_stop())
            raise ConfigurationError('enough')

        opened = self.manager.open_cache()
        with (
            mock.patch.object(type(opened), 'cache', mock.Mock(sweep=sweep)),
            self.assertRaises(ConfigurationError),
        ):
            self.update()
        self.assertEqual([False, True], stopped)
        self.manager.stop()
        self.assertFalse(self.update().stopped)

    def test_its_end_is_waited_for_between_two_images(self):
        for name in 'one', 'two':
            self.lay(sha1(name))
        self.update()
        self.set_age(0)
        threading.Event().wait(1.1)
        entered, go_on, found = threading.Event(), threading.Event(), []
        handler = self.manager.open_cache().handler
        evict_many = type(handler).evict_many

        def stand_still(*given):
            for result in evict_many(*given):
                entered.set()
                go_on.wait()
                yield result

        def stop():
            self.manager.stop()
            found.append([one for one in self.entries() if one in both])

        both = {sha1('one'), sha1('two')}
        with (
            mock.patch.object(type(handler), 'evict_many', stand_still),
            # Else all of so few go in one step.
            mock.patch('imagecache_handlers.directory.evicting._MOST', 1),
        ):
            sweeper = threading.Thread(target=self.update)
            sweeper.start()
            self.addCleanup(sweeper.join)
            self.addCleanup(go_on.set)
            self.assertTrue(entered.wait(60))
            stopper = threading.Thread(target=stop)
            [told] = self.manager._work._under_way
            stopper.start()
            told.wait()
            self.assertEqual([], found)
            go_on.set()
            stopper.join()
            sweeper.join()
        # The one whose turn it was is gone for good, the other one stays.
        self.assertEqual([1], [len(names) for names in found])
        self.assertTrue(self.manager.report.stopped)
        [stayed] = handler.enumerate(self.path)
        self.assertEqual([], list(stayed.marks.claims))

    def test_what_does_not_end_in_time_is_told(self):
        with (
            self.manager._work.begun(),
            self.assertLogs(level='WARNING') as log,
        ):
            self.manager.stop(patience=0.01)
        self.assertIn('the next sweep recovers it', str(log))

    def test_a_store_that_is_missing_is_told(self):
        self.folder.rename(self.root / 'elsewhere')
        with self.assertLogs(level='ERROR') as log:
            self.update()
        self.assertIn(self.path, str(log))

    def test_instances_behind_a_symlink(self):
        link = self.root / 'link'
        link.symlink_to(self.instances)
        self.conf.set_override('instances_path', str(link))
        self.lay(sha1(OTHER))
        self.lay(sha1('idle'))
        used = link / '_base' / sha1(OTHER)
        overlay(self.instances / 'vm' / 'disk', str(used))
        found = self.reasons(self.update())
        self.assertEqual('in-use', found[sha1(OTHER)])

    def test_a_folder_that_the_operator_names_is_the_one(self):
        elsewhere = self.root / 'elsewhere'
        elsewhere.mkdir()
        opts.register_opts(self.conf)
        self.conf.set_override(
            'path', [str(elsewhere)], group='imagecache_directory'
        )
        self.lay(sha1('idle'))
        report = self.update()
        self.assertEqual([str(elsewhere)], [one.name for one in report.after])
        self.assertEqual({}, self.reasons(report))
        # And not what lies in Nova's.
        self.assertEqual(0, self.manager.get_disk_usage())

    def test_nothing_is_opened_before_it_is_used(self):
        register_opts(self.conf)
        self.conf.set_override('handler', 'none', group='imagecache')
        manager = self.new_manager()
        self.assertEqual(0, manager.get_disk_usage())
        with self.assertRaisesRegex(HandlerNotFound, "'none'"):
            manager.update('context', [])


class Ended(threading.Event):
    """Is set by the first who waits for it, and keeps for how long."""

    seconds = None

    def wait(self, timeout=None):
        self.seconds = timeout
        self.set()
        return True


class TestStopping(unittest.TestCase):
    def test_work_is_told_to_end_and_then_waited_for(self):
        work, ended = StoppableWork(), Ended()
        with work.begun() as stop:
            work._under_way[stop] = ended
            self.assertTrue(work.end(15))
            self.assertTrue(stop.is_set())
        self.assertTrue(0 < ended.seconds <= 15)
        # There is nothing any more.
        self.assertTrue(work.end(15))


class TestComplete(unittest.TestCase):
    """A handler that sees no users: there it takes Nova's word."""

    def sweep(self, instances=(), as_of=None, **how):
        conf = nova_options()
        manager = ImageCacheManager(conf, handler='memory', **how)
        handler = manager.open_cache().handler
        handler.shelf.sees_users = False
        manager.cache_image('context', 'a', Api('a', b'data'))
        Listed.newer = instances
        report = manager.update('context', Listed(instances), as_of=as_of)
        [verdict] = report.plan.verdicts
        return [blocker.reason.value for blocker in verdict.blockers]

    def test_word_of_the_caller(self):
        now = utc_now()
        self.assertIn('unknown', self.sweep(as_of=now))
        self.assertNotIn('unknown', self.sweep(as_of=now, complete=True))
        self.assertNotIn('unknown', self.sweep(complete=True))

    def test_other_hosts_are_not_known_to_be_all(self):
        other = [whole(image_ref='b', host='other')]
        self.assertIn('unknown', self.sweep(other, complete=True))
        nowhere = [whole(image_ref='b')]
        self.assertIn('unknown', self.sweep(nowhere, complete=True))
        own = [whole(image_ref='b', host='compute')]
        self.assertNotIn('unknown', self.sweep(own, complete=True))

    def test_an_image_that_is_not_loaded_may_be_any(self):
        some = [Instance(host='compute')]
        self.assertIn('unknown', self.sweep(some, complete=True))
        now = utc_now()
        self.assertIn('unknown', self.sweep(some, as_of=now, complete=True))

    def test_a_replica_that_is_behind_is_not_asked(self):
        self.sweep(complete=True)
        self.assertFalse(Listed.asked[2]['use_slave'])


class TestUsage(Base):
    def test_it_is_what_the_files_take(self):
        size = sum(
            self.lay(name, size=8192).stat().st_blocks * 512
            for name in (sha1(IMAGE), 'swap_1', 'foreign')
        )
        (self.folder / 'folder').mkdir()
        self.assertEqual(size, self.manager.get_disk_usage())
        self.manager.open_cache()
        self.assertEqual(size, self.manager.get_disk_usage())

    def test_nothing_is_taken_on_another_device(self):
        with tempfile.TemporaryDirectory(dir='/dev/shm') as other:
            pathlib.Path(other, 'image').write_bytes(b'image' * 999)
            here = str(self.instances)
            self.assertNotEqual(os.stat(here).st_dev, os.stat(other).st_dev)
            self.assertEqual(0, usage.measure_folder(here, other))
            self.assertLess(0, usage.measure_folder(other, other))

    def test_a_folder_that_is_missing_takes_nothing(self):
        self.folder.rename(self.root / 'elsewhere')
        self.assertEqual(0, self.manager.get_disk_usage())

    def test_elsewhere_it_is_what_the_last_pass_left(self):
        # Whatever lies in a folder that is not its own.
        self.lay(sha1(IMAGE))
        manager = self.new_manager(handler='memory')
        self.assertEqual(0, manager.get_disk_usage())
        manager.cache_image('context', 'a', Api('a', b'data'))
        manager.update('context', [])
        self.assertEqual(4, manager.get_disk_usage())


class TestCaching(Base):
    def test_image_comes_in_verified_and_leased(self):
        api = Api(IMAGE, os.urandom(5000))
        self.assertTrue(self.manager.cache_image('context', IMAGE, api))
        self.assertEqual(api.data, self.file(sha1(IMAGE)).read_bytes())
        self.assertIn(('context', IMAGE), api.asked)
        api.asked.clear()
        self.assertFalse(self.manager.cache_image('context', IMAGE, api))
        self.assertEqual([], api.asked)
        self.assertTrue(
            [one for one in self.labels() if one.startswith('lease.prefetch')]
        )

    def test_what_cannot_be_cached_is_told(self):
        api = Api(IMAGE, b'data', os_hash_value='0' * 128)
        with self.assertRaisesRegex(NotCached, IMAGE):
            self.manager.cache_image('context', IMAGE, api)
        with self.assertRaises(NotCached):
            self.manager.cache_image('context', '../x', api)

    def test_what_is_not_supported_nova_takes_for_such(self):
        def refuse(*given, **how):
            raise Unsupported(IMAGE, 'it has a shape of its own')

        handler = self.manager.open_cache().handler
        with (
            mock.patch.object(type(handler), 'room', refuse),
            self.assertRaisesRegex(NotImplementedError, 'of its own'),
            self.assertLogs('imagecache_handlers', 'WARNING') as log,
        ):
            self.manager.cache_image('context', IMAGE, Api(IMAGE, b'data'))
        # Of that Nova says no more than that it is not supported.
        self.assertIn('it has a shape of its own', str(log))

    def test_one_store_that_is_away_keeps_it_from_no_other(self):
        opts.register_opts(self.conf)
        away, there = str(self.root / 'away'), self.root / 'there'
        there.mkdir()
        self.conf.set_override(
            'path', [away, str(there)], group='imagecache_directory'
        )
        with self.assertRaises(StoreUnavailable):
            self.manager.cache_image('context', IMAGE, Api(IMAGE, b'data'))
        self.assertEqual(b'data', (there / IMAGE).read_bytes())


class TestHolding(Base):
    def leases(self):
        return [one for one in self.labels() if one.startswith('lease')]

    def test_an_image_is_held_while_an_instance_is_made(self):
        self.lay(sha1(IMAGE))
        one = Instance(image_ref=IMAGE, uuid=OTHER)
        with self.manager.hold_images(one):
            [lease] = self.leases()
            self.assertIn(OTHER, lease)
        self.assertEqual([], self.leases())

    def test_it_is_released_when_that_fails(self):
        self.lay(sha1(IMAGE))
        one = Instance(image_ref=IMAGE, uuid=OTHER)
        with (
            self.assertRaises(ZeroDivisionError),
            self.manager.hold_images(one),
        ):
            raise ZeroDivisionError
        self.assertEqual([], self.leases())

    def test_what_fails_here_ends_no_spawn(self):
        self.folder.rename(self.root / 'elsewhere')
        made = []
        for one in (
            Instance(image_ref=IMAGE, uuid=OTHER),
            Instance(image_ref=IMAGE, uuid='NOT AN OWNER'),
            Instance(image_ref='', uuid=OTHER),
            Instance(),
        ):
            with self.manager.hold_images(one):
                made.append(one)
        self.assertEqual(4, len(made))
