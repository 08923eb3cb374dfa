"""A crash, or a failure, at every system call in turn: N of N.

A child adds, marks or evicts while strace kills it before the nth call of a
kind, or has that call fail.  Then a handler that knows nothing of it must
find all or nothing, and clear up.
"""

import collections
import io
import os
import time
import traceback
from unittest import mock

from imagecache_handlers import CacheError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import holders
from imagecache_handlers.directory import notes
from imagecache_handlers.directory.system.bounded import Bounded
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system import flock
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from imagecache_handlers import Uncertain
from tests.directory import disks
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.tracing import Traced

BEFORE = {'pin.ops', 'site.a'}
AFTER = {'pin.ops', 'site.b'}

# How a child ended; what was refused is to have changed nothing.
DONE, WRONG, REFUSED, UNCERTAIN, DIED = 0, 1, 3, 4, -9
OPEN = UNCERTAIN, DIED

# What the calls that can fail so say, beside that all of them say EIO.
CHANGES = {'openat', 'linkat', 'renameat', 'unlinkat'}
ERRORS = {
    'ENOSPC': CHANGES - {'unlinkat'} | {'write', 'fsync'},
    'EROFS': CHANGES,
    'EACCES': CHANGES | {'newfstatat'},
}


class Dying:
    """Each act dies at each of its calls."""

    def at_each_call(self, act, settle):
        """Have ``act`` end at each of its calls; ``settle`` after each."""
        self.clean()
        counted = self.count(act)
        settle(DONE)
        died = collections.Counter()
        for call in counted:
            for nth in range(1, counted[call] + 2):
                with self.subTest(call=call, nth=nth):
                    ended = self.inject(act, call, nth, 'signal=SIGKILL')
                    died[call] += ended == DIED
                    settle(ended)
        self.told(counted.total(), died.total(), dict(counted))
        self.assertEqual(counted, died)


class Failing:
    """Each call of each act fails, in each way that it can."""

    def at_each_call(self, act, settle):
        self.clean()
        counted = self.count(act)
        settle(DONE)
        ends = collections.Counter()
        for call in counted:
            for error in self.errors(call):
                for nth in range(1, counted[call] + 1):
                    with self.subTest(call=call, error=error, nth=nth):
                        ended = self.fail_once(act, call, nth, error)
                        ends[ended] += 1
                        settle(ended)
        self.told(ends.total(), ends[DONE], ends[REFUSED], ends[UNCERTAIN])
        self.assertLessEqual(ends.keys(), {DONE, REFUSED, UNCERTAIN})
        self.assertTrue(ends[REFUSED])

    def errors(self, call):
        more = [error for error, calls in ERRORS.items() if call in calls]
        return ['EIO', *more]

    def fail_once(self, act, call, nth, error):
        log = self.root / 'wrong'
        ended = self.inject(
            lambda: self.try_out(act, log), call, nth, f'error={error}'
        )
        wrong = log.read_text() if ended == WRONG and log.exists() else ''
        self.assertNotEqual(WRONG, ended, wrong)
        return ended

    def try_out(self, act, log):
        try:
            act()
            return DONE
        except CacheError as error:
            told = str(error)
            if any(one in told for one in (self.path, *self.mine)):
                uncertain = isinstance(error, Uncertain)
                return UNCERTAIN if uncertain else REFUSED
            log.write_text(f'this names nothing: {error}')
        except BaseException:
            log.write_text(traceback.format_exc())
        return WRONG


class Work(Traced):
    """Work on one image, or on two, beside others."""

    # That it is not the first by its name.
    second = 'f' * 40

    def setUp(self):
        super().setUp()
        # They come and go on this host, and the calls would with them.
        none = mock.patch.object(holders, '_BLOCKS', '/sys/none')
        self.enterContext(none)
        # What may be there once all is cleared up.
        self.mine = [self.image]
        self.add(self.other, labels=['pin.ops'])
        (self.folder / 'foreign').write_bytes(b'mine')
        self.others = self.seen()

    def told(self, *numbers):
        print(f'\n{type(self).__name__}.{self._testMethodName}: {numbers}')

    def seen(self):
        """What no work on the image may touch."""
        names = ['foreign', self.other, self.sidecar(self.other).name]
        return [
            (name, os.lstat(self.folder / name).st_ino, self.read(name))
            for name in names
        ]

    def read(self, name):
        return (self.folder / name).read_bytes()

    def clean(self, *, noted=False):
        """Clear up as a later pass would; no image may go by that."""
        before = self.listed()
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.path)))
        self.assertEqual(before, self.listed())
        self.assertEqual(self.others, self.seen())
        expected = [name for name, _, _ in self.others]
        for image in self.listed(*self.mine):
            expected.append(image.location)
            if image.marks.labels:
                expected.append(self.sidecar(image.location).name)
        entries = self.entries()
        if noted:
            # Of which labels may lie in names, beside the sidecar if any.
            expected.append(self.sidecar().name)
            entries = {one for one in entries if notes.NOTE not in one}
            self.assertLessEqual(entries, set(expected))
        else:
            self.assertEqual(sorted(expected), entries)

    def at_once(self, act):
        started = time.monotonic()
        result = act()
        self.assertLess(time.monotonic() - started, flock.PATIENCE / 2)
        return result

    def whole(self, labels):
        """The image if it is listed, which must be all of it."""
        listed = self.listed(self.image)
        for image in listed:
            self.assertEqual(self.content, self.file().read_bytes())
            self.assertGreaterEqual(image.size, len(self.content))
            self.assertIn(image.marks.labels, labels)
            # What was left on the way is no user.
            self.assertFalse(image.users)
            self.assertIsNone(image.unknown)
        return listed

    def evict(self):
        self.connect().evict(self.cached)

    def evict_all(self):
        for image in self.listed(self.image):
            self.at_once(lambda: self.connect().evict(image))  # noqa: B023

    def cache(self):
        self.cached = self.add(labels=BEFORE)
        self.content = self.file().read_bytes()

    def mark(self, labels=frozenset(['site.b']), old=frozenset(['site.a'])):
        self.connect().mark(self.cached, labels, old)


class EveryCall(Work):
    def test_an_add_leaves_all_or_nothing(self):
        self.content = bytes(range(256)) * 8192

        def add():
            # Two chunks, so that one can be written without the other.
            meta = ImageMeta(
                image_id=self.image,
                size=len(self.content),
                disk_format='raw',
            )
            stream = io.BytesIO(self.content)
            self.connect().add(meta, stream, self.path, BEFORE)

        def settle(ended):
            found = self.whole([BEFORE])
            if ended not in OPEN:
                self.assertEqual(ended == DONE, bool(found))
            self.clean()
            for image in self.whole([BEFORE]):
                self.connect().mark(image, {'site.b'}, {'site.a'})
                self.assertEqual(AFTER, self.labels())
                self.evict_all()
            self.at_once(add)
            self.whole([BEFORE])
            self.evict_all()
            self.clean()

        self.at_each_call(add, settle)

    def test_a_mark_loses_no_label(self):
        self.cache()
        self.settle_mark(BEFORE, AFTER)

    def settle_mark(self, before, after):
        """Change the labels of the image from these to those."""

        def mark():
            self.mark(after - before, before - after)

        def settle(ended):
            possible = {DONE: [after], REFUSED: [before]}
            labels = possible.get(ended, [before, after])
            [left] = self.whole(labels)
            self.clean(noted=True)
            self.assertEqual([left], self.whole(labels))
            self.at_once(lambda: self.mark(before - after, after - before))
            self.assertEqual(before, self.labels())
            self.clean()

        self.at_each_call(mark, settle)

    def test_an_evict_leaves_an_image_or_none(self):
        self.cache()
        self.settle_evict(self.cache)

    def test_evictions_together_leave_each_image_or_none(self):
        second = self.second
        self.mine.append(second)

        def cache():
            self.cache()
            self.together = [self.cached, self.add(second, labels=BEFORE)]

        def evict():
            results = list(
                self.connect().evict_many(self.together, lambda: True)
            )
            worst = [one for one in results if isinstance(one, CacheError)]
            if worst:
                # What is known least is told for all.
                worst.sort(key=lambda one: isinstance(one, Uncertain))
                raise worst[-1]

        def settle(ended):
            for image in self.together:
                name = image.location
                listed = bool(self.listed(name))
                # Never the file without its sidecar: it would stay for ever.
                self.assertEqual(self.file(name).exists(), listed)
            if ended == DONE:
                self.assertEqual([], self.listed(*self.mine))
            if ended == REFUSED:
                self.assertTrue(self.listed(*self.mine))
            self.clean()
            for image in self.listed(*self.mine):
                self.connect().evict(image)
            self.at_once(cache)
            self.clean()

        cache()
        self.at_each_call(evict, settle)

    def settle_evict(self, cache):
        """Evict an image that is cached so."""

        def settle(ended):
            listed = bool(self.whole([BEFORE, set()]))
            # Never the file without its sidecar: it would stay for ever.
            self.assertEqual(self.file().exists(), listed)
            if ended not in OPEN:
                self.assertEqual(ended == REFUSED, listed)
            self.clean()
            self.evict_all()
            self.at_once(cache)
            self.clean()

        self.at_each_call(self.evict, settle)


class OfNova(EveryCall):
    """Nova's own images are ours, and have no sidecar at first."""

    def clean(self, *, noted=False):
        super().clean(noted=noted)
        # As Nova itself does: so the next act makes it anew.
        for lock in self.locks.iterdir():
            lock.unlink()

    def fetch(self):
        """Do as Nova does once it has fetched an image."""
        self.content = os.urandom(8192)
        part = self.root / 'part'
        part.write_bytes(self.content)
        part.rename(self.file())
        [self.cached] = self.listed(self.image)

    def test_a_first_mark_leaves_the_label_or_none(self):
        self.fetch()

        def settle(ended):
            possible = {DONE: [{'site.a'}], REFUSED: [set()]}
            self.whole(possible.get(ended, [{'site.a'}, set()]))
            self.clean(noted=True)
            self.evict_all()
            self.at_once(self.fetch)
            self.clean()

        self.at_each_call(lambda: self.mark({'site.a'}, ()), settle)

    def test_an_evict_of_what_nova_fetched_leaves_it_or_none(self):
        self.fetch()
        self.settle_evict(self.fetch)


class TestCrashes(Dying, EveryCall, Place):
    pass


class TestCrashesInNova(Dying, OfNova, NovaPlace):
    pass


class TestFailures(Failing, EveryCall, Place):
    pass


class TestFailuresInNova(Failing, OfNova, NovaPlace):
    pass


class InUse(Failing, Work):
    """What is in use stays and is told so, or is not known, at worst."""

    def setUp(self):
        super().setUp()
        self.cache()
        disk = self.root / 'instances' / 'vm-1' / 'disk'
        disk.parent.mkdir(parents=True)
        disks.overlay(disk.with_name('middle'), self.file())
        disks.overlay(disk, 'middle', form='qcow2')
        # Only the calls of one thread are in our hands.
        self.enterContext(
            mock.patch.object(Bounded, 'run', lambda _, work: work(Progress()))
        )

    def settle(self, ended):
        self.assertEqual(self.content, self.file().read_bytes())
        [image] = self.listed(self.image)
        self.assertEqual(({'vm-1'}, None), (image.users, image.unknown))
        self.assertEqual(BEFORE, self.labels())
        self.clean()

    def test_it_is_not_evicted(self):
        def evict():
            with self.assertRaises(ImageInUse):
                self.evict()

        self.at_each_call(evict, self.settle)

    def test_it_is_never_listed_as_idle(self):
        def look():
            [image] = self.listed(self.image)
            if not image.unknown:
                self.assertEqual({'vm-1'}, image.users)

        self.at_each_call(look, self.settle)


class TestInUse(InUse, Place):
    def connect(self):
        instances = str(self.root / 'instances')
        return DirectoryHandler(
            [self.path], instance_paths=[instances], clock=self.clock
        )


class TestInUseInNova(InUse, NovaPlace):
    pass
