"""A lock file is held by one at a time, whenever it comes and goes."""

import fcntl
import os
from unittest import mock

from imagecache_handlers.directory.system import flock
from tests.directory.place import Place

LOCK = '.x.imagecache-lock'


class TestFlock(Place):
    def setUp(self):
        super().setUp()
        self.fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, self.fd)

    def refused(self):
        with (
            mock.patch.object(flock, 'PATIENCE', 0.1),
            self.assertRaises(TimeoutError),
            flock.held(self.fd, LOCK),
        ):
            self.fail('two hold it')

    def test_a_lock_is_held_and_gone_afterwards(self):
        self.assertFalse(flock.is_held(self.fd, LOCK))
        with flock.held(self.fd, LOCK):
            self.assertTrue(flock.is_held(self.fd, LOCK))
        self.assertEqual([], self.entries())

    def test_it_is_gone_after_an_error_too(self):
        with (
            self.assertRaises(ZeroDivisionError),
            flock.held(self.fd, LOCK),
        ):
            raise ZeroDivisionError
        self.assertEqual([], self.entries())

    def test_the_same_process_has_to_wait_as_well(self):
        with flock.held(self.fd, LOCK):
            self.refused()
            self.assertEqual([LOCK], self.entries())

    def test_a_file_that_was_removed_is_no_lock(self):
        real = fcntl.flock
        others = []

        def steal(fd, how):
            # Its holder lets go, and another takes the next file.
            with mock.patch.object(fcntl, 'flock', real):
                os.unlink(LOCK, dir_fd=self.fd)
                other = flock.held(self.fd, LOCK)
                other.__enter__()
                others.append(other)
            patched.stop()
            real(fd, how)

        patched = mock.patch.object(fcntl, 'flock', steal)
        patched.start()
        self.refused()
        self.assertEqual([LOCK], self.entries())
        others[0].__exit__(None, None, None)
        self.assertEqual([], self.entries())
