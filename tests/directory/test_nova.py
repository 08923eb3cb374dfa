"""Nova's own folder, read and kept as Nova does."""

import datetime
import io
import os
import shutil
import subprocess
import sys
import textwrap
import time
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.evicting import Evictions
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system import flock
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageMeta
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Patterns
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.apart import NOBODY
from tests.directory.disks import overlay
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import sha1

SHA1 = sha1(IMAGE)
HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR

# As fasteners takes it: by a process, whatever its descriptors.
HOLDING = """
import fcntl, sys, time

file = open(sys.argv[1], 'a+')
fcntl.lockf(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
"""
TRYING = """
import fcntl, sys

try:
    fcntl.lockf(open(sys.argv[1], 'a+'), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(1)
"""


class Base(NovaPlace):
    """``_base`` among the instances, with one image of long ago."""

    def setUp(self):
        super().setUp()
        self.now = datetime.datetime.now(datetime.UTC)
        self.put(SHA1)

    def clock(self):
        return self.now

    def put(self, name, age=10 * DAY):
        self.file(name).write_bytes(os.urandom(8192))
        self.touch(name, self.now - age)

    def touch(self, name=SHA1, at=None):
        seconds = (at or self.now).timestamp()
        os.utime(self.file(name), (seconds, seconds))

    def sweep(self, after=HOUR * 0):
        self.now += after
        cache = ImageCache(self.connect(), Rules(), clock=lambda: self.now)
        report = cache.sweep(lambda: Evidence(complete=True, as_of=self.now))
        self.assertEqual({}, dict(report.plan.problems))
        return {
            outcome.verdict.image.location: str(outcome.did)
            for outcome in report.outcomes
        }


class TestNames(Base):
    def test_an_image_is_listed_by_the_sha1_of_its_id(self):
        handler = self.connect()
        self.assertEqual(SHA1, handler.key(IMAGE))
        self.assertEqual(SHA1, handler.key(SHA1))
        [image] = self.listed(SHA1)
        self.assertEqual((SHA1, SHA1), (image.image_id, image.location))
        self.assertEqual([SHA1], self.entries())

    def test_a_resized_copy_is_a_variant(self):
        self.put(f'{SHA1}_20')
        found = {one.location: one for one in self.listed(SHA1)}
        self.assertEqual({SHA1, f'{SHA1}_20'}, set(found))
        variant = found[f'{SHA1}_20']
        self.assertEqual((SHA1, '20'), (variant.image_id, variant.variant))

    def test_a_resized_copy_has_an_age_of_its_own(self):
        self.put(f'{SHA1}_20')
        self.assertEqual({}, self.sweep())
        self.assertEqual({f'{SHA1}_20': 'evicted'}, self.sweep(2 * HOUR))
        self.assertEqual({SHA1: 'evicted'}, self.sweep(DAY))
        self.assertEqual([], self.entries())

    def test_evidence_and_patterns_name_the_image_itself(self):
        users = {IMAGE: frozenset({'vm-1'})}
        evidence = Evidence(users=users, complete=True, as_of=self.now)
        cache = ImageCache(self.connect(), Rules(), clock=lambda: self.now)
        [verdict] = cache.plan(evidence).verdicts
        self.assertEqual('in-use', verdict.reason)
        self.assertEqual(1, len(cache.pin(IMAGE, 'ops')))

    def test_a_wildcard_is_warned_about(self):
        known = Patterns.parse([IMAGE, f'{IMAGE[:8]}*', f'*{IMAGE[9:]}*'])
        rules = Rules(protected=known)
        cache = ImageCache(self.connect(), rules, clock=lambda: self.now)
        plan = cache.plan(Evidence(complete=True, as_of=self.now))
        [verdict] = plan.verdicts
        self.assertEqual('protected', verdict.reason)
        self.assertEqual(2, len(plan.warnings))
        for warning in plan.warnings:
            self.assertIn('cannot be tested', warning)

    def test_listing_writes_nothing(self):
        before = os.stat(self.folder).st_mtime_ns, self.entries()
        self.listed()
        self.connect().stores()
        list(self.connect().debris(self.path))
        cache = ImageCache(self.connect(), Rules())
        cache.plan(Evidence(as_of=self.now))
        after = os.stat(self.folder).st_mtime_ns, self.entries()
        self.assertEqual(before, after)
        self.assertEqual([], os.listdir(self.locks))

    def test_nova_does_not_take_our_files_for_images(self):
        [image] = self.listed()
        self.connect().mark(image, {'site.a'})
        ours = set(self.entries()) - {SHA1}
        self.assertEqual({f'.{SHA1}.imagecache'}, ours)
        for name in ours:
            # What Nova looks for: forty characters, or an underscore then.
            self.assertNotEqual(40, len(name))
            self.assertNotEqual('_', name[40])

    def test_what_lies_beside_images_is_a_disk_like_others(self):
        [image] = self.listed()
        self.assertEqual(frozenset(), image.users)
        overlay(self.file('copy'), self.file(SHA1))
        [image] = self.listed()
        self.assertEqual({'copy'}, image.users)
        self.file('copy').unlink()
        overlay(self.instances / 'vm-1' / 'disk', self.file(SHA1))
        [image] = self.listed()
        self.assertEqual({'vm-1'}, image.users)


class TestTouching(Base):
    def unused(self, *labels):
        [image] = self.listed()
        self.connect().mark(image, {'unused.20260101t000000z', *labels})
        self.touch(at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
        return self.listed()[0]

    def test_a_touch_restarts_the_age(self):
        self.sweep()
        self.now += 2 * DAY
        self.touch(at=self.now - HOUR)
        self.assertEqual({}, self.sweep())
        [image] = self.listed()
        since = image.marks.unused_since
        self.assertLess(abs(since - (self.now - HOUR)), HOUR / 60)
        self.assertEqual({}, self.sweep(22 * HOUR))
        self.assertEqual({SHA1: 'evicted'}, self.sweep(2 * HOUR))

    def test_a_touch_keeps_every_other_label(self):
        image = self.unused('pin.ops', 'site.a')
        self.touch()
        [touched] = self.listed()
        self.assertEqual(image.cached_at, touched.cached_at)
        self.assertEqual(
            {'pin.ops', 'site.a'},
            touched.marks.labels - touched.marks.labels_of('unused'),
        )

    def test_a_label_can_be_written_by_who_has_not_seen_the_touch(self):
        image = self.unused()
        self.touch()
        self.connect().mark(image, {'site.a'}, image.marks.labels_of('unused'))
        [seen] = self.listed()
        self.assertIn('site.a', seen.marks.labels)
        self.connect().mark(seen, (), seen.marks.labels_of('unused'))
        self.assertEqual({'site.a'}, self.labels(SHA1))

    def test_what_was_touched_since_the_look_is_not_evicted(self):
        image = self.unused()
        self.touch()
        with self.assertRaises(ImageBusy):
            self.connect().evict(image)
        self.assertTrue(self.file(SHA1).exists())

    def test_no_look_from_before_a_touch_counts(self):
        [image] = self.listed()
        self.assertEqual(set(), image.marks.labels)
        for seconds in 0, 24 * 3600, -12.5:
            touched = self.now + datetime.timedelta(seconds=seconds)
            handler = self.connect()
            handler.enumerate(self.path)
            self.touch(at=touched)
            overlay(self.instances / 'vm-1' / 'disk', self.file(SHA1))
            with self.assertRaises(ImageInUse):
                handler.evict(image)
            shutil.rmtree(self.instances / 'vm-1')
        self.assertEqual(image.size, self.connect().evict(image))

    def test_a_touch_from_the_future_tells_no_time(self):
        image = self.unused()
        self.touch(at=self.now + DAY)
        self.assertEqual([image], self.listed())
        self.touch(at=self.now + datetime.timedelta(minutes=1))
        [touched] = self.listed()
        self.assertLess(self.now, touched.marks.unused_since)

    def test_a_touched_image_in_use_again_is_a_hit(self):
        self.sweep()
        self.now += DAY / 2
        self.touch()
        overlay(self.instances / 'vm-1' / 'disk', self.file(SHA1))
        self.sweep(HOUR)
        self.assertEqual({'hits.1'}, self.labels(SHA1))

    def test_a_time_that_no_calendar_has(self):
        for seconds in 2**33, -(2**33):
            os.utime(self.file(SHA1), (seconds, seconds))
            self.assertEqual(1, len(self.listed()))
            with mock.patch.object(birth_time, 'read', lambda *_: None):
                self.assertEqual(1, len(self.listed()))

    def test_an_image_fetched_again_has_no_labels(self):
        image = self.unused('pin.ops')
        size = self.file(SHA1).stat().st_size
        self.file(SHA1).unlink()
        self.file(SHA1).write_bytes(os.urandom(size))
        self.assertEqual(set(), self.labels(SHA1))
        for labels in {'site.b'}, set():
            with self.assertRaises(ImageNotFound):
                self.connect().mark(image, labels)
        with self.assertRaises(ImageBusy):
            self.connect().evict(image)

    def test_where_nobody_knows_births_labels_rather_stay(self):
        with mock.patch.object(birth_time, 'read', lambda *_: None):
            self.unused('pin.ops')
            self.touch()
            self.assertIn('pin.ops', self.labels(SHA1))
            [image] = self.listed()
            self.assertEqual(image.size, self.connect().evict(image))

    def test_a_birth_is_that_of_the_file(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        born = birth_time.read(fd, SHA1)
        self.touch()
        self.assertEqual(born, birth_time.read(fd, SHA1))
        self.assertIsNone(birth_time.read(fd, 'missing'))
        (self.folder / 'link').symlink_to(self.root)
        for name in SHA1, 'link':
            self.assertEqual(self.told(name), (birth_time.read(fd, name) or 0))

    def told(self, name):
        """Give the birth of an entry as another tool knows it; or 0."""
        command = ['stat', '--format=%.9W', str(self.file(name))]
        done = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True
        )
        return int(done.stdout.replace('.', ''))


class TestShapes(Base):
    def test_what_became_something_else_is_left_alone(self):
        [image] = self.listed()
        self.connect().mark(image, {'site.a'})
        [image] = self.listed()
        outside = self.root / 'outside'
        self.file(SHA1).rename(outside)
        content = outside.read_bytes()
        for make in (
            lambda path: path.symlink_to(outside),
            lambda path: path.symlink_to('missing'),
            os.mkdir,
            os.mkfifo,
        ):
            make(self.file(SHA1))
            before = os.lstat(self.file(SHA1)).st_ino
            self.assertEqual([], self.listed())
            self.assertEqual(0, self.connect().evict(image))
            with self.assertRaises(ImageNotFound):
                self.connect().mark(image, {'site.b'})
            self.assertEqual(before, os.lstat(self.file(SHA1)).st_ino)
            self.file(SHA1).rename(self.root / f'was-{before}')
        self.assertEqual(content, outside.read_bytes())


class TestSidecars(Base):
    def test_one_that_cannot_be_understood_makes_it_unknown(self):
        [image] = self.listed()
        for content in b'', b'{"version": 2}', b'\xff':
            self.sidecar(SHA1).write_bytes(content)
            [seen] = self.listed()
            self.assertIn('cannot be understood', seen.unknown)
            with self.assertRaises(ImageBusy):
                self.connect().evict(image)
            with self.assertRaises(StoreUnavailable):
                self.connect().mark(image, {'site.a'})
            self.assertEqual(content, self.sidecar(SHA1).read_bytes())

    def test_one_of_another_image_makes_it_unknown(self):
        self.write_sidecar(SHA1, image_id='other')
        [seen] = self.listed()
        self.assertIn('is that of other', seen.unknown)

    def test_without_labels_there_is_none(self):
        [image] = self.listed()
        self.connect().mark(image, (), {'site.a'})
        self.assertEqual([SHA1], self.entries())
        self.assertEqual(image.size, self.connect().evict(image))
        self.assertEqual([], self.entries())


class TestAdding(Base):
    def add(self, image_id=IMAGE, disk_format='raw'):
        meta = ImageMeta(image_id=image_id, size=5, disk_format=disk_format)
        content = io.BytesIO(b'image')
        return self.connect().add(meta, content, self.path, ['site.a'])

    def test_it_lies_where_nova_looks_for_it(self):
        self.file(SHA1).unlink()
        image = self.add()
        self.assertEqual(SHA1, image.location)
        self.assertEqual(b'image', self.file(SHA1).read_bytes())
        self.touch()
        self.assertEqual({'site.a'}, self.labels(SHA1))

    def test_only_what_nova_keeps_there(self):
        with self.assertRaises(Unsupported) as caught:
            self.add('other', 'qcow2')
        self.assertIn('raw', str(caught.exception))
        self.assertEqual([SHA1], self.entries())

    def test_it_belongs_to_whom_the_folder_does(self):
        for folder in self.folder, self.locks:
            os.chown(folder, NOBODY, NOBODY)
        self.add('other')
        lock = self.locks / f'nova-{sha1("other")}'
        for made in self.file(sha1('other')), self.sidecar(sha1('other')):
            self.assertEqual(NOBODY, made.stat().st_uid)
            self.assertEqual(NOBODY, made.stat().st_gid)
        self.assertEqual(NOBODY, lock.stat().st_uid)


class TestLocks(Base):
    def start(self, program, name):
        command = [sys.executable, '-c', textwrap.dedent(program)]
        process = subprocess.Popen(  # noqa: S603 -- our own programs
            [*command, str(self.locks / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.enterContext(process)
        self.addCleanup(process.kill)
        return process

    def held(self, name):
        holder = self.start(HOLDING, name)
        self.assertEqual('held\n', holder.stdout.readline())
        return holder

    def test_what_nova_works_on_is_busy(self):
        [image] = self.listed()
        holder = self.held(f'nova-{SHA1}')
        started = time.monotonic()
        with self.assertRaises(ImageBusy) as caught:
            self.connect().evict(image)
        self.assertLess(time.monotonic() - started, flock.PATIENCE / 2)
        self.assertIn(f'nova-{SHA1}', str(caught.exception))
        holder.communicate(timeout=60)
        self.assertEqual(image.size, self.connect().evict(image))

    def test_its_locks_lie_beside_its_folder_whatever_is_told(self):
        handler = DirectoryHandler([self.path], layout='nova')
        [image] = handler.enumerate(self.path)
        holder = self.held(f'nova-{SHA1}')
        with self.assertRaises(ImageBusy):
            handler.evict(image)
        holder.communicate(timeout=60)
        self.assertEqual(image.size, handler.evict(image))

    def test_a_resized_copy_has_the_lock_of_its_original_too(self):
        self.put(f'{SHA1}_20')
        [variant] = [one for one in self.listed() if one.variant]
        for name in f'nova-{SHA1}', f'nova-{SHA1}_20':
            holder = self.held(name)
            with self.assertRaises(ImageBusy):
                self.connect().evict(variant)
            holder.communicate(timeout=60)
        self.assertEqual(variant.size, self.connect().evict(variant))

    def test_nova_waits_while_we_remove_one(self):
        [image] = self.listed()
        codes = []

        def look(*_):
            trying = self.start(TRYING, f'nova-{SHA1}')
            codes.append(trying.wait(timeout=60))
            return real(*_)

        handler = self.connect()
        real = Evictions._refuse_used
        with mock.patch.object(Evictions, '_refuse_used', look):
            handler.evict(image)
        self.assertEqual([1], codes)
        trying = self.start(TRYING, f'nova-{SHA1}')
        self.assertEqual(0, trying.wait(timeout=60))

    def test_a_lock_that_nova_removed_meanwhile_is_taken_again(self):
        [image] = self.listed()
        lock = self.locks / f'nova-{SHA1}'
        real, removals = os.open, [lock.unlink]

        def remove(path, *arguments, **options):
            fd = real(path, *arguments, **options)
            if path == lock.name and removals:
                removals.pop()()
            return fd

        with mock.patch.object(os, 'open', remove):
            self.assertEqual(image.size, self.connect().evict(image))
        self.assertEqual([lock.name], os.listdir(self.locks))

    def test_one_that_we_made_belongs_to_whom_the_others_do(self):
        [image] = self.listed()
        os.chown(self.locks, 4242, 4243) if not os.geteuid() else None
        self.connect().evict(image)
        found = (self.locks / f'nova-{SHA1}').stat()
        owner = self.locks.stat()
        self.assertEqual(
            (owner.st_uid, owner.st_gid), (found.st_uid, found.st_gid)
        )

    def test_threads_hold_them_against_each_other_too(self):
        [image] = self.listed()
        handler = self.connect()
        real = Evictions._refuse_used

        def look(*arguments):
            held = self.connect()._layout.held(self.path, SHA1)
            with self.assertRaises(ImageBusy), held:
                self.fail('two hold it')
            return real(*arguments)

        with mock.patch.object(Evictions, '_refuse_used', look):
            self.assertEqual(image.size, handler.evict(image))

    def test_without_such_a_folder_none_is_made(self):
        self.locks.rmdir()
        [image] = self.listed()
        self.assertEqual(image.size, self.connect().evict(image))
        self.assertFalse(self.locks.exists())

    def test_marks_and_lists_take_none(self):
        self.held(f'nova-{SHA1}')
        [image] = self.listed()
        self.connect().mark(image, {'site.a'})
        self.assertEqual({'site.a'}, self.labels(SHA1))
