"""What goes wrong with folders, disks and clocks, and is told so."""

import contextlib
import datetime
import os
import pathlib
import subprocess
from unittest import mock

from oslo_config import cfg

from imagecache_handlers import CacheError
from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import mounts
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place

DAY = datetime.timedelta(days=1)


def run(*command):
    subprocess.run([*map(str, command)], check=True)  # noqa: S603


def mount(path, *options):
    """Have an empty file system there."""
    # Unlike one without a mode, which anybody might write in.
    private = ['-o', 'mode=755']
    run('mount', '-t', 'tmpfs', *private, *options, 'tmpfs', path)


class Troubled(Apart, Place):
    """Two stores, of which only the first has troubles."""

    def setUp(self):
        super().setUp()
        self.sound = self.root / 'sound'
        self.sound.mkdir()

    def both(self, clock=lambda: datetime.datetime.now(datetime.UTC)):
        return DirectoryHandler([self.path, str(self.sound)], clock=clock)

    def add_to_both(self):
        self.add()
        path, self.path = self.path, str(self.sound)
        self.add(OTHER)
        self.path = path

    def refused(self, act, *said):
        with self.assertRaises(StoreUnavailable) as caught:
            act()
        self.assertEqual(self.path, caught.exception.store)
        for text in said:
            self.assertIn(text, str(caught.exception))

    def pin_everywhere(self, problem):
        """Pin what both stores hold: one fails, and the other goes on."""
        cache = ImageCache(self.both(), Rules())
        with self.assertRaises(CacheError) as caught:
            cache.pin(IMAGE, 'ops')
        self.assertIn(problem, str(caught.exception))
        self.assertEqual(1, len(cache.pin(OTHER, 'ops')))


class TestMounted(Troubled):
    def test_a_full_disk_is_told_and_nothing_is_left(self):
        self.where_it_mounts(self.fill)

    def fill(self):
        mount(self.folder, '-o', 'size=256k')
        self.add_to_both()
        [image] = self.listed()
        before = self.entries()
        self.refused(lambda: self.add('big', size=2**20), 'No space left')
        self.assertEqual(before, self.entries())
        filler = self.folder / 'filler'
        with contextlib.suppress(OSError), filler.open('wb') as file:
            # As any file beside images it is taken for somebody's disk.
            file.write(header())
            while True:
                file.write(b'x' * 4096)
                file.flush()
        before = self.entries()
        self.refused(lambda: self.add('big', size=2**20), 'No space left')
        self.assertEqual(before, self.entries())
        self.assertEqual([image], self.listed())
        filler.unlink()
        self.connect().mark(image, {'site.a'})
        self.assertEqual({'site.a'}, self.labels())

    def test_a_folder_that_is_read_only_is_told(self):
        self.where_it_mounts(self.forbid_writing)

    def forbid_writing(self):
        mount(self.folder)
        self.add_to_both()
        [image] = self.listed()
        run('mount', '-o', 'remount,bind,ro', self.folder)
        self.assertEqual([image], self.listed())
        self.assertEqual([], list(self.connect().debris(self.path)))
        for act in (
            lambda: self.connect().mark(image, {'site.a'}),
            lambda: self.connect().evict(image),
            lambda: self.add('other'),
        ):
            self.refused(act, 'Read-only file system')
        self.pin_everywhere('Read-only file system')

    def test_a_mount_that_vanished_is_told(self):
        self.where_it_mounts(self.unmount)

    def unmount(self):
        mount(self.folder)
        self.add_to_both()
        fstab = self.root / 'fstab'
        fstab.write_text(f'# all\n\nfiler:/x {self.folder} nfs ro 0 0\n')
        with mock.patch.object(mounts, '_FSTAB', str(fstab)):
            self.assertIsNone(self.connect().stores()[0].problem)
            run('umount', self.folder)
            first, second = self.both().stores()
            cache = ImageCache(self.both(), Rules())
            found = cache.inventory()
        self.assertIn(f'{self.folder} is not mounted', first.problem)
        self.assertIsNone(second.problem)
        self.assertEqual({self.path}, set(found.problems))
        [other] = found.images
        self.assertEqual(OTHER, other.image_id)
        # What lies in the one may be made of the images in the other.
        self.assertIn('is not mounted', other.unknown)

    def test_instances_on_a_mount_that_vanished_are_unknown(self):
        self.where_it_mounts(self.unmount_instances)

    def unmount_instances(self):
        instances = self.root / 'instances'
        instances.mkdir()
        mount(instances)
        self.add_to_both()
        overlay(instances / 'vm-1' / 'disk', self.file())
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(instances)]
        )
        [image] = handler.enumerate(self.path)
        self.assertEqual({'vm-1'}, image.users)
        run('umount', instances)
        [image] = handler.enumerate(self.path)
        self.assertIn('is it mounted?', image.unknown)


class TestMountPoints(Place):
    def absent(self, path, *lines):
        fstab = self.root / 'fstab'
        fstab.write_text('\n'.join(lines))
        with mock.patch.object(mounts, '_FSTAB', str(fstab)):
            return mounts.explain_absence(str(path))

    def test_what_is_to_be_mounted_above_or_there(self):
        blank = self.root / 'with blank'
        for path, line in (
            (self.folder, f'x {self.folder} ext4'),
            (self.folder, f'x {self.root}/ ext4'),
            (blank / 'x', rf'x {self.root}/with\040blank ext4'),
            (self.folder / 'x' / 'y', f'x {self.folder} nfs ro 0 0 # here'),
        ):
            self.assertIn('is not mounted', self.absent(path, line))

    def test_what_is_mounted_or_lies_elsewhere(self):
        for line in (
            'x / ext4',
            '/proc /proc proc',
            f'x {self.folder}2 ext4',
            f'x {self.folder}/below ext4 rw,noauto',
            f'# x {self.folder} ext4',
            'x none swap sw 0 0',
            'x',
            '',
        ):
            self.assertIsNone(self.absent(self.folder, line))

    def test_no_such_file_says_nothing(self):
        with mock.patch.object(mounts, '_FSTAB', str(self.root / 'missing')):
            self.assertIsNone(mounts.explain_absence(self.path))


class TestOthersFiles(Troubled):
    def setUp(self):
        super().setUp()
        self.add_to_both()

    def test_a_folder_of_others_can_be_read_and_no_more(self):
        [image] = self.listed()
        self.folder.chmod(0o555)
        before = self.entries()
        self.give_away(self.sound)

        def act():
            for change in (
                lambda: self.connect().mark(image, {'site.a'}),
                lambda: self.connect().evict(image),
                lambda: self.add('other'),
            ):
                self.refused(change, 'Permission denied')
            self.pin_everywhere('Permission denied')
            self.assertEqual([image], self.listed())

        self.as_another(act)
        self.folder.chmod(0o755)
        self.assertEqual(before, self.entries())

    def give_away(self, path):
        """Let a folder be that of whom the child is."""
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def test_images_of_others_in_a_folder_of_ours_go(self):
        path = str(self.sound)
        self.give_away(path)
        (self.sound / OTHER).chmod(0o444)

        def act():
            handler = DirectoryHandler([path])
            [image] = handler.enumerate(path)
            handler.mark(image, {'site.a'})
            [image] = handler.enumerate(path)
            self.assertEqual(image.size, handler.evict(image))

        self.as_another(act)
        self.assertEqual([], os.listdir(self.sound))

    def test_an_image_that_may_not_be_read_is_unknown(self):
        # It may be made of others.
        self.file().chmod(0)

        def act():
            [image] = self.listed()
            self.assertIn('Permission denied', image.unknown or '')

        self.as_another(act)

    def test_a_sidecar_that_may_not_be_read_is_no_missing_one(self):
        self.sidecar().chmod(0)
        name = self.sidecar().name
        self.as_another(
            lambda: self.refused(self.listed, f'{name}: Permission denied')
        )

    @as_root
    def test_who_may_not_write_is_told_who_may(self):
        [image] = self.listed()
        for user, names in {
            0: 'root',
            60001: '60001, who owns the folder, or root',
        }.items():
            os.chown(self.path, user, -1)
            self.as_another(
                lambda names=names: self.refused(
                    lambda: self.connect().mark(image, {'pin.ops'}),
                    f'Permission denied: run this as {names}',
                )
            )

    def test_the_owner_who_may_not_write_is_sent_to_nobody(self):
        [image] = self.listed()
        self.give_away(self.path)
        self.folder.chmod(0o555)

        def act():
            with self.assertRaises(StoreUnavailable) as caught:
                self.connect().mark(image, {'pin.ops'})
            self.assertTrue(caught.exception.why.endswith('denied'))

        self.as_another(act)

    def test_a_disk_that_may_not_be_read_is_unknown(self):
        disk = self.root / 'instances' / 'vm-1' / 'disk'
        disk.parent.parent.mkdir()
        overlay(disk, self.file())

        def why():
            handler = DirectoryHandler(
                [self.path], instance_paths=[str(disk.parent.parent)]
            )
            [image] = handler.enumerate(self.path)
            return image.unknown or ''

        disk.chmod(0)
        self.as_another(lambda: self.assertIn(f'{disk}: Permission', why()))
        disk.chmod(0o644)
        disk.parent.chmod(0)
        self.as_another(lambda: self.assertIn('Permission denied', why()))
        disk.parent.chmod(0o755)
        self.assertEqual('', why())


class TestClocks(Troubled):
    def sweep(self, now):
        cache = ImageCache(self.both(lambda: now), Rules(), clock=lambda: now)
        return cache.sweep(lambda: Evidence(complete=True, as_of=now))

    def test_a_clock_that_went_back_evicts_nothing_too_early(self):
        now = datetime.datetime.now(datetime.UTC)
        self.add()
        self.sweep(now + 30 * DAY)
        for days in range(3):
            # The label of the future counts as now, and is written anew.
            self.assertEqual((), self.sweep(now - days * DAY).outcomes)
        [image] = self.listed()
        self.assertLess(image.marks.unused_since, now)
        report = self.sweep(now)
        self.assertEqual(['evicted'], [str(o.did) for o in report.outcomes])

    def test_the_times_of_files_do_not_matter(self):
        now = datetime.datetime.now(datetime.UTC)
        self.add()
        for entry in self.entries():
            if entry != IMAGE:
                os.utime(self.folder / entry, (2**33, 2**33))
        self.sweep(now)
        self.assertEqual(1, len(self.sweep(now + 2 * DAY).outcomes))


class TestWriting(Place):
    def test_a_sidecar_that_could_not_be_written_leaves_nothing(self):
        [image] = [self.add(labels=['site.a'])]
        for name in 'fsync', 'rename':
            with (
                mock.patch.object(
                    sidecar.os,
                    name,
                    side_effect=OSError(5, 'I/O error'),
                ),
                self.assertRaises(StoreUnavailable),
            ):
                self.connect().mark(image, {'site.b'})
            self.assertEqual(
                sorted([IMAGE, self.sidecar().name]), self.entries()
            )
        self.assertEqual({'site.a'}, self.labels())


class TestOptions(Place):
    def handler(self, *lines):
        file = self.root / 'cache.conf'
        head = ['[imagecache_directory]', f'path = {self.path}']
        file.write_text('\n'.join([*head, *lines, '']))
        conf = cfg.ConfigOpts()
        conf([f'--config-file={file}'], default_config_dirs=[])
        return DirectoryHandler.from_conf(conf)

    def test_a_layout_and_folders_of_instances_are_taken(self):
        instances = pathlib.Path(self.root, 'instances')
        (instances / 'vm-1').mkdir(parents=True)
        self.file('0' * 40).write_bytes(b'image')
        overlay(instances / 'vm-1' / 'disk', self.file('0' * 40))
        handler = self.handler(
            'layout = nova', f'instance_paths = {instances}, {instances}/'
        )
        [image] = handler.enumerate(self.path)
        self.assertEqual({'vm-1'}, image.users)

    def test_without_them_it_is_plain_and_blind(self):
        self.add()
        [image] = self.handler().enumerate(self.path)
        self.assertIsNone(image.users)

    def test_what_cannot_be_is_refused(self):
        for line, said in (
            ('layout = noav', 'noav is not one of plain, nova'),
            ('path = images', 'path: images: write the whole path, from /'),
            ('instance_paths = /srv, ../vms', 'instance_paths: ../vms: write'),
            ('instance_paths = a\x1bb', 'not printable'),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                self.handler(line)
            self.assertIn(said, str(caught.exception))
            self.assertNotIn('LocationInfo', str(caught.exception))
        for bad in {'layout': 'novel'}, {'instance_paths': ['vms']}:
            with self.assertRaises(ConfigurationError):
                DirectoryHandler([self.path], **bad)
