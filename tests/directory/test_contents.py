"""The bytes of images, and those that are set aside for them."""

import os
import stat
from unittest import mock

from imagecache_handlers import CachedImage
from imagecache_handlers.directory import contents
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import quarantine
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Marks
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import OTHER
from tests.directory.place import Place
from tests.directory.place import THEN
from tests.directory.used import Used


class Contents:
    def read(self, image):
        with self.connect().content(image) as content:
            return content.read()

    def gone(self, image):
        for act in self.read, self.connect().quarantine:
            with self.assertRaises((ImageNotFound, ImageBusy)):
                act(image)
        with self.assertRaises(ImageNotFound):
            self.read(image)

    def test_they_are_those_that_were_added(self):
        image = self.add(size=3 * 2**20 + 5)
        self.assertEqual(self.file().read_bytes(), self.read(image))
        with self.connect().content(image) as content:
            self.assertEqual(self.file().read_bytes()[:7], content.read(7))

    def test_an_image_that_went_is_not_found(self):
        image = self.add()
        self.connect().evict(image)
        self.gone(image)

    def test_nor_is_one_that_lies_elsewhere(self):
        self.add()
        (self.root / 'secret').write_bytes(b'secret')
        for location in '../secret', 'secret', '/etc/passwd', '.', '':
            self.gone(self.made(location))

    def made(self, location):
        return CachedImage(
            image_id=self.image,
            store=self.path,
            location=location or 'x',
            size=1,
            cached_at=THEN,
        )

    def test_nor_what_is_a_symlink_by_now(self):
        image = self.add()
        self.file().unlink()
        self.file().symlink_to('/etc/passwd')
        self.gone(image)

    def test_nor_what_was_replaced_between_the_looks(self):
        image = self.add()
        real = contents.safe_open.open_file

        def open_file(folder, name, flags):
            if name == self.image:
                other = self.root / 'other'
                other.write_bytes(b'other')
                other.replace(self.file())
            return real(folder, name, flags)

        with (
            mock.patch.object(contents.safe_open, 'open_file', open_file),
            self.assertRaisesRegex(ImageNotFound, 'replaced meanwhile'),
        ):
            self.read(image)

    def test_troubles_are_those_of_the_store(self):
        image = self.add()
        with (
            self.connect().content(image) as content,
            mock.patch.object(contents.os, 'readv', side_effect=OSError(5)),
            self.assertRaises(StoreUnavailable),
        ):
            content.read()
        self.folder.rename(self.root / 'away')
        with self.assertRaises(StoreUnavailable):
            self.read(image)

    def test_no_descriptor_is_left(self):
        image = self.add()
        before = len(os.listdir('/proc/self/fd'))
        self.read(image)
        with (
            self.assertRaises(ZeroDivisionError),
            self.connect().content(image),
        ):
            1 / 0  # noqa: B018
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))


class TestContents(Contents, Place):
    def test_nor_is_one_that_was_added_again(self):
        image = self.add()
        self.connect().evict(image)
        self.later = THEN.replace(day=2)
        with mock.patch.object(self, 'clock', lambda: self.later):
            self.add()
        self.gone(image)
        self.assertEqual(1, len(self.listed()))


class TestContentsInNova(Contents, NovaPlace):
    pass


class Quarantine:
    """An image is set aside as it is evicted, but for its bytes."""

    def there(self):
        folder = self.folder / '.imagecache-quarantine'
        return sorted(os.listdir(folder)) if folder.exists() else []

    def entries(self):
        return [one for one in super().entries() if 'quarantine' not in one]

    def image_of(self, image_id=None):
        [image] = self.listed(image_id or self.image)
        return image

    def test_it_moves_with_what_is_written_of_it(self):
        image = self.image_of()
        self.connect().mark(image, {'site.a'})
        content, inode = self.file().read_bytes(), self.file().stat().st_ino
        written = self.sidecar().read_bytes()
        path = self.connect().quarantine(self.image_of())
        self.assertEqual(os.stat(path).st_ino, inode)
        folder, name = os.path.split(path)
        self.assertEqual(f'{self.path}/.imagecache-quarantine', folder)
        self.assertEqual(0o700, stat.S_IMODE(os.stat(folder).st_mode))
        with open(path, 'rb') as file:
            self.assertEqual(content, file.read())
        with open(f'{folder}/.{name}.imagecache', 'rb') as file:
            self.assertEqual(written, file.read())
        self.assertEqual([], [e for e in self.entries() if self.image in e])
        self.assertEqual([self.other], [one.image_id for one in self.listed()])

    def test_what_was_set_aside_is_nothing_any_more(self):
        self.connect().quarantine(self.image_of())
        before = self.there()
        self.assertEqual([], list(self.connect().debris(self.path)))
        for name in before:
            self.assertNotIn(name, [one.location for one in self.listed()])
        # It can be had anew, and set aside once more.
        self.add()
        self.connect().quarantine(self.image_of())
        self.assertEqual(2 * len(before), len(self.there()))
        self.assertLess(set(before), set(self.there()))

    def refused(self, kind, image=None, **options):
        with self.assertRaises(kind):
            self.connect().quarantine(image or self.image_of(), **options)
        self.assertEqual([], self.there())
        self.assertTrue(self.file().exists())

    def test_not_while_an_overlay_names_it(self):
        overlay(self.instances / 'vm' / 'disk', self.file())
        self.refused(ImageInUse)

    def test_not_while_it_has_another_link(self):
        image = self.image_of()
        os.link(self.file(), self.instances / 'link')
        self.refused(ImageInUse, image)

    def test_not_where_a_look_at_the_disks_fails(self):
        image = self.image_of()
        (self.instances / 'odd').write_bytes(b'odd' * 99)
        self.refused(ImageBusy, image)

    def test_not_without_a_label_or_with_a_pin_that_came(self):
        image = self.image_of()
        self.connect().mark(image, {'site.a', 'claim.me.20991101t000000z'})
        claimed = self.image_of()
        self.connect().mark(claimed, {'pin.ops'})
        self.refused(ImageBusy, claimed)
        self.connect().mark(claimed, (), {'pin.ops', 'site.a'})
        self.refused(ImageBusy, claimed)

    def test_not_once_the_claim_is_over(self):
        image = self.image_of()
        self.connect().mark(image, {'claim.me.20991101t000000z'})
        self.refused(ImageBusy, self.image_of(), alive=lambda: False)

    def test_one_that_is_gone_is_not_found(self):
        image = self.image_of()
        self.connect().evict(image)
        with self.assertRaises(ImageNotFound):
            self.connect().quarantine(image)
        self.assertEqual([], self.there())

    def test_not_into_a_folder_that_others_may_enter(self):
        folder = self.folder / '.imagecache-quarantine'
        folder.mkdir(mode=0o755)
        self.refused(StoreUnavailable)
        folder.rmdir()
        folder.symlink_to(self.root)
        with self.assertRaises(StoreUnavailable):
            self.connect().quarantine(self.image_of())
        self.assertTrue(self.file().exists())

    def test_it_lasts_before_what_is_written_of_it_moves(self):
        self.connect().mark(self.image_of(), {'site.a'})
        image, steps = self.image_of(), []
        rename, fsync = os.rename, os.fsync

        def told_rename(source, to, **options):
            steps.append(f'rename {source}')
            rename(source, to, **options)

        def told_fsync(fd):
            steps.append(os.path.basename(os.readlink(f'/proc/self/fd/{fd}')))
            fsync(fd)

        with (
            mock.patch.object(os, 'rename', told_rename),
            mock.patch.object(os, 'fsync', told_fsync),
        ):
            self.connect().quarantine(image)
        self.assertEqual(
            [
                f'rename {self.image}',
                '.imagecache-quarantine',
                self.folder.name,
                f'rename {self.sidecar().name}',
            ],
            steps,
        )

    def test_what_may_not_last_is_uncertain(self):
        image, real = self.image_of(), quarantine.folder.settle_change

        def settle(fd, name, done):
            if done == 'set aside':
                raise Uncertain(name, 'the disk is gone')
            real(fd, name, done)

        with (
            mock.patch.object(quarantine.folder, 'settle_change', settle),
            self.assertRaises(Uncertain),
        ):
            self.connect().quarantine(image)

    @as_root
    def test_root_keeps_it_for_whom_the_store_belongs_to(self):
        os.chown(self.folder, NOBODY, NOBODY)
        for name in os.listdir(self.folder):
            os.chown(self.folder / name, NOBODY, NOBODY)
        path = self.connect().quarantine(self.image_of())
        self.assertEqual(NOBODY, os.stat(os.path.dirname(path)).st_uid)


class TestQuarantine(Quarantine, Used):
    pass


class TestQuarantineUnseen(Place):
    def test_where_nobody_sees_users_the_caller_decides_as_with_evict(self):
        image = self.add()
        self.assertIsNone(image.users)
        path = self.connect().quarantine(image)
        self.assertTrue(os.path.exists(path))
        self.assertEqual([], self.listed())


class TestQuarantineInNova(Quarantine, NovaPlace):
    def setUp(self):
        super().setUp()
        self.add(IMAGE)
        self.add(OTHER)

    def test_not_while_nova_works_on_it(self):
        def refuse(name):
            raise BlockingIOError(name)

        image = self.image_of()
        handler = DirectoryHandler(
            [self.path],
            layout='nova',
            instance_paths=[str(self.instances)],
            locks=refuse,
            clock=self.clock,
        )
        with self.assertRaises(ImageBusy):
            handler.quarantine(image)
        self.assertTrue(self.file().exists())

    def test_a_file_of_novas_own_moves_without_a_sidecar(self):
        self.sidecar().unlink()
        image = self.image_of()
        self.assertEqual(Marks.read(()), image.marks)
        self.connect().quarantine(image)
        self.assertEqual(1, len(self.there()))
