"""What QEMU or a loop device has open stays, whatever the disks say.

No instance folder is configured in these tests: nothing but the kernel tells
that somebody uses an image.
"""

import errno
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from unittest import mock

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import holders
from imagecache_handlers.directory.system import record_lock
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageInUse
from imagecache_handlers import Rules
from tests.directory.apart import Apart
from tests.directory.apart import NOBODY
from tests.directory.disks import die_with_parent
from tests.directory.disks import qemu
from tests.directory.place import NovaPlace
from tests.directory.place import Place

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

OPEN = frozenset({'a process that has it open'})
LONG = 60.0

# As fasteners takes it, or any tool that locks one byte.
LOCKING = """
import fcntl, sys
file = open(sys.argv[1], 'r+b')
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4096)
print('held', flush=True)
sys.stdin.read()
"""

# Where only the program that is run sees the image below this folder.
HIDING = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def program(name):
    # Those of administrators are not on everybody's path.
    return shutil.which(name) or shutil.which(name, path='/usr/sbin') or name


class Held:
    """An image in a folder, and the programs that have it open."""

    def setUp(self):
        super().setUp()
        self.make()
        self.disks = self.root / 'disks'
        self.disks.mkdir()
        self.count = 0

    def make(self):
        self.add(size=2**20)

    def start(self, *command, **options):
        process = subprocess.Popen(  # noqa: S603 -- the real programs
            [program(command[0]), *map(str, command[1:])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
            **options,
        )
        self.addCleanup(self.stop, process)
        return process

    def stop(self, process):
        process.kill()
        process.communicate(timeout=LONG)

    def nbd(self, *arguments, before=(), **options):
        """Have a server open a disk, as a machine would."""
        self.count += 1
        where = self.root / f'nbd-{self.count}'
        command = ['qemu-nbd', '--persistent', '--socket', where, *arguments]
        process = self.start(*before, *command, **options)
        deadline = time.monotonic() + LONG
        while not self.greets(where):
            self.assertIsNone(process.poll(), arguments)
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process

    def greets(self, where):
        try:
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(LONG)
                one.connect(str(where))
                return one.recv(8) == b'NBDMAGIC'
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def io(self, *arguments):
        process = self.start('qemu-io', *arguments)
        process.stdin.write('length\n')
        process.stdin.flush()
        self.assertIn('1 MiB', process.stdout.readline())
        return process

    def overlay(self, form, backing, below='raw', name=None):
        disk = self.disks / (name or f'{form}-disk')
        qemu('create', '-q', '-f', form, '-F', below, '-b', backing, disk)
        return disk

    def assert_held(self, users=OPEN):
        [image] = self.listed()
        self.assertEqual(users, image.users)
        with self.assertRaises(ImageInUse) as caught:
            self.connect().evict(image)
        self.assertEqual(users, caught.exception.users)
        self.assertTrue(self.file().exists())

    def assert_free(self):
        [image] = self.listed()
        self.assertFalse(image.users)
        self.assertIsNone(image.unknown)
        self.assertLess(0, self.connect().evict(image))
        self.assertEqual([], self.listed())


class TestQemu(Held, Place):
    def test_an_image_that_is_served_itself(self):
        for arguments in ['--snapshot'], ['--read-only'], []:
            with self.subTest(arguments=arguments):
                server = self.nbd('-f', 'raw', *arguments, self.file())
                self.assert_held()
                self.stop(server)
        self.assert_free()

    def test_an_image_that_is_read_or_written(self):
        for arguments in ['-r'], [], ['-s']:
            with self.subTest(arguments=arguments):
                reader = self.io('-f', 'raw', *arguments, self.file())
                self.assert_held()
                self.stop(reader)
        self.assert_free()

    def test_an_image_below_an_overlay_of_any_format(self):
        for form in 'qcow2', 'qcow', 'qed':
            with self.subTest(form=form):
                disk = self.overlay(form, self.file())
                server = self.nbd('-f', form, disk)
                self.assert_held()
                self.stop(server)
        self.assert_free()

    def test_an_image_below_many(self):
        disk = self.file()
        for number in range(6):
            form = 'qcow2' if number else 'raw'
            disk = self.overlay('qcow2', disk, form, f'disk-{number}')
        server = self.nbd('-f', 'qcow2', disk)
        self.assert_held()
        self.stop(server)
        self.assert_free()

    def test_an_image_of_any_format(self):
        for form in 'qcow2', 'vmdk', 'vdi', 'vpc', 'vhdx', 'qed':
            with self.subTest(form=form):
                inode = self.file().stat().st_ino
                qemu('create', '-q', '-f', form, self.file(), '1M')
                self.assertEqual(inode, self.file().stat().st_ino)
                self.write_sidecar(self.image)
                servers = [self.nbd('-r', '-f', form, self.file())]
                if form in ('qcow2', 'vmdk', 'qed'):
                    disk = self.overlay(form, self.file(), form, 'over')
                    servers.append(self.nbd('-f', form, disk))
                for server in reversed(servers):
                    self.assert_held()
                    self.stop(server)
        self.assert_free()

    def test_an_image_by_another_name(self):
        (self.root / 'link').symlink_to(self.folder)
        (self.disks / 'base').symlink_to(self.file())
        layers = {'driver': 'raw', 'file': {'driver': 'file'}}
        layers['file']['filename'] = str(self.file())
        for backing in (
            self.root / 'link' / self.image,
            self.disks / 'base',
            'base',
            f'../images/{self.image}',
            f'file:{self.file()}',
            f'json:{json.dumps(layers)}',
        ):
            with self.subTest(backing=backing):
                disk = self.overlay('qcow2', backing)
                server = self.nbd('-f', 'qcow2', disk)
                self.assert_held()
                self.stop(server)
        self.assert_free()

    def test_an_image_by_a_mount_that_nobody_else_sees(self):
        hidden = self.root / 'hidden'
        hidden.mkdir()
        before = ['unshare', '--map-root-user', '--mount', 'sh', '-c', HIDING]
        before += ['sh', self.folder, hidden]
        server = self.nbd('-f', 'raw', hidden / self.image, before=before)
        self.assertEqual([], os.listdir(hidden))
        self.assert_held()
        self.stop(server)
        self.assert_free()

    def test_a_lock_of_a_process_is_told_with_its_number(self):
        tool = self.start(sys.executable, '-c', LOCKING, self.file())
        self.assertEqual('held\n', tool.stdout.readline())
        self.assert_held({f'process {tool.pid} that has it open'})
        self.stop(tool)
        self.assert_free()

    def test_what_locks_nothing_is_not_seen(self):
        # Said so in the documentation: the disks alone tell of these.
        options = f'driver=raw,file.driver=file,file.filename={self.file()}'
        self.nbd('--image-opts', f'{options},file.locking=off')
        self.assert_free()

    def test_others_do_not_make_it_used(self):
        self.add(self.other)
        self.nbd('-r', '-f', 'raw', self.file(self.other))
        found = {one.image_id: one.users for one in self.listed()}
        self.assertEqual({self.image: None, self.other: OPEN}, found)

    def test_to_ask_locks_nothing(self):
        self.listed()
        server = self.nbd('-f', 'raw', self.file())
        self.listed()
        self.assertIsNone(server.poll())
        self.io('-r', '-U', '-f', 'raw', self.file())


class TestNova(Held, NovaPlace):
    def make(self):
        (self.folder / self.image).write_bytes(bytes(2**20))

    def clock(self):
        return self.now

    def setUp(self):
        self.now = super().clock()
        super().setUp()

    def connect(self):
        return DirectoryHandler([self.path], layout='nova', clock=self.clock)

    def test_a_plan_tells_of_it(self):
        cache = ImageCache(self.connect(), Rules(), clock=self.clock)
        evidence = Evidence(complete=True, as_of=self.now)
        self.nbd('-r', '-f', 'raw', self.file())
        [verdict] = cache.plan(evidence).verdicts
        self.assertEqual('in-use', verdict.reason)
        self.assertEqual(OPEN, verdict.image.users)

    def test_nova_s_lock_is_held_when_it_is_asked(self):
        [image] = self.listed()
        seen, real = [], holders.users_of_open_file

        def look(*arguments):
            seen.append(self.is_locked())
            return real(*arguments)

        with mock.patch.object(holders, 'users_of_open_file', look):
            self.connect().evict(image)
        self.assertEqual([True], seen)

    def is_locked(self):
        fd = os.open(self.locks / f'nova-{self.image}', os.O_RDONLY)
        try:
            return record_lock.holder(fd) is not None
        finally:
            os.close(fd)


class TestTurns(Held, Place):
    def test_it_is_asked_once_it_is_our_turn(self):
        """An image is opened while an eviction waits for its turn."""
        [image] = self.listed()
        lock = self.folder / f'.{self.image}.imagecache-lock'
        # A program that holds our lock for a while, and lets go of it.
        holder = self.start('flock', lock, 'sh', '-c', 'echo held; read x')
        self.assertEqual('held\n', holder.stdout.readline())
        errors = []

        def evict():
            try:
                self.connect().evict(image)
            except ImageInUse as error:
                errors.append(error)

        waiting = threading.Thread(target=evict)
        waiting.start()
        time.sleep(0.2)
        self.nbd('-r', '-f', 'raw', self.file())
        holder.communicate('', timeout=LONG)
        waiting.join(LONG)
        self.assertEqual([OPEN], [error.users for error in errors])
        self.assertTrue(self.file().exists())

    def test_it_is_asked_after_the_look_at_the_disks(self):
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(self.disks)], clock=self.clock
        )
        [image] = handler.enumerate(self.path)
        real = handler._overlays.survey_again

        def look(*arguments):
            found = real(*arguments)
            self.nbd('-r', '-f', 'raw', self.file())
            return found

        with (
            mock.patch.object(handler._overlays, 'survey_again', look),
            self.assertRaises(ImageInUse) as caught,
        ):
            handler.evict(image)
        self.assertEqual(OPEN, caught.exception.users)


class TestLoops(Apart, Held, Place):
    """Loop devices, which only root can make."""

    def setUp(self):
        super().setUp()
        self.lent = []

    def lend(self, path, **options):
        made = subprocess.run(  # noqa: S603
            [program('losetup'), '--find', '--show', '--read-only', path],
            check=True,
            capture_output=True,
            text=True,
            **options,
        )
        device = made.stdout.strip()
        self.lent.append(device)
        self.addCleanup(self.give_back, device)
        return device

    def give_back(self, device):
        """Do so once: the next time it may be somebody else's."""
        if device in self.lent:
            self.lent.remove(device)
            command = [program('losetup'), '--detach', device]
            subprocess.run(command, check=True)  # noqa: S603

    def assert_lent(self, device):
        name = pathlib.Path(device).name
        self.assert_held({f'the loop device {name}'})

    def test_an_image_that_is_a_loop_device(self):
        device = self.lend(self.file())
        self.assert_lent(device)
        self.give_back(device)
        self.assert_free()

    def test_an_image_that_is_mounted(self):
        command = [program('mke2fs'), '-q', '-F', self.file()]
        subprocess.run(command, check=True)  # noqa: S603
        self.write_sidecar(self.image)
        point = self.root / 'point'
        point.mkdir()

        def act():
            command = ['mount', '-o', 'loop,ro', self.file(), point]
            subprocess.run(command, check=True)  # noqa: S603
            [image] = self.listed()
            [user] = image.users
            self.assertIn('the loop device loop', user)
            with self.assertRaises(ImageInUse):
                self.connect().evict(image)

        self.where_it_mounts_disks(act)

    def test_an_image_by_a_mount_of_another_name(self):
        other = self.root / 'other.iso'
        other.touch()

        def act():
            command = ['mount', '--bind', self.file(), other]
            subprocess.run(command, check=True)  # noqa: S603
            device = self.lend(other)
            try:
                self.assert_lent(device)
            finally:
                self.give_back(device)

        self.where_it_mounts_disks(act)

    def test_an_image_by_a_mount_that_nobody_else_sees(self):
        hidden = self.root / 'hidden'
        hidden.mkdir()
        device = self.lend_apart(self.folder, hidden, hidden / self.image)
        self.assert_lent(device)

    def lend_apart(self, what, where, path):
        """Make a device of a file that only that program sees there."""
        command = ['unshare', '--mount', 'sh', '-c', HIDING, 'sh']
        command += [what, where, program('losetup')]
        command += ['--find', '--show', '--read-only', path]
        made = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True
        )
        device = made.stdout.strip()
        self.lent.append(device)
        self.addCleanup(self.give_back, device)
        return device

    def test_an_image_by_another_name_that_nobody_else_sees(self):
        hidden = self.root / 'hidden.iso'
        hidden.touch()
        device = self.lend_apart(self.file(), hidden, hidden)
        self.assertEqual(0, hidden.stat().st_size)
        self.assert_lent(device)
        self.give_back(device)
        self.assert_free()

    def test_where_there_are_no_devices_the_path_still_tells(self):
        hidden = self.root / 'hidden'
        hidden.mkdir()
        device = self.lend_apart(self.folder, hidden, hidden / self.image)
        with mock.patch.object(
            holders, '_ask_loop_device', lambda device: None
        ):
            self.assert_lent(device)

    def test_those_of_other_files_do_not_matter(self):
        same = self.disks / self.image
        shutil.copy(self.file(), same)
        self.lend(same)
        self.lend(shutil.copy(same, self.disks / 'other'))
        self.assert_free()

    def test_what_was_removed_is_not_an_image_any_more(self):
        self.lend(self.file())
        self.file().unlink()
        self.add()
        self.assert_free()

    def test_a_path_elsewhere_is_not_looked_at(self):
        looked, real = [], os.stat

        def stat(path, *arguments, **options):
            looked.append(path)
            return real(path, *arguments, **options)

        paths = [('loop90', '/proc/version'), ('loop91', '/dev/null')]
        with (
            mock.patch.object(holders, '_list_loops', lambda: paths),
            mock.patch.object(os, 'stat', stat),
        ):
            self.listed()
        self.assertFalse({path for _, path in paths} & set(map(str, looked)))

    def test_a_device_of_what_lies_on_a_server_is_not_asked(self):
        asked = []
        paths = [('loop90', '/proc/version'), ('loop91', str(self.root))]
        with (
            mock.patch.object(holders, '_list_loops', lambda: paths),
            mock.patch.object(holders, '_ask_loop_device', asked.append),
        ):
            self.listed()
        self.assertEqual(['loop91'], asked)


class TestUnknown(Apart, Held, Place):
    def assert_unknown(self, why):
        [image] = self.listed()
        self.assertIn(why, image.unknown)
        with self.assertRaises(ImageBusy) as caught:
            self.connect().evict(image)
        self.assertIn(why, str(caught.exception))
        self.assertTrue(self.file().exists())

    def test_an_image_that_we_may_not_read(self):
        self.file().chmod(0o600)
        for path in self.folder, self.sidecar():
            os.chown(path, NOBODY, NOBODY)
        self.as_another(lambda: self.assert_unknown('run this as root'))

    def test_a_file_system_that_cannot_tell(self):
        for number in errno.ENOLCK, errno.ENOSYS, errno.EINVAL:
            error = OSError(number, os.strerror(number))
            with (
                self.subTest(number=number),
                mock.patch.object(record_lock, 'holder', side_effect=error),
            ):
                self.assert_unknown(f'if it is open ({os.strerror(number)})')
        self.assert_free()

    def test_a_file_that_was_replaced_meanwhile(self):
        real = os.open

        def replace(path, *arguments, **options):
            if path == self.image:
                self.file().rename(self.root / 'old')
                self.file().write_bytes(b'new')
            return real(path, *arguments, **options)

        with mock.patch.object(os, 'open', replace):
            [image] = self.listed()
        self.assertIn('replaced', image.unknown)

    def test_a_file_that_went_meanwhile(self):
        [image] = self.listed()
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        [file] = [self.connect()._layout.find_image(fd, self.image)]
        self.file().unlink()
        self.assertEqual([file], holders.look_at_files(fd, [file]))


class TestSignals(Held, Place):
    def test_who_was_killed_holds_nothing(self):
        server = self.nbd('-r', '-f', 'raw', self.file())
        self.assert_held()
        server.send_signal(signal.SIGKILL)
        server.wait(LONG)
        self.assert_free()
