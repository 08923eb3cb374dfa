"""Files become images where they lie, and none that somebody needs goes."""

import contextlib
import datetime
import fcntl
import os
import struct
import subprocess
import threading
from unittest import mock

from imagecache_handlers import CacheError
from imagecache_handlers.directory import adopting
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import own_disks
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system.bounded import Bounded
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import rename
from imagecache_handlers.directory.system import whole_files
from imagecache_handlers.directory.system import writers
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageExists
from imagecache_handlers import ImageInUse
from imagecache_handlers import Rules
from imagecache_handlers import StoreFull
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.apart import Apart
from tests.directory.apart import NOBODY
from tests.directory.disks import create
from tests.directory.disks import overlay
from tests.directory.disks import QEMU
from tests.directory.disks import qemu
from tests.directory.disks import resident
from tests.directory.place import full
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.place import sha1

NAME = 'debian.qcow2'
SPACED = 'two words.qcow2'
SOON = datetime.timedelta(hours=1)
LATER = datetime.timedelta(days=3)
# A lock of an open file: its type, whence, start, length and process.
LOCK = struct.pack('hhqqi', fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0)


def run(*command):
    subprocess.run(list(map(str, command)), check=True)  # noqa: S603


class Strange(Place):
    """A folder with a file that was not added, and one with instances."""

    def setUp(self):
        super().setUp()
        self.now = datetime.datetime.now(datetime.UTC)
        self.instances = self.root / 'instances'
        self.instances.mkdir()
        resident(self.instances)
        # Not those of whoever runs this.
        usual = mock.patch.object(own_disks, 'USUAL', str(self.root / 'none'))
        self.enterContext(usual)

    def clock(self):
        return self.now

    def connect(self, **options):
        options.setdefault('instance_paths', [str(self.instances)])
        return DirectoryHandler([self.path], clock=self.clock, **options)

    def disk(self, name=NAME):
        file = self.folder / name
        qemu('create', '-q', '-f', 'qcow2', file, '1M')
        return file

    def usual(self, inside):
        """Define a machine where libvirt does if nobody says otherwise."""
        folder = self.root / 'usual'
        folder.mkdir(exist_ok=True)
        (folder / 'web.xml').write_text(
            f'<domain type="kvm"><name>web</name><devices>{inside}</devices>'
            f'</domain>'
        )
        own_disks.USUAL = str(folder)
        return own_disks.USUAL

    def has_disk(self, path, form='qcow2'):
        self.usual(
            f'<disk type="file"><driver name="qemu" type="{form}"/>'
            f'<source file="{path}"/></disk>'
        )

    def adopt(self, name=NAME, image_id=None, **options):
        image_id = name if image_id is None else image_id
        self.connect(**options).adopt(self.path, name, image_id)

    def sweep(self, after, **options):
        """Sweep so much later; give what is left."""
        self.now += after
        nobody = Evidence(complete=True, as_of=self.now)
        cache = ImageCache(self.connect(**options), Rules(), clock=self.clock)
        cache.sweep(lambda: nobody)
        return sorted(one.image_id for one in self.listed())

    def refused(self, kind, words, name=NAME, image_id=None, **options):
        """Check that it is refused, before and when it is done."""
        before = self.entries()
        image_id = name if image_id is None else image_id
        handler = self.connect(**options)
        with self.assertRaisesRegex(kind, words):
            handler.check_adoption(self.path, name, image_id)
        with self.assertRaises(kind):
            handler.adopt(self.path, name, image_id)
        self.assertEqual(before, self.entries())


class TestAdopting(Strange):
    def test_nothing_of_the_file_changes(self):
        file = self.disk()
        file.chmod(0o640)
        before, content = file.stat(), file.read_bytes()
        self.adopt()
        after = file.stat()
        for told in 'st_ino', 'st_mode', 'st_uid', 'st_gid', 'st_mtime_ns':
            self.assertEqual(getattr(before, told), getattr(after, told))
        self.assertEqual(content, file.read_bytes())
        [image] = self.listed()
        self.assertEqual((NAME, self.now), (image.image_id, image.cached_at))
        self.assertEqual([self.sidecar(NAME).name, NAME], self.entries())

    def test_a_check_changes_nothing(self):
        self.disk()
        self.connect().check_adoption(self.path, NAME, NAME)
        self.assertEqual([NAME], self.entries())
        self.assertEqual([], self.listed())

    def test_an_old_file_ages_from_now(self):
        file = self.disk()
        os.utime(file, (0, 0))
        self.adopt()
        self.assertEqual([NAME], self.sweep(SOON))
        self.assertEqual([NAME], self.sweep(SOON))
        self.assertEqual([], self.sweep(LATER))
        self.assertFalse(file.exists())

    def test_a_disk_made_of_it_keeps_it(self):
        file = self.disk()
        (self.instances / 'vm').mkdir()
        create(self.instances / 'vm' / 'disk', file, 'qcow2')
        self.adopt()
        for after in SOON, LATER, LATER:
            self.assertEqual([NAME], self.sweep(after))
        qemu('check', '-q', self.instances / 'vm' / 'disk')

    def test_a_link_keeps_it(self):
        os.link(self.disk(), self.root / 'elsewhere')
        self.adopt()
        for after in SOON, LATER, LATER:
            self.assertEqual([NAME], self.sweep(after))

    def test_a_process_that_reads_it_keeps_it(self):
        with open(self.disk(), 'rb') as file:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, LOCK)
            self.adopt()
            for after in SOON, LATER, LATER:
                self.assertEqual([NAME], self.sweep(after))

    def test_one_that_is_written_to_afterwards_is_nobodys_image(self):
        file = self.disk()
        self.adopt()
        self.sweep(SOON)
        qemu('resize', '-q', file, '2M')
        self.assertEqual([], self.sweep(LATER))
        self.assertTrue(file.exists())

    def test_what_is_no_image_is_listed(self):
        self.add()
        self.disk()
        (self.folder / 'a\nb\udcff').write_text('text')
        (self.folder / 'folder').mkdir()
        (self.folder / 'link').symlink_to(NAME)
        long = 'x' * 255
        (self.folder / long).touch()
        self.assertEqual(long, self.connect().strangers(self.path)[-1].name)
        (self.folder / long).unlink()
        found = self.connect().strangers(self.path)
        self.assertEqual(['a\nb\udcff', NAME], [one.name for one in found])
        self.assertEqual(
            [False, True],
            [
                self.connect().looks_like_disk(self.path, one.name)
                for one in found
            ],
        )
        self.adopt()
        found = self.connect().strangers(self.path)
        self.assertEqual(['a\nb\udcff'], [one.name for one in found])

    def test_what_begins_as_a_disk_or_a_cd_does(self):
        for at, begin in (510, b'\x55\xaa'), (32769, b'CD001'):
            file = self.folder / 'raw'
            file.write_bytes(b'\0' * at + begin)
            self.assertTrue(self.connect().looks_like_disk(self.path, 'raw'))
        for other in 'none', 'folder', 'link':
            (self.folder / 'folder').mkdir(exist_ok=True)
            with contextlib.suppress(FileExistsError):
                (self.folder / 'link').symlink_to('raw')
            self.assertFalse(self.connect().looks_like_disk(self.path, other))

    def test_pins_and_leases_of_that_very_file_stay(self):
        labels = {'pin.ops', 'lease.vm.20990101t000000z', 'hits.7'}
        self.add(NAME, labels)
        os.utime(self.file(NAME))
        self.assertEqual([], self.listed())
        self.adopt()
        self.assertEqual(labels - {'hits.7'}, self.labels(NAME))

    def test_a_pin_of_another_file_is_missed_aloud(self):
        self.add(NAME, {'pin.ops'})
        self.file(NAME).rename(self.root / 'kept')
        self.disk()
        with self.assertLogs(adopting.LOG, 'WARNING') as logged:
            self.adopt()
        self.assertIn('pinned for ops', logged.output[0])
        self.assertEqual(frozenset(), self.labels(NAME))


class TestRefused(Strange):
    def test_what_names_other_files(self):
        base = self.disk('base.qcow2')
        create(self.folder / NAME, base, 'qcow2')
        self.refused(Unsupported, 'names .*base.qcow2')

    def test_what_is_open_for_writing(self):
        with open(self.disk(), 'r+b'):
            self.refused(ImageBusy, 'open for writing')
        with open(self.folder / NAME, 'rb'):
            self.adopt()

    def test_what_begins_to_be_written_to_meanwhile(self):
        file = self.disk()
        write = sidecar.write
        with contextlib.ExitStack() as stack:

            def begin(*given):
                write(*given)
                stack.enter_context(open(file, 'r+b'))

            with (
                mock.patch.object(sidecar, 'write', begin),
                self.assertRaisesRegex(ImageBusy, 'open for writing'),
            ):
                self.adopt()
        self.assertEqual([NAME], self.entries())

    def test_a_link_that_is_put_in_its_place(self):
        target = self.root / 'secret'
        target.write_bytes(b'secret' * 20)
        for step in 'find', 'write':
            with self.subTest(step=step):
                (self.folder / NAME).unlink(missing_ok=True)
                file = self.disk()

                def swap(*given, file=file, real=None):
                    file.unlink()
                    file.symlink_to(target)
                    return real(*given)

                place = {
                    'find': (adopting, '_open_regular'),
                    'write': (sidecar, 'write'),
                }[step]
                real = getattr(*place)
                with (
                    mock.patch.object(
                        *place,
                        lambda *given, swap=swap, real=real: swap(
                            *given, real=real
                        ),
                    ),
                    self.assertRaises(CacheError),
                ):
                    self.adopt()
                self.assertEqual([NAME], self.entries())
                self.assertEqual([], self.listed())

    def test_what_is_no_file(self):
        (self.folder / 'link').symlink_to(self.disk())
        (self.folder / 'folder').mkdir()
        os.mkfifo(self.folder / 'pipe')
        for name in 'link', 'folder', 'pipe':
            self.refused(Unsupported, 'not a file', name)
        self.refused(CacheError, 'no file of that name', 'missing')
        (self.folder / 'empty').touch()
        self.refused(Unsupported, 'empty', 'empty')

    def test_what_lies_elsewhere_or_is_ours(self):
        self.add()
        (self.root / 'outside').write_bytes(b'x' * 100)
        for name in '../outside', self.sidecar().name:
            self.refused(Unsupported, 'no name of a file', name, 'new')
        with self.assertRaises(StoreUnavailable):
            self.connect().adopt('/elsewhere', NAME, NAME)

    def test_names_that_are_no_ids(self):
        long = 'x' * (sidecar.LONGEST_NAME + 1)
        for name in SPACED, 'a\nb', 'caf\udcff', '-rf', long, 'x' * 255:
            self.disk(name)
            self.refused(Unsupported, 'an id', name)
            self.adopt(name, 'short')
            self.assertEqual(['short'], [x.image_id for x in self.listed()])
            self.file('short').unlink()
            self.sidecar('short').unlink()

    def test_what_nova_has_named(self):
        for name in (
            sha1(NAME),
            f'{sha1(NAME)}_20',
            f'{sha1(NAME)}.part',
            'swap_512',
            'ephemeral_1_0706d66',
        ):
            self.disk(name)
            self.refused(Unsupported, 'layout = nova', name)
            self.refused(Unsupported, 'layout = nova', name, 'other')

    def test_what_everybody_may_write(self):
        self.disk().chmod(0o666)
        self.refused(Unsupported, 'chmod o-w')

    def test_a_store_that_everybody_may_write_in(self):
        self.disk()
        self.folder.chmod(0o777)
        self.refused(StoreUnavailable, 'chmod o-w')

    def test_an_image(self):
        self.add(NAME)
        self.refused(ImageExists, 'nothing to adopt')
        self.disk(SPACED)
        self.refused(ImageExists, 'that name already', SPACED, NAME)

    def test_what_a_machine_wrote_in(self):
        qemu('snapshot', '-c', 'before', self.disk())
        self.refused(Unsupported, '1 snapshots')

    def test_what_is_backed_up_bit_by_bit(self):
        qemu('bitmap', '--add', self.disk(), 'monday')
        self.refused(Unsupported, 'bitmaps')

    def test_what_was_not_closed_well(self):
        file = self.disk()
        content = bytearray(file.read_bytes())
        content[79] |= 1
        file.write_bytes(content)
        self.refused(Unsupported, 'closed well')

    def test_a_disk_of_a_machine_that_is_shut_down(self):
        file = self.disk()
        folder = self.root / 'qemu'
        folder.mkdir()
        definition = folder / 'web.xml'
        for source in (
            f'<source file="{file}"/>',
            f'<source pool="default" volume="{NAME}"/>',
        ):
            definition.write_text(
                f'<domain type="kvm"><name>web</name><devices>'
                f'<disk type="file">{source}</disk></devices></domain>'
            )
            options = {'libvirt_definitions': [str(folder)]}
            self.refused(Unsupported, 'the machine web', **options)
            with mock.patch.object(own_disks, 'USUAL', str(folder)):
                self.refused(Unsupported, 'the machine web')
        definition.write_text('<domain')
        self.refused(Unsupported, 'may be a disk', **options)
        self.adopt(**options, ignore=['web.xml'])

    def test_what_a_machine_only_reads(self):
        file, cd = self.disk(), self.disk('cd')
        folder = self.root / 'qemu'
        folder.mkdir()
        (folder / 'web.xml').write_text(
            f'<domain type="kvm"><name>web</name><devices>'
            f'<disk type="file"><source file="{self.root}/other"/>'
            f'<backingStore type="file"><source file="{file}"/>'
            f'</backingStore></disk><disk device="cdrom" type="file">'
            f'<source file="{cd}"/></disk></devices></domain>'
        )
        options = {'libvirt_definitions': [str(folder)]}
        for name in NAME, 'cd':
            # By another name it would find it no more.
            self.refused(Unsupported, 'by its name', name, 'new', **options)
            self.adopt(name, **options)

    def test_what_a_machine_has_beside_its_disks(self):
        folder = self.usual(f'<nvram>{self.disk()}</nvram>')
        self.refused(Unsupported, 'may write to it')
        options = {'libvirt_definitions': [folder]}
        self.refused(Unsupported, 'may write to it', **options)

    def test_a_full_disk(self):
        self.disk()
        with (
            mock.patch.object(sidecar, 'write', full),
            self.assertRaises(StoreFull),
        ):
            self.adopt()
        with (
            mock.patch.object(whole_files, 'write_all', full),
            self.assertRaises(StoreFull),
        ):
            self.adopt()
        self.assertEqual([NAME], self.entries())


class TestRenaming(Strange):
    def test_it_has_the_name_of_its_id(self):
        file = self.disk(SPACED)
        before = file.stat()
        self.adopt(SPACED, NAME)
        [image] = self.listed()
        self.assertEqual(NAME, image.image_id)
        self.assertEqual(before.st_ino, self.file(NAME).stat().st_ino)
        self.assertEqual([self.sidecar(NAME).name, NAME], self.entries())

    def test_nobody_has_it(self):
        file = self.disk(SPACED)
        (self.instances / 'vm').mkdir()
        disk = self.instances / 'vm' / 'disk'
        create(disk, file, 'qcow2')
        self.refused(ImageInUse, 'vm', SPACED, NAME)
        qemu('check', '-q', disk)
        disk.unlink()
        os.link(file, self.root / 'linked')
        self.refused(ImageInUse, 'hard link', SPACED, NAME)
        (self.root / 'linked').unlink()
        (self.folder / 'link').symlink_to(file)
        self.refused(ImageInUse, 'link', SPACED, NAME)
        (self.folder / 'link').unlink()
        with open(file, 'rb') as held:
            fcntl.fcntl(held, fcntl.F_OFD_SETLK, LOCK)
            self.refused(ImageInUse, 'has it open', SPACED, NAME)
        self.adopt(SPACED, NAME)

    def test_nobody_can_tell(self):
        self.disk(SPACED)
        self.refused(
            StoreUnavailable,
            'set instance_paths',
            SPACED,
            NAME,
            instance_paths=[],
        )
        overlay(self.instances / 'vm' / 'disk', '../elsewhere/away')
        self.refused(StoreUnavailable, 'away', SPACED, NAME)

    def test_one_that_is_raw(self):
        file = self.folder / SPACED
        file.write_bytes(os.urandom(4096))
        self.adopt(SPACED, NAME)
        self.assertEqual([None], [image.unknown for image in self.listed()])

    def test_whoever_comes_to_have_it_meanwhile(self):
        file = self.disk(SPACED)
        (self.instances / 'vm').mkdir()
        disk = self.instances / 'vm' / 'disk'
        rename_alone = rename.rename_alone

        def act(*given):
            if not disk.exists():
                create(disk, file, 'qcow2')
            rename_alone(*given)

        with (
            mock.patch.object(rename, 'rename_alone', act),
            self.assertRaises((ImageInUse, StoreUnavailable)),
        ):
            self.adopt(SPACED, NAME)
        self.assertEqual([SPACED], self.entries())
        qemu('check', '-q', disk)

    def test_whoever_puts_something_there_meanwhile(self):
        self.disk(SPACED)
        rename_alone = rename.rename_alone

        def act(*given):
            self.file(NAME).write_text('mine')
            rename_alone(*given)

        with (
            mock.patch.object(rename, 'rename_alone', act),
            self.assertRaises(ImageExists),
        ):
            self.adopt(SPACED, NAME)
        self.assertEqual([NAME, SPACED], self.entries())
        self.assertEqual('mine', self.file(NAME).read_text())

    def test_two_ids_at_once(self):
        self.disk(SPACED)
        results = []

        def act(image_id):
            try:
                self.adopt(SPACED, image_id)
            except CacheError as error:
                results.append(error)
            else:
                results.append(image_id)

        both = [threading.Thread(target=act, args=[one]) for one in 'ab']
        for one in both:
            one.start()
        for one in both:
            one.join()
        [won] = [one for one in results if isinstance(one, str)]
        self.assertEqual([f'.{won}.imagecache', won], self.entries())

    def test_whoever_labels_it_waits(self):
        self.disk()
        folder = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        lock = sidecar.path(NAME, sidecar.LOCK)
        with (
            flock.held(folder, lock),
            mock.patch.object(flock, 'PATIENCE', 0.0),
        ):
            for image_id in NAME, 'other':
                with self.assertRaisesRegex(StoreUnavailable, 'locked'):
                    self.adopt(NAME, image_id)
        self.assertEqual([NAME], self.entries())


class TestBelow(Strange):
    """What lies below a disk that only libvirt's usual folder tells of."""

    def setUp(self):
        super().setUp()
        self.disk(SPACED)
        self.disks = self.root / 'disks'
        self.disks.mkdir()

    def disk_on(self, backing, path=None):
        path = path or self.disks / 'top'
        create(path, backing, 'qcow2')
        return path

    def broken_disk(self, backing='gone'):
        overlay(self.disks / 'top', backing, form='qcow2')
        return self.disks / 'top'

    def not_renamed(self, words):
        self.refused(Unsupported, words, SPACED, NAME)

    def test_it_keeps_its_name(self):
        middle = self.disk_on(self.folder / SPACED, self.disks / 'middle')
        top = self.disk_on(middle)
        for disk in middle, top:
            self.has_disk(disk)
            self.not_renamed('the machine web has it below')
        qemu('check', '-q', top)

    def test_by_a_folder_above_a_link(self):
        """As the kernel takes it: .. is not of the path but of its folder."""
        (self.root / 'elsewhere').mkdir()
        (self.root / 'elsewhere' / 'link').symlink_to(self.disks)
        middle = self.root / 'middle'
        self.disk_on(self.folder / SPACED, middle)
        qemu('create', '-q', '-f', 'qcow2', self.root / 'elsewhere/middle', 9)
        top = self.disk_on('../middle')
        self.has_disk(self.root / 'elsewhere' / 'link' / top.name)
        self.not_renamed('has it below')

    def test_by_an_argument_of_qemu(self):
        top = self.disk_on(self.folder / SPACED)
        self.usual(f'<x a="file={top},if=virtio"/><x a="/dev/none"/>')
        self.not_renamed('has it below')
        self.usual('<x a="/dev/none"/><x a="/dev/null/none"/><x a="/dev"/>')
        self.adopt(SPACED, NAME)

    def test_what_cannot_be_followed(self):
        top = self.broken_disk()
        self.has_disk(top)
        self.not_renamed('web.xml: .*gone is not there')
        self.has_disk(self.root)
        self.not_renamed('not a disk')
        top.write_bytes(top.read_bytes()[:100])
        self.has_disk(top)
        self.not_renamed('top: ')
        self.usual('<disk type="dir"><source dir="/a"/></disk>')
        self.not_renamed('may be any file')
        self.adopt(SPACED, NAME, ignore=['web.xml'])

    def test_what_is_ignored_is_not_followed(self):
        self.has_disk(self.broken_disk())
        self.adopt(SPACED, NAME, ignore=[str(self.disks)])

    def test_disks_that_lie_below_themselves(self):
        self.has_disk(self.broken_disk('top'))
        with mock.patch.object(own_disks, '_MOST_BELOW', 100):
            self.adopt(SPACED, NAME)
            self.disk(SPACED)
            self.broken_disk('./top')
            self.refused(Unsupported, 'more lies below', SPACED, 'new')

    def test_a_raw_disk_ends_a_chain(self):
        self.has_disk(self.disk_on(self.folder / SPACED), 'raw')
        self.adopt(SPACED, NAME)

    def test_a_disk_that_does_not_answer(self):
        self.has_disk(self.broken_disk())
        held = threading.Event()
        self.addCleanup(held.set)
        with (
            mock.patch.object(own_disks, '_BOUNDED', Bounded(0.1)),
            mock.patch.object(
                own_disks, '_read_header', lambda _: held.wait()
            ),
        ):
            self.not_renamed('top does not answer')

    def test_a_machine_that_is_defined_meanwhile(self):
        top = self.disk_on(self.folder / SPACED)
        rename_alone = rename.rename_alone

        def act(*given):
            self.has_disk(top)
            rename_alone(*given)

        with (
            mock.patch.object(rename, 'rename_alone', act),
            self.assertRaisesRegex(Unsupported, 'has it below'),
        ):
            self.adopt(SPACED, NAME)
        self.assertEqual([SPACED], self.entries())


class TestReal(Apart, Strange):
    def test_qemu_that_runs_on_it(self):
        file = self.disk()
        (self.instances / 'vm').mkdir()
        create(self.instances / 'vm' / 'disk', file, 'qcow2')
        with subprocess.Popen(  # noqa: S603 -- the real program is the point
            [QEMU.replace('qemu-img', 'qemu-io'), self.instances / 'vm/disk'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            process.stdin.write(b'write 0 64k\n')
            process.stdin.flush()
            process.stdout.readline()
            self.adopt()
            self.refused(ImageExists, 'nothing')
            (self.instances / 'vm/disk').rename(self.root / 'hidden')
            for after in SOON, LATER, LATER:
                self.assertEqual([NAME], self.sweep(after))
            process.communicate(b'read 0 1M\nquit\n', timeout=60)
        qemu('check', '-q', self.root / 'hidden')

    def test_a_disk_that_qemu_writes_to(self):
        file = self.disk()
        with subprocess.Popen(  # noqa: S603 -- the real program is the point
            [QEMU.replace('qemu-img', 'qemu-io'), file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            process.stdin.write(b'write 0 64k\n')
            process.stdin.flush()
            process.stdout.readline()
            self.refused(ImageBusy, 'open for writing')
            process.communicate(b'quit\n', timeout=60)
        self.adopt()

    def test_where_nothing_may_be_written(self):
        self.disk()

        def act():
            run('mount', '--bind', self.folder, self.folder)
            run('mount', '-o', 'remount,bind,ro', self.folder)
            with self.assertRaisesRegex(StoreUnavailable, 'Read-only'):
                self.adopt()
            with self.assertRaisesRegex(StoreUnavailable, 'Read-only'):
                self.adopt(NAME, 'other')
            self.assertEqual([NAME], self.entries())

        self.where_it_mounts(act)

    def test_who_can_tell_and_may_write(self):
        file = self.disk()
        self.as_another(lambda: self.refused(StoreUnavailable, 'may not'))
        os.chown(self.folder, NOBODY, NOBODY)
        self.as_another(lambda: self.refused(ImageBusy, 'run this as root'))
        os.chown(file, NOBODY, NOBODY)
        self.as_another(self.adopt)
        self.assertEqual(NOBODY, self.sidecar(NAME).stat().st_uid)


class TestQuiet(Strange):
    def test_where_nobody_tells_who_writes(self):
        file = self.disk()
        with mock.patch.object(writers.mounts, 'is_local', lambda fd: False):
            self.refused(ImageBusy, 'within the last hour')
            os.utime(file, (0, 0))
            self.adopt()


class TestNova(NovaPlace):
    def test_there_is_nothing_to_adopt(self):
        (self.folder / 'debian').write_text('x' * 100)
        handler = self.connect()
        self.assertFalse(handler.has_strangers)
        self.assertEqual([], handler.strangers(self.path))
