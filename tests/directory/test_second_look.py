"""A second look says what a full one says, whatever was done meanwhile.

The full one, by a handler that knows nothing of the first, is the judge.
"""

import mmap
import os
import random
import shutil
import subprocess
import time
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.users import facts
from imagecache_handlers.directory.users import known_files
from imagecache_handlers.directory.users import memory
from imagecache_handlers.directory.users import reading
from imagecache_handlers.directory.users import second_look
from imagecache_handlers.directory.users.walk import Walk
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from tests.directory.apart import Apart
from tests.directory.disks import header
from tests.directory.disks import overlay
from tests.directory.disks import resident
from tests.directory.place import NovaPlace
from tests.directory.place import sha1
from tests.directory.used import Used

# Longer than a tick of any clock of files.
TICK = 0.02
ROUNDS = 120
# How often all is mended that keeps a second look from being tried.
MENDED = 0.6
IS_TIMED = mounts.is_timed


class Looking:
    """Of a place with instances."""

    def setUp(self):
        super().setUp()
        self.handler = self.connect()
        self.surveys = 0
        # Whatever kind of file system these folders are on.
        timed = mock.patch.object(mounts, 'is_timed', mounts.is_local)
        self.enterContext(timed)
        overlays = self.handler._overlays
        real = overlays._take_survey

        def take(progress):
            self.surveys += 1
            return real(progress)

        overlays._take_survey = take

    def later(self):
        """Have it be some seconds later, by the clock that counts."""
        now = facts.now_ns() + 10**10
        for room in facts, known_files, reading, second_look:
            self.enterContext(mock.patch.object(room, 'now_ns', lambda: now))

    def again(self):
        return self.told(self.handler._overlays.survey_again())

    def fresh(self):
        return self.told(self.connect()._overlays.survey())

    def told(self, survey):
        users = {file: frozenset(who) for file, who in survey.users.items()}
        named = {name: frozenset(who) for name, who in survey.named.items()}
        return (
            users,
            named,
            dict(survey.met),
            survey.folders,
            sorted(survey.problems),
            survey.sees,
        )

    def assert_alike(self, what=''):
        self.assertEqual(self.fresh(), self.again(), what)

    def looked(self, act, surveys):
        """Hold the looks before and after, and how many were full ones."""
        self.handler._overlays.survey()
        self.assert_alike()
        time.sleep(TICK)
        self.surveys = 0
        act()
        self.assert_alike()
        self.assertEqual(surveys, self.surveys)

    def disk(self, user, name='disk'):
        return self.instances / user / name


class Acts(Looking):
    """Whatever may be done between two looks."""

    images = ('a', 'b', 'c')

    def setUp(self):
        super().setUp()
        self.chance = random.Random(self.id())  # noqa: S311 -- to be repeated
        self.number = 0
        self.elsewhere = self.root / 'elsewhere'
        self.elsewhere.mkdir()

    def put(self, name):
        if not self.place_of(name).exists():
            self.put_image(name)

    def some_disk(self):
        disks = sorted(
            one
            for one in self.instances.glob('vm-*/*')
            if one.is_file() and not one.is_symlink()
        )
        return self.chance.choice(disks) if disks else None

    def some_image(self):
        return self.place_of(self.chance.choice(self.images))

    def act_new_machine(self):
        self.number += 1
        overlay(self.disk(f'vm-{self.number}'), self.some_image())

    def act_machine_gone(self):
        if disk := self.some_disk():
            shutil.rmtree(disk.parent)

    def act_machine_renamed(self):
        if disk := self.some_disk():
            self.number += 1
            disk.parent.rename(self.instances / f'vm-{self.number}')

    def act_laid_elsewhere(self):
        """Keep the size and the time of the last change."""
        if disk := self.some_disk():
            found = disk.stat()
            with disk.open('r+b') as file:
                file.write(header(str(self.some_image())))
            os.utime(disk, ns=(found.st_atime_ns, found.st_mtime_ns))

    def act_replaced(self):
        if disk := self.some_disk():
            overlay(disk.with_name('new'), self.some_image())
            disk.with_name('new').rename(disk)

    def act_written(self):
        if disk := self.some_disk():
            with disk.open('ab') as file:
                file.write(bytes(100))

    def act_link(self):
        if disk := self.some_disk():
            link = disk.with_name(f'link-{self.chance.randrange(2)}')
            link.unlink(missing_ok=True)
            link.symlink_to(self.some_image())

    def act_by_a_link_outside(self):
        link = self.elsewhere / 'link'
        link.unlink(missing_ok=True)
        link.symlink_to(self.some_image())
        overlay(self.disk('vm-0'), link)

    def act_link_outside_turned(self):
        link = self.elsewhere / 'link'
        link.unlink(missing_ok=True)
        link.symlink_to(self.some_image())

    def act_console(self):
        if disk := self.some_disk():
            with disk.with_name('console.log').open('ab') as file:
                file.write(b'Linux version ' * 10)

    def act_words(self):
        if disk := self.some_disk():
            form = self.chance.choice(['raw', 'qcow2'])
            told = f'{{"{disk}": "{form}"}}'
            disk.with_name('disk.info').write_text(told)

    def act_image_touched(self):
        image = self.some_image()
        if image.exists():
            os.utime(image)

    def act_image_gone(self):
        self.some_image().unlink(missing_ok=True)

    def act_image_back(self):
        self.put(self.chance.choice(self.images))

    def act_image_on_image(self):
        one, other = self.chance.sample(self.images, 2)
        if self.place_of(one).exists():
            self.place_of(one).write_bytes(header(str(self.place_of(other))))

    def act_labelled(self):
        label = f'site.l{self.chance.randrange(3)}'
        kind = self.chance.choice([label, 'claim.me.20990101t000000z'])
        for image in self.connect().enumerate(self.path):
            if image.users is not None:
                self.connect().mark(image, {kind})
                return

    def act_label_lost(self):
        for one in sorted(self.folder.glob('.*.imagecache')):
            one.unlink()
            return

    def act_lock(self):
        lock = self.instances / 'locks' / f'nova-{self.chance.randrange(4)}'
        lock.write_bytes(bytes(self.chance.choice([0, 0, 0, 100])))

    def act_lock_gone(self):
        for lock in (self.instances / 'locks').iterdir():
            lock.unlink()

    def act_ours_names_one(self):
        kinds = 'stage', 'new'
        entry = f'.x.y.imagecache-{self.chance.choice(kinds)}'
        path = self.folder / entry
        named = self.chance.choice([str(self.some_image()), ''])
        path.write_bytes(header(named))

    def act_ours_gone(self):
        for path in self.folder.glob('.x.y.*'):
            path.unlink()

    def act_second_name(self):
        image, link = self.some_image(), self.elsewhere / 'image'
        link.unlink(missing_ok=True)
        if image.exists():
            os.link(image, link)

    def act_foreign(self):
        foreign = self.folder / 'foreign'
        overlay(foreign, self.some_image())

    def act_foreign_gone(self):
        (self.folder / 'foreign').unlink(missing_ok=True)

    def act_ours_replaced(self):
        new = self.elsewhere / 'new'
        new.write_bytes(
            header(self.chance.choice([str(self.some_image()), '']))
        )
        new.rename(self.folder / '.x.y.imagecache-new')

    def act_nothing(self):
        pass

    def mend(self):
        """Have nothing there of which nobody could tell."""
        for machine in self.instances.glob('vm-*'):
            shutil.rmtree(machine)
        for lock in (self.instances / 'locks').iterdir():
            lock.unlink()
        for entry in self.folder.iterdir():
            if not entry.name.endswith('.imagecache-sweeper'):
                entry.unlink()
        for name in self.images:
            self.put_image(name)

    def try_acts(self):
        for name in self.images:
            self.put(name)
        overlay(self.disk('vm-0'), self.some_image())
        acts = [one for one in dir(self) if one.startswith('act_')]
        for number in range(ROUNDS):
            done = self.chance.choices(acts, k=self.chance.choice([1, 1, 2]))
            for act in done:
                getattr(self, act)()
            time.sleep(TICK)
            self.assert_alike(f'{number}: {done}')
            if self.fresh()[4] and self.chance.random() < MENDED:
                self.mend()
                self.assert_alike(f'{number}: mended')
        self.assertLess(self.surveys, ROUNDS)

    def test_what_was_changed_just_now(self):
        self.try_acts()

    def test_what_is_believed_by_its_times(self):
        self.later()
        self.try_acts()


class TestActsInNova(Acts, NovaPlace):
    def place_of(self, name):
        return self.folder / sha1(name)

    def put_image(self, name):
        self.place_of(name).write_bytes(b'an image')


class TestActs(Acts, Used):
    def place_of(self, name):
        return self.folder / name

    def put_image(self, name):
        sidecar = self.folder / f'.{name}.imagecache'
        sidecar.unlink(missing_ok=True)
        self.add(name)


class TestSpared(Looking, Used):
    """What needs no full look, and of what nothing else is opened."""

    def setUp(self):
        super().setUp()
        overlay(self.disk('vm-1'), self.file())
        self.later()

    def read(self):
        """Give the files that the next look reads."""
        read = []
        real = known_files.known_formats.read_header

        def reading_header(fd, size):
            read.append(os.readlink(f'/proc/self/fd/{fd}'))
            return real(fd, size)

        formats = known_files.known_formats
        with mock.patch.object(formats, 'read_header', reading_header):
            self.again()
        return read

    def test_where_nothing_has_changed(self):
        self.looked(lambda: None, 0)
        self.assertEqual([], self.read())

    def test_an_image_that_is_evicted(self):
        [image] = self.listed(self.other)
        self.looked(lambda: self.connect().evict(image), 0)

    def test_a_claim(self):
        [image] = self.listed(self.other)
        claim = {'claim.me.20990101t000000z'}
        self.looked(lambda: self.connect().mark(image, claim), 0)

    def test_a_pin(self):
        [image] = self.listed(self.other)
        self.looked(lambda: self.connect().mark(image, {'pin.ops'}), 0)

    def test_a_disk_that_is_written(self):
        def write():
            with self.disk('vm-1').open('ab') as file:
                file.write(bytes(100))

        self.handler._overlays.survey()
        write()
        self.assertEqual([str(self.disk('vm-1'))], self.read())
        self.assertEqual([], self.read())
        self.looked(write, 0)

    def test_a_lock_of_nova(self):
        lock = self.instances / 'locks' / 'nova-x'
        self.looked(lock.touch, 0)


class TestNotSpared(Looking, Used):
    """What a full look is needed for."""

    def setUp(self):
        super().setUp()
        overlay(self.disk('vm-1'), self.file())

    def test_a_machine_that_comes(self):
        self.later()
        self.looked(lambda: overlay(self.disk('vm-2'), self.file()), 1)

    def test_a_file_system_that_may_be_late(self):
        with mock.patch.object(mounts, 'is_timed', lambda _: False):
            self.looked(lambda: None, 1)

    def test_an_image_that_loses_its_sidecar(self):
        self.looked(self.sidecar().unlink, 1)

    def test_what_is_ours_is_replaced_by_what_names_a_file(self):
        ours, new = self.folder / '.x.imagecache-new', self.root / 'new'
        ours.write_bytes(b'what is written beside images' * 4)
        new.write_bytes(header(str(self.file(self.other))))
        self.later()
        self.looked(lambda: new.rename(ours), 1)

    def test_a_problem(self):
        overlay(self.disk('vm-2'), 'nbd:x')
        self.handler._overlays.survey()
        self.surveys = 0
        self.assert_alike()
        self.assertEqual(1, self.surveys)

    def test_definitions_of_machines(self):
        words = self.root / 'words'
        words.mkdir()
        handler = DirectoryHandler(
            [self.path],
            instance_paths=[str(self.instances)],
            libvirt_definitions=[str(words)],
        )
        handler._overlays.survey()
        (words / 'one.xml').write_text(
            '<domain type="kvm"><name>one</name><devices><disk type="file">'
            f'<source file="{self.file(self.other)}"/></disk></devices>'
            '</domain>'
        )
        found = self.file(self.other).stat()
        survey = handler._overlays.survey_again()
        self.assertEqual(
            {'one'}, survey.of((found.st_dev, found.st_ino), self.other)
        )


class TestSmall(Looking, Used):
    """Files of less than any header, which say something all the same."""

    def setUp(self):
        super().setUp()
        self.lock = self.instances / 'locks' / 'nova-x'
        self.lock.touch()
        self.later()

    def write_over_the_lock(self):
        with self.lock.open('r+b') as file:
            file.write(header(str(self.file())))

    def test_a_disk_that_is_written_over_an_empty_lock(self):
        """No entry of the folder changes by that, nor its times."""
        self.looked(self.write_over_the_lock, 1)

    def test_an_image_of_a_disk_among_locks_is_kept(self):
        [image] = self.handler.enumerate(self.path, {self.image})
        self.write_over_the_lock()
        with self.assertRaises((ImageBusy, ImageInUse)):
            self.handler.evict(image)
        self.assertTrue(self.file().exists())

    def test_a_short_word_that_is_taken_back(self):
        overlay(self.disk('vm-1'), self.file())
        said = self.disk('vm-1', 'disk.info')
        said.write_text('{"/v/disk": "raw"}')
        [image] = self.handler.enumerate(self.path, {self.image})
        self.assertEqual(frozenset(), image.users)
        said.write_text('{"/v/disk": "qcow2"}')
        with self.assertRaises(ImageInUse):
            self.handler.evict(image)
        self.assertTrue(self.file().exists())


class TestClock(Looking, Used):
    """A file system with times of whole seconds, as ext4 of small inodes."""

    def setUp(self):
        super().setUp()
        self.ahead = 0
        real = time.time_ns
        clock = mock.patch.object(
            memory.time, 'time_ns', lambda: real() + self.ahead
        )
        self.enterContext(clock)
        real_stamp, second = memory.stamp, int(time.time())

        def stamp(found):
            """Have all that is changed meanwhile bear the same second."""
            size, *times = real_stamp(found)
            return size, *(min(one // 10**9, second) for one in times)

        for room in facts, memory:
            self.enterContext(mock.patch.object(room, 'stamp', stamp))

    def lay_elsewhere(self):
        with self.disk('vm-1').open('r+b') as file:
            size = os.fstat(file.fileno()).st_size
            file.write(header(str(self.file())).ljust(size))

    def test_what_was_seen_before_it_was_set_back_is_forgotten(self):
        """By far less than the skew that is borne between hosts."""
        overlay(self.disk('vm-1'), self.file(self.other))
        self.ahead = 3 * 10**9
        self.handler._overlays.survey()
        self.ahead = 0
        self.lay_elsewhere()
        self.assert_alike()

    def test_what_was_read_before_it_was_set_back_is_read_again(self):
        overlay(self.disk('vm-1'), self.file(self.other))
        self.ahead = 3 * 10**9
        self.handler._overlays.survey()
        self.ahead = 0
        self.lay_elsewhere()
        self.assertEqual(
            self.fresh(), self.told(self.handler._overlays.survey())
        )

    def test_what_was_read_before_it_was_set_meanwhile(self):
        overlay(self.disk('vm-1'), self.file(self.other))
        self.ahead = 3 * 10**9
        self.handler._overlays.survey()
        real = Walk.look

        def look(walk):
            self.ahead = 0
            self.lay_elsewhere()
            real(walk)

        with mock.patch.object(Walk, 'look', look):
            told = self.told(self.handler._overlays.survey())
        self.assertEqual(self.fresh(), told)

    def test_after_it_was_set_all_is_remembered_anew(self):
        self.handler._overlays.survey()
        self.ahead = 10**10
        self.handler._overlays.survey()
        reading_none = AssertionError('it reads again')
        formats = reading.known_formats
        with mock.patch.object(
            formats, 'read_header', side_effect=reading_none
        ):
            survey = self.handler._overlays.survey()
        self.assertEqual((), survey.problems)

    def test_a_clock_that_runs_has_nothing_forgotten(self):
        self.ahead = 3 * 10**9
        self.handler._overlays.survey()
        self.ahead += 10**7
        self.surveys = 0
        self.again()
        self.assertEqual(0, self.surveys)


class TestInMemory(Apart, Looking, Used):
    """A tmpfs, on which most writes through a mapping move no time."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(mounts, 'is_timed', IS_TIMED))

    def test_what_is_written_through_a_mapping_is_seen(self):
        self.where_it_mounts(self.write_mapped)

    def write_mapped(self):
        command = ['mount', '-t', 'tmpfs', 'tmpfs', str(self.instances)]
        subprocess.run(command, check=True)  # noqa: S603
        new = header(str(self.file(self.other)))
        overlay(self.disk('vm-1'), self.file())
        self.later()
        with self.disk('vm-1').open('r+b') as file:
            with mmap.mmap(file.fileno(), 0) as mapped:
                # Only the first write to a page moves a time.
                mapped[:1] = mapped[:1]
                self.again()
                before = os.fstat(file.fileno()).st_mtime_ns
                mapped[: len(new)] = new
            self.assertEqual(before, os.fstat(file.fileno()).st_mtime_ns)
        self.assert_alike()
        told = self.told(self.handler._overlays.survey())
        self.assertEqual(self.fresh(), told)


class TestTicks(Looking, Used):
    """A change within the tick of the clock in which the look was made."""

    def setUp(self):
        super().setUp()
        overlay(self.disk('vm-1'), self.file())
        # As if no time of any file or folder told of a change.
        self.enterContext(
            mock.patch.object(second_look, 'is_same_state', lambda *_: True)
        )
        self.enterContext(
            mock.patch.object(known_files, 'is_same_state', lambda *_: True)
        )

    def test_a_disk_that_was_laid_elsewhere(self):
        self.again()
        overlay(self.disk('vm-1'), self.file(self.other))
        self.assert_alike()

    def test_a_disk_that_came(self):
        self.again()
        overlay(self.disk('vm-2'), self.file(self.other))
        self.assert_alike()

    def test_one_that_came_after_a_second_look(self):
        for _ in range(3):
            self.again()
        resident(self.instances)
        overlay(self.disk('vm-1'), self.file(self.other))
        self.assert_alike()
