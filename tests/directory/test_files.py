"""What is ours in a folder, who uses it, and what is left alone."""

import contextlib
import dataclasses
import io
import logging
import os
import shutil
import subprocess
from unittest import mock

from oslo_config import cfg

from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.layout import Plain
from imagecache_handlers.directory import sidecar
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageExists
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from imagecache_handlers import ImageNotFound
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place
from tests.directory.place import THEN

BROKEN = {
    'empty': b'',
    'cut off': b'{"version": 1, "image_id"',
    'no object': b'[1]',
    'a number': b'7',
    'null': b'null',
    'binary': b'\xff\xfe\x00',
    'deep': b'[' * 100_000,
    'huge': b' ' * (2**20 + 1),
}
CHANGED: dict[str, dict[str, object]] = {
    'another version': {'version': 2},
    'another image': {'image_id': OTHER},
    'a path': {'image_id': f'../images/{IMAGE}'},
    'no label': {'labels': ['site.a', '../../b']},
    'a label with a control': {'labels': ['site.a\n']},
    'labels of no text': {'labels': [1]},
    'labels of no list': {'labels': 1},
    'no time': {'cached_at': 'yesterday'},
    'a time without a zone': {'cached_at': '2026-11-01T12:00:00'},
    'another inode': {'inode': 1},
    'an inode in words': {'inode': 'one'},
    'another size': {'size': 1},
    'another change': {'mtime_ns': 1},
    'a field too many': {'owner': 'root'},
}


class TestOurs(Place):
    def test_a_sidecar_that_is_broken_makes_a_file_foreign(self):
        self.add()
        for what, content in BROKEN.items():
            with self.subTest(what):
                self.sidecar().write_bytes(content)
                self.assertEqual([], self.listed())
                self.assertEqual([], self.listed(IMAGE))

    def test_a_sidecar_that_does_not_fit_makes_a_file_foreign(self):
        self.add()
        for what, changes in CHANGED.items():
            with self.subTest(what):
                self.write_sidecar(IMAGE, **changes)
                self.assertEqual([], self.listed())

    def test_a_foreign_file_is_neither_marked_nor_evicted(self):
        image = self.add()
        for what, changes in CHANGED.items():
            with self.subTest(what):
                self.write_sidecar(IMAGE, **changes)
                before = self.sidecar().read_bytes(), self.entries()
                with self.assertRaises(ImageNotFound):
                    self.connect().mark(image, {'site.b'})
                self.assertEqual(0, self.connect().evict(image))
                after = self.sidecar().read_bytes(), self.entries()
                self.assertEqual(before, after)

    def test_a_sidecar_is_not_read_through_a_link(self):
        self.add()
        elsewhere = self.root / 'sidecar'
        self.sidecar().rename(elsewhere)
        self.sidecar().symlink_to(elsewhere)
        self.assertEqual([], self.listed())

    def test_a_sidecar_that_is_a_pipe_keeps_nobody_waiting(self):
        self.add()
        self.sidecar().unlink()
        os.mkfifo(self.sidecar())
        self.assertEqual([], self.listed())

    def test_another_file_under_the_name_has_no_labels(self):
        image = self.add(labels=['pin.ops'])
        new = self.root / 'new'
        new.write_bytes(b'another image')
        new.rename(self.file())
        self.assertEqual([], self.listed())
        self.assertEqual(0, self.connect().evict(image))
        self.assertEqual(b'another image', self.file().read_bytes())

    def test_a_file_that_was_written_over_has_no_labels(self):
        self.add(labels=['pin.ops'])
        # The same inode, as where a number is given out again.
        self.file().write_bytes(self.file().read_bytes())
        self.assertEqual([], self.listed())

    def test_a_name_that_cannot_be_shown_is_foreign(self):
        for name in 'a\nb', 'a b', '\x1b[31m', '\udcff', '\u202e':
            (self.folder / name).write_bytes(b'image')
            self.write_sidecar(name)
        self.assertEqual([], self.listed())
        self.assertEqual([], list(self.connect().debris(self.path)))

    def test_a_copy_of_the_folder_is_not_ours_again(self):
        self.add()
        copy = self.root / 'copy'
        shutil.copytree(self.folder, copy)
        listed = DirectoryHandler([str(copy)]).enumerate(str(copy))
        self.assertEqual([], listed)

    def test_an_image_moved_within_its_folder_is_foreign(self):
        self.add()
        self.file().rename(self.file(OTHER))
        self.sidecar().rename(self.sidecar(OTHER))
        self.assertEqual([], self.listed())


class TestUsers(Place):
    def test_a_hard_link_is_a_user_and_frees_nothing(self):
        self.add()
        [image] = self.listed()
        self.assertEqual((None, image.size), (image.users, image.frees))
        os.link(self.file(), self.root / 'disk')
        [image] = self.listed()
        self.assertEqual(frozenset({'hard link'}), image.users)
        self.assertEqual(0, image.frees)

    def test_a_linked_image_is_not_evicted(self):
        image = self.add()
        os.link(self.file(), self.root / 'disk')
        with self.assertRaises(ImageInUse):
            self.connect().evict(image)
        self.assertEqual(1, len(self.listed()))
        (self.root / 'disk').unlink()
        [image] = self.listed()
        self.assertIsNone(image.users)
        self.assertEqual(image.size, self.connect().evict(image))
        self.assertEqual([], self.entries())

    def test_the_size_is_what_the_disk_holds(self):
        image = self.add(size=10_000)
        self.assertEqual(os.stat(self.file()).st_blocks * 512, image.size)


class TestLinksOut(Place):
    def setUp(self):
        super().setUp()
        self.outside = self.root / 'outside'
        self.outside.write_bytes(b'precious')

    def test_an_image_that_became_a_link_is_left_alone(self):
        image = self.add()
        self.file().unlink()
        self.file().symlink_to(self.outside)
        self.write_sidecar(IMAGE)
        self.assertEqual([], self.listed())
        self.assertEqual(0, self.connect().evict(image))
        with self.assertRaises(ImageNotFound):
            self.connect().mark(image, {'site.b'})
        self.assertEqual(b'precious', self.outside.read_bytes())
        self.assertTrue(self.file().is_symlink())

    def test_an_image_that_became_a_folder_is_left_alone(self):
        image = self.add()
        self.file().unlink()
        self.file().mkdir()
        self.write_sidecar(IMAGE)
        self.assertEqual(0, self.connect().evict(image))
        self.assertTrue(self.file().is_dir())

    def test_nothing_is_written_through_a_link(self):
        image = self.add()
        for ending in 'imagecache-lock', 'imagecache-new':
            link = self.folder / f'.{IMAGE}.{ending}'
            link.symlink_to(self.outside)
            with contextlib.suppress(StoreUnavailable):
                self.connect().mark(image, {f'site.{ending}'})
            self.assertEqual(b'precious', self.outside.read_bytes())
            link.unlink(missing_ok=True)

    def test_nothing_is_made_through_a_link(self):
        image = self.add()
        missing = self.root / 'missing'
        for ending in 'lock', 'new':
            link = self.folder / f'.{IMAGE}.imagecache-{ending}'
            link.symlink_to(missing)
            with contextlib.suppress(StoreUnavailable):
                self.connect().mark(image, {f'site.{ending}'})
            self.assertFalse(missing.exists())
            link.unlink(missing_ok=True)

    def test_a_link_is_not_replaced_by_an_image(self):
        self.file().symlink_to(self.root / 'missing')
        with self.assertRaises(ImageExists):
            self.add()
        self.assertEqual([IMAGE], self.entries())
        self.assertFalse((self.root / 'missing').exists())

    def test_a_location_leads_nowhere_else(self):
        image = self.add()
        (self.root / '.x.imagecache').write_text('{}')
        before = sorted(os.listdir(self.root))
        for location in '../outside', '/etc/passwd', '.', f'./{IMAGE}', 'x':
            posing = dataclasses.replace(image, location=location)
            self.assertEqual(0, self.connect().evict(posing))
            with self.assertRaises(ImageNotFound):
                self.connect().mark(posing, {'site.b'})
        self.assertEqual(before, sorted(os.listdir(self.root)))
        self.assertEqual([image], self.listed())


class TestAdding(Place):
    def test_hostile_names_cannot_be_added(self):
        for name in '../x', 'a/b', '.hidden', '', '-rf', 'a\nb', 'a\0b', '..':
            with self.subTest(name), self.assertRaises(ValueError):
                self.add(name)
        self.assertEqual([], self.entries())
        self.assertEqual(['images'], os.listdir(self.root))

    def test_labels_are_checked_before_anything_is_written(self):
        with self.assertRaises(ValueError):
            self.add(labels=['site.a', '../b'])
        self.assertEqual([], self.entries())

    def test_a_name_too_long_for_a_sidecar_is_refused(self):
        longest = 'x' * 228
        self.assertEqual(longest, self.add(longest).image_id)
        with self.assertRaises(Unsupported):
            self.add('x' * 229)

    def test_a_foreign_file_is_not_replaced(self):
        self.file().write_bytes(b'mine')
        with self.assertRaises(ImageExists) as caught:
            self.add()
        self.assertIn('not ours', str(caught.exception))
        self.assertEqual(b'mine', self.file().read_bytes())
        self.assertEqual([IMAGE], self.entries())

    def test_a_foreign_file_that_comes_meanwhile_is_not_replaced(self):
        handler, file = self.connect(), self.file()

        class Slow(io.BytesIO):
            def read(self, size=-1):
                file.write_bytes(b'mine')
                return super().read(size)

        meta = ImageMeta(image_id=IMAGE, size=5, disk_format='raw')
        with self.assertRaises(ImageExists):
            handler.add(meta, Slow(b'image'), self.path)
        self.assertEqual(b'mine', file.read_bytes())
        self.assertEqual([IMAGE], self.entries())

    def test_of_two_adds_at_once_the_first_to_end_keeps_its_labels(self):
        first = []

        class Slow(io.BytesIO):
            def read(slow, size=-1):
                if not first:
                    first.append(self.add(labels=['pin.ops']))
                return io.BytesIO.read(slow, size)

        meta = ImageMeta(image_id=IMAGE, size=5, disk_format='raw')
        with self.assertRaises(ImageExists):
            self.connect().add(meta, Slow(b'image'), self.path, ['site.a'])
        self.assertEqual(first, self.listed())
        self.assertEqual({'pin.ops'}, self.labels())

    def test_not_even_one_that_comes_at_the_last_moment(self):
        write = sidecar.write

        def late(*arguments):
            write(*arguments)
            self.file().write_bytes(b'mine')

        with (
            mock.patch.object(sidecar, 'write', late),
            self.assertRaises(ImageExists),
        ):
            self.add()
        self.assertEqual(b'mine', self.file().read_bytes())
        self.assertEqual([IMAGE], self.entries())

    def test_content_of_another_length_is_refused(self):
        for content in b'', b'imag', b'images':
            meta = ImageMeta(image_id=IMAGE, size=5, disk_format='raw')
            with self.assertRaises(Unsupported):
                self.connect().add(meta, io.BytesIO(content), self.path)
        self.assertEqual([], self.entries())

    def test_what_is_added_can_be_read_by_others(self):
        self.add()
        self.assertEqual(0o644, os.stat(self.file()).st_mode & 0o777)

    def test_one_added_again_is_another(self):
        old = self.add()
        self.file().unlink()
        later = THEN.replace(hour=13)
        handler = DirectoryHandler([self.path], clock=lambda: later)
        meta = ImageMeta(image_id=IMAGE, size=1, disk_format='raw')
        new = handler.add(meta, io.BytesIO(b'x'), self.path)
        with self.assertRaises(ImageBusy):
            handler.evict(old)
        with self.assertRaises(ImageNotFound):
            handler.mark(old, {'site.b'})
        self.assertEqual([new], self.listed())


class TestStores(Place):
    def test_a_folder_is_a_store_with_the_space_of_its_file_system(self):
        [store] = self.connect().stores()
        space = os.statvfs(self.folder)
        self.assertEqual(self.path, store.name)
        self.assertEqual(space.f_blocks * space.f_frsize, store.total)
        self.assertLessEqual(store.free, store.total)
        self.assertIsNone(store.problem)

    def test_folders_on_one_file_system_share_a_pool(self):
        other = self.root / 'other'
        other.mkdir()
        stores = DirectoryHandler([str(other), self.path]).stores()
        self.assertEqual({str(other)}, {store.pool for store in stores})

    def test_folders_on_two_file_systems_do_not(self):
        stores = DirectoryHandler([self.path, '/proc']).stores()
        self.assertEqual(2, len({store.pool for store in stores}))

    def test_a_folder_that_is_gone_is_a_problem(self):
        image = self.add()
        handler = self.connect()
        self.folder.rename(self.root / 'away')
        [store] = handler.stores()
        self.assertEqual('No such file or directory', store.problem)
        for act in (
            lambda: handler.enumerate(self.path),
            lambda: handler.mark(image, {'site.b'}),
            lambda: handler.evict(image),
            lambda: handler.debris(self.path),
        ):
            with self.assertRaises(StoreUnavailable):
                act()

    def test_what_is_no_folder_is_a_problem(self):
        file = self.root / 'file'
        file.write_bytes(b'')
        [store] = DirectoryHandler([str(file)]).stores()
        self.assertEqual('Not a directory', store.problem)

    def test_a_folder_by_two_names_is_counted_once(self):
        link = self.root / 'link'
        link.symlink_to(self.folder)
        first, second = DirectoryHandler([self.path, str(link)]).stores()
        self.assertIsNone(first.problem)
        self.assertIn(self.path, second.problem or '')

    def test_a_path_is_made_plain_and_named_once(self):
        paths = [f'{self.path}/', f'{self.path}/../images', '/srv/./here']
        handler = DirectoryHandler(paths)
        self.assertEqual((self.path, '/srv/here'), handler.paths)

    def test_no_path_is_refused(self):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        with self.assertRaises(ConfigurationError) as caught:
            DirectoryHandler.from_conf(conf)
        self.assertIn('[imagecache_directory] path', str(caught.exception))

    def test_a_path_that_cannot_be_shown_is_refused(self):
        for path in '', '/a\nb':
            with self.assertRaises(ConfigurationError):
                DirectoryHandler([path])


class TestDisowned(Place):
    """Files whose sidecar is not theirs stay, and are told of."""

    def told(self, *image_ids):
        with self.assertLogs('imagecache_handlers.directory') as logs:
            logging.getLogger('imagecache_handlers.directory').warning('end')
            self.listed(*image_ids)
        return logs.output[1:]

    def test_what_was_restored_is_told_once_with_what_to_do(self):
        for image_id in IMAGE, OTHER:
            self.add(image_id)
        copy = self.root / 'copy'
        self.folder.rename(copy)
        command = ['cp', '-a', str(copy), self.path]
        subprocess.run(command, check=True)  # noqa: S603, S607
        [told] = self.told()
        self.assertIn(f'{self.path}: files', told)
        self.assertIn(f'(2, such as {IMAGE})', told)
        self.assertIn('add it anew', told)
        found = self.connect().altered(self.path)
        self.assertEqual(
            [(one, self.path, one) for one in sorted((IMAGE, OTHER))],
            [(one.image_id, one.store, one.location) for one in found],
        )
        for one in found:
            self.assertIn('restored, copied or written to', one.unknown)
            self.assertEqual(frozenset(), one.marks.labels)
        before = self.entries()
        self.assertEqual([], list(self.connect().debris(self.path)))
        self.assertEqual(before, self.entries())

    def test_whatever_a_sidecar_is_that_is_not_its_own(self):
        self.add()
        for changes in CHANGED.values():
            self.write_sidecar(IMAGE, **changes)
            self.assertEqual(1, len(self.told()))
        self.sidecar().write_bytes(b'garbage')
        self.assertEqual(1, len(self.told()))

    def test_looks_at_some_images_do_not_tell_it_again(self):
        self.add()
        self.sidecar().write_bytes(b'garbage')
        self.assertEqual([], self.told(IMAGE))

    def test_what_is_in_order_is_not_told(self):
        self.add()
        (self.folder / 'foreign').write_bytes(b'mine')
        (self.folder / '.orphan.imagecache').write_bytes(b'{}')
        (self.folder / 'folder').mkdir()
        self.write_sidecar('folder')
        self.assertEqual([], self.told())
        self.assertEqual([], self.connect().altered(self.path))

    def test_one_of_which_there_is_only_a_sidecar_is_not_told(self):
        self.add()
        self.file().unlink()
        real, calls = Plain.find_image, []

        def find(*arguments):
            calls.append(real(*arguments))
            if len(calls) == 2:
                self.file().write_bytes(b'just added')
            return calls[-1]

        with mock.patch.object(Plain, 'find_image', find):
            self.assertEqual([], self.told())

    def test_one_that_goes_meanwhile_is_not_told(self):
        self.add()
        self.write_sidecar(IMAGE, image_id='other')
        real, calls = Plain.find_image, []

        def find(*arguments):
            calls.append(real(*arguments))
            if len(calls) == 2:
                self.file().unlink()
            return calls[-1]

        with mock.patch.object(Plain, 'find_image', find):
            self.assertEqual([], self.told())
        self.assertEqual([None, None], calls)

    def test_one_that_comes_meanwhile_is_not_told(self):
        self.add()
        real, late = Plain.find_image, []

        def find(*arguments):
            if not late:
                self.write_sidecar(IMAGE, image_id='other')
                late.append(real(*arguments))
                self.write_sidecar(IMAGE)
                return late[0]
            return real(*arguments)

        with mock.patch.object(Plain, 'find_image', find):
            self.assertEqual([], self.told())
        self.assertEqual([None], late)
