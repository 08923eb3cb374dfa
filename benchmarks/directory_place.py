"""Place of images and disks, as the benchmarks of ``directory`` find it."""

from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime
import hashlib
import os
import pathlib
import struct

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import CachedImage

NOW = datetime.datetime.now(datetime.UTC)
LAYOUTS = ('plain', 'nova')
# Among the instances, where Nova has it.
BASE = '_base'
LOCKS = 'locks'
ANYWHERE = -1  # for a folder, where a path is absolute
CLUSTER = 2**16


class Counting(DirectoryHandler):
    """Counts how often it is asked to look, and to write."""

    looks = 0
    writes = 0

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        self.looks += 1
        return super().enumerate(store, image_ids)

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        self.writes += 1
        super().mark(image, add, remove)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder with ``count`` images, and one with as many overlays."""

    root: pathlib.Path
    count: int
    layout: str = 'plain'

    @property
    def images(self) -> str:
        nova = self.layout == 'nova'
        return str(self.root / (f'instances/{BASE}' if nova else 'images'))

    @property
    def instances(self) -> str:
        return str(self.root / 'instances')

    @property
    def locks(self) -> str:
        return str(self.root / 'instances' / LOCKS)

    def handler(self) -> Counting:
        return Counting(
            [self.images],
            layout=self.layout,
            instance_paths=[self.instances],
        )

    def name(self, n: int) -> str:
        name = f'image-{n:06}'
        if self.layout == 'nova':
            sha1 = hashlib.sha1(name.encode(), usedforsecurity=False)
            return sha1.hexdigest()
        return name

    def build(self) -> None:
        for folder in self.instances, self.images, self.locks:
            os.mkdir(folder)
        first = self.name(0)
        template = make_overlay(f'{self.images}/{first}')
        for n in range(self.count):
            self._image(n)
            below = self.name(n // 2 * 2)
            disk = template.replace(first.encode(), below.encode())
            self._disk(n, disk)
        # What was just written is not to be written back while we measure.
        os.sync()

    def _image(self, n: int) -> None:
        name = self.name(n)
        path = os.path.join(self.images, name)
        _write(path, b'an image')
        os.utime(path, (0, 0))
        labels = {unused_label(NOW)} if n % 2 else set()
        if self.layout == 'nova' and not labels:
            return  # Nova fetched it, and it was in use ever since
        found, born = os.stat(path), birth_time.read(ANYWHERE, path)
        written = sidecar.Sidecar.of(name, NOW, labels, found, born)
        _write(os.path.join(self.images, sidecar.path(name)), written.dump())

    def _disk(self, n: int, content: bytes) -> None:
        folder = os.path.join(self.instances, f'instance-{n:06}')
        os.mkdir(folder)
        write_disk(os.path.join(folder, 'disk'), content)


def write_disk(path: str, header: bytes) -> None:
    """Write an overlay without data of its own."""
    with open(path, 'wb') as file:
        # Its tables begin with the next clusters, and are empty.
        file.write(header)
        os.pwrite(file.fileno(), struct.pack('>Q', 2 * CLUSTER), CLUSTER)
        os.pwrite(file.fileno(), struct.pack('>4H', *[1] * 4), 2 * CLUSTER)
        os.ftruncate(file.fileno(), 4 * CLUSTER)


def make_overlay(backing: str) -> bytes:
    """Make the header of an empty qcow2 overlay, as QEMU does."""
    extension = struct.pack('>II8s', 0xE2792ACA, 3, b'raw')
    at = 104 + len(extension) + 8
    name = os.fsencode(backing)
    head = struct.pack('>4sIQIIQ', b'QFI\xfb', 3, at, len(name), 16, 2**30)
    head += struct.pack('>IIQQI', 0, 2, 3 * CLUSTER, CLUSTER, 1)
    head = head.ljust(96, b'\0') + struct.pack('>II', 4, 104)
    return head + extension + bytes(8) + name


def _write(path: str, content: bytes) -> None:
    with open(path, 'wb') as file:
        file.write(content)
