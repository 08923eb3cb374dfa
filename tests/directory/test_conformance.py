"""The handler ``directory`` keeps every promise of the kit, however set."""

import contextlib
import os
import shutil
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import evicting
from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.conformance import KIN
from imagecache_handlers.testing.conformance import ONE
from imagecache_handlers.testing.conformance import TWO
from tests.directory.disks import overlay
from tests.directory.disks import resident
from tests.directory.place import Place
from tests.directory.place import sha1

LONG_AGO = 10**9


class Kit(Place):
    """What the hooks have in common, whatever the layout."""

    doom = None
    absent = {'doom': 'it dies at every call of the system in test_crashes'}

    def lose(self, image):
        self.file(image.location).unlink()

    def outages(self):
        return [self.away()]

    @contextlib.contextmanager
    def last_step(self, act):
        # Once it has the lock of an image, nobody else labels that.
        hold_image = evicting.hold_image

        def late(*arguments):
            act()
            return hold_image(*arguments)

        with mock.patch.object(evicting, 'hold_image', late):
            yield

    @contextlib.contextmanager
    def away(self):
        away = self.folder.rename(self.root / 'away')
        yield
        away.rename(self.folder)

    def foreign(self):
        self._before = set(self.entries())
        self.put_foreign()
        names = set(self.entries()) - self._before
        self._foreign = {name: self._facts(name) for name in names}
        return names

    def foreign_left(self):
        return [
            name
            for name in self.entries()
            if self._foreign.get(name) == self._facts(name)
        ]

    def _with_sidecar(self, name, **changes):
        (self.folder / name).write_bytes(b'image')
        self.write_sidecar(name, **changes)

    def _facts(self, name):
        found = os.lstat(self.folder / name)
        return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


class Instances(Kit):
    """Instances lie where the handler looks for them."""

    sees_users = True

    def setUp(self):
        super().setUp()
        (self.instances / 'locks').mkdir(parents=True)
        resident(self.instances)

    @property
    def instances(self):
        return self.root / 'instances'

    def occupy(self, image, user):
        overlay(self.instances / user / 'disk', self.file(image.location))

    def vacate(self, image, user):
        shutil.rmtree(self.instances / user)


class TestDirectory(Kit, HandlerConformance):
    # It sees that there is a link, but never that nobody uses an image.
    sees_users = False

    def seed(self, image_id, *, size=2**20):
        return self.add(image_id, size=size).location

    def put_foreign(self):
        bare = self.folder / 'no-sidecar'
        bare.write_bytes(b'image')
        (self.folder / 'name with blanks').write_bytes(b'image')
        (self.folder / '-rf').write_bytes(b'image')
        (self.folder / 'folder').mkdir()
        self.write_sidecar('folder')
        (self.folder / 'link').symlink_to(bare)
        self.write_sidecar('link')
        os.mkfifo(self.folder / 'pipe')
        self.write_sidecar('pipe')
        self._with_sidecar('poses', image_id=ONE)
        self._with_sidecar('climbs', image_id='../../etc/passwd')
        self._with_sidecar('was-replaced', inode=1)
        self._with_sidecar('was-changed', mtime_ns=1)
        self._with_sidecar('from-tomorrow', version=2)
        (self.folder / 'corrupt').write_bytes(b'image')
        self.sidecar('corrupt').write_bytes(b'{"version": 1')
        # A sidecar of nothing, that is none.
        (self.folder / f'.{TWO}.x.imagecache').write_text('notes')

    def litter(self):
        stage = self.folder / f'.{ONE}.0badcafe.imagecache-stage'
        stage.write_bytes(b'half an im')
        self.add(TWO)
        self.file(TWO).unlink()
        new = self.folder / f'.{ONE}.imagecache-new'
        new.write_bytes(b'{"ver')
        lock = self.folder / f'.{KIN}.imagecache-lock'
        lock.touch()
        return [stage.name, self.sidecar(TWO).name, new.name, lock.name]


class TestDirectoryWithInstances(Instances, TestDirectory):
    sees_users = True

    def connect(self):
        return DirectoryHandler(
            [self.path], instance_paths=[str(self.instances)]
        )


class TestNova(Kit, HandlerConformance):
    sees_users = False

    def connect(self):
        return DirectoryHandler([self.path], layout='nova')

    def seed(self, image_id, *, size=2**20):
        """Do as Nova does once it has fetched an image."""
        part = self.root / 'part'
        part.write_bytes(os.urandom(size))
        os.utime(part, (LONG_AGO, LONG_AGO))
        return part.rename(self.file(sha1(image_id))).name

    def put_foreign(self):
        name = sha1(ONE)
        other = self.folder / f'{name}_sm'
        names = (
            name.upper(),
            name[1:],
            f'{name}0',
            f'{name}_',
            f'{name}_2x',
            f'{name}_-2',
            f'{name}.part',
            f'{name}.converted',
            f'{name[:-1]}g',
            'swap_1024',
            'ephemeral_20_40d1d2c',
            ONE,
            other.name,
        )
        for foreign in names:
            (self.folder / foreign).write_bytes(b'image')
        self._with_sidecar('plain')
        (self.folder / sha1('folder')).mkdir()
        (self.folder / f'{sha1("folder")}_20').symlink_to(other)
        (self.folder / sha1('link')).symlink_to(other)
        os.mkfifo(self.folder / sha1('pipe'))
        # Of another layout: beside nothing that could be an image here.
        (self.folder / '.gone.imagecache').write_bytes(
            self.sidecar('plain').read_bytes().replace(b'plain', b'gone')
        )

    def litter(self):
        stage = self.folder / f'.{sha1(ONE)}.0badcafe.imagecache-stage'
        stage.write_bytes(b'half an im')
        self.connect().mark(self._seeded(TWO), {'site.a'})
        self.file(sha1(TWO)).unlink()
        new = self.folder / f'.{sha1(ONE)}_20.imagecache-new'
        new.write_bytes(b'{"ver')
        return [stage.name, self.sidecar(sha1(TWO)).name, new.name]


class TestNovaWithInstances(Instances, TestNova):
    """Where Nova itself has it: among the instances."""

    sees_users = True

    def setUp(self):
        super().setUp()
        self.folder = self.folder.rename(self.instances / '_base')
        self.path = str(self.folder)

    def connect(self):
        return DirectoryHandler(
            [self.path], layout='nova', instance_paths=[str(self.instances)]
        )
