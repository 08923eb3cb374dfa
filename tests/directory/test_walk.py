"""Nobody leads the look at disks elsewhere, and none of them is missed."""

import fcntl
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
from unittest import mock

from imagecache_handlers.directory.users import reading
from imagecache_handlers.directory.users import walk
from tests.directory.apart import Apart
from tests.directory.disks import descriptor
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.used import NOBODY
from tests.directory.used import Used

LONG = 60
TRYING = """
import fcntl, sys

try:
    fcntl.lockf(open(sys.argv[1], 'a+'), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(1)
"""


class TestMeanwhile(Used):
    """Instances that come, go and change their names while it looks."""

    def while_reading(self, act):
        real, acts = reading.known_formats.read_header, [act]

        def read(fd, size):
            path = os.readlink(f'/proc/self/fd/{fd}')
            if acts and '/vm-' in path:
                acts.pop()()
            return real(fd, size)

        return mock.patch.object(reading.known_formats, 'read_header', read)

    def test_one_that_is_renamed_is_seen(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.disk('vm-2'), self.file())

        def rename():
            for name in 'vm-1', 'vm-2':
                path = self.instances / name
                path.rename(self.instances / f'{name}_resize')

        with self.while_reading(rename):
            users = self.users()
        self.assertTrue(users & {'vm-1', 'vm-1_resize'}, users)
        self.assertTrue(users & {'vm-2', 'vm-2_resize'}, users)
        self.assertIsNone(self.listed()[0].unknown)

    def test_a_disk_that_is_renamed_is_seen(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.disk('vm-1', 'disk.swap'), self.file(OTHER))

        def rename():
            self.disk('vm-1').rename(self.disk('vm-1', 'disk.old'))
            self.disk('vm-1', 'disk.swap').rename(self.disk('vm-1', 'x'))

        with self.while_reading(rename):
            images = self.listed()
        self.assertEqual([{'vm-1'}] * 2, [image.users for image in images])

    def test_one_that_goes_was_no_use(self):
        overlay(self.disk('vm-1', 'below'), self.file())
        overlay(self.disk('vm-1', 'over'), 'below', form='qcow2')
        gone = shutil.rmtree
        with self.while_reading(lambda: gone(self.instances / 'vm-1')):
            [image] = self.listed(IMAGE)
        self.assertIsNone(image.unknown)
        self.assertEqual(NOBODY, self.users())

    def test_a_list_that_never_ends_is_unknown(self):
        real, count = reading.known_formats.read_header, iter(range(10**6))
        overlay(self.disk('vm-0'), self.file())

        def read(fd, size):
            overlay(self.disk(f'vm-{next(count)}-new'), self.file())
            return real(fd, size)

        with (
            mock.patch.object(reading.known_formats, 'read_header', read),
            mock.patch.object(walk, '_MOST_LISTS', 5),
        ):
            [image] = self.listed(IMAGE)
        self.assertIn('changes all the time', image.unknown)

    def test_a_folder_that_becomes_a_link_leads_nowhere(self):
        overlay(self.root / 'secret' / 'disk', self.file())
        overlay(self.disk('vm-1'), '')
        vm, real = self.instances / 'vm-1', walk.safe_open.open_file

        def swap(folder, name, flags, mode=0o600):
            if name == 'vm-1' and not vm.is_symlink():
                shutil.rmtree(vm)
                vm.symlink_to(self.root / 'secret')
            return real(folder, name, flags, mode)

        with mock.patch.object(walk.safe_open, 'open_file', swap):
            [image] = self.listed(IMAGE)
        self.assertEqual(NOBODY, image.users)
        self.assertIn(str(vm), image.unknown)


class TestOpened(Used):
    """What is opened, as strace tells, and what is not."""

    def opened(self, *more):
        log = self.root / 'trace'
        folders = self.instances, *more
        command = [sys.executable, '-c', LISTING, self.path, *folders]
        subprocess.run(  # noqa: S603 -- our own code
            ['strace', '-f', '-qq', '-y', '-e', 'trace=open,openat,openat2']
            + ['-o', log, *command],
            check=True,
            timeout=LONG,
        )
        found = re.findall(r'= \d+<(.*)>$', log.read_text(), re.MULTILINE)
        return {path for path in found if path.startswith(str(self.root))}

    def test_nothing_but_disks(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.instances / 'locks' / 'nova-x', self.file())
        for name in 'short', 'compute_nodes':
            (self.instances / name).write_bytes(b'QFI\xfb' * 11)
        (self.instances / 'compute_nodes').write_bytes(b'QFI\xfb' * 100)
        (self.root / 'secret').write_bytes(b'secret' * 100)
        self.disk('vm-1', 'kmsg').symlink_to('/proc/kmsg')
        self.disk('vm-1', 'root').symlink_to('/')
        self.disk('vm-1', 'secret').symlink_to(self.root / 'secret')
        overlay(self.disk('vm-2'), self.root / 'secret')
        overlay(self.disk('vm-3'), '/proc/kmsg')
        os.mkfifo(self.disk('vm-1', 'pipe'))
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(self.disk('vm-1', 'socket')))
        if os.geteuid() == 0:
            zero = stat.S_IFCHR | 0o600, os.makedev(1, 5)
            os.mknod(self.disk('vm-1', 'zero'), *zero)
        opened = self.opened()
        self.assertIn(str(self.disk('vm-1')), opened)
        expected = {str(self.disk(f'vm-{n}')) for n in (1, 2, 3)}
        expected |= {str(self.disk('resident'))}
        expected |= {str(self.instances / 'compute_nodes')}
        inside = {one for one in opened if os.path.isfile(one)}
        instances = f'{self.instances}/'
        self.assertEqual(
            expected, {one for one in inside if one.startswith(instances)}
        )
        self.assertNotIn(str(self.instances / 'locks' / 'nova-x'), opened)
        self.assertNotIn(str(self.root / 'secret'), opened)

    def test_locks_of_this_process_outlive_a_look(self):
        lock = self.instances / 'locks' / 'nova-x'
        short = self.disk('resident', 'lock')
        lock.write_bytes(b'x' * 600)
        short.touch()
        for path in lock, short:
            with open(path, 'a+') as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
                self.listed()
                command = [sys.executable, '-c', TRYING, path]
                tried = subprocess.run(command, check=False)  # noqa: S603
                self.assertEqual(1, tried.returncode, path)

    def test_a_lock_beside_a_store_below_the_given_folder(self):
        nova = self.root / 'nova'
        (nova / 'instances').mkdir(parents=True)
        self.folder.rename(nova / 'instances' / '_base')
        self.instances.rename(nova / 'instances' / 'more')
        self.folder = nova / 'instances' / '_base'
        self.path, self.instances = str(self.folder), nova
        overlay(nova / 'instances' / 'locks' / 'nova-x', '')
        opened = self.opened()
        self.assertIn(str(nova / 'instances' / 'more'), opened)
        lock = nova / 'instances' / 'locks' / 'nova-x'
        self.assertNotIn(str(lock), opened)

    def test_locks_of_one_folder_below_another(self):
        overlay(self.instances / 'locks' / 'nova-x', '')
        inner, self.instances = self.instances, self.root
        opened = self.opened(inner)
        self.assertIn(str(self.disk('instances', 'resident')), opened)
        self.assertNotIn(str(inner / 'locks' / 'nova-x'), opened)


LISTING = """
import sys

from imagecache_handlers.directory import DirectoryHandler

path, *instances = sys.argv[1:]
list(DirectoryHandler([path], instance_paths=instances).enumerate(path))
"""


class TestNamesThatWerePassedOver(Used):
    def test_a_disk_among_the_locks_is_told_and_not_opened(self):
        lock = self.instances / 'locks' / 'disk.qcow2'
        overlay(lock, self.file())
        self.assert_unknown(lock, "Nova's folder of locks", 'ignore')
        found = self.disks_of(ignore=[str(lock)])
        self.assertEqual((NOBODY, None), found)
        lock.unlink()
        (self.instances / 'locks' / 'vm').mkdir()
        self.assert_unknown(self.instances / 'locks' / 'vm', 'move it')

    def test_a_disk_that_has_the_name_of_novas_list_of_hosts(self):
        overlay(self.instances / 'compute_nodes', self.file())
        self.assertEqual({'compute_nodes'}, self.users())

    def test_disks_in_the_store_that_have_names_like_ours(self):
        overlay(self.folder / '.x.imagecache-new', self.file())
        overlay(self.folder / '.y.imagecache' / 'disk', self.file(OTHER))
        self.assertEqual({'.x.imagecache-new'}, self.users())
        self.assertEqual({'.y.imagecache'}, self.users(OTHER))
        self.assertIsNone(self.listed()[0].unknown)


class TestHostile(Used):
    def test_a_text_that_nests_without_end_is_a_problem_of_its_disk(self):
        keys = '.'.join(['config'] + ['a'] * 2000)
        text = f"json:{{'driver':'qcow2','{keys}':1}}"
        self.disk('vm-1').parent.mkdir()
        hint = f'parentFileNameHint="{text}"'
        self.disk('vm-1').write_bytes(descriptor(hint))
        self.assert_unknown(self.disk('vm-1'))

    def test_a_process_that_renames_all_the_time(self):
        deep = self.instances
        for number in range(12):
            deep /= f'd{number}'
            deep.mkdir()
            (deep / 'x-0').mkdir()
        with subprocess.Popen(  # noqa: S603 -- our own code
            [sys.executable, '-c', RENAMING, self.instances]
        ) as process:
            try:
                began = time.process_time()
                self.disks_of()
                self.assertLess(time.process_time() - began, 10)
            finally:
                process.kill()


RENAMING = """
import os, sys

tops = [top for top, _, _ in os.walk(sys.argv[1]) if '/d' in top[-4:]]
for number in range(10**9):
    for top in tops:
        if os.path.basename(top).startswith('d'):
            try:
                os.rename(f'{top}/x-{number}', f'{top}/x-{number + 1}')
            except OSError:
                pass
"""


class TestRights(Apart, Used):
    def test_a_console_that_only_libvirt_reads_is_passed_over(self):
        overlay(self.disk('vm-1'), self.file())
        for name in 'console.log', 'console.log.0':
            self.disk('vm-1', name).write_bytes(b'login: ' * 100)
            self.disk('vm-1', name).chmod(0)
        (self.instances / 'lost+found').mkdir(mode=0)

        def act():
            self.assertEqual(({'vm-1'}, None), self.disks_of())

        self.as_another(act)

    def test_one_that_can_be_read_is_read(self):
        overlay(self.disk('vm-1', 'console.log'), self.file())
        self.assertEqual({'vm-1'}, self.users())
        overlay(self.instances / 'lost+found' / '#12', self.file())
        self.assertEqual({'vm-1', 'lost+found'}, self.users())
