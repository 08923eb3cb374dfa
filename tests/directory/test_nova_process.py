"""In Nova's own process we drop none of its locks, watched from another."""

from contextlib import suppress
import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from unittest import mock

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import record_lock
from imagecache_handlers import ImageBusy
from tests.directory.disks import die_with_parent
from tests.directory.place import NovaPlace
from tests.directory.place import sha1

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

NAMES = [sha1(str(number)) for number in range(4)]
HELD, OTHER, FREE, _ = NAMES
HERE = pathlib.Path(__file__).parents[2]
LONG = 60.0

# The command line does not load it: otherwise it would refuse to evict.
LOADED = """
import sys
from imagecache_handlers.frontends.cli import app
app.main(['list', '--handler', 'directory', '--config-file', sys.argv[1]])
print('oslo_concurrency' in sys.modules)
"""


class Watch:
    """Tries to take a lock, as another process of Nova's would."""

    def __init__(self, path):
        self.path = path
        self.tries = self.taken = 0
        self._over = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.is_set():
            self.tries += 1
            self.taken += self.take()
            time.sleep(0.0005)

    def take(self):
        with open(self.path, 'a+') as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            return True


class Base(NovaPlace):
    def setUp(self):
        super().setUp()
        for name in NAMES:
            self.file(name).write_bytes(b'image')

    def start(self, act):
        process = subprocess.Popen(  # noqa: S603 -- a program of ours
            [sys.executable, '-m', 'tests.directory.nova_like']
            + [act, str(self.instances)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            preexec_fn=die_with_parent,
        )
        self.addCleanup(self.stop, process)
        return process

    def stop(self, process):
        process.kill()
        process.communicate()

    def run_to_end(self, act):
        process = self.start(act)
        out, _ = process.communicate('\n' * 9, timeout=LONG)
        self.assertEqual(0, process.returncode)
        return out.splitlines()

    def watched(self, act):
        """Watch the lock that it holds; give what it said meanwhile."""
        process = self.start(act)
        self.assertEqual('held\n', process.stdout.readline())
        lines = []
        with Watch(self.lock(HELD)) as watch:
            self.go_on(process)
            while (line := process.stdout.readline()) != 'done\n':
                self.assertTrue(line, 'it died')
                lines.append(line)
        self.go_on(process)
        process.communicate(timeout=LONG)
        self.assertEqual(0, process.returncode)
        self.assertEqual(0, watch.taken, f'of {watch.tries}')
        self.assertLess(0, watch.tries)
        self.assertTrue(watch.take())
        return ''.join(lines)

    def go_on(self, process):
        process.stdin.write('\n')
        process.stdin.flush()

    def lock(self, name):
        return self.locks / f'nova-{name}'


class TestLent(Base):
    def test_all_that_we_do_drops_no_lock(self):
        self.watched('work')
        self.assertTrue(self.file(HELD).exists())

    def test_nor_does_a_look_at_all_disks(self):
        self.watched('work_seeing')
        self.assertTrue(self.file(HELD).exists())

    def test_what_a_thread_of_nova_holds_is_busy(self):
        said = self.watched('evict_held')
        self.assertIn('ImageBusy', said)
        self.assertIn(f'Nova holds its lock nova-{HELD}', said)
        self.assertTrue(self.file(HELD).exists())

    def test_what_another_process_holds_is_busy(self):
        with open(self.lock(FREE), 'a+') as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            [said] = self.run_to_end('evict_free')
        self.assertIn('ImageBusy', said)
        self.assertTrue(self.file(FREE).exists())

    def test_nova_s_lock_is_held_while_one_is_removed(self):
        process = self.start('evict_free')
        self.assertEqual('unlinking\n', process.stdout.readline())
        watch = Watch(self.lock(FREE))
        self.assertFalse(watch.take())
        # Another handler, with locks of its own, is kept away by it too.
        other = DirectoryHandler([self.path], layout='nova')
        with self.assertRaises(ImageBusy), other._layout.held(self.path, FREE):
            self.fail('two hold it')
        self.assertTrue(self.file(FREE).exists())
        out, _ = process.communicate('\n', timeout=LONG)
        self.assertEqual('evicted', out.strip())
        self.assertFalse(self.file(FREE).exists())
        self.assertTrue(watch.take())

    def test_they_can_be_lent_beside_the_options(self):
        first, second = self.run_to_end('evict_by_options')
        self.assertIn('ImageBusy', first)
        self.assertEqual('evicted', second.strip())


class TestNotLent(Base):
    def test_nothing_is_touched(self):
        said = self.watched('evict_unlent').splitlines()
        evicted, planned, swept, claimed, added = said
        self.assertIn('StoreUnavailable', evicted)
        self.assertIn('ConfigurationError', added)
        for line in evicted, swept, added:
            self.assertIn('locks=...', line)
        self.assertEqual(str(len(NAMES)), planned)
        # Nothing that others would have to wait for.
        self.assertIn('failed: it was not claimed', swept)
        self.assertEqual('False', claimed)
        for name in NAMES:
            self.assertTrue(self.file(name).exists())

    def test_where_no_nova_runs_its_files_are_locked(self):
        with open(self.lock(HELD), 'a+') as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            [said] = self.run_to_end('evict_without_nova')
            self.assertIn('ImageBusy', said)
        [said] = self.run_to_end('evict_without_nova')
        self.assertEqual('evicted', said.strip())

    def test_the_plain_layout_takes_no_lock_of_nova(self):
        [size] = self.run_to_end('evict_plain')
        self.assertLess(0, int(size))

    def test_our_command_is_not_taken_for_nova(self):
        conf = self.root / 'conf'
        conf.write_text(
            f'[imagecache_directory]\npath = {self.path}\nlayout = nova\n'
        )
        done = subprocess.run(  # noqa: S603 -- a program of ours
            [sys.executable, '-c', LOADED, str(conf)],
            capture_output=True,
            text=True,
            timeout=LONG,
        )
        self.assertEqual('False', done.stdout.splitlines()[-1], done.stderr)
        self.assertIn(HELD[:8], done.stdout)


class TestLockFiles(NovaPlace):
    """Locks of Nova's that we make, and those that are there."""

    def hold(self):
        layout = self.connect()._layout
        with layout.held(self.path, HELD):
            return os.stat(self.locks / f'nova-{HELD}')

    def test_no_name_but_nova_s_is_left(self):
        self.hold()
        self.assertEqual([f'nova-{HELD}'], os.listdir(self.locks))

    def test_one_that_is_there_is_not_changed(self):
        lock = self.locks / f'nova-{HELD}'
        lock.write_text('of somebody')
        lock.chmod(0o600)
        os.chown(lock, 4242, 4243)
        before = lock.stat()
        self.assertEqual(before, self.hold())
        self.assertEqual('of somebody', lock.read_text())

    def test_one_gets_its_name_when_nova_can_take_it(self):
        os.chown(self.locks, 4242, 4243)
        real, seen = os.link, []

        def link(new, entry, **options):
            found = (self.locks / new).stat()
            seen.append((found.st_uid, found.st_gid))
            self.assertFalse((self.locks / entry).exists())
            real(new, entry, **options)

        with mock.patch.object(os, 'link', link):
            self.hold()
        self.assertEqual([(4242, 4243)], seen)

    def test_nobody_leads_us_elsewhere(self):
        elsewhere = self.root / 'elsewhere'
        elsewhere.mkdir()
        self.locks.rmdir()
        self.locks.symlink_to(elsewhere)
        os.chown(self.instances, 4242, 4243)
        os.lchown(self.locks, 4242, 4243)
        with self.assertRaisesRegex(OSError, 'is not followed'):
            self.hold()
        self.assertEqual([], os.listdir(elsewhere))

    def test_a_lock_that_is_a_symlink_is_not_followed(self):
        elsewhere = self.root / 'elsewhere'
        (self.locks / f'nova-{HELD}').symlink_to(elsewhere)
        with self.assertRaises(OSError):
            self.hold()
        self.assertFalse(elsewhere.exists())

    def test_what_is_swapped_before_it_gets_its_name_leads_nowhere(self):
        """Who owns the folder may put a symlink in place of the new one."""
        secret = self.root / 'secret'
        secret.write_text('of root')
        os.chown(self.locks, 4242, 4243)
        real, swapped = os.link, []

        def link(*arguments, **options):
            for name in os.listdir(self.locks):
                (self.locks / name).unlink()
                (self.locks / name).symlink_to(secret)
                swapped.append(name)
            real(*arguments, **options)

        for _ in range(2):
            with mock.patch.object(os, 'link', link), suppress(ImageBusy):
                self.hold()
            self.assertEqual(1, secret.stat().st_nlink)
        self.assertLess(0, len(swapped))

    def test_a_file_of_root_with_a_second_name_is_not_locked(self):
        secret = self.root / 'secret'
        secret.write_text('of root')
        lock = self.locks / f'nova-{HELD}'
        os.link(secret, lock)
        for owner in 4242, 0:
            os.chown(self.locks, owner, owner)
            with (
                self.assertRaisesRegex(OSError, 'other names'),
                mock.patch.object(fcntl, 'fcntl') as locking,
            ):
                self.hold()
            locking.assert_not_called()
        self.assertEqual(2, secret.stat().st_nlink)

    def test_what_is_not_a_file_is_not_locked(self):
        lock = self.locks / f'nova-{HELD}'
        for make in os.mkdir, os.mkfifo:
            make(lock)
            with self.assertRaisesRegex(OSError, 'not a regular file'):
                self.hold()
            lock.rename(self.root / f'was-{make.__name__}')

    def test_the_name_that_a_crash_left_does_not_matter(self):
        self.hold()
        left = self.locks / f'.nova-{HELD}.0123abcd'
        os.link(self.locks / f'nova-{HELD}', left)
        self.hold()
        self.assertEqual([f'nova-{HELD}'], os.listdir(self.locks))

    def test_who_holds_it_is_not_said_to_be_nova(self):
        """Whoever may read a file may hold it: no lock tells who that is."""
        lock = self.locks / f'nova-{HELD}'
        lock.touch()
        with lock.open() as file:
            child = os.fork()
            if not child:
                fcntl.lockf(file, fcntl.LOCK_SH)
                time.sleep(LONG)
                os._exit(0)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        with lock.open() as file:
            while record_lock.holder(file.fileno()) is None:
                time.sleep(0.001)
        told = f"holds Nova's lock nova-{HELD} .process {child}."
        with self.assertRaisesRegex(ImageBusy, f'somebody {told}'):
            self.hold()
