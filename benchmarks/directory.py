"""Measure the handler ``directory`` on folders of images and overlays.

Beside enumerating stands what no reader can do without: a bare scandir, a
stat of every image and disk, and one read of 512 bytes of each overlay.
Beside a pass that changes nothing stands enumerating.  Half of the images
have two overlays each, the others lie idle, too young to go; at last they
are old enough, and evicted.  Each look at a store counts, and each label
that is written.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import hashlib
import itertools
import os
import pathlib
import struct
import tempfile
import time

from benchmarks import output
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system import record_lock
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules

NOW = datetime.datetime.now(datetime.UTC)
LATER = NOW + datetime.timedelta(days=2)
SIZES = (1_000, 10_000)
LAYOUTS = ('plain', 'nova')
# Among the instances, where Nova has it.
BASE = '_base'
LOCKS = 'locks'
ANYWHERE = -1  # for a folder, where a path is absolute
HEAD = 512
READ = 1024
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
        template = overlay(f'{self.images}/{first}')
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
        with open(os.path.join(folder, 'disk'), 'wb') as file:
            # Its tables begin with the next clusters, and are empty.
            file.write(content)
            os.pwrite(file.fileno(), struct.pack('>Q', 2 * CLUSTER), CLUSTER)
            os.pwrite(file.fileno(), struct.pack('>4H', *[1] * 4), 2 * CLUSTER)
            os.ftruncate(file.fileno(), 4 * CLUSTER)


def overlay(backing: str) -> bytes:
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


def read_same(place: Place) -> int:
    """Read what a look at images and disks reads; give how many files."""
    seen = 0
    with os.scandir(place.images) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            seen += _read_ends(entry.path)
            if entry.name.startswith('.'):
                # The labels, which are not a disk's.
                _read_ends(entry.path)
            else:
                _ask_for_lock(entry.path)
    with os.scandir(place.instances) as folders:
        for folder in folders:
            if folder.name != BASE:
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        entry.stat(follow_symlinks=False)
                        seen += _read_ends(entry.path)
    return seen


def _ask_for_lock(path: str) -> None:
    """Ask who has it open: of no byte, and as dear as one."""
    fd = os.open(path, os.O_RDONLY)
    record_lock.holder(fd)
    os.close(fd)


def _read_ends(path: str) -> int:
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    os.pread(fd, READ, 0)
    if size > READ:
        os.pread(fd, HEAD, size - HEAD)
    os.close(fd)
    return 1


def bare(place: Place) -> int:
    """Do what nobody can do without; give how many files were seen."""
    seen = 0
    with os.scandir(place.images) as entries:
        for entry in entries:
            if not entry.name.startswith('.'):
                entry.stat(follow_symlinks=False)
                seen += 1
    with os.scandir(place.instances) as folders:
        for folder in folders:
            if folder.name not in (BASE, LOCKS):
                seen += _bare_disks(folder.path)
    return seen


def _bare_disks(folder: str) -> int:
    seen = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            fd = os.open(entry.path, os.O_RDONLY)
            os.read(fd, HEAD)
            os.close(fd)
            seen += 1
    return seen


def sweep(handler: Counting, now: datetime.datetime) -> Report:
    cache = ImageCache(handler, Rules(), clock=lambda: now)
    # The disks tell who uses what; nobody has anything to add.
    return cache.sweep(lambda: Evidence(as_of=now))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(place: Place, repeat: int) -> output.Row:
    """Give the row of one size; the place is not fit for another."""
    handler = place.handler()
    acts = (
        lambda: bare(place),
        lambda: place.handler().enumerate(place.images),
        lambda: sweep(handler, NOW),
    )
    # In turns, and the quickest of each: other work disturbs all alike.
    rounds = [[_seconds(act) for act in acts] for _ in range(repeat + 1)]
    floor, listed, passed = map(min, zip(*rounds[1:], strict=True))
    return {
        'layout': place.layout,
        'images': place.count,
        'overlays': place.count,
        'bare s': floor,
        'enumerate s': listed,
        'to bare': listed / floor,
        'cpu to same bytes': compare_cpu(place, repeat),
        'pass s': passed,
        'to enumerate': passed / listed,
        'writes': handler.writes,
        **evicting(place),
    }


def compare_cpu(place: Place, repeat: int) -> float:
    """Hold the processor's time of a first list against reading alone."""
    acts = (
        lambda: read_same(place),
        lambda: place.handler().enumerate(place.images),
    )
    rounds = [[_cpu_seconds(act) for act in acts] for _ in range(repeat)]
    floor, listed = map(min, zip(*rounds, strict=True))
    return listed / floor


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def evicting(place: Place) -> dict[str, int | float]:
    """Evict the idle half, when its time has come."""
    handler = place.handler()
    started = time.perf_counter()
    report = sweep(handler, LATER)
    taken = time.perf_counter() - started
    did = [one.did for one in report.outcomes]
    evicted = did.count(Did.EVICTED)
    if evicted != place.count // 2 or evicted != len(did):
        raise RuntimeError(f'evicted {evicted} of {place.count // 2}')
    return {
        'evicted': evicted,
        # The first is that of the plan.
        'fresh looks': handler.looks - 1,
        'evict s': taken,
        'ms/evicted': taken / evicted * 1e3,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', nargs='+', type=int, default=SIZES)
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument(
        '--folder', help='where to make the images; default: for temporaries'
    )
    args = parser.parse_args(argv)
    rows = []
    for count, layout in itertools.product(args.sizes, LAYOUTS):
        with tempfile.TemporaryDirectory(dir=args.folder) as root:
            place = Place(root=pathlib.Path(root), count=count, layout=layout)
            place.build()
            rows.append(measure(place, args.repeat))
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
