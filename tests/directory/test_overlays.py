"""Who uses an image is seen by the disks of the instances."""

import os
import shutil
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.users import reading
from imagecache_handlers import ImageInUse
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.disks import qemu
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.used import NOBODY
from tests.directory.used import Used


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
        for name in 'console.log', 'console.log.1', 'libvirt.xml':
            self.disk('vm-1', name).write_bytes(b'\0' * 600)
        self.disk('vm-1', 'empty').touch()
        self.disk('vm-1', 'short').write_bytes(b'QFI\xfb')
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
        middle = self.instances / 'mid' / 'x'
        lower = self.instances / 'low' / 'x'
        overlay(lower, self.file(OTHER))
        overlay(middle, '../low/x', form='qcow2')
        overlay(self.disk('vm-1'), '../mid/x', form='')
        self.assertEqual({'vm-1', 'mid', 'low'}, self.users(OTHER))
        self.assertEqual(NOBODY, self.users(IMAGE))

    def test_images_may_lie_below_each_other(self):
        self.file().unlink()
        self.sidecar().unlink()
        content = header(OTHER)
        self.file().write_bytes(content)
        self.write_sidecar(IMAGE)
        overlay(self.disk('vm-1'), self.file(), form='qcow2')
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual({'vm-1', f'image {IMAGE}'}, self.users(OTHER))

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

    def test_a_name_that_leads_elsewhere_is_a_use(self):
        # In its container the path may be that of the image.
        elsewhere = self.root / 'elsewhere'
        elsewhere.mkdir()
        (elsewhere / IMAGE).write_bytes(b'a stale copy' * 10)
        overlay(self.disk('vm-1'), elsewhere / IMAGE)
        overlay(self.disk('vm-2'), '/no/such/place/' + OTHER)
        self.assertEqual({'vm-1'}, self.users())
        self.assertEqual({'vm-2'}, self.users(OTHER))
        self.assertIsNone(self.listed()[0].unknown)

    def test_a_name_that_leads_to_another_disk_is_no_use(self):
        overlay(self.disk('vm-1', IMAGE), '')
        overlay(self.disk('vm-1'), IMAGE)
        self.assertEqual(NOBODY, self.users())
        self.assertIsNone(self.listed()[0].unknown)

    def test_a_data_file_is_used(self):
        overlay(self.disk('vm-1'), '', features=4, data_file=str(self.file()))
        self.assertEqual({'vm-1'}, self.users())

    def test_a_link_within_the_folders_makes_a_user(self):
        overlay(self.disk('vm-1', 'x'), self.file())
        (self.instances / 'vm-2').mkdir()
        self.disk('vm-2').symlink_to(self.disk('vm-1', 'x'))
        self.disk('vm-2', 'cdrom').symlink_to(self.file(OTHER))
        (self.instances / 'vm-3').symlink_to(self.instances / 'vm-1')
        self.assertEqual({'vm-1', 'vm-2'}, self.users())
        self.assertEqual({'vm-2'}, self.users(OTHER))
        self.assertIsNone(self.listed()[0].unknown)

    def test_a_relative_name_begins_where_a_link_lies(self):
        overlay(self.disk('vm-1', 'x'), f'../vm-2/{IMAGE}')
        (self.instances / 'vm-2').mkdir()
        self.disk('vm-2', IMAGE).symlink_to(self.file())
        (self.instances / 'deep' / 'vm-3').mkdir(parents=True)
        (self.instances / 'deep' / 'vm-2').mkdir()
        (self.instances / 'deep' / 'vm-2' / IMAGE).symlink_to(self.file(OTHER))
        link = self.instances / 'deep' / 'vm-3' / 'disk'
        link.symlink_to(self.disk('vm-1', 'x'))
        self.assertIn('deep', self.users(OTHER))
        self.assertEqual({'vm-1', 'vm-2'}, self.users())

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
        reader = reading.known_formats
        with mock.patch.object(reader, 'read_header', side_effect=refused):
            self.assert_unknown('Permission denied', 'and 3 more')
        real = os.scandir
        there = self.disk('vm-1').parent

        def fail(fd):
            if isinstance(fd, int) and os.path.sameopenfile(fd, opened):
                raise refused
            return real(fd)

        opened = os.open(there, os.O_RDONLY)
        self.addCleanup(os.close, opened)
        with mock.patch.object(os, 'scandir', fail):
            self.assert_unknown(there, 'Permission denied')

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
            self.assert_unknown(self.disk('vm-1'), backing, 'is not a disk')

    def test_a_header_that_is_damaged(self):
        overlay(self.disk('vm-1'), self.file())
        whole = self.disk('vm-1').read_bytes()
        self.disk('vm-1').write_bytes(whole[:-1])
        self.assert_unknown(self.disk('vm-1'), 'cut off')

    def test_one_in_the_middle_of_a_chain(self):
        overlay(self.disk('vm-2', 'x'), 'nbd:x:1')
        overlay(self.disk('vm-1'), '../vm-2/x', form='qcow2')
        self.assert_unknown(self.disk('vm-2', 'x'), 'nbd:x:1')

    def test_what_is_not_looked_at(self):
        overlay(self.root / 'far' / 'x', self.file())
        overlay(self.disk('vm-1'), self.root / 'far' / 'x', form='qcow2')
        overlay(self.disk('vm-2'), '')
        self.disk('vm-2', 'link').symlink_to(self.root / 'far' / 'x')
        (self.instances / 'vm-3').symlink_to(self.root / 'far')
        why = ' '.join(self.connect()._overlays.survey().problems)
        for disk in self.disk('vm-1'), self.disk('vm-2', 'link'):
            self.assertIn(f'{disk}: ', why)
        self.assertIn(f'{self.instances / "vm-3"}: lies outside', why)
        self.assert_unknown('give its folder in instance_paths', '2 more')

    def test_what_is_raw_elsewhere_names_none(self):
        (self.root / 'x').write_bytes(b'QFI\xfb' * 100)
        overlay(self.disk('vm-1'), self.root / 'x', form='raw')
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_a_disk_of_which_nobody_can_tell(self):
        self.disk('vm-1').parent.mkdir()
        self.disk('vm-1').write_bytes(b'\0' * 600)
        self.assert_unknown(self.disk('vm-1'), 'or name it in ignore')
        # Whoever has it for backing knows.
        overlay(self.disk('vm-1', 'over'), 'disk', form='raw')
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_no_disk_at_all(self):
        shutil.rmtree(self.instances / 'resident')
        self.assert_unknown(self.instances, 'met no disk', 'host accept')
        self.connect().accept_host(self.path)
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_what_is_left_below_a_mount_point_is_not_a_look(self):
        shutil.rmtree(self.instances / 'resident')
        (self.instances / 'locks' / 'nova-x').touch()
        (self.instances / 'compute_nodes').write_text('{"host": 1}' * 10)
        (self.instances / 'vm-1').mkdir()
        (self.instances / 'vm-1' / 'console.log').write_text('x' * 600)
        self.assert_unknown('met no disk')

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
