"""Disks that are full at some byte, that break, or may only be read."""

import errno
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import pytest

from imagecache_handlers import NoRoom
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.staging.sources import Memory
from tests.staging.sources import random_bytes

# Mounts are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

SIZE = 4 * 2**20


def mount(folder, size):
    run('mount', '-t', 'tmpfs', '-o', f'size={size}', 'x', folder)


def remount(folder, how):
    run('mount', '-o', f'remount,{how}', folder)


def run(*command):
    subprocess.run(list(map(str, command)), check=True)  # noqa: S603


class TestSmallDisks(Apart, unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.disk = self.root / 'disk'
        self.disk.mkdir()
        self.source = Memory.of(random_bytes(SIZE))
        self.stages = Stages(f'{self.disk}/stages')

    def fetch(self):
        with self.stages.open_stage(self.source.meta) as stage:
            fetched = stage.fetch_image(self.source)
            with stage.open_content() as (_, content, _):
                self.assertEqual(self.source.content, content.read())
        return fetched

    def test_what_has_come_stays_on_a_full_disk(self):
        def act():
            # Each is full at another byte of the image.
            for size in 64 * 1024, 2**20, 2**20 + 4096, 3 * 2**20:
                mount(self.disk, size)
                with self.assertRaises(NoRoom) as caught:
                    self.fetch()
                error = caught.exception
                self.assertEqual(self.stages.folder, error.store)
                self.assertLess(error.free, 2**16)
                kept = SIZE - error.wanted
                self.assertLess(size - kept, 2**17)
                remount(self.disk, f'size={2 * SIZE}')
                self.assertEqual(kept, self.fetch().found)
                run('umount', self.disk)

        self.where_it_mounts(act)

    def test_a_disk_without_any_block_is_told(self):
        def act():
            mount(self.disk, 4096)
            (self.disk / 'filler').write_bytes(b'x' * 4096)
            with self.assertRaises((NoRoom, StoreUnavailable)):
                self.fetch()

        self.where_it_mounts(act)

    def test_one_that_may_only_be_read_is_told(self):
        def act():
            mount(self.disk, 2 * SIZE)
            remount(self.disk, 'ro')
            with self.assertRaises(StoreUnavailable) as caught:
                self.fetch()
            self.assertIn('Read-only', caught.exception.why)

        self.where_it_mounts(act)


def test_a_disk_that_breaks_is_told_and_gone_on_from(tmp_path, monkeypatch):
    source = Memory.of(random_bytes(SIZE))
    stages = Stages(f'{tmp_path}/stages')
    write = os.pwrite

    def fail_late(fd, content, at):
        if at >= SIZE // 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return write(fd, content, at)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'pwrite', fail_late)
        with (
            stages.open_stage(source.meta) as stage,
            pytest.raises(StoreUnavailable, match='Input/output error'),
        ):
            stage.fetch_image(source)

    with stages.open_stage(source.meta) as stage:
        assert stage.fetch_image(source).found == SIZE // 2
