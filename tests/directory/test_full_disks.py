"""Disks on which no block is free: the very case that a cache is cleaned in.

What a mark changes is noted in names of empty files then; see ``notes``.
"""

import contextlib
import datetime
import os
import subprocess
import time
import uuid

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import notes
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from tests.directory.apart import Apart
from tests.directory import disks
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.place import sha1
from tests.directory.used import Used

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

HOUR = datetime.timedelta(hours=1)
COUNT = 12
CROWD = 500
SIZE = 2**19
ROOM = 2**20  # for the disk's own use, and a filler


def run(*command):
    subprocess.run(command, check=True)  # noqa: S603


class Full:
    """A store that can be filled to its last block."""

    def fill(self):
        """Take every block that whoever runs this may have."""
        with (self.folder / 'filler').open('wb', buffering=0) as file:
            # As any file beside images it is taken for somebody's disk.
            file.write(disks.header())
            for size in 2**16, 2**10, 1:
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b'x' * size)
        self.assertRaises(OSError, (self.folder / 'one').write_bytes, b'x')
        (self.folder / 'one').unlink()

    def free(self):
        (self.folder / 'filler').unlink()

    def noted(self):
        return [one for one in self.entries() if notes.NOTE in one]


class Disk(Full, Apart):
    """Everything that a cache is asked for, where no block is free."""

    def setUp(self):
        super().setUp()
        self.now = datetime.datetime.now(datetime.UTC)

    def clock(self):
        return self.now

    def cache(self, **rules):
        rules = Rules(min_age=HOUR, resized_min_age=HOUR, **rules)
        return ImageCache(
            self.connect(), rules, clock=self.clock, sleep=lambda _: None
        )

    def evidence(self):
        return Evidence(complete=True, as_of=self.now)

    def ids(self):
        return [f'image-{number}' for number in range(COUNT)]

    def cached(self):
        """Have a dozen images and no block beside."""
        for image_id in self.ids():
            self.add(image_id, size=SIZE)
        self.fill()
        return self.listed()

    def usage(self):
        [store] = self.connect().stores()
        return 100 - int(store.free * 100 / store.total)

    def marks(self, image_id):
        [image] = self.listed(self.connect().key(image_id))
        return image.marks

    def all_labels(self):
        return {one.location: one.marks.labels for one in self.listed()}

    def test_age_and_space_free_what_is_idle(self):
        self.on_a_disk(self.sweep)

    def mount(self):
        size = f'mode=755,size={COUNT * SIZE + ROOM}'
        run('mount', '-t', 'tmpfs', '-o', size, 'tmpfs', self.path)

    def on_a_disk(self, act):
        """Act on a disk of its own; those of ``Ext4`` are real ones."""
        self.where_it_mounts(lambda: (self.mount(), act()))

    def sweep(self):
        self.cached()
        self.assertEqual(100, self.usage())
        cache = self.cache(
            high_watermark=90, low_watermark=60, expire_at_min_age=False
        )
        cache.pin('image-0', 'ops')
        first = self.connect().key('image-0')
        # It ages what it sees first; and space it frees from the next on.
        report = cache.sweep(self.evidence)
        self.assertEqual((), report.outcomes)
        self.assertFalse(report.plan.problems)
        self.assertTrue(all(one.marks.unused_since for one in self.listed()))
        for image in self.listed():
            # As Nova does, which restarts an age by that.
            used = (self.now + HOUR / 2).timestamp()
            self.touch(self.folder / image.location, used)
        self.now += 2 * HOUR
        report = cache.sweep(self.evidence)
        self.assertEqual({'evicted'}, {str(o.did) for o in report.outcomes})
        self.assertTrue(50 < self.usage() <= 60, self.usage())
        self.cache().sweep(self.evidence)
        self.assertEqual([first], [one.image_id for one in self.listed()])
        self.settled()

    def settled(self):
        """Have labels in the sidecars, and nothing left over."""
        for image in self.listed():
            self.connect().mark(image, {'site.z'})
            self.connect().mark(image, (), {'site.z'})
        self.assertEqual([], self.noted())
        self.assertEqual([], list(self.connect().debris(self.path)))

    def touch(self, file, at):
        """Nobody touches what is ours alone."""

    def test_who_asks_is_served(self):
        self.on_a_disk(self.serve)

    def serve(self):
        cache = self.cache()
        for image_id in self.ids():
            self.add(image_id, size=SIZE)
        # Some of that is in the sidecars, and some comes later.
        cache.pin('image-1', 'first')
        cache.hold('image-2', 'vm-1', HOUR)
        cache.sweep(self.evidence)
        self.fill()
        cache.pin('image-1', 'ops')
        cache.unpin('image-1', 'first')
        self.assertEqual({'ops': None}, dict(self.marks('image-1').pins))
        self.assertEqual(1, len(cache.hold('image-3', 'vm-2', HOUR)))
        self.assertIsNone(self.marks('image-3').unused_since)
        cache.release('image-2', 'vm-1')
        self.assertEqual({}, dict(self.marks('image-2').leases))
        before = self.listed()
        report = cache.sweep(self.evidence)
        self.assertEqual((), report.outcomes)
        [two] = cache.evict('image-2', self.evidence(), force=True)
        kept = cache.evict('image-3', self.evidence(), force=True)
        self.assertEqual('evicted', str(two.did))
        self.assertEqual(['kept'], [str(one.did) for one in kept])
        self.assertEqual(len(before) - 1, len(self.listed()))
        self.fill()
        cache.release('image-3', 'vm-2')
        cache.unpin('image-1', 'ops')
        self.assertTrue(self.noted())
        labels = self.all_labels()
        self.free()
        self.assertEqual(labels, self.all_labels())
        self.settled()
        self.assertEqual(labels, self.all_labels())

    def test_processes_that_mark_at_once_lose_nothing(self):
        self.on_a_disk(self.mark_at_once)

    def mark_at_once(self):
        [image, *_] = self.cached()

        def mark(process):
            for number in range(25):
                new, old = f'{process}.{number + 1}', f'{process}.{number}'
                self.connect().mark(image, {new}, {old})

        names = ['site.a', 'site.b', 'site.c']
        children = [_fork(mark, name) for name in names]
        time.sleep(0.2)
        # In the midst of it there is room again.
        (self.folder / 'filler').rename(self.folder / 'less')
        os.truncate(self.folder / 'less', 4096)
        self.assertEqual([0] * 3, [_wait(child) for child in children])
        [found] = self.listed(image.image_id)
        self.assertEqual({f'{one}.25' for one in names}, found.marks.labels)


def _fork(act, *arguments):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            disks.die_with_parent()
            act(*arguments)
            code = 0
        finally:
            os._exit(code)
    return child


def _wait(child):
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


class TestPlain(Disk, Place):
    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        self.instances.mkdir()
        disks.resident(self.instances)

    def connect(self):
        return DirectoryHandler(
            [self.path],
            instance_paths=[str(self.instances)],
            clock=self.clock,
        )


class TestNova(Disk, NovaPlace):
    def add(self, image_id, size):
        """Do as Nova does, which writes no sidecar."""
        (self.folder / sha1(image_id)).write_bytes(os.urandom(size))

    def touch(self, file, at):
        os.utime(file, (at, at))


class TestFewNames(Apart, Used):
    """A disk with blocks, and without inodes: each note and lock takes one."""

    left = 5

    def mount(self):
        size = 'mode=755,nr_inodes=200'
        run('mount', '-t', 'tmpfs', '-o', size, 'tmpfs', self.path)

    def take_names(self):
        """Leave only some inodes."""
        spare = self.folder / 'spare'
        spare.mkdir()
        made = []
        with contextlib.suppress(OSError):
            while True:
                made.append(spare / str(len(made)))
                made[-1].touch()
        for path in made[-1 - self.left : -1]:
            path.unlink()

    def test_it_can_be_cleaned(self):
        self.where_it_mounts(lambda: (self.mount(), self.sweep()))

    def sweep(self):
        for number in range(20):
            self.add(f'image-{number}', ['unused.20200101t000000z'])
        self.connect().record_host(self.path)
        self.take_names()
        cache = ImageCache(
            self.connect(), Rules(min_age=datetime.timedelta(0))
        )
        report = cache.sweep(lambda: Evidence(complete=True, as_of=utc_now()))
        did = [str(one.did) for one in report.outcomes]
        self.assertEqual(['evicted'] * 20, did)


class Ext4:
    """A real disk, for whoever may mount one; a tmpfs for the others."""

    is_real = False

    def on_a_disk(self, act):
        self.where_it_mounts_disks(lambda: (self.mount(), act()))

    def mount(self):
        image = self.root / 'image'
        with image.open('wb') as file:
            file.truncate(COUNT * SIZE + 2 * ROOM)
        # All of it for images: no journal, and nothing kept for root.
        options = ['-O', '^has_journal', '-m', '0', '-b', '4096', '-N', '4000']
        run('mkfs.ext4', '-q', *options, str(image))
        try:
            run('mount', '-o', 'loop', str(image), self.path)
        except subprocess.CalledProcessError:
            super().mount()
        else:
            self.is_real = True
            (self.folder / 'lost+found').rmdir()


class TestPlainOnExt4(Ext4, TestPlain):
    pass


class TestNovaOnExt4(Ext4, TestNova):
    pass

    def test_a_folder_without_room_for_names_can_be_cleaned(self):
        self.on_a_disk(self.crowd)

    def crowd(self):
        cache = self.cache_of_many()
        cache.sweep(self.evidence)
        self.now += 2 * HOUR
        report = cache.sweep(self.evidence)
        if not self.evicted(report):
            # How names lie is the disk's luck: no gap takes a claim here.
            self.check_told(report)
            self.make_room()
        self.clean(cache)

    def test_a_folder_without_any_gap_is_told(self):
        self.on_a_disk(self.fill_gaps)

    def fill_gaps(self):
        cache = self.cache_of_many()
        # On a tmpfs, where no disk may be mounted, no name takes a block.
        if self.is_real:
            self.check_without_gaps(cache)
        self.clean(cache)

    def check_without_gaps(self, cache):
        gaps = self.take_gaps()
        self.check_told(cache.sweep(self.evidence))
        self.now += 2 * HOUR
        self.check_told(cache.sweep(self.evidence))
        self.make_room()
        for gap in gaps:
            gap.unlink()

    def cache_of_many(self):
        cache = self.cache()
        # It is on record: without room for that name nothing is evicted.
        cache.sweep(self.evidence)
        for number in range(CROWD):
            self.add(f'image-{number}', size=9000)
        self.fill()
        return cache

    def take_gaps(self):
        """Leave no room between the names, wherever a new one would lie."""
        made = []
        for length in 250, 120, 60, 30, 15:
            missed = 0
            while missed < 200:
                name = uuid.uuid4().hex * 8
                made.append(self.folder / f'.{name[:length]}')
                try:
                    made[-1].touch()
                except OSError:
                    made.pop()
                    missed += 1
        return made

    def check_told(self, report):
        self.assertEqual(CROWD, len(self.listed()))
        self.assertEqual(CROWD, len(report.outcomes))
        for one in report.outcomes:
            self.assertEqual('failed', str(one.did))
            self.assertIn('No space left on device', one.why)

    def make_room(self):
        """Free some blocks of what is not the cache's."""
        os.truncate(self.folder / 'filler', 4096)

    def evicted(self, report):
        return [one for one in report.outcomes if str(one.did) == 'evicted']

    def clean(self, cache):
        for _ in range(13):
            cache.sweep(self.evidence)
            self.now += 2 * HOUR
        self.assertEqual([], self.listed())
        self.assertEqual(['filler'], self.entries())
