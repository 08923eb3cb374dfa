"""Images that lie staged in the store become images without a copy."""

import contextlib
import os
import signal
import stat
import time
from unittest import mock

from imagecache_handlers import CacheError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import stages
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import sparse
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageExists
from imagecache_handlers import StoreFull
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.disks import header
from tests.directory.place import full
from tests.directory.place import NovaPlace
from tests.directory.staged import Content
from tests.directory.staged import STAGED
from tests.directory.staged import Staging

LABELS = {'site.a', f'sha256.{"0" * 64}'}
LONG_AGO = 10**9


class Linking(Staging):
    def assert_copied(self, image, path=None):
        """The image is another file, and what was staged is as it was."""
        self.assertEqual(frozenset(), image.users or frozenset())
        self.assertEqual(self.bytes, self.file().read_bytes())
        path = path or self.incoming / STAGED
        self.assertFalse(os.path.samefile(self.file(), path))
        self.assertEqual([self.image], [one.location for one in self.listed()])

    def assert_left(self, inode):
        """Nothing came of it but what was staged, to go on with."""
        self.assertEqual([], self.entries())
        self.assertEqual([STAGED], self.staged())
        found = (self.incoming / STAGED).stat()
        self.assertEqual(inode, found.st_ino)
        self.assertEqual(0o600, stat.S_IMODE(found.st_mode))
        self.assertEqual(1, found.st_nlink)


class Links:
    """What holds in every layout."""

    def test_the_staged_file_is_the_image(self):
        path = self.stage()
        inode = path.stat().st_ino
        image = self.add_staged(LABELS)
        self.assertEqual(inode, self.file().stat().st_ino)
        self.assertEqual(self.bytes, self.file().read_bytes())
        self.assertEqual(LABELS, image.marks.labels)
        self.assertEqual(LABELS, self.labels())
        self.assertEqual([], self.staged())
        self.assertEqual(
            sorted([self.image, self.sidecar().name]), self.entries()
        )

    def test_it_has_one_name_and_looks_used_to_nobody(self):
        self.stage()
        image = self.add_staged()
        self.assertEqual(1, self.file().stat().st_nlink)
        for one in image, *self.listed():
            self.assertFalse(one.users)
            self.assertEqual(one.size, one.frees)

    def test_it_has_one_name_from_the_first_moment(self):
        self.stage()
        seen, real = [], os.link

        def link(source, name, **options):
            real(source, name, **options)
            if name == self.image:
                seen.extend(self.listed())
                self.assertEqual([], self.staged())

        with mock.patch.object(os, 'link', link):
            self.add_staged()
        [image] = seen
        self.assertFalse(image.users)

    def test_not_a_byte_of_it_is_read_or_written(self):
        self.stage()
        calls = []
        with (
            self.opened() as content,
            mock.patch.object(sparse, 'write', lambda *one: calls.append(one)),
        ):
            self.connect().add(self.meta(), content, self.path)
            self.assertEqual(0, content.reads)
        self.assertEqual([], calls)

    def test_it_is_on_the_disk_as_often_as_a_copy_is(self):
        """Its bytes, its sidecar and the folder before it is an image."""
        self.add(self.other)
        self.stage()
        calls, real = [], os.fsync

        def fsync(fd):
            calls.append(stat.S_ISDIR(os.fstat(fd).st_mode))
            real(fd)

        with mock.patch.object(os, 'fsync', fsync):
            self.add_staged()
        self.assertEqual([False, False, True, True], calls)

    def test_mode_and_age_are_those_of_one_that_is_copied(self):
        path = self.stage()
        os.utime(path, (LONG_AGO, LONG_AGO))
        before = path.stat().st_ctime
        self.add_staged()
        found = self.file().stat()
        self.assertEqual(0o644, stat.S_IMODE(found.st_mode))
        self.assertGreaterEqual(found.st_mtime, before - 1)

    def test_what_names_other_files_is_refused(self):
        content = header('/etc/passwd')
        self.bytes = content
        inode = self.stage().stat().st_ino
        with self.assertRaises(Unsupported) as caught:
            self.add_staged()
        self.assertIn('/etc/passwd', str(caught.exception))
        self.assert_left(inode)

    def test_so_is_what_is_not_whole(self):
        inode = self.stage(self.bytes[:-1]).stat().st_ino
        with self.assertRaisesRegex(Unsupported, '16383 bytes, not the 16384'):
            self.add_staged()
        self.assert_left(inode)

    def test_what_is_refused_can_be_gone_on_with(self):
        inode = self.stage().stat().st_ino
        self.file().write_bytes(b'of somebody else')
        with self.assertRaises(ImageExists):
            self.add_staged()
        self.file().unlink()
        self.assert_left(inode)
        real = os.link

        def link(source, name, **options):
            if name == self.image:
                self.file().write_bytes(b'of somebody else')
            real(source, name, **options)

        with (
            mock.patch.object(os, 'link', link),
            self.assertRaises(ImageExists),
        ):
            self.add_staged()
        self.file().unlink()
        self.assert_left(inode)
        with (
            mock.patch.object(stages.os, 'utime', full),
            self.assertRaises(StoreFull),
        ):
            self.add_staged()
        self.assert_left(inode)
        self.add_staged(LABELS)
        self.assertEqual(LABELS, self.labels())

    def test_while_somebody_holds_the_staged_file_too(self):
        path = self.stage()
        fd = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, fd)
        self.assertTrue(flock.try_lock(fd))
        self.assertFalse(self.add_staged().users)
        self.assertEqual([], self.staged())


class TestPlain(Links, Linking):
    pass


class TestNova(Links, NovaPlace, Linking):
    def test_while_nova_works_on_it_nothing_comes(self):
        inode = self.stage().stat().st_ino

        def refuse(name):
            raise BlockingIOError(name)

        handler = DirectoryHandler(
            [self.path],
            layout='nova',
            instance_paths=[str(self.instances)],
            locks=refuse,
        )
        with self.assertRaises(ImageBusy):
            self.add_staged(handler=handler)
        self.assert_left(inode)


class TestCopies(Linking):
    """What is not surely ours alone is copied, as ever."""

    def test_what_lies_elsewhere(self):
        self.stage()
        path = self.root / 'elsewhere'
        path.write_bytes(self.bytes)
        path.chmod(0o600)
        with Content(path) as content:
            image = self.connect().add(self.meta(), content, self.path)
        self.assert_copied(image, path)
        self.assertEqual(1, path.stat().st_nlink)

    def test_what_is_on_another_file_system(self):
        self.stage()
        with (
            self.opened() as content,
            mock.patch.object(content, 'link_into', return_value=False),
        ):
            image = self.connect().add(self.meta(), content, self.path)
        self.assert_copied(image)

    def test_what_cannot_be_linked(self):
        self.stage()
        with (
            self.opened() as content,
            mock.patch.object(content, 'link_into', side_effect=OSError),
        ):
            image = self.connect().add(self.meta(), content, self.path)
        self.assert_copied(image)

    def test_what_has_another_name(self):
        path = self.stage()
        os.link(path, self.root / 'somewhere')
        self.assert_copied(self.add_staged())
        self.assertEqual(2, path.stat().st_nlink)

    def test_what_others_may_write(self):
        for mode in 0o620, 0o602:
            with self.subTest(mode):
                path = self.stage()
                path.chmod(mode)
                image = self.add_staged()
                self.assert_copied(image)
                self.connect().evict(image)

    def test_what_lies_in_a_folder_that_others_may_enter(self):
        self.stage()
        self.incoming.chmod(0o755)
        self.assert_copied(self.add_staged())

    def test_what_took_the_place_of_what_was_linked(self):
        """As its owner may do, who has the bytes of another image then."""
        path, other = self.stage(), self.stage(b'other', name='other.0.stage')
        second = self.folder / 'second'
        os.link(other, second)
        real = os.link

        def link(source, name, **options):
            real(source, name, **options)
            if second.exists():
                second.rename(self.folder / name)

        with mock.patch.object(os, 'link', link):
            image = self.add_staged()
        self.assert_copied(image, path)
        self.assertEqual(b'other', other.read_bytes())

    def test_what_was_linked_meanwhile_does_not_become_an_image(self):
        path = self.stage()
        real = os.utime

        def utime(fd):
            os.link(path, self.root / 'somewhere')
            real(fd)

        with (
            mock.patch.object(stages.os, 'utime', utime),
            self.assertRaisesRegex(StoreUnavailable, 'was linked'),
        ):
            self.add_staged()
        self.assertEqual([], self.entries())
        self.assertEqual([STAGED], self.staged())
        self.assertEqual(self.bytes, path.read_bytes())


class TestOwners(Apart, Linking):
    @as_root
    def test_root_gives_it_to_whom_the_folder_belongs_to(self):
        os.chown(self.folder, NOBODY, NOBODY)
        path = self.stage()
        self.assertEqual(0, self.incoming.stat().st_uid)
        self.assertEqual(0, path.stat().st_uid)
        inode = path.stat().st_ino
        self.add_staged()
        found = self.file().stat()
        self.assertEqual(
            (inode, NOBODY, NOBODY),
            (found.st_ino, found.st_uid, found.st_gid),
        )

    @as_root
    def test_what_lies_in_a_folder_of_others_is_copied(self):
        """Root links nothing from where they may put what they like."""
        self.connect().staging(self.path)
        os.chown(self.folder, NOBODY, NOBODY)
        theirs = self.folder / '.imagecache-incoming'
        os.chown(theirs, NOBODY, NOBODY)
        path = theirs / STAGED
        path.write_bytes(self.bytes)
        with Content(path) as content:
            image = self.connect().add(self.meta(), content, self.path)
        self.assert_copied(image, path)
        self.assertEqual(0, path.stat().st_uid)

    @as_root
    def test_what_belongs_to_others_is_copied(self):
        path = self.stage()
        os.chown(path, NOBODY, NOBODY)
        self.assert_copied(self.add_staged())
        self.assertEqual(NOBODY, path.stat().st_uid)
        self.assertEqual(0, self.file().stat().st_uid)

    @as_root
    def test_root_gives_nobody_the_files_of_others(self):
        os.chown(self.folder, NOBODY, NOBODY)
        path = self.stage()
        os.chown(path, NOBODY - 1, NOBODY - 1)
        self.assert_copied(self.add_staged())
        self.assertEqual(NOBODY - 1, path.stat().st_uid)
        self.assertEqual(NOBODY, self.file().stat().st_uid)

    @as_root
    def test_where_nobody_may_add_what_is_staged_stays(self):
        inode = self.stage().stat().st_ino

        def act():
            with self.assertRaises(StoreUnavailable):
                self.connect().staging(self.path)
            with self.assertRaises(CacheError):
                self.add(self.other)

        self.as_another(act)
        self.assert_left(inode)


class TestKills(Linking):
    def test_an_add_that_is_killed_leaves_all_or_nothing(self):
        path = self.stage()
        for number in range(20):
            with self.subTest(number):
                self.kill_while_adding(path, 0.002 * number)
                for image in self.listed():
                    self.assertFalse(image.users)
                    self.assertEqual({'site.a'}, image.marks.labels)
                    self.assertEqual(self.bytes, self.file().read_bytes())
                    self.connect().evict(image)
                for piece in self.connect().debris(self.path):
                    self.connect().clean(piece)
                self.assertEqual([], self.entries())
                with contextlib.suppress(FileNotFoundError):
                    self.assertEqual(1, path.stat().st_nlink)

    def kill_while_adding(self, path, seconds):
        child = os.fork()
        if child == 0:
            self.add_over_and_over(path)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        self.assertEqual(-9, os.waitstatus_to_exitcode(status))

    def add_over_and_over(self, path):
        try:
            while True:
                self.stage(name=path.name)
                image = self.add_staged(['site.a'])
                self.connect().evict(image)
        finally:
            os._exit(1)
