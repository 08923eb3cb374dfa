"""A driver of Nova's for XenServer, as releases up to 21 had it.

Nova has it no more; who has it yet lends its session, and the pool is
simulated.
"""

import threading
import unittest

import XenAPI

from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin
from imagecache_handlers_xenapi import opts
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import nova_options
from tests.xenapi.pool import Pooled

AGE = 'remove_unused_original_minimum_age_seconds'


class Session:
    """The session of os_xenapi, by what is asked of it."""

    def __init__(self, plain, url):
        self._plain = plain
        self.master_url = url

    def get_session_id(self):
        return self._plain.handle


class Driver:
    """What Nova's driver had."""

    capabilities = {'has_imagecache': False}

    def __init__(self, session):
        self._session = session
        self.spawned = []

    def spawn(self, context, instance):
        self.spawned.append(instance)


class TestXenAPI(Pooled, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.conf = nova_options()
        opts.register_opts(self.conf)
        for name, value in {
            'insecure': True,
            'newborn_grace_seconds': 0,
        }.items():
            self.conf.set_override(name, value, group=opts.GROUP)
        self.driver = self.make_driver()

    def make_driver(self):
        place = self

        class XenDriver(ImageCacheMixin, Driver):
            imagecache_handler = 'xenapi'
            nova_conf = place.conf

        plain = XenAPI.Session(self.pool.url)
        self.addCleanup(plain('close'))
        plain.login_with_password('root', self.pool.password, '1.0', 'nova')
        driver = XenDriver(Session(plain, self.pool.url))
        self.addCleanup(
            lambda: driver.image_cache_manager.open_cache().handler.close()
        )
        return driver

    def test_what_no_driver_of_novas_ever_deleted_goes(self):
        for image in 'used', 'idle', 'held':
            self.cache(image)
        used = [Instance(image_ref='used')]
        self.driver.manage_image_cache('context', used)
        report = self.driver.image_cache_manager.report
        reasons = {
            one.image.image_id: one.reason.value
            for one in report.plan.verdicts
        }
        young = 'too-young'
        expected = {'used': 'in-use', 'idle': young, 'held': young}
        self.assertEqual(expected, reasons)
        self.conf.set_override(AGE, 0, group='image_cache')
        threading.Event().wait(1.1)
        manager = self.driver.image_cache_manager
        with manager.hold_images(Instance(image_ref='held', uuid='vm-2')):
            self.driver.manage_image_cache('context', used)
        [outcome] = manager.report.outcomes
        self.assertEqual('idle', outcome.verdict.image.image_id)
        self.assertEqual('evicted', outcome.did.value)
        self.assertLess(0, self.driver.image_cache_manager.get_disk_usage())

    def test_a_spawn_holds_its_image(self):
        self.cache('debian')
        instance = Instance(image_ref='debian', uuid='vm-1')
        self.driver.spawn('context', instance)
        self.assertEqual([instance], self.driver.spawned)
        handler = self.driver.image_cache_manager.open_cache().handler
        [image] = handler.enumerate('storage-0')
        self.assertIn('hits.1', image.marks.labels)
        self.assertEqual({}, dict(image.marks.leases))
