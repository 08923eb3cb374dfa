"""How often the disks are read, and that no change is missed by that."""

import os
import threading
import time
from unittest import mock

from imagecache_handlers.directory.users import memory
from imagecache_handlers.directory.users import reading
from imagecache_handlers import ImageInUse
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.disks import qemu
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.used import NOBODY
from tests.directory.used import Used

COARSE = 2.5
# Two sidecars, and the record of this host.
OURS = 3


class Looking(Used):
    def setUp(self):
        super().setUp()
        # Whatever kind of file system these folders are on.
        timed = mock.patch.object(
            reading.mounts, 'is_timed', reading.mounts.is_local
        )
        self.enterContext(timed)
        self.handler = self.connect()
        self.read = []
        real = reading.known_formats.read_header

        def read(fd, size):
            path = os.readlink(f'/proc/self/fd/{fd}')
            # What lies beside images is read as well, and no disk.
            if '/.' not in path:
                self.read.append(path)
            return real(fd, size)

        reader = reading.known_formats
        self.enterContext(mock.patch.object(reader, 'read_header', read))

    def later(self):
        """Have it be some seconds later, by the clock that counts."""
        now = memory.now_ns() + 10**10
        self.enterContext(mock.patch.object(reading, 'now_ns', lambda: now))

    def kept(self):
        return len(self.handler._overlays._read.headers.kept)

    def look(self):
        self.read.clear()
        images = self.handler.enumerate(self.path)
        return {image.image_id: image.users for image in images}


class TestReading(Looking):
    def test_each_disk_is_read_once(self):
        for number in range(5):
            overlay(self.disk(f'vm-{number}'), self.file())
        self.look()
        self.assertEqual(len(self.read), len(set(self.read)))
        self.assertEqual(5 + 1 + 2, len(self.read))

    def test_what_has_not_changed_is_not_read_again(self):
        overlay(self.disk('vm-1'), self.file())
        self.later()
        first = self.look()
        self.assertTrue(self.read)
        self.assertEqual(first, self.look())
        self.assertEqual([], self.read)
        overlay(self.disk('vm-2'), self.file(OTHER))
        self.assertEqual({'vm-2'}, self.look()[OTHER])
        self.assertEqual([str(self.disk('vm-2'))], self.read)

    def test_what_has_just_been_changed_is_read_again(self):
        self.look()
        self.look()
        self.assertEqual(3, len(self.read))

    def test_what_is_gone_is_forgotten(self):
        overlay(self.disk('vm-1'), self.file())
        self.later()
        self.look()
        self.assertEqual(4 + OURS, self.kept())
        self.disk('vm-1').unlink()
        self.look()
        self.assertEqual(3 + OURS, self.kept())

    def test_a_file_system_that_may_be_late_is_always_read(self):
        self.later()
        with mock.patch.object(reading.mounts, 'is_timed', lambda _: False):
            self.look()
            self.look()
        self.assertEqual(3, len(self.read))


class TestChanges(Looking):
    """Whatever is done to a disk between two looks is seen."""

    def test_one_that_is_laid_elsewhere(self):
        qemu(
            'create',
            '-f',
            'qcow2',
            '-F',
            'raw',
            '-b',
            self.file(),
            self.disk('resident'),
        )
        time.sleep(COARSE)
        self.assertEqual({'resident'}, self.look()[IMAGE])
        self.look()
        # A step of the clock, as some machines make, forgets what was read.
        self.look()
        self.assertNotIn(str(self.disk('resident')), self.read)
        qemu(
            'rebase',
            '-u',
            '-f',
            'qcow2',
            '-F',
            'raw',
            '-b',
            self.file(OTHER),
            self.disk('resident'),
        )
        self.assertEqual({IMAGE: NOBODY, OTHER: {'resident'}}, self.look())

    def test_not_even_times_that_were_set_back_hide_it(self):
        overlay(self.disk('vm-1'), self.file())
        time.sleep(COARSE)
        self.look()
        found = self.disk('vm-1').stat()
        with self.disk('vm-1').open('r+b') as file:
            file.write(header(str(self.file(OTHER))))
        os.utime(self.disk('vm-1'), ns=(found.st_atime_ns, found.st_mtime_ns))
        self.assertEqual(found.st_size, self.disk('vm-1').stat().st_size)
        self.assertEqual({'vm-1'}, self.look()[OTHER])

    def test_an_overlay_made_before_its_turn_in_the_same_sweep(self):
        images = list(self.handler.enumerate(self.path))
        for image in images:
            overlay(self.disk('vm-1'), self.file(image.image_id))
            with self.assertRaises(ImageInUse):
                self.handler.evict(image)

    def test_looks_at_once_do_not_disturb_each_other(self):
        overlay(self.disk('vm-1'), self.file())
        self.later()
        seen = []

        def look():
            for _ in range(25):
                images = self.handler.enumerate(self.path)
                users = {image.image_id: image.users for image in images}
                seen.append(users == {IMAGE: {'vm-1'}, OTHER: NOBODY})

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(all(seen))
        self.assertEqual(4 * 25, len(seen))


class TestCounts(Looking):
    def test_what_was_looked_at_is_counted(self):
        for number in range(3):
            overlay(self.disk(f'vm-{number}'), self.file())
        overlay(self.folder / 'beside', IMAGE)
        survey = self.handler._overlays.survey()
        # A resident one, too, but not what lies beside images; its folders,
        # those above, and the store.
        self.assertEqual((4, 6), (survey.disks, survey.folders))
        self.assertEqual((), survey.problems)

    def test_each_problem_is_told(self):
        for number in range(3):
            overlay(self.disk(f'vm-{number}'), 'nbd:x')
        survey = self.handler._overlays.survey()
        self.assertEqual(3, len(survey.problems))
        for number, told in enumerate(sorted(survey.problems)):
            self.assertIn(f'{self.disk(f"vm-{number}")}: ', told)
        self.assertTrue(survey.problem.endswith(' (and 2 more)'))
