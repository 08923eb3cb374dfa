"""One file system by two ways, and one that does not answer."""

import contextlib
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import time
from unittest import mock

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import answering
from imagecache_handlers.directory.users import devices
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.disks import create
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.used import NOBODY
from tests.directory.used import Used

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

BINDFS = shutil.which('bindfs') or 'bindfs'
LONG = 60
PATIENCE = 0.5
MIB = 2**20


def run(*command):
    done = subprocess.run(  # noqa: S603
        list(map(str, command)), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


class Mounting(Apart, Used):
    def at(self, name):
        folder = self.root / name
        folder.mkdir()
        return folder

    def bind(self, source, name):
        run('mount', '--bind', source, there := self.at(name))
        return there

    @contextlib.contextmanager
    def fuse(self, source, name, folder=None):
        """Mount a folder a second time, by a server of its own."""
        there = folder or self.at(name)
        server = subprocess.Popen(  # noqa: S603
            [BINDFS, '-f', '--no-allow-other', str(source), str(there)]
        )
        try:
            late = time.monotonic() + LONG
            while not os.path.ismount(there):
                self.assertLess(time.monotonic(), late)
                time.sleep(0.01)
            yield there, server
        finally:
            server.kill()
            server.wait(LONG)
            run('umount', '-l', there)


class TestTwice(Mounting):
    def test_a_bind_mount(self):
        def act():
            store = self.bind(self.folder, 'store')
            self.disk('vm-1').parent.mkdir()
            create(self.disk('vm-1'), store / IMAGE)
            self.assertEqual(({'vm-1'}, None), self.disks_of())
            self.path = str(store)
            self.assertEqual(({'vm-1'}, None), self.disks_of())
            create(self.disk('vm-1'), self.file(OTHER))
            self.assertEqual({'vm-1'}, self.users(OTHER))
            self.assertEqual(NOBODY, self.users())

        self.where_it_mounts_disks(act)

    def test_the_name_leads_through_another_mount(self):
        def act():
            with self.fuse(self.folder, 'store') as (store, _):
                one, other = self.file().stat(), (store / IMAGE).stat()
                self.assertNotEqual(one.st_dev, other.st_dev)
                self.disk('vm-1').parent.mkdir()
                create(self.disk('vm-1'), store / IMAGE)
                overlay(self.disk('vm-1', 'q'), store / OTHER, form='qcow2')
                self.assertEqual(({'vm-1'}, None), self.disks_of())
                self.assertEqual({'vm-1'}, self.users(OTHER))

        self.where_it_mounts_disks(act)

    def test_the_store_lies_on_another_mount(self):
        def act():
            with self.fuse(self.folder, 'store') as (store, _):
                self.disk('vm-1').parent.mkdir()
                create(self.disk('vm-1'), self.file())
                self.path = str(store)
                self.assertEqual(({'vm-1'}, None), self.disks_of())
                self.assertEqual(NOBODY, self.users(OTHER))

        self.where_it_mounts_disks(act)

    def test_the_instances_lie_on_another_mount(self):
        def act():
            self.disk('vm-1').parent.mkdir()
            create(self.disk('vm-1'), '../../images/' + IMAGE)
            with self.fuse(self.root, 'all') as (there, _):
                self.instances = there / 'instances'
                # This host has looked at them elsewhere until now.
                self.assertIn('until', self.disks_of()[1])
                self.connect().accept_host(self.path)
                self.assertEqual(({'vm-1'}, None), self.disks_of())

        self.where_it_mounts_disks(act)


class Dying(Mounting):
    @contextlib.contextmanager
    def dead(self, folder):
        overlay(self.root / 'far' / 'disk', self.file())
        folder.mkdir(exist_ok=True)
        with self.fuse(self.root / 'far', '', folder) as (_, server):
            # Once, so that the mount itself is known.
            os.listdir(folder)
            server.send_signal(signal.SIGSTOP)
            yield folder


class TestHanging(Dying):
    """A mount that does not answer hangs nobody, as one that is dead."""

    def look(self):
        handler = self.connect()
        handler._overlays._bounded._patience = PATIENCE
        began = time.monotonic()
        whys = []
        for _ in range(20):
            [image] = handler.enumerate(self.path, {IMAGE})
            whys.append(image.unknown)
        # The first waits, the others know.
        self.assertLess(time.monotonic() - began, 10 * PATIENCE)
        [why] = set(whys)
        return why

    def test_one_among_the_instances(self):
        def act():
            with self.dead(self.instances / 'vm-1') as folder:
                why = self.look()
                self.assertIn(str(folder), why)
                self.assertIn('does not answer', why)

        self.where_it_mounts_disks(act)

    def test_one_that_a_backing_name_leads_to(self):
        def act():
            with self.dead(self.root / 'mnt') as folder:
                overlay(self.disk('vm-1'), folder / 'base')
                self.assertIn(f'{folder}/base', self.look())

        self.where_it_mounts_disks(act)

    def test_a_command_ends_all_the_same(self):
        def act():
            with self.dead(self.instances / 'vm-1'):
                command = [sys.executable, '-c', LISTING, self.path]
                done = run(*command, self.instances, PATIENCE)
                self.assertIn('does not answer', done)

        self.where_it_mounts_disks(act)

    def test_one_that_answers_again_is_looked_at(self):
        def act():
            folder = self.instances / 'vm-1'
            overlay(self.root / 'far' / 'disk', self.file())
            folder.mkdir()
            with self.fuse(self.root / 'far', '', folder) as (_, server):
                handler = self.connect()
                handler._overlays._bounded._patience = PATIENCE
                server.send_signal(signal.SIGSTOP)
                survey = handler._overlays.survey()
                self.assertIn('does not answer', survey.problem)
                server.send_signal(signal.SIGCONT)
                late = time.monotonic() + LONG
                while survey.problem and time.monotonic() < late:
                    time.sleep(0.05)
                    survey = handler._overlays.survey()
                self.assertIsNone(survey.problem)
                [image] = handler.enumerate(self.path, {IMAGE})
                self.assertEqual({'vm-1'}, image.users)

        self.where_it_mounts_disks(act)


class TestRoots(Dying):
    """The folders that were given hang nobody, either."""

    def setUp(self):
        super().setUp()
        patched = mock.patch.object(answering, 'PATIENCE', PATIENCE)
        self.enterContext(patched)

    def given(self, instances):
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(instances)], clock=self.clock
        )
        handler._overlays._bounded._patience = PATIENCE
        return handler

    def test_instances_in_a_subfolder_of_one(self):
        def act():
            inner = self.root / 'mnt' / 'inner'
            (self.root / 'far' / 'inner').mkdir(parents=True)
            overlay(self.root / 'far' / 'inner' / 'disk', self.file())
            with self.dead(self.root / 'mnt'):
                handler = self.given(inner)
                began = time.monotonic()
                for _ in range(20):
                    [image] = handler.enumerate(self.path, {IMAGE})
                    self.assertIn('does not answer', image.unknown)
                    handler.record_host(self.path)
                self.assertLess(time.monotonic() - began, 10 * PATIENCE)
                # Others hear of what it looks at all the same.
                [host] = handler.hosts(self.path)
                self.assertIn(str(inner), ' '.join(host.looks_at))

        self.where_it_mounts_disks(act)

    def test_a_store(self):
        def act():
            self.path = str(self.root / 'mnt' / 'images')
            (self.root / 'far' / 'images').mkdir(parents=True)
            with self.dead(self.root / 'mnt'):
                handler = self.given(self.instances)
                began = time.monotonic()
                for _ in range(20):
                    with self.assertRaises(StoreUnavailable) as raised:
                        handler.enumerate(self.path)
                    self.assertIn('does not answer', raised.exception.why)
                    [store] = handler.stores()
                    self.assertIn('does not answer', store.problem)
                self.assertLess(time.monotonic() - began, 10 * PATIENCE)

        self.where_it_mounts_disks(act)

    def test_a_store_that_answers_again(self):
        def act():
            far, there = self.root / 'far', self.at('mnt')
            far.mkdir()
            self.path = str(there)
            with self.fuse(far, '', there) as (_, server):
                handler = self.given(self.instances)
                server.send_signal(signal.SIGSTOP)
                [store] = handler.stores()
                self.assertIn('does not answer', store.problem)
                server.send_signal(signal.SIGCONT)
                late = time.monotonic() + LONG
                while store.problem and time.monotonic() < late:
                    time.sleep(0.05)
                    [store] = handler.stores()
                self.assertIsNone(store.problem)

        self.where_it_mounts_disks(act)


LISTING = """
import sys

from imagecache_handlers.directory import DirectoryHandler

path, instances, patience = sys.argv[1:]
handler = DirectoryHandler([path], instance_paths=[instances])
handler._overlays._bounded._patience = float(patience)
print([image.unknown for image in handler.enumerate(path)])
"""


class TestDevices(Mounting):
    """Devices of blocks, and loops that show a file."""

    @contextlib.contextmanager
    def loop(self, file, *how):
        device = run('losetup', '--find', '--show', '--read-only', *how, file)
        try:
            yield pathlib.Path(device)
        finally:
            run('losetup', '--detach', device)

    def test_a_loop_that_shows_an_image(self):
        def act():
            with self.loop(self.file()) as device:
                overlay(self.disk('vm-1'), device)
                loop = f'the loop device {device.name}'
                self.assertEqual(({'vm-1', loop}, None), self.disks_of())
                number = device.stat().st_rdev
                self.assertEqual([str(self.file())], devices.shown(number))
                self.disk('vm-1').unlink()
                kind = stat.S_IFBLK | 0o600
                os.mknod(self.disk('vm-1', 'node'), kind, number)
                users, _ = self.disks_of()
                self.assertEqual({'vm-1', loop}, users)

        self.where_it_mounts_disks(act)

    def test_a_device_among_the_disks_is_read_as_one(self):
        def act():
            content = self.root / 'content'
            create(content, self.file(OTHER))
            size = content.stat().st_size
            os.truncate(content, size + -size % 4096)
            with self.loop(content) as device:
                number, kind = device.stat().st_rdev, stat.S_IFBLK | 0o600
                self.disk('vm-1').parent.mkdir()
                os.mknod(self.disk('vm-1'), kind, number)
                self.assertEqual({'vm-1'}, self.users(OTHER))

        self.where_it_mounts_disks(act)

    def test_one_elsewhere_is_not_read(self):
        def act():
            content = self.root / 'content'
            create(content, self.file(OTHER))
            size = content.stat().st_size
            os.truncate(content, size + -size % 4096)
            with self.loop(content) as device:
                overlay(self.disk('vm-1'), device)
                self.assertEqual((NOBODY, None), self.disks_of())
                overlay(self.disk('vm-1'), device, form='qcow2')
                self.assert_unknown(content, 'give its folder')

        self.where_it_mounts_disks(act)

    def test_what_begins_further_in_is_another_disk(self):
        def act():
            content = self.disk('vm-2', 'content')
            content.parent.mkdir()
            create(self.root / 'inner', self.file(OTHER))
            inner = (self.root / 'inner').read_bytes()
            inner += bytes(-len(inner) % 4096)
            create(content, self.file())
            os.truncate(content, MIB)
            with content.open('ab') as file:
                file.write(inner)
            whole = content.stat().st_size
            for how in (
                ['--offset', MIB],
                ['--sizelimit', MIB],
                ['--offset', MIB, '--sizelimit', whole - MIB],
            ):
                with self.loop(content, *map(str, how)) as device:
                    number = device.stat().st_rdev
                    self.assertFalse(devices.is_whole(number))
                    self.disk('vm-1').parent.mkdir(exist_ok=True)
                    overlay(self.disk('vm-1'), device, form='qcow2')
                    self.assert_unknown(device, 'lies outside')
                    # It may be met, or be raw.
                    node, kind = self.disk('vm-3', 'node'), stat.S_IFBLK
                    node.parent.mkdir(exist_ok=True)
                    os.mknod(node, kind | 0o600, number)
                    users, why = self.disks_of()
                    self.assertEqual(
                        ({'vm-1', 'vm-2', 'vm-3'}, None), (users, why)
                    )
                    if '--offset' in how:
                        self.assertEqual({'vm-1', 'vm-3'}, self.users(OTHER))
                    node.unlink()
                    overlay(self.disk('vm-1'), device, form='raw')
                    self.assertEqual(({'vm-2'}, None), self.disks_of())
                    self.disk('vm-1').unlink()
            with self.loop(content) as device:
                self.assertTrue(devices.is_whole(device.stat().st_rdev))

        self.where_it_mounts_disks(act)

    def test_who_uses_a_part_of_an_image(self):
        def act():
            with self.loop(self.file(), '--offset', '4096') as device:
                overlay(self.disk('vm-1'), device)
                users, _ = self.disks_of()
                self.assertIn('vm-1', users)
                overlay(self.disk('vm-1'), device, form='qcow2')
                users, why = self.disks_of()
                self.assertIn('vm-1', users)
                self.assertIn(str(device), why)

        self.where_it_mounts_disks(act)

    def test_a_device_of_devices(self):
        fake = self.root / 'block'
        (fake / '253:1' / 'slaves').mkdir(parents=True)
        (fake / 'loop0' / 'loop0p1').mkdir(parents=True)
        (fake / 'loop0' / 'loop').mkdir()
        (fake / 'loop0' / 'loop' / 'backing_file').write_text('/a file\n')
        part = fake / '253:1' / 'slaves' / 'loop0p1'
        part.symlink_to(fake / 'loop0' / 'loop0p1')
        blocks, devices._BLOCKS = devices._BLOCKS, str(fake)
        self.addCleanup(setattr, devices, '_BLOCKS', blocks)
        self.assertEqual(['/a file'], devices.shown(os.makedev(253, 1)))
        self.assertEqual([], devices.shown(os.makedev(253, 2)))
        # Its bytes are not those of the file.
        self.assertFalse(devices.is_whole(os.makedev(253, 1)))
