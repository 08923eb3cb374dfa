"""Who uses an image is seen by the disks of the instances."""

import os
import shutil
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import mounts
from imagecache_handlers.directory.users import chains
from imagecache_handlers.directory.users import instances
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.disks import qemu
from tests.directory.disks import resident
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place

NOBODY = frozenset()


class Used(Place):
    """Two images, and a folder with instances."""

    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        (self.instances / 'locks').mkdir(parents=True)
        resident(self.instances)
        self.add(IMAGE)
        self.add(OTHER)

    def connect(self):
        return DirectoryHandler(
            [self.path], instance_paths=[str(self.instances)]
        )

    def disk(self, user, name='disk'):
        return self.instances / user / name

    def users(self, image_id=IMAGE):
        [image] = self.listed(image_id)
        return image.users

    def unknown(self):
        """What keeps users from being known, which must be of all images."""
        images = self.listed()
        [why] = {image.unknown for image in images}
        for image in images:
            self.assertIsNotNone(image.users)
            with self.assertRaises((ImageBusy, ImageInUse)):
                self.connect().evict(image)
        self.assertEqual(2, len(self.listed()))
        return why

    def assert_unknown(self, *said):
        why = self.unknown() or ''
        for text in said:
            self.assertIn(str(text), why)


class TestUsers(Used):
    def test_nobody_uses_what_no_disk_names(self):
        self.assertEqual([NOBODY, NOBODY], [i.users for i in self.listed()])
        self.assertEqual({None}, {image.unknown for image in self.listed()})

    def test_without_folders_of_instances_it_stays_blind(self):
        overlay(self.disk('vm-1'), self.file())
        handler = DirectoryHandler([self.path])
        users = [image.users for image in handler.enumerate(self.path)]
        self.assertEqual([None, None], users)

    def test_an_instance_uses_what_its_disk_is_made_of(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.disk('vm-2', 'disk.local'), self.file())
        self.assertEqual({'vm-1', 'vm-2'}, self.users())
        self.assertEqual(NOBODY, self.users(OTHER))

    def test_other_files_of_an_instance_say_nothing(self):
        self.disk('vm-1').parent.mkdir()
        for name in 'disk', 'disk.config', 'disk.info', 'console.log':
            self.disk('vm-1', name).write_bytes(b'\0' * 600)
        self.disk('vm-1', 'empty').touch()
        os.mkfifo(self.disk('vm-1', 'pipe'))
        self.assertEqual(NOBODY, self.users())
        self.assertEqual({None}, {image.unknown for image in self.listed()})

    def test_a_disk_among_the_folders_is_a_user_by_its_name(self):
        overlay(self.instances / 'vm-7.qcow2', self.file())
        self.assertEqual({'vm-7.qcow2'}, self.users())

    def test_a_disk_may_lie_deeper(self):
        deep = self.instances / 'vm-1' / 'snapshots'
        deep.mkdir(parents=True)
        overlay(deep / 'x', self.file())
        self.assertEqual({'vm-1'}, self.users())

    def test_a_chain_is_followed_to_its_end(self):
        middle, lower = self.root / 'mid' / 'x', self.root / 'low' / 'x'
        overlay(lower, self.file(OTHER))
        overlay(middle, '../low/x', form='qcow2')
        overlay(self.disk('vm-1'), '../../mid/x', form='')
        self.assertEqual({'vm-1'}, self.users(OTHER))
        self.assertEqual(NOBODY, self.users(IMAGE))

    def test_images_may_lie_below_each_other(self):
        self.file().unlink()
        self.sidecar().unlink()
        content = header(OTHER)
        self.file().write_bytes(content)
        self.write_sidecar(IMAGE)
        overlay(self.disk('vm-1'), self.file(), form='qcow2')
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual({'vm-1'}, self.users(OTHER))

    def test_a_raw_file_is_not_taken_for_another(self):
        # What QEMU is told to be raw may well hold a header in it.
        overlay(self.root / 'x', self.file())
        overlay(self.disk('vm-1'), self.root / 'x', form='raw')
        self.assertEqual(NOBODY, self.users())

    def test_it_is_the_file_that_counts_and_not_its_name(self):
        link, hard = self.root / 'link', self.root / 'hard'
        link.symlink_to(self.folder)
        os.link(self.file(OTHER), hard)
        overlay(self.disk('vm-1'), link / '..' / 'images' / IMAGE)
        overlay(self.disk('vm-2'), hard)
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual({'vm-2', 'hard link'}, self.users(OTHER))

    def test_a_name_that_now_leads_elsewhere_is_no_use(self):
        elsewhere = self.root / 'elsewhere'
        elsewhere.mkdir()
        (elsewhere / IMAGE).write_bytes(b'a copy')
        overlay(self.disk('vm-1'), elsewhere / IMAGE)
        self.assertEqual(NOBODY, self.users())

    def test_a_data_file_is_used(self):
        overlay(self.disk('vm-1'), '', features=4, data_file=str(self.file()))
        self.assertEqual({'vm-1'}, self.users())

    def test_links_are_followed(self):
        far = self.root / 'far'
        overlay(far / 'disk', self.file())
        (self.instances / 'vm-1').symlink_to(far)
        overlay(self.root / 'x', self.file(OTHER))
        (self.instances / 'vm-2').mkdir()
        self.disk('vm-2').symlink_to(self.root / 'x')
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual({'vm-2'}, self.users(OTHER))

    def test_circles_have_an_end(self):
        one, two = self.disk('vm-1'), self.disk('vm-2')
        overlay(one, '../vm-2/disk', form='qcow2')
        overlay(two, '../vm-1/disk', form='qcow2')
        self.disk('vm-1', 'up').symlink_to(self.instances)
        overlay(self.disk('vm-3'), self.file())
        self.assertIn('vm-3', self.users())
        self.assertIsNone(self.listed()[0].unknown)

    def test_the_images_may_lie_among_the_disks(self):
        overlay(self.folder / 'vm-1.qcow2', IMAGE)
        handler = DirectoryHandler([self.path], instance_paths=[self.path])
        [image] = handler.enumerate(self.path, [IMAGE])
        self.assertEqual({'vm-1.qcow2'}, image.users)
        with self.assertRaises(ImageInUse):
            handler.evict(image)

    def test_a_name_that_nobody_can_print_is_harmless(self):
        overlay(self.disk('vm\x1b[2J\udcff'), self.file())
        [user] = self.users()
        self.assertTrue(user.isprintable())

    def test_it_looks_again_before_it_evicts(self):
        [image] = self.listed(IMAGE)
        handler = self.connect()
        handler.enumerate(self.path)
        overlay(self.disk('vm-1'), self.file())
        with self.assertRaises(ImageInUse) as caught:
            handler.evict(image)
        self.assertEqual({'vm-1'}, caught.exception.users)
        shutil.rmtree(self.instances / 'vm-1')
        self.assertEqual(image.size, handler.evict(image))


class TestQemu(Used):
    def test_what_qemu_makes_is_seen(self):
        made = ['create', '-f', 'qcow2', '-F']
        for name, options in ('v2', ['-o', 'compat=0.10']), ('v3', []):
            self.disk(name).parent.mkdir()
            backing = ['raw', '-b', self.file(), *options]
            qemu(*made, *backing, self.disk(name))
        self.disk('snap').parent.mkdir()
        qemu(*made, 'qcow2', '-b', '../v3/disk', self.disk('snap'))
        self.assertEqual({'v2', 'v3', 'snap'}, self.users())
        qemu('rebase', '-f', 'qcow2', '-b', '', self.disk('v2'))
        self.assertEqual({'v3', 'snap'}, self.users())


class TestUnknown(Used):
    def test_a_use_that_was_found_is_told_all_the_same(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.disk('vm-2'), 'nbd:localhost:1')
        self.assert_unknown(self.disk('vm-2'), 'nbd:localhost:1')
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual(NOBODY, self.users(OTHER))

    def test_a_folder_that_is_missing(self):
        shutil.rmtree(self.instances)
        self.assert_unknown(self.instances, 'No such file')

    def test_a_folder_that_is_empty_may_not_be_mounted(self):
        shutil.rmtree(self.instances)
        self.instances.mkdir()
        self.assert_unknown(self.instances, 'is it mounted?')

    def test_a_folder_that_is_not_mounted(self):
        fstab = self.root / 'fstab'
        fstab.write_text(f'filer:/x\t{self.instances} nfs defaults 0 0\n')
        with mock.patch.object(mounts, '_FSTAB', str(fstab)):
            self.assert_unknown(self.instances, 'is not mounted')

    def test_one_of_several_folders_is_enough(self):
        missing = str(self.root / 'missing')
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(self.instances), missing]
        )
        for image in handler.enumerate(self.path):
            self.assertIn(missing, image.unknown)

    def test_what_cannot_be_read(self):
        overlay(self.disk('vm-1'), self.file())
        refused = PermissionError(13, 'Permission denied')
        for name in 'below', 'is_disk':
            with mock.patch.object(chains, name, side_effect=refused):
                self.assert_unknown('Permission denied')
        real = os.scandir

        def fail(path):
            if path == str(self.disk('vm-1').parent):
                raise refused
            return real(path)

        with mock.patch.object(os, 'scandir', fail):
            self.assert_unknown(self.disk('vm-1').parent, 'Permission denied')

    def test_a_backing_file_that_is_gone(self):
        overlay(self.disk('vm-1'), self.folder / 'gone')
        self.assert_unknown(self.folder / 'gone', 'No such file')

    def test_a_link_that_leads_nowhere(self):
        self.disk('vm-1').parent.mkdir()
        self.disk('vm-1').symlink_to(self.root / 'gone')
        self.assert_unknown(self.disk('vm-1'), 'No such file')

    def test_a_backing_file_that_is_none(self):
        os.mkfifo(self.root / 'pipe')
        for backing in self.root, self.root / 'pipe', '/dev/null':
            overlay(self.disk('vm-1'), backing)
            self.assert_unknown(backing, 'is no disk')

    def test_a_header_that_is_damaged(self):
        overlay(self.disk('vm-1'), self.file())
        whole = self.disk('vm-1').read_bytes()
        self.disk('vm-1').write_bytes(whole[:-1])
        self.assert_unknown(self.disk('vm-1'), 'cut off')

    def test_one_in_the_middle_of_a_chain(self):
        overlay(self.root / 'x', 'rbd:pool/x')
        overlay(self.disk('vm-1'), self.root / 'x', form='qcow2')
        self.assert_unknown(self.root / 'x', 'rbd:pool/x')

    def test_folders_without_end(self):
        deep = self.instances / 'vm-1'
        for _ in range(40):
            deep /= 'x'
        deep.mkdir(parents=True)
        self.assert_unknown('too deep')

    def test_several_reasons_are_counted(self):
        for number in range(3):
            overlay(self.disk(f'vm-{number}'), 'nbd:x')
        self.assert_unknown('(and 2 more)')


class TestMeanwhile(Used):
    """Instances that come, go and change their names while it looks."""

    def while_reading(self, act):
        real, acts = chains.below, [act]

        def read(path):
            if acts:
                acts.pop()()
            return real(path)

        return mock.patch.object(chains, 'below', read)

    def test_one_that_is_renamed_is_seen(self):
        overlay(self.disk('vm-1'), self.file())
        overlay(self.disk('vm-2'), self.file())

        def rename():
            for name in 'vm-1', 'vm-2':
                path = self.instances / name
                path.rename(self.instances / f'{name}_resize')

        with self.while_reading(rename):
            users = self.users()
        self.assertLessEqual({'vm-1_resize', 'vm-2_resize'}, users)
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
        overlay(self.disk('vm-1'), self.file())
        gone = shutil.rmtree
        with self.while_reading(lambda: gone(self.instances / 'vm-1')):
            [image] = self.listed(IMAGE)
        self.assertEqual((NOBODY, None), (image.users, image.unknown))

    def test_a_list_that_never_ends_is_unknown(self):
        real, count = chains.below, iter(range(10**6))
        overlay(self.disk('vm-0'), self.file())

        def read(path):
            overlay(self.disk(f'vm-{next(count)}-new'), self.file())
            return real(path)

        with (
            mock.patch.object(chains, 'below', read),
            mock.patch.object(instances, '_MOST_LISTS', 5),
        ):
            [image] = self.listed(IMAGE)
        self.assertIn('changes all the time', image.unknown)


class TestLooking(Used):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.takes = 1.0
        self.looks = 0
        self.overlays = Overlays(
            [str(self.instances)], monotonic=lambda: self.now
        )
        real = Overlays.survey

        def survey(overlays):
            self.looks += 1
            self.now += self.takes
            return real(overlays)

        self.enterContext(mock.patch.object(Overlays, 'survey', survey))

    def again(self, *waits):
        for wait in waits:
            self.now += wait
            self.overlays.survey_again()
        return self.looks

    def test_a_long_look_lasts_as_long_again(self):
        self.assertEqual(1, self.again(0, 0.5, 0.25, 0.2))
        self.assertEqual(2, self.again(0.1))

    def test_a_short_look_is_taken_each_time(self):
        self.takes = 0.001
        self.assertEqual(3, self.again(0, 0, 0))

    def test_a_look_for_a_list_serves_nobody_else(self):
        self.overlays.survey()
        self.assertEqual(2, self.again(0))

    def test_each_disk_is_opened_once(self):
        for number in range(5):
            overlay(self.disk(f'vm-{number}'), self.file())
        real, opened = os.open, []

        def count(path, *arguments, **options):
            opened.append(path)
            return real(path, *arguments, **options)

        with mock.patch.object(os, 'open', count):
            self.listed()
        disks = [str(self.disk(f'vm-{number}')) for number in range(5)]
        self.assertEqual(disks, sorted(set(opened) & set(disks)))
        self.assertEqual(5, len([one for one in opened if one in disks]))
