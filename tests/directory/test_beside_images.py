"""What lies in a store is looked at as well: images, and what is beside."""

import io
import os

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from tests.directory.disks import create
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import OTHER
from tests.directory.place import sha1
from tests.directory.used import NOBODY
from tests.directory.used import Used


class TestPlain(Used):
    def lay_over(self, name, below):
        """Cache an image that is an overlay of another one."""
        self.file(name).unlink()
        self.sidecar(name).unlink()
        create(self.file(name), self.file(below))
        self.write_sidecar(name, labels=['pin.ops'])

    def test_an_overlay_beside_images_under_any_name(self):
        for name in 'vm-1.qcow2', 'x.part', '.hidden', 'backup of it':
            create(self.folder / name, IMAGE)
            self.assertEqual({name}, self.users())
            (self.folder / name).unlink()
        (self.folder / 'deep').mkdir()
        create(self.folder / 'deep' / 'disk', self.file())
        self.assertEqual({'deep'}, self.users())
        self.assertEqual(NOBODY, self.users(OTHER))

    def test_images_under_the_folder_of_instances(self):
        handler = self.connect(instance_paths=[str(self.root)])
        create(self.folder / 'vm-1.qcow2', IMAGE)
        [image] = handler.enumerate(self.path, {IMAGE})
        self.assertEqual({'vm-1.qcow2'}, image.users)
        self.assertIsNone(image.unknown)

    def test_an_image_that_is_an_overlay_of_another(self):
        self.lay_over(OTHER, IMAGE)
        self.assertEqual({f'image {OTHER}'}, self.users())
        self.assertEqual(NOBODY, self.users(OTHER))
        [image] = self.listed(IMAGE)
        with self.assertRaises(ImageInUse):
            self.connect().evict(image)

    def test_nor_is_that_lost_where_no_instances_are_seen(self):
        self.lay_over(OTHER, IMAGE)
        handler = DirectoryHandler([self.path])
        images = {i.image_id: i for i in handler.enumerate(self.path)}
        self.assertEqual({f'image {OTHER}'}, images[IMAGE].users)
        self.assertIsNone(images[OTHER].users)
        with self.assertRaises(ImageInUse):
            handler.evict(images[IMAGE])

    def test_an_image_of_one_store_over_that_of_another(self):
        second = self.root / 'second'
        second.mkdir()
        content = header(str(self.file()))
        meta = ImageMeta(image_id='x', size=len(content), disk_format='raw')
        handler = DirectoryHandler([self.path, str(second)])
        handler.add(meta, io.BytesIO(b'x' * len(content)), str(second))
        found = (second / 'x').stat()
        with (second / 'x').open('r+b') as file:
            file.write(content)
        os.utime(second / 'x', ns=(found.st_atime_ns, found.st_mtime_ns))
        [image] = handler.enumerate(self.path, {IMAGE})
        self.assertEqual({'image x'}, image.users)

    def test_a_raw_image_names_none(self):
        self.assertEqual((NOBODY, None), self.disks_of())

    def test_a_foreign_file_of_which_nobody_can_tell(self):
        (self.folder / 'backup').write_bytes(b'\0' * 600)
        self.assert_unknown(self.folder / 'backup', 'name it in ignore')
        ignore = [str(self.folder / 'backup')]
        self.assertEqual((NOBODY, None), self.disks_of(ignore=ignore))

    def test_what_is_ours_is_not_a_disk(self):
        for ending in '', '-lock', '-new', '+site.a':
            (self.folder / f'.x.imagecache{ending}').write_bytes(b' ' * 600)
        self.assertEqual((NOBODY, None), self.disks_of())


class TestNova(NovaPlace):
    def setUp(self):
        super().setUp()
        for name in self.image, self.other:
            self.file(name).write_bytes(b'\0' * 600)

    def test_what_nova_lays_beside_images_names_none(self):
        for name in (
            'swap_1024',
            'ephemeral_20_40d1d2c',
            f'{self.image}.part',
            f'{self.image}.converted',
            f'{self.image}_20.converted',
            f'{sha1("x")}_sm',
        ):
            self.file(name).write_bytes(b'\0' * 600)
        images = self.listed()
        self.assertEqual([NOBODY] * 2, [image.users for image in images])
        self.assertEqual([None] * 2, [image.unknown for image in images])
        self.file(f'{sha1("x")}_md').write_bytes(b'\0' * 600)
        [image] = self.listed(self.image)
        self.assertIn('_md', image.unknown)
        with self.assertRaises(ImageBusy):
            self.connect().evict(image)

    def test_not_even_nova_s_names_hide_an_overlay(self):
        old = f'{self.other}_sm'
        for name in 'swap_1024', f'{self.other}.part', old, self.other:
            overlay(self.file(name), self.image)
            [image] = self.listed(self.image)
            self.assertTrue(image.users, name)
            self.file(name).unlink()
