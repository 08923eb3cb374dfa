"""Several processes at once, and those that die at any step."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from unittest import mock

from imagecache_handlers import CacheError
from imagecache_handlers.directory import debris
from imagecache_handlers.directory import notes
from imagecache_handlers.directory.system import flock
from tests.directory.place import IMAGE
from tests.directory.place import no_space
from tests.directory.place import Place

# Every call that changes a folder, or makes a change last.
CALLS = (
    'open',
    'write',
    'fsync',
    'rename',
    'link',
    'unlink',
    'mkdir',
    'utime',
    'fchmod',
)
MANY = 150  # more steps than anything here takes

MARKING = """
from imagecache_handlers.directory import DirectoryHandler
import sys

path, name = sys.argv[1:]
handler = DirectoryHandler([path])
[image] = handler.enumerate(path)
for number in range(25):
    handler.mark(image, {f'{name}.{number + 1}'}, {f'{name}.{number}'})
"""

HOLDING = """
from imagecache_handlers.directory.system import flock
import os, sys, time

folder = os.open(sys.argv[1], os.O_RDONLY)
with flock.held(folder, sys.argv[2]):
    print('held', flush=True)
    time.sleep(60)
"""


class TestProcesses(Place):
    def start(self, program, *arguments):
        command = [sys.executable, '-c', textwrap.dedent(program)]
        process = subprocess.Popen(  # noqa: S603 -- our own programs
            [*command, *arguments], stdout=subprocess.PIPE, text=True
        )
        self.enterContext(process)
        self.addCleanup(process.kill)
        return process

    def test_processes_that_mark_at_once_lose_nothing(self):
        self.add()
        names = ['site.a', 'site.b', 'site.c', 'site.d']
        processes = [self.start(MARKING, self.path, name) for name in names]
        codes = [process.wait(timeout=60) for process in processes]
        self.assertEqual([0, 0, 0, 0], codes)
        self.assertEqual({f'{name}.25' for name in names}, self.labels())
        self.assertEqual(sorted([IMAGE, self.sidecar().name]), self.entries())

    def test_a_lock_whose_holder_was_killed_is_free(self):
        image = self.add()
        lock = f'.{IMAGE}.imagecache-lock'
        holder = self.start(HOLDING, self.path, lock)
        self.assertEqual('held\n', holder.stdout.readline())
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
        self.assertIn(lock, self.entries())
        started = time.monotonic()
        self.connect().mark(image, {'site.a'})
        self.assertLess(time.monotonic() - started, flock.PATIENCE / 2)
        self.assertEqual({'site.a'}, self.labels())
        self.assertNotIn(lock, self.entries())


class Mortal(Place):
    """Acts that die, as a process does, at each of their steps in turn."""

    def die_at_each_step(self, act, settle):
        """Have ``act`` die before and after each call; then ``settle``."""
        for after in False, True:
            for step in range(1, MANY):
                with self.subTest(step=step, after=after):
                    survived = self._child(act, step, after)
                    settle()
                if survived:
                    break
            else:
                self.fail(f'more than {MANY} steps')

    def _child(self, act, step, after):
        child = os.fork()
        if child == 0:
            self._doom(step, after)
            try:
                act()
            except CacheError:
                os._exit(2)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        self.assertIn(code, (0, 9))
        return code == 0

    def _doom(self, step, after):
        left = [step]
        for name in CALLS:
            setattr(os, name, doomed(getattr(os, name), left, after))


def doomed(call, left, after):
    def doomed(*arguments, **options):
        left[0] -= 1
        if left[0] == 0 and not after:
            os._exit(9)
        result = call(*arguments, **options)
        if left[0] == 0:
            os._exit(9)
        return result

    return doomed


class TestCrashes(Mortal):
    def clean(self):
        """Clear up as a later pass would; no image may go by that."""
        before = self.listed()
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.path)))
        self.assertEqual(before, self.listed())

    def clear(self):
        for image in self.listed():
            self.connect().evict(image)
        self.clean()
        left = [one for one in self.entries() if not one.endswith('-lock')]
        self.assertEqual([], left)

    def test_an_add_that_died_left_all_or_nothing(self):
        def settle():
            for image in self.listed():
                self.assertEqual({'site.a'}, image.marks.labels)
                self.assertEqual(8192, self.file().stat().st_size)
                # What an add left of itself is no user.
                self.assertIsNone(image.users)
                self.connect().evict(image)
            self.add(labels=['site.b'])
            self.assertEqual({'site.b'}, self.labels())
            self.clear()

        self.die_at_each_step(lambda: self.add(labels=['site.a']), settle)

    def test_a_mark_that_died_lost_no_label(self):
        image = self.add(labels=['pin.ops', 'site.a'])

        def settle():
            self.assertIn(
                self.labels(), ({'pin.ops', 'site.a'}, {'pin.ops', 'site.b'})
            )
            self.connect().mark(image, {'site.a'}, {'site.b'})
            self.clean()
            self.assertEqual({'pin.ops', 'site.a'}, self.labels())

        self.die_at_each_step(
            lambda: self.connect().mark(image, {'site.b'}, {'site.a'}), settle
        )

    def test_an_evict_that_died_left_an_image_or_none(self):
        image = self.add(labels=['site.a'])

        def settle():
            # Never the file without its sidecar: it would stay for ever.
            self.assertEqual(self.file().exists(), bool(self.listed()))
            self.clean()
            if not self.listed():
                self.assertFalse(self.sidecar().exists())
                self.add(labels=['site.a'])
            self.assertEqual({'site.a'}, self.labels())

        self.die_at_each_step(lambda: self.connect().evict(image), settle)

    def test_the_bytes_of_a_stage_go_with_its_image(self):
        image = self.add()
        stage = self.folder / f'.{IMAGE}.0badcafe.imagecache-stage'
        os.link(self.file(), stage)
        self.assertEqual([image], self.listed())
        self.assertEqual(image.size, self.connect().evict(image))
        self.assertEqual([], self.entries())

    def test_what_is_being_added_is_no_debris(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        stage = f'.{IMAGE}.0badcafe.imagecache-stage'
        with flock.held(fd, stage):
            self.assertIsNone(debris.explain_broken(fd, stage))
            self.assertEqual([], list(self.connect().debris(self.path)))

    def test_what_is_being_changed_is_no_debris(self):
        self.add()
        self.file().unlink()
        (self.folder / f'.{IMAGE}.imagecache-new').write_bytes(b'{')
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        self.assertEqual(2, len(list(self.connect().debris(self.path))))
        with flock.held(fd, f'.{IMAGE}.imagecache-lock'):
            self.assertEqual([], list(self.connect().debris(self.path)))


class TestLossesOfPower(Place):
    """What counts is on the disk before what relies on it is done."""

    def steps(self, act):
        steps = []
        with contextlib.ExitStack() as stack:
            for name in 'fsync', 'rename', 'link', 'unlink':
                call = _told(name, getattr(os, name), steps)
                stack.enter_context(mock.patch.object(os, name, call))
            make = _noted(notes.write_note, steps)
            stack.enter_context(mock.patch.object(notes, 'write_note', make))
            act()
        return [one for one in steps if not one.endswith(('-lock', '-stage'))]

    def test_a_label_is_there_before_mark_returns(self):
        image = self.add()
        steps = self.steps(lambda: self.connect().mark(image, {'site.a'}))
        new = f'.{IMAGE}.imagecache-new'
        self.assertEqual(
            [f'unlink {new}', 'fsync file', f'rename {new}', 'fsync folder'],
            steps,
        )

    def noting(self, labels, add, remove):
        """Give the steps of a mark that notes, and those of the next."""
        image = self.add(labels=labels)
        handler = self.connect()
        with no_space():
            first = self.steps(lambda: handler.mark(image, add, remove))
        return first, self.steps(lambda: handler.mark(image, add, remove))

    def test_a_noted_label_lasts_before_another_goes(self):
        steps, _ = self.noting(['site.a'], {'claim.b'}, {'site.a'})
        self.assertEqual(
            ['note +claim.b', 'fsync folder', 'note -site.a', 'fsync folder'],
            steps,
        )

    def test_a_sidecar_lasts_before_the_notes_in_it_go(self):
        _, steps = self.noting([], {'site.b'}, ())
        new = f'.{IMAGE}.imagecache-new'
        *before, note, last = steps
        self.assertEqual(
            [f'unlink {new}', 'fsync file', f'rename {new}', 'fsync folder'],
            before,
        )
        self.assertRegex(note, r'^unlink .*\+.*\.site\.b$')
        self.assertEqual('fsync folder', last)

    def test_an_image_is_gone_before_its_sidecar_goes(self):
        image = self.add()
        steps = self.steps(lambda: self.connect().evict(image))
        sidecar = self.sidecar().name
        self.assertEqual(
            [f'unlink {IMAGE}', 'fsync folder', f'unlink {sidecar}'], steps
        )

    def test_an_image_comes_whole_and_after_its_sidecar(self):
        new = f'.{IMAGE}.imagecache-new'
        self.assertEqual(
            [
                'fsync file',
                f'unlink {new}',
                'fsync file',
                f'rename {new}',
                'fsync folder',
                f'link {IMAGE}',
                'fsync folder',
            ],
            self.steps(self.add),
        )


def _told(name, call, steps):
    def told(what, *arguments, **options):
        if name == 'fsync':
            is_folder = stat.S_ISDIR(os.fstat(what).st_mode)
            shown = 'folder' if is_folder else 'file'
        else:
            shown = arguments[0] if name == 'link' else what
        steps.append(f'{name} {shown}')
        return call(what, *arguments, **options)

    return told


def _noted(make, steps):
    def noted(fd, note):
        steps.append(f'note {"-" if note.is_over else "+"}{note.label}')
        return make(fd, note)

    return noted
