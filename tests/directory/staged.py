"""Images that lie staged in a store, as whoever fetches them leaves them."""

import contextlib
import io
import os

from imagecache_handlers.directory.parts import INCOMING
from imagecache_handlers.directory.parts import ROOTS
from imagecache_handlers import ImageMeta
from tests.directory.place import Place

STAGED = 'some-image.0123456789abcdef.stage'


class Content(io.BufferedReader):
    """A whole file of this host; ``links`` counts those that it got."""

    def __init__(self, path):
        super().__init__(io.FileIO(path))
        self.links = 0
        self.reads = 0

    def read(self, size=-1):
        self.reads += 1
        return super().read(size)

    def link_into(self, folder, name):
        self.links += 1
        file = f'/proc/self/fd/{self.fileno()}'
        os.link(file, name, dst_dir_fd=folder)
        return True


class Staging(Place):
    """What is staged in the folder that the handler names."""

    bytes = bytes(range(256)) * 64

    @property
    def incoming(self):
        """Where whoever runs this stages; root keeps out of others' own."""
        is_roots = os.geteuid() == 0 and self.folder.stat().st_uid != 0
        return self.folder / (ROOTS if is_roots else INCOMING)

    def stage(self, content=None, name=STAGED):
        folder = self.connect().staging(self.path)
        path = os.path.join(folder, name)
        with open(path, 'wb', opener=_own) as file:
            file.write(self.bytes if content is None else content)
        return self.incoming / name

    @contextlib.contextmanager
    def opened(self, name=STAGED):
        with Content(self.incoming / name) as content:
            yield content

    def meta(self, size=None, **more):
        size = len(self.bytes) if size is None else size
        image_id = more.pop('image_id', self.image)
        return ImageMeta(
            image_id=image_id, size=size, disk_format='raw', **more
        )

    def add_staged(self, labels=(), name=STAGED, handler=None):
        handler = handler or self.connect()
        with self.opened(name) as content:
            return handler.add(self.meta(), content, self.path, labels)

    def staged(self):
        if not self.incoming.exists():
            return []
        return sorted(os.listdir(self.incoming))

    def entries(self):
        return [one for one in super().entries() if one != self.incoming.name]


def _own(path, flags):
    return os.open(path, flags, 0o600)
