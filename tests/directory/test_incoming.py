"""What lies in the folder for images on their way in: never an image."""

import contextlib
import ctypes
import datetime
import functools
import os
import stat
import time
from unittest import mock

from imagecache_handlers import Debris
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import incoming
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.place import NovaPlace
from tests.directory.staged import STAGED
from tests.directory.staged import Staging
from tests.directory.used import Used

DAY = 24 * 60 * 60
LOCK = 'some-image.lock'
RECORD = 'some-image.0123456789abcdef.record'


class Now:
    """The time as it is: that of the files, which is no other's."""

    def clock(self):
        return datetime.datetime.now(datetime.UTC)


@contextlib.contextmanager
def squashed():
    """Make files as another than who asks, as a server may have it."""
    libc = ctypes.CDLL(None)
    libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        libc.setfsuid(0)


class TestFolder(Apart, Now, Staging):
    def test_it_is_made_for_its_owner_alone_when_first_asked_for(self):
        self.assertFalse(self.incoming.exists())
        for umask in 0o022, 0o000:
            self.addCleanup(os.umask, os.umask(umask))
            told = self.connect().staging(self.path)
            self.assertEqual(str(self.incoming), told)
            found = self.incoming.lstat()
            self.assertEqual(0o700, stat.S_IMODE(found.st_mode))
            self.incoming.rmdir()

    def test_what_is_there_already_is_used_if_it_is_ours(self):
        path = self.stage()
        self.connect().staging(self.path)
        self.assertEqual(self.bytes, path.read_bytes())

    def refused(self, *said):
        with self.assertRaises(StoreUnavailable) as caught:
            self.connect().staging(self.path)
        for text in ('.imagecache-incoming', *said):
            self.assertIn(text, str(caught.exception))

    def test_no_symlink_is_followed(self):
        elsewhere = self.root / 'elsewhere'
        elsewhere.mkdir(mode=0o700)
        self.incoming.symlink_to(elsewhere)
        self.refused()
        self.assertEqual([], os.listdir(elsewhere))

    def test_nor_is_what_others_may_enter_taken(self):
        for mode in 0o750, 0o705, 0o777:
            self.incoming.mkdir(exist_ok=True)
            self.incoming.chmod(mode)
            self.refused('others may enter it: chmod go=')

    def test_nor_a_file(self):
        self.incoming.touch()
        self.refused()

    @as_root
    def test_nor_what_belongs_to_others(self):
        self.incoming.mkdir(mode=0o700)
        os.chown(self.incoming, NOBODY, NOBODY)
        self.refused(f'belongs to user {NOBODY}')
        with self.assertRaises(StoreUnavailable):
            self.connect().reservations(self.path)

    @as_root
    def test_root_has_one_that_the_owner_of_the_store_cannot_enter(self):
        os.chown(self.folder, NOBODY, NOBODY)
        self.stage()
        self.assertEqual('.imagecache-incoming-root', self.incoming.name)
        found, roots = self.incoming.lstat(), self.incoming
        self.assertEqual((0, 0o700), (found.st_uid, found.st_mode & 0o777))

        def act():
            with self.assertRaises(PermissionError):
                os.listdir(roots)
            self.stage()
            self.assertEqual([STAGED], self.staged())
            self.assertNotEqual(roots, self.incoming)

        self.as_another(act)

    @as_root
    def test_root_takes_none_that_they_put_there(self):
        os.chown(self.folder, NOBODY, NOBODY)
        self.incoming.mkdir(mode=0o700)
        os.chown(self.incoming, NOBODY, NOBODY)
        self.refused(f'belongs to user {NOBODY}: move it away')

    @as_root
    def test_where_root_is_squashed_there_is_none(self):
        """As on a share where what root makes is the user nobody's."""
        for mode in 0o755, 0o777:
            with self.subTest(mode):
                self.folder.chmod(mode)
                fd = os.open(self.folder, os.O_RDONLY)
                self.addCleanup(os.close, fd)
                with (
                    squashed(),
                    self.assertRaisesRegex(PermissionError, 'user 0 can have'),
                ):
                    own_folder.make_ours(fd, 'a')
                self.assertEqual([], os.listdir(self.folder))

    def test_a_store_that_is_not_there_is_unavailable(self):
        self.folder.rmdir()
        with self.assertRaises(StoreUnavailable):
            self.connect().staging(self.path)
        with self.assertRaises(StoreUnavailable):
            self.connect().staging('/elsewhere')


class Unseen(Now):
    """What lies there is no image, whatever it is called."""

    def test_whatever_lies_there_is_no_image(self):
        self.add()
        before = self.listed()
        for name in self.image, self.other, f'{self.image}.part', STAGED:
            self.stage(name=name)
        (self.incoming / f'.{self.image}.imagecache').write_bytes(
            self.sidecar().read_bytes()
        )
        self.assertEqual(before, self.listed())
        self.assertEqual([], list(self.connect().debris(self.path)))


class TestUnseen(Unseen, Staging):
    pass


class TestUnseenByNova(Unseen, NovaPlace, Staging):
    pass


class TestUsers(Apart, Now, Used, Staging):
    """A look at the disks passes by what lies in our own folders."""

    def test_what_is_staged_uses_nothing(self):
        # Whoever offers an image says what it names, until it is refused.
        self.stage(header(str(self.file())))
        self.stage(b'of no form' * 99, name='unknown')
        self.assertEqual((frozenset(), None), self.disks_of())

    @as_root
    def test_nor_does_what_root_stages_for_others(self):
        path = str(self.file())
        os.chown(self.folder, NOBODY, NOBODY)
        self.stage(header(path))
        self.assertEqual('.imagecache-incoming-root', self.incoming.name)
        self.assertEqual((frozenset(), None), self.disks_of())

        def act():
            self.assertEqual((frozenset(), None), self.disks_of())

        self.as_another(act)

    def test_nor_does_what_was_set_aside(self):
        self.connect().staging(self.path)
        self.incoming.rename(self.folder / '.imagecache-quarantine')
        overlay(self.folder / '.imagecache-quarantine/disk', self.file())
        self.assertEqual((frozenset(), None), self.disks_of())

    def test_where_others_may_enter_it_does(self):
        self.stage(header(str(self.file())))
        self.incoming.chmod(0o755)
        users, _ = self.disks_of()
        self.assertEqual({'.imagecache-incoming'}, users)

    def test_so_does_a_folder_of_that_name_elsewhere(self):
        folder = self.instances / '.imagecache-incoming'
        folder.mkdir(mode=0o700)
        overlay(folder / 'disk', self.file())
        users, _ = self.disks_of()
        self.assertEqual({'.imagecache-incoming'}, users)

    def test_a_second_look_sees_that_it_was_opened_to_others_or_swapped(self):
        self.stage(header(str(self.file())))
        handler = self.connect()
        self.assertFalse(handler.enumerate(self.path)[0].users)
        self.incoming.rename(self.root / 'away')
        self.incoming.mkdir(mode=0o755)
        overlay(self.incoming / 'disk', self.file())
        [image] = handler.enumerate(self.path, {self.image})
        self.assertEqual({'.imagecache-incoming'}, image.users)

    def test_what_comes_and_goes_there_takes_no_full_look(self):
        self.connect().staging(self.path)
        # What is older than the last tick of its clock changes no more.
        time.sleep(0.05)
        handler = self.connect()
        handler.enumerate(self.path)
        time.sleep(0.05)
        handler.enumerate(self.path, {self.image})
        self.stage()
        with mock.patch(
            'imagecache_handlers.directory.users.walk.Walk.look',
            side_effect=AssertionError('that is a full look'),
        ):
            [image] = handler.enumerate(self.path, {self.image})
        self.assertEqual(frozenset(), image.users)


class TestDebris(Apart, Now, Staging):
    def debris(self):
        return list(self.connect().debris(self.path))

    def locations(self):
        return sorted(os.path.basename(one.location) for one in self.debris())

    def age(self, *names, by=DAY + 60):
        at = time.time() - by
        for name in names:
            os.utime(self.incoming / name, (at, at))

    def test_what_nobody_went_on_with_for_a_day_is(self):
        self.stage()
        self.age(STAGED)
        [piece] = self.debris()
        self.assertEqual(f'.imagecache-incoming/{STAGED}', piece.location)
        self.assertEqual('fetching an image was cut off', piece.why)
        self.assertEqual(len(self.bytes), piece.size)
        self.assertEqual(len(self.bytes), self.connect().clean(piece))
        self.assertEqual([], self.staged())
        self.assertEqual(0, self.connect().clean(piece))

    def test_what_is_newer_is_not(self):
        self.stage()
        self.age(STAGED, by=DAY - 60)
        self.assertEqual([], self.debris())

    def test_nor_what_somebody_holds(self):
        self.stage()
        self.stage(b'', name=LOCK)
        self.stage(b'{}', name=RECORD)
        self.age(STAGED, LOCK, RECORD)
        self.assertEqual(sorted([STAGED, LOCK, RECORD]), self.locations())
        pieces = self.debris()
        fd = os.open(self.incoming, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        for held in LOCK, STAGED:
            with open(self.incoming / held, 'rb+') as file:
                self.assertTrue(flock.try_lock(file.fileno()))
                self.assertEqual([], self.debris())
                for piece in pieces:
                    self.assertEqual(0, self.connect().clean(piece))
        self.assertEqual(sorted([STAGED, LOCK, RECORD]), self.staged())
        for piece in pieces:
            self.connect().clean(piece)
        self.assertEqual([], self.staged())

    def test_nor_what_lies_beside_something_newer(self):
        self.stage()
        self.stage(b'{}', name=RECORD)
        self.age(RECORD)
        self.assertEqual([], self.debris())
        [made] = [
            Debris(
                store=self.path,
                location=f'.imagecache-incoming/{RECORD}',
                size=0,
                since=None,
                why='',
            )
        ]
        self.assertEqual(0, self.connect().clean(made))
        self.assertEqual([RECORD, STAGED], self.staged())

    def test_another_image_keeps_none(self):
        self.stage()
        self.stage(name='another.0123456789abcdef.stage')
        self.age(STAGED)
        self.assertEqual([STAGED], self.locations())

    def test_what_is_an_image_as_well_frees_nothing(self):
        path = self.stage()
        os.link(path, self.root / 'somewhere')
        self.age(STAGED)
        [piece] = self.debris()
        self.assertEqual(0, piece.size)
        self.assertEqual(0, self.connect().clean(piece))
        self.assertEqual([], self.staged())

    def test_what_is_no_file_of_ours_stays(self):
        self.connect().staging(self.path)
        (self.incoming / 'folder').mkdir()
        (self.incoming / 'link').symlink_to('/etc/passwd')
        os.mkfifo(self.incoming / 'pipe')
        self.stage(name='a name\nwith a line')
        for name in self.staged():
            at = time.time() - 2 * DAY
            os.utime(self.incoming / name, (at, at), follow_symlinks=False)
        self.assertEqual([], self.debris())

    @as_root
    def test_nor_does_a_file_of_others(self):
        self.stage()
        self.age(STAGED)
        os.chown(self.incoming / STAGED, NOBODY, NOBODY)
        self.assertEqual([], self.debris())

    @as_root
    def test_so_is_what_root_staged_for_others(self):
        """Also what it gave to them already, and then died."""
        os.chown(self.folder, NOBODY, NOBODY)
        for owner in 0, NOBODY:
            with self.subTest(owner):
                self.stage()
                os.chown(self.incoming / STAGED, owner, owner)
                self.age(STAGED)
                [piece] = self.debris()
                self.assertEqual(
                    f'.imagecache-incoming-root/{STAGED}', piece.location
                )
                self.as_another(
                    functools.partial(self.assert_not_theirs, piece)
                )
                self.assertEqual(len(self.bytes), self.connect().clean(piece))
                self.assertEqual([], self.staged())

    def assert_not_theirs(self, piece):
        with mock.patch.object(incoming.LOG, 'warning') as warn:
            self.assertEqual([], self.debris())
            self.assertEqual(0, self.connect().clean(piece))
        warn.assert_not_called()

    def test_times_that_no_calendar_has_end_no_list(self):
        self.stage()
        for at in 2**40, -(2**36):
            os.utime(self.incoming / STAGED, (at, at))
            self.debris()

    def test_names_that_lead_elsewhere_are_nothing_to_clean(self):
        self.add()
        self.stage()
        for name in '..', f'../{self.image}', '.', '', f'./{STAGED}':
            piece = Debris(
                store=self.path,
                location=f'.imagecache-incoming/{name}',
                size=0,
                since=None,
                why='',
            )
            self.assertEqual(0, self.connect().clean(piece))
        self.assertTrue(self.file().exists())

    def test_a_folder_that_others_may_enter_is_left_alone(self):
        self.stage()
        self.age(STAGED)
        [piece] = self.debris()
        self.incoming.chmod(0o755)
        self.assertEqual([], self.debris())
        self.assertEqual(0, self.connect().clean(piece))

    @as_root
    def test_one_that_cannot_be_opened_ends_no_list(self):
        self.folder.chmod(0o755)
        self.stage()

        def act():
            with mock.patch.object(incoming.LOG, 'warning') as warn:
                self.assertEqual([], self.debris())
            warn.assert_called_once()

        self.as_another(act)

    def test_a_handler_of_the_other_layout_sees_the_same(self):
        self.stage()
        self.age(STAGED)
        handler = DirectoryHandler(
            [self.path], layout='nova', clock=self.clock
        )
        self.assertEqual(self.debris(), list(handler.debris(self.path)))
