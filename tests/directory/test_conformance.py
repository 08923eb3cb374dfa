"""The handler ``directory`` keeps every promise of the kit."""

import os

from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.conformance import ONE
from imagecache_handlers.testing.conformance import TWO
from tests.directory.place import Place


class TestDirectory(Place, HandlerConformance):
    # It sees that there is a link, but never that nobody uses an image.
    sees_users = False

    def seed(self, image_id, *, size=2**20):
        return self.add(image_id, size=size).location

    def lose(self, image):
        self.file(image.location).unlink()

    def foreign(self):
        self._before = set(self.entries())
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
        names = set(self.entries()) - self._before
        self._foreign = {name: self._facts(name) for name in names}
        return names

    def foreign_left(self):
        return [
            name
            for name in self.entries()
            if self._foreign.get(name) == self._facts(name)
        ]

    def litter(self):
        stage = self.folder / f'.{ONE}.0badcafe.imagecache-stage'
        stage.write_bytes(b'half an im')
        self.add(TWO)
        self.file(TWO).unlink()
        new = self.folder / f'.{ONE}.imagecache-new'
        new.write_bytes(b'{"ver')
        return [stage.name, self.sidecar(TWO).name, new.name]

    def _with_sidecar(self, name, **changes):
        (self.folder / name).write_bytes(b'image')
        self.write_sidecar(name, **changes)

    def _facts(self, name):
        found = os.lstat(self.folder / name)
        return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns
