"""A crash at every system call of add, evict and mark in turn: N of N.

A child does the work while strace kills it before the nth call of a kind;
before the next call is after the last.  Then a handler that knows nothing
of it must find all or nothing, and clear up.
"""

import collections
import ctypes
import io
import os
import subprocess
import time

from imagecache_handlers.directory import flock
from imagecache_handlers import ImageMeta
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place

# Whatever takes a path or a descriptor: nothing else reaches a folder.
CALLS = '%file,%desc'
# How strace is waited for, and memory, which is got as it is needed.
OTHER_CALLS = 'getpgid', 'mmap'
# What getpgid() says once strace is there: no system call is missed.
TRACED = 424242
LONG = 60
# Let it be traced by others than its parents, where Yama forbids that.
SET_PTRACER = 0x59616D61, ctypes.c_ulong(-1)

BEFORE = {'pin.ops', 'site.a'}
AFTER = {'pin.ops', 'site.b'}


class TestEveryCall(Place):
    def setUp(self):
        super().setUp()
        self.add(OTHER, labels=['pin.ops'])
        (self.folder / 'foreign').write_bytes(b'mine')
        self.others = self.seen()

    def seen(self):
        """What no work on ``IMAGE`` may touch."""
        names = ['foreign', OTHER, self.sidecar(OTHER).name]
        return [
            (name, os.lstat(self.folder / name).st_ino, self.read(name))
            for name in names
        ]

    def read(self, name):
        return (self.folder / name).read_bytes()

    def die_at_each_call(self, act, settle):
        """Have ``act`` die at each of its calls; ``settle`` after each."""
        counted = self.count(act)
        settle()
        died = collections.Counter()
        for call in counted:
            for nth in range(1, counted[call] + 2):
                with self.subTest(call=call, nth=nth):
                    inject = f'inject={call}:signal=SIGKILL:when={nth}'
                    died[call] += self.run_traced(act, '-e', inject) == -9
                    settle()
        name = self._testMethodName
        print(f'\n{name}: {died.total()} of {counted.total()} {dict(counted)}')
        self.assertEqual(counted, died)
        return counted

    def count(self, act):
        log = self.root / 'calls'
        trace = f'trace={CALLS},getpgid'
        code = self.run_traced(act, '-e', trace, '-o', str(log))
        self.assertEqual(0, code)
        lines = log.read_text().splitlines()
        calls = [line.partition('(')[0] for line in lines if '(' in line]
        return collections.Counter(
            call for call in calls if call not in OTHER_CALLS
        )

    def run_traced(self, act, *options):
        child = os.fork()
        if child == 0:
            self.work(act)
        quiet = ['-qq', '-o', '/dev/null', '-e', 'signal=none']
        inject = ['-e', f'inject=getpgid:retval={TRACED}']
        command = ['strace', *quiet, *inject, *options, '-p', str(child)]
        strace = subprocess.Popen(command)  # noqa: S603 -- our own process
        _, status = os.waitpid(child, 0)
        strace.wait(LONG)
        return os.waitstatus_to_exitcode(status)

    def work(self, act):
        """Be the child: wait for strace, act, and never come back."""
        code = 1
        try:
            ctypes.CDLL(None).prctl(*SET_PTRACER)
            late = time.monotonic() + LONG
            while os.getpgid(0) != TRACED and time.monotonic() < late:
                time.sleep(0.002)
            act()
            code = 0
        finally:
            os._exit(code)

    def clean(self):
        """Clear up as a later pass would; no image may go by that."""
        before = self.listed()
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.path)))
        self.assertEqual(before, self.listed())
        self.assertEqual(self.others, self.seen())
        expected = [name for name, _, _ in self.others]
        if self.listed(IMAGE):
            expected += [IMAGE, self.sidecar().name]
        self.assertEqual(sorted(expected), self.entries())

    def at_once(self, act):
        started = time.monotonic()
        result = act()
        self.assertLess(time.monotonic() - started, flock.PATIENCE / 2)
        return result

    def whole(self, labels):
        """The image if it is listed, which must be all of it."""
        listed = self.listed(IMAGE)
        for image in listed:
            self.assertEqual(self.content, self.file().read_bytes())
            self.assertGreaterEqual(image.size, len(self.content))
            self.assertIn(image.marks.labels, labels)
            # What was left on the way is no user.
            self.assertFalse(image.users)
        return listed

    def evict_all(self):
        for image in self.listed(IMAGE):
            self.at_once(lambda: self.connect().evict(image))  # noqa: B023

    def cached(self):
        image = self.add(labels=BEFORE)
        self.content = self.file().read_bytes()
        return image

    def test_an_add_leaves_all_or_nothing(self):
        self.content = bytes(range(256)) * 8192

        def add():
            # Two chunks, so that one can be written without the other.
            meta = ImageMeta(
                image_id=IMAGE, size=len(self.content), disk_format='raw'
            )
            stream = io.BytesIO(self.content)
            return self.connect().add(meta, stream, self.path, BEFORE)

        def settle():
            self.whole([BEFORE])
            self.clean()
            for image in self.whole([BEFORE]):
                self.connect().mark(image, {'site.b'}, {'site.a'})
                self.assertEqual(AFTER, self.labels())
                self.evict_all()
            self.at_once(add)
            self.whole([BEFORE])
            self.evict_all()
            self.clean()

        self.die_at_each_call(add, settle)

    def test_a_mark_loses_no_label(self):
        image = self.cached()

        def settle():
            [left] = self.whole([BEFORE, AFTER])
            self.clean()
            self.assertEqual([left], self.whole([BEFORE, AFTER]))
            self.at_once(lambda: self.mark_back(image))
            self.assertEqual(BEFORE, self.labels())
            self.clean()

        self.die_at_each_call(
            lambda: self.connect().mark(image, {'site.b'}, {'site.a'}), settle
        )

    def mark_back(self, image):
        self.connect().mark(image, {'site.a'}, {'site.b'})

    def test_an_evict_leaves_an_image_or_none(self):
        self.image = self.cached()

        def settle():
            # Never the file without its sidecar: it would stay for ever.
            self.assertEqual(self.file().exists(), bool(self.listed(IMAGE)))
            self.whole([BEFORE])
            self.clean()
            self.evict_all()
            self.image = self.at_once(self.cached)

        self.die_at_each_call(lambda: self.connect().evict(self.image), settle)
