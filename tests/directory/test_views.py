"""An image by another name, another mount, or seen by its name alone."""

import os
import shutil

from tests.directory.disks import create
from tests.directory.disks import forget_format
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.test_other_mounts import Mounting
from tests.directory.test_other_mounts import run
from tests.directory.used import NOBODY
from tests.directory.used import Used


class TestNamedLikeAnImage(Used):
    """A name makes an image used, and proves nothing of what lies below."""

    def setUp(self):
        super().setUp()
        self.data = self.root / 'data'
        self.data.mkdir()
        self.disk('vm-1').parent.mkdir()

    def assert_other_is_kept(self, *said):
        self.assert_unknown(self.disk('vm-1'), *said)
        self.assertEqual({'vm-1'}, self.users(OTHER))

    def test_an_overlay_that_lies_outside(self):
        create(self.data / OTHER, self.file())
        create(self.disk('vm-1'), self.data / OTHER, 'qcow2')
        self.assert_other_is_kept('lies outside')

    def test_one_whose_format_nobody_recorded(self):
        create(self.data / OTHER, self.file())
        create(self.disk('vm-1'), self.data / OTHER, 'qcow2')
        forget_format(self.disk('vm-1'))
        self.assert_other_is_kept('lies outside')

    def test_a_link_that_has_the_name(self):
        create(self.data / 'mid', self.file())
        (self.data / OTHER).symlink_to('mid')
        create(self.disk('vm-1'), self.data / OTHER, 'qcow2')
        self.assert_other_is_kept('lies outside')

    def test_one_on_a_mount_that_is_not_there(self):
        create(self.data / OTHER, self.file())
        create(self.disk('vm-1'), self.data / OTHER, 'qcow2')
        self.data.rename(self.root / 'unmounted')
        self.assert_other_is_kept('No such file')

    def test_a_file_like_the_image_on_the_same_device_is_another(self):
        create(self.data / OTHER, self.file())
        there, image = self.data / OTHER, os.stat(self.file(OTHER))
        self.assertLessEqual(image.st_size, there.stat().st_size)
        os.truncate(self.file(OTHER), there.stat().st_size)
        image = os.stat(self.file(OTHER))
        self.write_sidecar(OTHER)
        os.utime(there, ns=(image.st_atime_ns, image.st_mtime_ns))
        create(self.disk('vm-1'), there, 'qcow2')
        self.assert_other_is_kept('lies outside')

    def test_a_raw_one_has_nothing_below_it(self):
        create(self.data / OTHER, self.file())
        create(self.disk('vm-1'), self.data / OTHER, 'raw')
        self.assertEqual((NOBODY, None), self.disks_of())
        (self.data / OTHER).unlink()
        self.assertEqual((NOBODY, None), self.disks_of())
        self.assertEqual({'vm-1'}, self.users(OTHER))


class TestViews(Mounting):
    """The very file of an image, by another way than the store."""

    def test_another_name_on_another_mount(self):
        def act():
            with self.fuse(self.folder, 'seen') as (seen, _):
                other = self.bind(self.at('empty'), 'other')
                (other / 'system').touch()
                view = other / 'system'
                run('mount', '--bind', seen / IMAGE, view)
                self.disk('vm-1').parent.mkdir()
                create(self.disk('vm-1'), view)
                self.assertEqual(({'vm-1'}, None), self.disks_of())
                self.assertEqual(NOBODY, self.users(OTHER))
                # Whether it is a disk of another form nobody can tell.
                overlay(self.disk('vm-1'), view, form='qcow2')
                self.assertEqual({'vm-1'}, self.users())
                self.assert_unknown('lies outside')

        self.where_it_mounts_disks(act)

    def test_a_name_that_overlayfs_changed(self):
        def act():
            base = self.at('layers')
            run('mount', '-t', 'tmpfs', 'none', base)
            for name in 'up', 'work', 'seen':
                (base / name).mkdir()
            where = f'lowerdir={self.folder},upperdir={base}/up'
            where += f',workdir={base}/work,metacopy=on,redirect_dir=on'
            run(
                *('mount', '-t', 'overlay', 'none', '-o', where),
                base / 'seen',
            )
            view = base / 'seen' / 'system'
            (base / 'seen' / IMAGE).rename(view)
            self.disk('vm-1').parent.mkdir()
            create(self.disk('vm-1'), view)
            self.assertEqual({'vm-1'}, self.users())

        self.where_it_mounts_disks(act)

    def test_an_image_that_is_the_disk_of_an_instance(self):
        def act():
            for name in 'vm-1', 'vm-2':
                self.disk(name).parent.mkdir()
                self.disk(name).touch()
            run('mount', '--bind', self.file(), self.disk('vm-1'))
            self.assertEqual(({'vm-1'}, None), self.disks_of())
            self.assertEqual(NOBODY, self.users(OTHER))
            with self.fuse(self.folder, 'seen') as (seen, _):
                run('mount', '--bind', seen / OTHER, self.disk('vm-2'))
                self.assertEqual({'vm-2'}, self.users(OTHER))
                run('umount', self.disk('vm-2'))

        self.where_it_mounts_disks(act)

    def test_what_lies_below_it_is_used_from_where_it_is_seen(self):
        def act():
            self.file().unlink()
            create(self.file(), self.file(OTHER))
            self.write_sidecar(IMAGE)
            with self.fuse(self.folder, 'seen') as (seen, _):
                self.disk('vm-1').parent.mkdir()
                create(self.disk('vm-1'), seen / IMAGE, 'qcow2')
                self.assertEqual(({'vm-1'}, None), self.disks_of())
                self.assertIn('vm-1', self.users(OTHER))

        self.where_it_mounts_disks(act)

    def test_links_of_our_own_are_no_use(self):
        os.link(self.file(), self.folder / f'.{IMAGE}.imagecache-new')
        self.assertEqual(NOBODY - {'hard link'}, self.users() - {'hard link'})

    def test_a_copy_that_lies_in_an_instance_is_not_the_image(self):
        self.disk('vm-1').parent.mkdir()
        shutil.copy2(self.file(), self.disk('vm-1'))
        self.assertEqual(NOBODY, self.users())
