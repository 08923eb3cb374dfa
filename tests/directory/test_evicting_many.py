"""Images that go together: each is judged by itself, and told in truth."""

import contextlib
import errno
import os
import resource
import threading
import time
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import evicting
from imagecache_handlers.directory import folder
from imagecache_handlers.directory import holders
from imagecache_handlers.directory import labelling
from imagecache_handlers.directory import notes
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import record_lock
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from tests.directory.disks import overlay
from tests.directory.place import NovaPlace
from tests.directory.place import sha1
from tests.directory.place import THEN
from tests.directory.used import Used

LONG = 30
# For which a look counts, where that is tried.
BRIEF = 0.2


def in_time():
    return True


class Together:
    """Of a place with instances, and a handler that counts its looks."""

    def setUp(self):
        super().setUp()
        self.handler = self.connect()
        self.images = self.idle()

    def idle(self):
        """Give images that nobody uses, by their names."""
        return sorted(
            self.handler.enumerate(self.path), key=lambda one: one.location
        )

    def evict(self, images=None, alive=in_time):
        images = self.images if images is None else images
        return list(self.handler.evict_many(images, alive))

    def left(self):
        return [one for one in self.images if self.is_there(one)]

    def is_there(self, image):
        return (self.folder / image.location).exists()

    def path_of(self, number, ending):
        return self.folder / f'.{self.images[number].location}{ending}'

    def at_last(self, number, act):
        """Have something done just before the turn of an image ends."""
        real, wanted = holders.look_at_file, self.images[number].location

        def look(fd, file):
            found = real(fd, file)
            if file.name == wanted:
                act(fd, file)
            return found

        return mock.patch.object(holders, 'look_at_file', look)


class Plain(Together, Used):
    names = ('one', 'three', 'two')

    def disk(self, user):
        return self.instances / user / 'disk'

    def idle(self):
        for name in self.names:
            self.add(name, labels=['site.a'])
        images = super().idle()
        return [image for image in images if image.location in self.names]


class TestResults(Plain):
    def test_all_go_and_each_tells_what_it_freed(self):
        self.assertEqual([one.size for one in self.images], self.evict())
        self.assertEqual([], self.left())
        self.assertEqual(
            [], [one for one in self.entries() if one.startswith('.one')]
        )

    def test_each_has_a_verdict_of_its_own(self):
        self.file('one').unlink()
        overlay(self.disk('vm-1'), self.file('three'))
        [gone, used, idle] = self.evict()
        self.assertEqual((0, self.images[2].size), (gone, idle))
        self.assertIsInstance(used, ImageInUse)
        self.assertEqual({'vm-1'}, used.users)
        self.assertEqual([self.images[1]], self.left())

    def test_one_that_lost_a_label_or_was_added_again_stays(self):
        self.connect().mark(self.images[0], (), {'site.a'})
        self.file('three').unlink()
        self.sidecar('three').unlink()
        with mock.patch.object(self, 'clock', None):
            handler = DirectoryHandler([self.path])
            again = mock.patch.object(self, 'connect', lambda: handler)
            with again:
                self.add('three', labels=['site.a'])
        results = self.evict()
        self.assertIsInstance(results[0], ImageBusy)
        self.assertIsInstance(results[1], ImageBusy)
        self.assertIn('it has lost a label', str(results[0]))
        self.assertIn('it was added again', str(results[1]))
        self.assertEqual(self.images[2].size, results[2])

    def test_a_name_that_is_not_the_image_s_own_is_none(self):
        other = self.images[1].location
        with contextlib.ExitStack() as stack:
            named = mock.patch.object(
                type(self.handler._layout),
                'read_name',
                lambda _, name: (name, 'x') if name == other else (name, ''),
            )
            stack.enter_context(named)
            self.assertEqual(0, self.evict()[1])
        self.assertEqual([self.images[1]], self.left())

    def test_of_the_same_image_twice_the_second_is_gone(self):
        image = self.images[0]
        self.assertEqual([image.size, 0], self.evict([image, image]))

    def test_none_of_none(self):
        self.assertEqual([], self.evict([]))

    def test_more_than_fit_together(self):
        with mock.patch.object(evicting, '_MOST', 2):
            self.assertEqual([one.size for one in self.images], self.evict())

    def test_they_are_told_while_the_others_are_still_there(self):
        with mock.patch.object(evicting, '_MOST', 1):
            results = iter(self.handler.evict_many(self.images, in_time))
            next(results)
            self.assertEqual(self.images[1:], self.left())
            results.close()
        self.assertEqual(self.images[1:], self.left())


class TestTime(Plain):
    def test_nothing_begins_once_it_is_over(self):
        self.assertEqual(
            [ImageBusy] * 3, [*map(type, self.evict(alive=lambda: False))]
        )
        self.assertEqual(self.images, self.left())

    def test_it_is_asked_before_each_and_ends_the_others(self):
        asked = []

        def alive():
            asked.append(len(self.left()))
            return len(self.left()) > 2

        results = self.evict(alive=alive)
        self.assertEqual(self.images[0].size, results[0])
        self.assertEqual([ImageBusy] * 2, [*map(type, results[1:])])
        self.assertEqual(self.images[1:], self.left())
        self.assertEqual([3, 3, 2, 2], asked)

    def test_the_others_have_another_look_if_one_took_long(self):
        looks = []
        overlays = self.handler._overlays
        real = overlays.survey_again

        def look():
            looks.append(len(self.left()))
            return real()

        def unlink(fd, file):
            time.sleep(2 * BRIEF)
            real_unlink(fd, file)

        real_unlink = folder.unlink_image
        with (
            mock.patch.object(evicting, '_FRESH', BRIEF),
            mock.patch.object(folder, 'unlink_image', unlink),
            mock.patch.object(overlays, 'survey_again', look),
        ):
            self.assertEqual([one.size for one in self.images], self.evict())
        self.assertEqual([3, 2, 1], looks)

    def stop_after_look(self, times, act):
        """Have the process stopped before the first turn, some times."""
        real, looks = holders.look_at_file, []

        def look(fd, file):
            found = real(fd, file)
            looks.append(file.name)
            if len(looks) <= times:
                act()
                time.sleep(2 * BRIEF)
            return found

        self.enterContext(mock.patch.object(evicting, '_FRESH', BRIEF))
        self.enterContext(mock.patch.object(holders, 'look_at_file', look))

    def test_a_look_that_got_old_counts_for_none(self):
        image = self.file(self.images[0].location)
        # As a machine that comes from elsewhere, with no lock of Nova's.
        self.stop_after_look(1, lambda: overlay(self.disk('vm-1'), image))
        [used, *others] = self.evict()
        self.assertIsInstance(used, ImageInUse)
        self.assertEqual([one.size for one in self.images[1:]], others)
        self.assertEqual([self.images[0]], self.left())

    def test_where_each_look_gets_old_at_once_it_is_kept(self):
        self.stop_after_look(LONG, lambda: None)
        results = self.evict()
        self.assertEqual([ImageBusy] * 3, [*map(type, results)])
        self.assertIn('got too old', str(results[0]))
        self.assertEqual(self.images, self.left())

    def test_one_look_is_enough_for_all(self):
        overlays = self.handler._overlays
        real, looks = overlays.survey_again, []
        with mock.patch.object(
            overlays, 'survey_again', lambda: looks.append(1) or real()
        ):
            self.evict()
        self.assertEqual([1], looks)


class TestTurns(Plain):
    """What comes between the look and the turn of an image."""

    def stays(self, number, *said):
        results = self.evict_at_last(number, self.act)
        self.assertIsInstance(results[number], (ImageBusy, ImageInUse))
        for text in said:
            self.assertIn(text, str(results[number]))
        self.assertEqual([self.images[number]], self.left())

    def evict_at_last(self, number, act):
        with self.at_last(number, act):
            return self.evict()

    def write(self, fd, name, labels):
        written = sidecar.read(fd, name)
        sidecar.write(fd, name, written._replace(labels=frozenset(labels)))

    def test_a_pin(self):
        self.act = lambda fd, file: self.write(
            fd, file.name, {'site.a', 'pin.ops'}
        )
        self.stays(1, 'held or pinned meanwhile')

    def test_a_label_that_goes(self):
        self.act = lambda fd, file: self.write(fd, file.name, {'site.b'})
        self.stays(1, 'it has lost a label')

    def test_who_has_it_open(self):
        real = holders.look_at_file

        def look(fd, file):
            if file.name == 'two':
                self.lock = os.open(self.file('two'), os.O_RDWR)
                self.addCleanup(os.close, self.lock)
                record_lock.take(self.lock)
            return real(fd, file)

        with mock.patch.object(holders, 'look_at_file', look):
            results = self.evict()
        self.assertIsInstance(results[2], ImageInUse)
        self.assertEqual([self.images[2]], self.left())

    def test_the_look_is_made_with_all_locks_held(self):
        overlays = self.handler._overlays
        real, held = overlays.survey_again, []

        def look():
            fd = os.open(self.folder, os.O_RDONLY)
            held.extend(
                flock.is_held(fd, self.path_of(n, sidecar.LOCK).name)
                for n in range(3)
            )
            os.close(fd)
            return real()

        with mock.patch.object(overlays, 'survey_again', look):
            self.evict()
        self.assertEqual([True] * 3, held)


class TestLocks(Plain):
    def hold(self, number):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        name = self.images[number].location
        return flock.held(fd, sidecar.path(name, sidecar.LOCK))

    def test_who_waits_for_one_holds_no_other(self):
        with self.hold(1):
            results = []
            work = threading.Thread(
                target=lambda: results.extend(self.evict())
            )
            work.start()
            late = time.monotonic() + LONG
            while self.is_there(self.images[0]) and time.monotonic() < late:
                time.sleep(0.01)
            self.assertEqual(self.images[1:], self.left())
            with self.hold(0), self.hold(2):
                pass
        work.join(LONG)
        self.assertEqual([one.size for one in self.images], results)

    def test_one_that_is_locked_for_long_keeps_no_other(self):
        with self.hold(1), mock.patch.object(flock, 'PATIENCE', 0.1):
            [first, second, third] = self.evict()
        self.assertIsInstance(second, StoreUnavailable)
        self.assertIn('was locked for', str(second))
        self.assertEqual(
            [self.images[0].size, self.images[2].size], [first, third]
        )
        self.assertEqual([self.images[1]], self.left())

    def test_who_waits_in_vain_for_one_waits_for_no_other(self):
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            for number in range(3):
                stack.enter_context(self.hold(number))
            stack.enter_context(mock.patch.object(flock, 'PATIENCE', 0.5))
            results = self.evict()
        self.assertLess(time.monotonic() - began, 1)
        self.assertIsInstance(results[0], StoreUnavailable)
        self.assertEqual([ImageBusy] * 2, [*map(type, results[1:])])
        self.assertEqual(self.images, self.left())

    def test_who_marks_waits_in_vain_for_one_only(self):
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            for number in range(3):
                stack.enter_context(self.hold(number))
            stack.enter_context(mock.patch.object(flock, 'PATIENCE', 0.5))
            results = list(self.handler.mark_many(self.images, {'site.b'}))
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual([StoreUnavailable] * 3, [*map(type, results)])


class TestRoom(Plain):
    """Descriptors and names of which there are few: fewer go together."""

    names = tuple(f'image-{number:02}' for number in range(24))

    def setUp(self):
        super().setUp()
        self.groups = []
        overlays = self.handler._overlays
        real = overlays.survey_again

        def look():
            self.groups.append(len(self.left()))
            return real()

        look_again = mock.patch.object(overlays, 'survey_again', look)
        self.enterContext(look_again)

    def all_go(self):
        self.assertEqual([one.size for one in self.images], self.evict())
        self.assertEqual([], self.left())
        self.assertGreater(len(self.groups), 1)

    def limit(self, more):
        """Have so many descriptors more than are open."""
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        which = resource.RLIMIT_NOFILE
        self.addCleanup(resource.setrlimit, which, limits)
        most = len(os.listdir('/proc/self/fd')) + more
        resource.setrlimit(which, (most, limits[1]))

    def test_a_look_has_its_descriptors(self):
        self.limit(60)
        self.all_go()
        self.assertLess(len(self.groups), 6)

    def test_where_hardly_any_is_left_one_goes_at_a_time(self):
        self.limit(25)
        self.all_go()
        self.assertEqual(len(self.images), len(self.groups))

    def test_what_cannot_be_locked_is_left_to_the_next_group(self):
        for number in errno.EMFILE, errno.ENOSPC:
            with self.subTest(number), self.few_locks(5, number):
                self.all_go()
            self.images = self.idle()
            self.groups.clear()

    @contextlib.contextmanager
    def few_locks(self, most, number):
        """Have so many locks at once, and the rest fail."""
        real, held = flock.held, []

        @contextlib.contextmanager
        def hold(*where, **how):
            if len(held) == most:
                raise OSError(number, os.strerror(number))
            with real(*where, **how) as fd:
                held.append(fd)
                try:
                    yield fd
                finally:
                    held.remove(fd)

        with mock.patch.object(flock, 'held', hold):
            yield


class TestTruth(Plain):
    """What is told where something fails."""

    def steps(self):
        steps = []
        for name in 'fsync', 'unlink':
            real = getattr(os, name)

            def step(what, name=name, real=real, **options):
                if name == 'fsync' or not str(what).endswith('-lock'):
                    shown = '' if name == 'fsync' else f' {what}'
                    steps.append(f'{name}{shown}')
                return real(what, **options)

            self.enterContext(mock.patch.object(os, name, step))
        return steps

    def test_all_are_gone_for_good_before_their_sidecars_go(self):
        self.handler.record_host(self.path)
        steps = self.steps()
        self.evict()
        self.assertEqual(
            [f'unlink {one}' for one in self.names]
            + ['fsync']
            + [f'unlink .{one}.imagecache' for one in self.names],
            steps,
        )

    def test_what_may_come_back_is_uncertain(self):
        failing = mock.patch.object(
            folder.os, 'fsync', side_effect=OSError(5, 'no disk')
        )
        self.handler.record_host(self.path)
        with failing:
            results = self.evict()
        self.assertEqual([Uncertain] * 3, [*map(type, results)])
        for image, result in zip(self.images, results, strict=True):
            self.assertEqual(image.location, result.image_id)
            self.assertTrue(self.sidecar(image.location).exists())

    def test_one_that_cannot_be_removed_is_there_and_told(self):
        real = folder.unlink_image

        def unlink(fd, file):
            if file.name == 'three':
                raise PermissionError(1, 'not permitted')
            real(fd, file)

        with mock.patch.object(folder, 'unlink_image', unlink):
            [first, second, third] = self.evict()
        self.assertIsInstance(second, StoreUnavailable)
        self.assertIn('not permitted', str(second))
        self.assertEqual([self.images[1]], self.left())
        self.assertEqual(
            [self.images[0].size, self.images[2].size], [first, third]
        )

    def test_a_store_that_is_away_has_changed_nothing(self):
        away = self.folder.rename(self.root / 'away')
        with self.assertRaises(StoreUnavailable):
            self.evict()
        away.rename(self.folder)
        self.assertEqual(self.images, self.left())

    def test_where_users_are_not_known_all_stay(self):
        overlay(self.disk('vm-1'), 'nbd:x')
        self.assertEqual([ImageBusy] * 3, [*map(type, self.evict())])
        self.assertEqual(self.images, self.left())


class TestNova(Together, NovaPlace):
    def idle(self):
        for name in 'abc':
            path = self.folder / sha1(name)
            path.write_bytes(b'an image')
            os.utime(path, (0, 0))
        for image in self.handler.enumerate(self.path):
            self.handler.mark(image, {'unused.20200101t000000z'})
        return super().idle()

    def test_one_that_nova_has_locked_stays(self):
        lock = self.locks / f'nova-{self.images[1].location}'
        fd = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        self.addCleanup(os.close, fd)
        record_lock.take(fd)
        results = self.evict()
        self.assertIsInstance(results[1], ImageBusy)
        self.assertIn("Nova's lock", str(results[1]))
        self.assertEqual([self.images[1]], self.left())

    def test_copies_of_one_image_share_its_lock(self):
        for name in f'{sha1("a")}_20', f'{sha1("a")}_1':
            (self.folder / name).write_bytes(b'a copy')
        images = super().idle()
        self.assertEqual([one.size for one in images], self.evict(images))
        for image in images:
            watch = os.open(self.locks / f'nova-{image.location}', os.O_RDWR)
            self.addCleanup(os.close, watch)
            self.assertIsNone(record_lock.holder(watch))

    def test_nova_s_locks_are_held_until_they_are_gone(self):
        held = []

        def act(fd, file):
            watch = os.open(self.locks / f'nova-{file.name}', os.O_RDWR)
            held.append(record_lock.holder(watch) is not None)
            os.close(watch)

        for number in range(3):
            self.enterContext(self.at_last(number, act))
        self.evict()
        self.assertEqual([True] * 3, held)

    def test_one_that_nova_touches_stays(self):
        now = THEN.timestamp()

        def touch(fd, file):
            os.utime(self.folder / file.name, (now, now))

        with self.at_last(1, touch):
            results = self.evict()
        self.assertIn('it has lost a label', str(results[1]))
        self.assertEqual([self.images[1]], self.left())


class TestMarks(Plain):
    """Labels of many, and claims, which wait for no disk."""

    claim = 'claim.me.20990101t000000z'

    def labels_of_all(self):
        return [
            set(one.marks.labels)
            for one in self.connect().enumerate(self.path, set(self.names))
        ]

    def mark(self, add, remove=()):
        return list(self.handler.mark_many(self.images, add, remove))

    def test_each_has_a_result_of_its_own(self):
        self.file('three').unlink()
        [first, second, third] = self.mark({'site.b'}, {'site.a'})
        self.assertIn('gone', str(second))
        self.assertEqual((None, None), (first, third))
        self.assertEqual([{'site.b'}] * 2, self.labels_of_all())

    def test_claims_are_seen_at_once_and_wait_for_no_disk(self):
        self.handler.record_host(self.path)
        waiting = AssertionError('it waits for the disk')
        with mock.patch.object(os, 'fsync', side_effect=waiting):
            self.assertEqual([None] * 3, self.mark({self.claim}))
            self.assertEqual(
                [{'site.a', self.claim}] * 3, self.labels_of_all()
            )
            self.assertEqual([None] * 3, self.mark((), {self.claim}))
        self.assertEqual([{'site.a'}] * 3, self.labels_of_all())
        self.assertEqual([], [one for one in self.entries() if 'claim' in one])

    def test_any_other_label_outlasts_a_loss_of_power(self):
        self.handler.record_host(self.path)
        for label in 'pin.ops', 'hits.1', 'unused.20200101t000000z':
            with mock.patch.object(os, 'fsync') as fsync:
                self.mark({label})
            # The sidecar, and the folder with its name.
            self.assertEqual(2 * len(self.names), fsync.call_count)

    def test_a_claim_touches_no_sidecar(self):
        before = [self.sidecar(one).stat() for one in self.names]
        self.mark({self.claim})
        after = [self.sidecar(one).stat() for one in self.names]
        self.assertEqual(
            [one.st_ino for one in before], [one.st_ino for one in after]
        )

    def test_a_claim_stays_where_other_labels_change(self):
        self.mark({self.claim})
        self.images = [
            one
            for one in self.handler.enumerate(self.path)
            if one.location in self.names
        ]
        self.mark({'pin.ops'}, {'site.a'})
        self.assertEqual([{'pin.ops', self.claim}] * 3, self.labels_of_all())
        self.mark((), {self.claim})
        self.assertEqual([{'pin.ops'}] * 3, self.labels_of_all())

    def test_a_claim_that_is_noted_and_written_is_taken_back(self):
        """It came with another label, and who wrote that died on the way."""
        self.mark({self.claim})
        dying = mock.patch.object(
            labelling, '_drop_notes', side_effect=KeyboardInterrupt
        )
        with dying, self.assertRaises(KeyboardInterrupt):
            self.mark({self.claim, 'site.b'})
        self.mark((), {self.claim})
        self.assertEqual({'site.a', 'site.b'}, self.labels('one'))

    def test_a_claim_leaves_room_for_the_lock_of_who_evicts(self):
        make, made = notes.write_note, []

        def make_one(fd, note):
            """Have room for a single name."""
            if any(self.folder.joinpath(one).exists() for one in made):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            made.append(note.entry)
            return make(fd, note)

        with mock.patch.object(notes, 'write_note', make_one):
            self.assertEqual([None] * 3, self.mark({self.claim}))
        self.assertEqual([], [one for one in self.entries() if 'claim' in one])
        self.assertEqual([{'site.a', self.claim}] * 3, self.labels_of_all())

    def test_a_claim_that_is_there_is_not_written_again(self):
        self.mark({self.claim})
        before = self.entries()
        self.mark({self.claim})
        self.assertEqual(before, self.entries())

    def test_elsewhere_a_claim_is_a_label_as_any(self):
        with mock.patch(
            'imagecache_handlers.directory.system.mounts.is_local',
            lambda _: False,
        ):
            self.mark({self.claim})
        self.assertEqual([], [one for one in self.entries() if 'claim' in one])
        self.assertEqual([{'site.a', self.claim}] * 3, self.labels_of_all())
        self.mark((), {self.claim})
        self.assertEqual([{'site.a'}] * 3, self.labels_of_all())

    def test_evicting_ends_its_claim(self):
        self.mark({self.claim})
        self.images = [
            one
            for one in self.handler.enumerate(self.path)
            if one.location in self.names
        ]
        self.evict()
        self.assertEqual([], [one for one in self.entries() if 'claim' in one])

    def test_none_of_none(self):
        self.assertEqual([], list(self.handler.mark_many([], {'site.b'})))

    def test_who_wants_no_more_has_no_more_labelled(self):
        before = len(os.listdir('/proc/self/fd'))
        results = self.handler.mark_many(self.images, {'site.b'})
        self.assertIsNone(next(results))
        results.close()
        self.assertEqual(before, len(os.listdir('/proc/self/fd')))
        first, *others = self.images
        self.assertIn('site.b', self.again(first).marks.labels)
        for image in others:
            self.assertEqual(image, self.again(image))

    def again(self, image):
        listed = self.connect().enumerate(self.path, {image.image_id})
        [one] = [one for one in listed if one.location == image.location]
        return one
