"""The libvirt driver's cache: leftovers, and what is left to Nova.

Nova's own manager is stood in for by one that notes its calls; with the real
one it is tried in ``tests/functional/nova``.
"""

import contextlib
import datetime
import os
import threading
import unittest
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.actions.report import Report
from imagecache_handlers.directory import opts
from imagecache_handlers.frontends.nova.libvirt import LibvirtImageCacheManager
from imagecache_handlers.frontends.nova.libvirt import LibvirtImageCacheMixin
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers import utc_now
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import sha1
from tests.directory.place import THEN
from tests.frontends.nova.things import Api
from tests.frontends.nova.things import HostPlace
from tests.frontends.nova.things import Instance

DAY = datetime.timedelta(days=1)


class Stock:
    """Nova's own manager, as far as it is called."""

    def __init__(self, base):
        self.base = base
        self.remove_unused_base_images = True
        self.used_by_instances = set()
        self.listed = 0
        self.removed = []
        self.touched = []

    def _get_base(self):
        return self.base if os.path.exists(self.base) else None

    def _reset_state(self):
        self.back_swap_images, self.used_swap_images = set(), set()
        self.back_ephemeral_images = set()
        self.used_ephemeral_images = set()
        self.unexplained_images = []

    def _scan_base_images(self, base):
        for name in os.listdir(base):
            if name.startswith('swap_'):
                self.back_swap_images.add(name)
            elif name.startswith('ephemeral_'):
                self.back_ephemeral_images.add(name)
            elif name[:1] != '.':
                self.unexplained_images.append(os.path.join(base, name))

    def _list_running_instances(self, context, instances):
        self.listed += 1
        used = self.used_by_instances
        return {
            f'used_{kind}_images': {one for one in used if kind in one}
            for kind in ('swap', 'ephemeral')
        }

    def _age_and_verify_swap_images(self, context, base):
        self._age(self.back_swap_images, self.used_swap_images)

    def _age_and_verify_ephemeral_images(self, context, base):
        self._age(self.back_ephemeral_images, self.used_ephemeral_images)

    def _age(self, there, used):
        self.touched += sorted(there & used)
        if self.remove_unused_base_images:
            self.removed += sorted(there - used)

    def _remove_base_file(self, path):
        self.removed.append(os.path.basename(path))

    def _remove_old_enough_file(self, path, age):
        self.removed.append((os.path.basename(path), age))


class Base(HostPlace):
    def setUp(self):
        super().setUp()
        self.stock = Stock(self.path)
        self.manager = LibvirtImageCacheManager(self.conf, stock=self.stock)

    def register(self, group, **values):
        for name, value in values.items():
            kind = cfg.BoolOpt if isinstance(value, bool) else cfg.StrOpt
            self.conf.register_opts([kind(name)], group=group)
            self.conf.set_override(name, value, group=group)

    def update(self, *instances):
        return self.manager.update('context', instances)


class TestLeftovers(Base):
    def test_what_nobody_uses_is_left_to_novas_own_methods(self):
        old = f'{sha1("a")}_sm'
        for name in 'swap_1', 'swap_2', 'ephemeral_1_x', old, sha1('image'):
            self.lay(name)
        self.stock.used_by_instances = {'swap_2'}
        self.update()
        self.assertEqual(
            {'swap_1', 'ephemeral_1_x', old}, {*self.stock.removed}
        )
        self.assertEqual(['swap_2'], self.stock.touched)
        self.assertEqual(1, self.stock.listed)

    def test_where_there_are_only_images_nova_looks_at_none(self):
        for name in sha1('image'), f'{sha1("image")}_20', f'.{sha1("a")}.x':
            self.lay(name)
        self.stock._scan_base_images = self.fail
        self.update()
        self.lay('swap_1')
        with self.assertRaises(AssertionError):
            self.update()

    def test_what_a_disk_lies_on_is_kept_and_renewed(self):
        old = f'{sha1("a")}_sm'
        for number, name in enumerate(['swap_1', 'ephemeral_1_x', old]):
            self.lay(name)
            disk = self.instances / 'unknown' / f'disk.{number}'
            overlay(disk, f'../_base/{name}')
        self.lay('swap_2')
        os.link(self.file('swap_2'), self.instances / 'linked')
        self.update()
        self.assertEqual([], self.stock.removed)
        self.assertEqual(
            ['swap_1', 'swap_2', 'ephemeral_1_x'], self.stock.touched
        )

    def test_of_what_nobody_can_tell_nova_does_not_hear(self):
        for name in 'swap_1', f'{sha1("a")}_sm', f'{sha1("a")}.part':
            self.lay(name)
        broken = self.instances / 'unknown' / 'disk'
        overlay(broken, '../elsewhere/away')
        with self.assertLogs(level='WARNING'):
            self.update()
        self.assertEqual(([], []), (self.stock.removed, self.stock.touched))

    def test_an_old_name_stays_while_its_image_is_used(self):
        self.lay(f'{sha1(IMAGE)}_sm')
        self.update(Instance(image_ref=IMAGE))
        self.assertEqual([], self.stock.removed)

    def test_what_a_fetch_left_goes_after_a_day(self):
        parts = [f'{sha1("a")}.part', f'{sha1("a")}_20.converted']
        for name in parts:
            self.lay(name)
        for name in 'other.part', f'{sha1("a")}.bak':
            overlay(self.file(name), '')
        self.update()
        self.assertEqual(
            {(one, 86400) for one in parts}, {*self.stock.removed}
        )

    def test_nothing_goes_where_nothing_is_to_go(self):
        self.conf.set_override(
            'remove_unused_base_images', False, group='image_cache'
        )
        for name in 'swap_1', f'{sha1("a")}_sm', f'{sha1("a")}.part':
            self.lay(name)
        self.update()
        self.assertEqual([], self.stock.removed)

    def test_a_pass_that_is_told_to_end_leaves_them_to_the_next(self):
        self.lay('swap_1')
        with mock.patch.object(
            ImageCacheManager,
            'sweep_cache',
            return_value=Report(plan=Plan(now=THEN), stopped=True),
        ):
            self.update()
        self.assertEqual([], self.stock.removed)
        self.update()
        self.assertEqual(['swap_1'], self.stock.removed)

    def test_without_blank_disks_the_database_is_not_asked(self):
        self.lay(sha1('image'))
        self.update()
        self.assertEqual(0, self.stock.listed)


class TestElsewhere(Base):
    def test_disks_that_are_no_files_leave_the_cache_alone(self):
        self.lay('swap_1')
        self.register('libvirt', images_type='rbd')
        for kind in 'rbd', 'lvm':
            self.conf.set_override('images_type', kind, group='libvirt')
            with self.assertLogs('imagecache_handlers', 'INFO') as log:
                self.assertIsNone(self.update())
            self.assertIn(f'images_type = {kind}', str(log))
            self.assertTrue(self.manager.is_left_to_nova())
        self.assertEqual([], self.stock.removed)
        self.conf.set_override('images_type', 'qcow2', group='libvirt')
        self.assertIsNotNone(self.update())

    def test_a_spawn_there_holds_nothing(self):
        self.lay(sha1(IMAGE))
        self.register('libvirt', images_type='rbd')
        before = self.entries()
        with self.manager.hold_images(Instance(image_ref=IMAGE, uuid='vm')):
            self.assertEqual(before, self.entries())

    def test_before_the_first_boot_nothing_is_wrong(self):
        self.folder.rmdir()
        with (
            self.assertLogs('imagecache_handlers', 'INFO') as log,
            self.manager.hold_images(Instance(image_ref=IMAGE, uuid='vm')),
        ):
            self.assertIsNone(self.update())
        self.assertEqual(1, len(log.output))
        self.assertIn('first image', log.output[0])
        self.assertFalse(self.folder.exists())

    def test_signatures_are_novas_to_verify(self):
        self.register('glance', enable_certificate_validation=False)
        self.assertFalse(self.manager.is_left_to_nova())
        self.register('glance', enable_certificate_validation=True)
        self.assertTrue(self.manager.is_left_to_nova())


class TestSpelling(Base):
    """With a slash at the end of state_path, instances_path has two."""

    def setUp(self):
        super().setUp()
        path = f'{self.root}//{self.instances.name}'
        self.conf.set_override('instances_path', path)

    def test_leftovers_are_aged(self):
        self.lay('swap_1')
        self.update()
        self.assertEqual(['swap_1'], self.stock.removed)

    def test_usage_is_that_of_the_folder(self):
        self.lay('ephemeral_1_x', size=2**20)
        before = self.manager.get_disk_usage()
        self.update()
        self.assertLessEqual(before, self.manager.get_disk_usage())


class NovaDriver:
    """Nova's libvirt driver, by its shape."""

    capabilities = {'has_imagecache': False, 'supports_evacuate': True}

    def __init__(self, virtapi):
        self.image_cache_manager = virtapi
        self.did = []

    def cache_image(self, context, image_id):
        self.did.append(image_id)
        return False

    def spawn(self, context, instance, *given, **named):
        self.did.append((instance, given, named))
        return 'spawned'

    def cleanup_host(self, host):
        self.did.append(host)


class TestDriver(Base):
    def driver(self):
        place = self

        class Driver(LibvirtImageCacheMixin, NovaDriver):
            nova_conf = place.conf

            def image_api(self):
                return place.api

        return Driver(self.stock)

    def setUp(self):
        super().setUp()
        self.api = Api(IMAGE, os.urandom(3000))

    def test_it_is_known_to_have_a_cache(self):
        driver = self.driver()
        self.assertTrue(driver.capabilities['has_imagecache'])
        self.assertTrue(driver.capabilities['supports_evacuate'])
        # Of all other drivers.
        self.assertFalse(NovaDriver.capabilities['has_imagecache'])
        self.assertEqual(self.path, driver.image_cache_manager.cache_dir)

    def test_a_pass(self):
        self.lay('swap_1')
        driver = self.driver()
        driver.manage_image_cache('context', [])
        self.assertEqual(['swap_1'], self.stock.removed)

    def test_an_image_by_request_before_the_first_boot(self):
        self.folder.rmdir()
        driver = self.driver()
        self.assertTrue(driver.cache_image('context', IMAGE))
        self.assertEqual(self.api.data, self.file(sha1(IMAGE)).read_bytes())
        os.utime(self.file(sha1(IMAGE)), (0, 0))
        self.assertFalse(driver.cache_image('context', IMAGE))
        age = utc_now().timestamp() - self.file(sha1(IMAGE)).stat().st_mtime
        self.assertLess(age, 3600)
        self.assertEqual([], driver.did)

    def test_what_may_not_be_touched_is_novas_to_touch(self):
        driver = self.driver()
        driver.cache_image('context', IMAGE)
        with mock.patch('os.utime', side_effect=PermissionError):
            self.assertFalse(driver.cache_image('context', IMAGE))
        self.assertEqual([IMAGE], driver.did)

    def test_what_lies_elsewhere_has_no_time_of_novas(self):
        other = self.root / 'elsewhere'
        other.mkdir()
        opts.register_opts(self.conf)
        self.conf.set_override(
            'path', [str(other)], group='imagecache_directory'
        )
        driver = self.driver()
        self.assertTrue(driver.cache_image('context', IMAGE))
        self.assertFalse(driver.cache_image('context', IMAGE))
        self.assertEqual([], driver.did)

    def test_what_is_left_to_nova(self):
        self.register('glance', enable_certificate_validation=True)
        driver = self.driver()
        driver.cache_image('context', IMAGE)
        self.assertEqual([IMAGE], driver.did)
        self.assertEqual([], self.api.asked)

    def test_a_spawn_is_novas_while_its_image_is_held(self):
        self.lay(sha1(IMAGE))
        driver = self.driver()
        held = []

        @contextlib.contextmanager
        def hold(instance):
            held.append(instance)
            yield

        driver.image_cache_manager.hold_images = hold
        said = driver.spawn('context', 'vm', 'meta', network_info=[])
        self.assertEqual('spawned', said)
        self.assertEqual(['vm'], held)
        expected = ('vm', ('meta',), {'network_info': []})
        self.assertEqual([expected], driver.did)

    def test_the_end_of_the_service_ends_a_pass(self):
        driver = self.driver()
        begun = threading.Event()

        def work():
            with driver.image_cache_manager._work.begun() as stop:
                begun.set()
                stop.wait()
                driver.did.append('ended')

        worker = threading.Thread(target=work)
        worker.start()
        begun.wait()
        driver.cleanup_host('compute')
        worker.join()
        # And only then Nova lets go of what its hypervisor lends.
        self.assertEqual(['ended', 'compute'], driver.did)


class TestAnyDriver(unittest.TestCase):
    """One of another hypervisor, in three lines."""

    def test_it_has_a_cache(self):
        class Driver(ImageCacheMixin, NovaDriver):
            imagecache_handler = 'memory'
            nova_conf = cfg.ConfigOpts()
            _session = 'a session'

        Driver.nova_conf([], default_config_files=[], default_config_dirs=[])
        driver = Driver('virtapi')
        self.assertEqual({'session': 'a session'}, driver.lend_to_handler())
        driver.image_api = lambda: Api('a', b'data')
        self.assertTrue(driver.cache_image('context', 'a'))
        driver.manage_image_cache('context', [Instance(image_ref='a')])
        [verdict] = driver.image_cache_manager.report.plan.verdicts
        self.assertEqual('in-use', verdict.reason.value)

    def test_novas_configuration_is_that_of_its_process(self):
        class Driver(ImageCacheMixin, NovaDriver):
            pass

        self.assertIs(cfg.CONF, Driver('virtapi').nova_conf)
