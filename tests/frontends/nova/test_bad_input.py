"""What is wrong, odd or at the wrong time, and harms no image."""

import os
import pathlib
import tempfile
import threading
import unittest
from unittest import mock

from imagecache_handlers.actions.report import Did
from imagecache_handlers.frontends.nova.libvirt import LibvirtImageCacheManager
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from imagecache_handlers.frontends.nova.mixin import ImageCacheMixin
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import sha1
from tests.frontends.nova.things import HostPlace
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import nova_options


class TestInstancesPath(HostPlace):
    """The folder that Nova's option names."""

    def set_path(self, path):
        self.conf.set_override('instances_path', str(path))

    def test_one_that_is_missing_is_made_by_no_pass(self):
        missing = self.root / 'missing'
        self.set_path(missing)
        for manager in (
            ImageCacheManager(self.conf),
            LibvirtImageCacheManager(self.conf, stock=None),
        ):
            with self.assertLogs('imagecache_handlers', 'INFO') as log:
                manager.update('context', [])
            self.assertIn(f'{missing}/_base', str(log))
            self.assertEqual(0, manager.get_disk_usage())
            one = Instance(image_ref=IMAGE, uuid=OTHER)
            with manager.hold_images(one):
                self.assertFalse(missing.exists())

    def test_images_on_another_device(self):
        with tempfile.TemporaryDirectory(dir='/dev/shm') as other:
            self.assertNotEqual(
                os.stat(other).st_dev, os.stat(self.instances).st_dev
            )
            self.folder.rmdir()
            self.folder.symlink_to(other)
            for name in sha1(OTHER), sha1('idle'):
                pathlib.Path(other, name).write_bytes(b'image' * 999)
            overlay(
                self.instances / 'vm' / 'disk', str(self.file(sha1(OTHER)))
            )
            manager = ImageCacheManager(self.conf)
            report = manager.update('context', [])
            reasons = {
                one.image.image_id: one.reason.value
                for one in report.plan.verdicts
            }
            expected = {sha1(OTHER): 'in-use', sha1('idle'): 'too-young'}
            self.assertEqual(expected, reasons)
            # Instances have no less room for it.
            self.assertEqual(0, manager.get_disk_usage())


class TestOverlap(HostPlace):
    """A pass beside a pass, of another process: it knows no lock of ours."""

    def test_an_image_goes_once_and_neither_fails(self):
        for name in 'one', 'two':
            self.lay(sha1(name))
        name = 'remove_unused_original_minimum_age_seconds'
        first, second = (ImageCacheManager(self.conf) for _ in range(2))
        first.update('context', [])
        self.conf.set_override(name, 0, group='image_cache')
        threading.Event().wait(1.1)
        inside = []
        kind = type(first.open_cache().handler)
        evict_many = kind.evict_many

        def overtaken(handler, images, in_time):
            if not inside:
                inside.append(None)
                inside.append(second.update('context', []))
            return evict_many(handler, images, in_time)

        with mock.patch.object(kind, 'evict_many', overtaken):
            outer = first.update('context', [])
        outcomes = [*outer.outcomes, *inside[1].outcomes]
        gone = [
            one.verdict.image.image_id
            for one in outcomes
            if one.did is Did.EVICTED
        ]
        self.assertEqual(sorted([sha1('one'), sha1('two')]), sorted(gone))
        fine = {Did.EVICTED, Did.GONE, Did.KEPT}
        self.assertLessEqual({one.did for one in outcomes}, fine)


class TestConstructor(unittest.TestCase):
    def test_a_driver_that_fails_in_it_fails_as_it_would(self):
        class Nova:
            capabilities = {'has_imagecache': False}

            def __init__(self, virtapi):
                raise RuntimeError(f'no hypervisor for {virtapi}')

        class Driver(ImageCacheMixin, Nova):
            nova_conf = nova_options()

            def make_cache_manager(self):
                raise AssertionError('there is nothing to manage a cache of')

        with self.assertRaisesRegex(RuntimeError, 'no hypervisor for virtapi'):
            Driver('virtapi')
        self.assertEqual({'has_imagecache': False}, Driver.capabilities)
