"""Several processes at once, and those that are killed."""

import contextlib
import fcntl
import io
import os
import signal
import subprocess
import sys
from unittest import mock

from imagecache_handlers import exceptions
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_sqlite.handler import SqliteHandler
from imagecache_handlers_sqlite import pool as pools
from imagecache_handlers_sqlite.pool import Pool

from tests.pooled import Pooled

ACT = """
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_sqlite.handler import SqliteHandler
from imagecache_handlers_sqlite.pool import Pool
import itertools, sys

store, name = sys.argv[1:]
handler = SqliteHandler(Pool(store))
"""
MARK = """
[image] = handler.enumerate(store)
handler.mark(image, {f'{name}.0'})
print('marked', flush=True)
for number in range(25) if name != 'for-ever' else itertools.count():
    handler.mark(image, {f'{name}.{number + 1}'}, {f'{name}.{number}'})
"""
ADD = """
print('adding', flush=True)
meta = ImageMeta(image_id=name, size=9, disk_format='raw')
handler.add(meta, sys.stdin.buffer, store, {'site.a'})
"""


class Acting(Pooled):
    def start(self, program, name):
        command = [sys.executable, '-c', ACT + program]
        process = subprocess.Popen(
            [*command, self.store, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.enterContext(process)
        self.addCleanup(process.kill)
        return process

    @property
    def store(self):
        return str(self.pool.folder)

    def listed(self):
        return list(self.connect().enumerate(self.store))

    def labels(self):
        [image] = self.listed()
        return image.marks.labels

    def add(self, image_id, labels=('site.a',), *, content=b'content'):
        meta = ImageMeta(image_id=image_id, size=7, disk_format='raw')
        stream = io.BytesIO(content)
        return self.connect().add(meta, stream, self.store, labels)

    def debris(self):
        return list(self.connect().debris(self.store))

    def clean(self):
        """Clear up as a later pass would; no image may go by that."""
        before = self.listed()
        for piece in self.debris():
            self.connect().clean(piece)
        self.assertEqual([], self.debris())
        self.assertEqual(before, self.listed())
        files = [path.stem for path in self.pool.folder.glob('*.disk')]
        self.assertCountEqual(self.disks(), files)


class TestProcesses(Acting):
    def test_processes_that_mark_at_once_lose_nothing(self):
        self.seed('debian')
        names = 'site.a', 'site.b', 'site.c', 'site.d'
        processes = [self.start(MARK, name) for name in names]
        codes = [process.wait(timeout=60) for process in processes]
        self.assertEqual([0, 0, 0, 0], codes)
        self.assertEqual({f'{name}.25' for name in names}, self.labels())

    def test_a_killed_writer_leaves_no_lock_and_no_half_mark(self):
        self.seed('debian')
        for _ in range(3):
            process = self.start(MARK, 'for-ever')
            self.assertEqual('marked\n', process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
            self.assertEqual(1, len(self.labels()))
            [image] = self.listed()
            self.connect().mark(image, (), image.marks.labels)
        self.assertEqual(set(), self.labels())

    def test_a_killed_add_leaves_debris_and_a_living_one_none(self):
        process = self.start(ADD, 'debian')
        self.assertEqual('adding\n', process.stdout.readline())
        while not (files := list(self.pool.folder.glob('*.disk'))):
            self.assertIsNone(process.poll())
        self.assertEqual([], self.debris())
        self.assertEqual(0, self.pool.discard(files[0].stem))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        self.assertEqual([], self.listed())
        [piece] = self.debris()
        self.assertEqual(files[0].stem, piece.location)
        self.clean()
        self.add('debian')

    def test_a_file_is_locked_before_others_look_for_debris(self):
        hasty = Pool(self.store, patience=0.01)
        lock = fcntl.flock
        looks = []

        def look_first(file, how):
            if how == fcntl.LOCK_EX:
                looks.append(file.name)
                self.assertRaises(pools.PoolError, hasty.strays)
            lock(file, how)

        with mock.patch.object(fcntl, 'flock', look_first):
            self.add('debian')
        self.assertEqual(1, len(looks))

    def test_what_is_not_in_the_pool_is_no_debris(self):
        stray = self.other.folder / f'{"5" * 32}.disk'
        stray.write_bytes(b'')
        piece = Debris(
            store=self.store,
            location=f'../other/{stray.stem}',
            size=0,
            since=None,
            why='a test',
        )
        self.assertEqual(0, self.connect().clean(piece))
        self.assertTrue(stray.exists())

    def test_what_is_cut_short_is_never_listed(self):
        with self.assertRaisesRegex(exceptions.Unsupported, '6 bytes, not 7'):
            self.add('debian', content=b'conten')
        self.assertEqual([], self.listed())
        self.clean()


class TestRaces(Acting):
    def test_a_clone_between_look_and_eviction_keeps_the_image(self):
        image = self.add('debian')
        self.pool.clone(image.location, 'vm')
        with self.assertRaises(exceptions.ImageInUse) as caught:
            self.connect().evict(image)
        self.assertEqual({'vm'}, caught.exception.users)

    def test_the_backend_itself_removes_no_parent(self):
        image = self.add('debian')
        self.pool.clone(image.location, 'vm')
        with self.assertRaises(pools.Refused):
            self.pool.remove(image.location)
        self.clean()

    def test_of_a_clone_and_an_eviction_at_once_one_succeeds(self):
        for _ in range(10):
            image = self.add('debian')
            evicting = self._fork(self.connect().evict, image)
            with contextlib.suppress(pools.Refused):
                self.pool.clone(image.location, 'vm')
            evicted = os.waitpid(evicting, 0)[1] == 0
            self.assertEqual([] if evicted else ['image', 'vm'], self.names())
            self.clear()

    def test_of_two_adds_at_once_one_succeeds(self):
        for _ in range(10):
            adding = self._fork(self.add, 'debian', ['site.b'])
            with contextlib.suppress(exceptions.ImageExists):
                self.add('debian')
            added = os.waitpid(adding, 0)[1] == 0
            self.assertEqual({'site.b' if added else 'site.a'}, self.labels())
            self.clear()

    def test_a_lost_commit_is_uncertain(self):
        image = self.add('debian')
        hasty = SqliteHandler(Pool(self.store, patience=0.01))
        with self.pool.reading() as db:
            db.execute('SELECT id FROM disk').fetchone()
            for act in (
                lambda: hasty.evict(image),
                lambda: hasty.mark(image, {'site.b'}),
            ):
                with self.assertRaises(exceptions.Uncertain):
                    act()
        self.assertEqual([image], self.listed())

    def _fork(self, act, *arguments):
        child = os.fork()
        if child == 0:
            with contextlib.suppress(exceptions.CacheError):
                act(*arguments)
                os._exit(0)
            os._exit(1)
        return child

    def names(self):
        return sorted(self.disks().values())

    def clear(self):
        names = self.disks()
        # A clone goes before its image.
        for disk_id in sorted(names, key=names.get, reverse=True):
            self.pool.remove(disk_id)
        self.clean()
