"""Who may write in a store, whose files count there, and who dies in it."""

import contextlib
import ctypes
import datetime
import fcntl
import io
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import rights
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import OTHER
from tests.directory.place import Place
from tests.directory.place import THEN
from tests.directory.test_crashes import Mortal

# Tags of entries in an ACL: owner, a user, the group, the mask, the rest.
ACL = ((1, 7, -1), (2, 7, NOBODY), (4, 5, -1), (16, 7, -1), (32, 5, -1))

CAP_CHOWN, CAP_SETUID = 0, 7

LOCKING = """
from imagecache_handlers.directory.system import flock
import os, sys, time

folder = os.open(sys.argv[1], os.O_RDONLY)
with flock.held(folder, sys.argv[2]), flock.held(folder, sys.argv[3]):
    print('held', flush=True)
    time.sleep(60)
"""


def drop(*capabilities):
    """Be root without some of its rights, by ``capset(2)``."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = struct.pack('Ii', 0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(version, sets):
        raise OSError(ctypes.get_errno(), 'capget')
    for capability in capabilities:
        sets[0] &= ~(1 << capability)
        sets[1] &= ~(1 << capability)
    if libc.capset(version, sets):
        raise OSError(ctypes.get_errno(), 'capset')


def chown(*paths, owner=NOBODY):
    for path in paths:
        os.lchown(path, owner, owner)


class Shared(Apart, Place):
    def problem(self):
        [store] = self.connect().stores()
        return store.problem

    def sweep(self):
        cache = ImageCache(self.connect(), Rules(), clock=self.clock)
        for _ in range(2):
            cache.sweep(lambda: Evidence(complete=True, as_of=self.clock()))
            self.days += 30

    days = 0

    def clock(self):
        return THEN + datetime.timedelta(days=self.days)


@as_root
class TestWhoMayWrite(Shared):
    def test_where_anybody_may_write_the_store_has_a_problem(self):
        self.assertIsNone(self.problem())
        for mode in 0o1777, 0o777, 0o757:
            self.folder.chmod(mode)
            self.assertIn(f'chmod o-w {self.path}', self.problem())

    def test_where_a_group_may_write_it_is_the_owners_own(self):
        self.folder.chmod(0o775)
        self.assertIsNone(self.problem())
        os.chown(self.folder, 0, NOBODY)
        self.folder.chmod(0o775)
        self.assertIn(f'group {NOBODY} may write', self.problem())
        self.assertIn(f'chmod g-w {self.path}', self.problem())
        chown(self.folder)
        self.assertIsNone(self.problem())

    def test_where_an_acl_lets_others_write_it_has_one(self):
        acl = [struct.pack('<HHi', *entry) for entry in ACL]
        content = struct.pack('<I', 2) + b''.join(acl)
        os.setxattr(self.folder, 'system.posix_acl_access', content)
        self.assertIn('ACL', self.problem())
        self.folder.chmod(0o755)  # The mask, so that nobody may.
        self.assertIsNone(self.problem())

    def test_where_others_could_swap_it_the_store_has_one(self):
        self.root.chmod(0o1777)
        self.assertIsNone(self.problem())
        self.root.chmod(0o777)
        self.assertIn(f'everybody may write in {self.root}', self.problem())
        self.root.chmod(0o755)
        chown(self.root)
        self.assertIn(f'user {NOBODY} owns {self.root}', self.problem())
        chown(self.folder)  # As all that Nova has.
        self.assertIsNone(self.problem())

    def test_who_is_neither_owner_nor_root_leaves_nothing(self):
        self.add()
        os.chown(self.folder, 0, NOBODY)
        self.folder.chmod(0o775)
        before = self.entries()

        def act():
            [image] = self.listed()
            for change in (
                lambda: self.connect().mark(image, {'site.a'}),
                lambda: self.add(OTHER),
            ):
                with self.assertRaises(StoreUnavailable) as caught:
                    change()
                self.assertIn('belongs to user 0', str(caught.exception))

        self.as_another(act)
        self.assertEqual(before, self.entries())


@as_root
class TestWhoseFilesCount(Shared):
    def write_as_another(self, name, **changes):
        self.as_another(lambda: self.write_sidecar(name, **changes))

    def test_anybodys_sidecar_makes_nobodys_file_an_image(self):
        self.folder.chmod(0o1777)
        self.file().write_bytes(b'precious')
        self.write_as_another(IMAGE)
        self.assertEqual([], self.listed())
        self.sweep()
        self.assertEqual(b'precious', self.file().read_bytes())
        self.folder.chmod(0o755)  # what was put there stays there
        self.assertIsNone(self.problem())
        self.sweep()
        self.assertEqual(b'precious', self.file().read_bytes())

    def test_roots_ours_and_the_owners_do(self):
        for folder, owner in (0, 0), (NOBODY, NOBODY), (NOBODY, 0):
            self.add()
            chown(self.folder, owner=folder)
            chown(self.sidecar(), owner=owner)
            self.assertEqual(1, len(self.listed()))
            self.connect().evict(*self.listed())
        self.assertEqual([], self.entries())

    def test_one_of_root_that_others_gave_a_second_name_does_not(self):
        self.add()
        chown(self.folder, self.sidecar())
        elsewhere = self.root / 'elsewhere'
        os.link(self.sidecar(), elsewhere)
        self.assertEqual(1, len(self.listed()))  # as the owner's own
        chown(self.sidecar(), owner=0)
        self.assertEqual([], self.listed())
        elsewhere.unlink()
        self.assertEqual(1, len(self.listed()))

    def test_nor_a_note_of_others(self):
        self.add(labels=['pin.ops'])
        inode = self.file().stat().st_ino
        note = f'.{IMAGE}.imagecache+{inode:x}-.pin.other'
        (self.folder / note).touch()
        self.assertEqual({'pin.ops', 'pin.other'}, self.labels())
        chown(self.folder / note)
        self.assertEqual({'pin.ops'}, self.labels())
        self.connect().mark(*self.listed(), {'site.a'})
        self.assertEqual({'pin.ops', 'site.a'}, self.labels())

    def test_debris_of_others_stays(self):
        stage = self.folder / f'.{IMAGE}.0123abcd.imagecache-stage'
        stage.touch()
        [debris] = self.connect().debris(self.path)
        chown(stage)
        self.assertEqual([], list(self.connect().debris(self.path)))
        self.assertEqual(0, self.connect().clean(debris))
        self.assertTrue(stage.exists())


@as_root
class TestNova(Apart, NovaPlace):
    def test_anybodys_sidecar_makes_an_image_unknown(self):
        self.file().write_bytes(b'image')
        self.folder.chmod(0o1777)
        self.as_another(lambda: self.write_sidecar(self.image))
        [image] = self.listed()
        self.assertIn('cannot be understood', image.unknown)
        self.assertEqual(frozenset(), image.marks.labels)


@as_root
class TestRootThatDies(Shared, Mortal):
    """In the folder of another service, which then goes on."""

    def setUp(self):
        super().setUp()
        chown(self.folder)

    def go_on(self):
        """Be the owner of the folder, and do all that there is to do."""

        def act():
            handler = self.connect()
            for debris in handler.debris(self.path):
                handler.clean(debris)
            for image in self.listed():
                handler.mark(image, {'site.b'})
            for image in self.listed():
                self.assertIn('site.b', image.marks.labels)
                handler.evict(image)
            self.add(labels=['site.c'])
            self.connect().evict(*self.listed())
            self.assertEqual([], self.entries())

        self.as_another(act)

    def test_in_the_lock_stops_nobody(self):
        self.add()
        stage = f'.{IMAGE}.0123abcd.imagecache-stage'
        lock = f'.{IMAGE}.imagecache-lock'
        command = [sys.executable, '-c', textwrap.dedent(LOCKING)]
        holder = subprocess.Popen(  # noqa: S603 -- our own program
            [*command, self.path, lock, stage],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.enterContext(holder)
        self.addCleanup(holder.kill)
        self.assertEqual('held\n', holder.stdout.readline())
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
        self.assertLessEqual({lock, stage}, set(self.entries()))
        self.go_on()

    def test_at_any_step_of_an_add_stops_nobody(self):
        self.die_at_each_step(lambda: self.add(labels=['site.a']), self.go_on)

    def test_at_any_step_of_a_mark_stops_nobody(self):
        def act():
            self.connect().mark(*self.listed(), {'site.a'})

        def settle():
            self.go_on()
            self.add()

        self.add()
        self.die_at_each_step(act, settle)

    def test_and_stays_root_for_all_else(self):
        self.add()
        file = self.root / 'file'
        file.touch()
        self.assertEqual(0, file.stat().st_uid)
        self.assertEqual(0, file.stat().st_gid)


@as_root
class TestInTheOwnersName(Shared):
    """Files that root makes in the folder of another service."""

    def setUp(self):
        super().setUp()
        chown(self.folder)
        self.fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, self.fd)

    def make(self, name):
        os.close(rights.make(self.fd, name, os.O_WRONLY, 0o644))
        found = (self.folder / name).stat()
        self.assertEqual((NOBODY, NOBODY), (found.st_uid, found.st_gid))

    def test_other_threads_stay_root_and_so_does_this_one_afterwards(self):
        self.make('0')
        stop, owners = threading.Event(), set()

        def work():
            while not stop.is_set():
                file = self.root / 'file'
                file.touch()
                owners.add(file.stat().st_uid)
                file.unlink()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for number in range(1, 500):
                self.make(str(number))
        finally:
            stop.set()
            thread.join()
        self.assertEqual({0}, owners)
        with self.assertRaises(FileExistsError):
            self.make('1')
        work_once = self.root / 'once'
        work_once.touch()
        self.assertEqual(0, work_once.stat().st_uid)

    def test_who_may_not_act_for_others_gives_away(self):
        self._apart(lambda: drop(CAP_SETUID), lambda: self.make('x'))

    def test_who_may_neither_leaves_nothing(self):
        def act():
            with self.assertRaises(PermissionError) as caught:
                self.make('x')
            self.assertIn(f'user {NOBODY}', str(caught.exception))
            self.assertEqual([], self.entries())

        self._apart(lambda: drop(CAP_SETUID, CAP_CHOWN), act)


@as_root
class TestLocksOfOurs(Shared):
    """Who may not write in the folder cannot hold them."""

    def adding(self, meanwhile):
        """Add an image, with something that happens after its first byte."""
        left = [meanwhile]

        class Content(io.BytesIO):
            def read(self, size=-1):
                if left:
                    left.pop()()
                return super().read(size)

        meta = ImageMeta(image_id=IMAGE, size=5, disk_format='raw')
        return self.connect().add(meta, Content(b'image'), self.path)

    def test_others_cannot_open_them(self):
        lock = f'.{IMAGE}.imagecache-lock'

        def act():
            for entry in os.listdir(self.folder):
                with contextlib.suppress(PermissionError):
                    os.close(os.open(self.folder / entry, os.O_RDONLY))
                    self.fail(f'{entry} can be opened')

        def meanwhile():
            fd = os.open(self.folder, os.O_RDONLY)
            self.addCleanup(os.close, fd)
            with flock.held(fd, lock):
                self.assertEqual(2, len(self.entries()))
                self.as_another(act)

        self.adding(meanwhile)
        self.assertEqual(1, len(self.listed()))

    def test_a_folder_that_they_lock_is_listed_all_the_same(self):
        image = self.add()
        self.root.chmod(0o755)
        locking = subprocess.Popen(  # noqa: S603
            ['flock', self.path, 'sleep', '60'],  # noqa: S607
            user=NOBODY,
            process_group=0,
        )
        self.enterContext(locking)
        self.addCleanup(os.killpg, locking.pid, signal.SIGKILL)
        while not self.is_locked():
            time.sleep(0.01)
        self.assertEqual([image], self.listed())
        self.connect().mark(image, {'site.a'})
        self.assertEqual({'site.a'}, self.labels())

    def is_locked(self):
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def test_a_stage_that_became_the_image_is_debris_whoever_locks_it(self):
        self.add()
        stage = self.folder / f'.{IMAGE}.0123abcd.imagecache-stage'
        os.link(self.file(), stage)
        with self.file().open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            [debris] = self.connect().debris(self.path)
            self.assertEqual(0, self.connect().clean(debris))
        self.assertFalse(stage.exists())
        self.assertEqual(1, len(self.listed()))

    def test_a_sidecar_that_is_locked_is_cleaned_at_once(self):
        self.add()
        self.file().unlink()
        with self.sidecar().open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            [debris] = self.connect().debris(self.path)
            self.assertLess(0, self.connect().clean(debris))
        self.assertEqual([], self.entries())

    def test_a_stage_that_its_owner_swaps_publishes_nothing_else(self):
        secret = self.root / 'secret'
        secret.write_text('of root alone')
        secret.chmod(0o600)
        chown(self.folder)

        def swap():
            [stage] = self.entries()
            (self.folder / stage).rename(self.folder / 'away')
            (self.folder / stage).symlink_to(secret)

        self.adding(lambda: self.as_another(swap))
        self.assertEqual(1, secret.stat().st_nlink)
        self.assertEqual(0, secret.stat().st_uid)
        self.assertEqual(0o600, secret.stat().st_mode & 0o777)
        self.assertEqual(b'image', self.file().read_bytes())

    def test_a_lock_with_a_second_name_keeps_its_owner(self):
        secret = self.root / 'secret'
        secret.write_text('of root alone')
        image = self.add()
        chown(self.folder)
        os.link(secret, self.folder / f'.{IMAGE}.imagecache-lock')
        self.connect().mark(image, {'site.a'})
        self.assertEqual(0, secret.stat().st_uid)
        self.assertEqual('of root alone', secret.read_text())
        handler = DirectoryHandler([self.path])
        self.assertEqual(1, len(handler.enumerate(self.path)))
