"""What lies in the way of one image keeps no other from being seen."""

import contextlib
import datetime
import fcntl
import os
import signal

from imagecache_handlers import ImageBusy
from imagecache_handlers import StoreUnavailable
from tests.directory.place import NovaPlace
from tests.directory.place import Place


class InTheWay:
    @contextlib.contextmanager
    def leased(self, path):
        """Keep others from opening a file, as its owner may."""
        was = signal.signal(signal.SIGIO, signal.SIG_IGN)
        with path.open('r+') as file:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            try:
                yield
            finally:
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        signal.signal(signal.SIGIO, was)

    def marked(self):
        for name in self.image, self.other:
            self.make(name)
        for image in self.listed():
            self.connect().mark(image, {'site.a'})
        return {image.location: image for image in self.listed()}

    def test_a_lease_makes_one_image_unknown(self):
        before = self.marked()
        with self.leased(self.sidecar()):
            found = {image.location: image for image in self.listed()}
            self.assertEqual(set(before), set(found))
            self.assertEqual(before[self.other], found[self.other])
            self.assertIn('is leased', found[self.image].unknown)
            for image in before[self.image], found[self.image]:
                with self.assertRaises(ImageBusy):
                    self.connect().evict(image)
                with self.assertRaisesRegex(StoreUnavailable, 'is leased'):
                    self.connect().mark(image, {'site.b'})
        self.assertEqual(
            before, {image.location: image for image in self.listed()}
        )

    def test_what_is_no_lock_ends_no_list_of_debris(self):
        for name in self.image, self.other:
            (self.folder / f'.{name}.imagecache-new').touch()
        lock = self.folder / f'.{self.image}.imagecache-lock'
        for make in os.mkdir, lambda path: path.symlink_to('missing'):
            make(lock)
            with self.assertLogs('imagecache_handlers', 'WARNING') as logs:
                found = list(self.connect().debris(self.path))
            self.assertIn(self.image, logs.output[0])
            names = [one.location for one in found]
            self.assertEqual([f'.{self.other}.imagecache-new'], names)
            lock.rename(self.root / f'was-{lock.lstat().st_ino}')


class TestPlain(InTheWay, Place):
    def make(self, name):
        self.add(name)


class TestNova(InTheWay, NovaPlace):
    def make(self, name):
        self.file(name).write_bytes(os.urandom(8192))

    def clock(self):
        return datetime.datetime.now(datetime.UTC)
