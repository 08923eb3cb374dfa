"""What one host sees and another does not: on record, and asked about."""

import fcntl
import os
import subprocess
import time
from unittest import mock

from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import mounts
from imagecache_handlers import StoreUnavailable
from tests.directory.apart import Apart
from tests.directory.disks import overlay
from tests.directory.test_sweepers import Hosts

MACHINE = """<domain type='kvm'><name>{name}</name><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='{file}'/></disk></devices></domain>"""


class TestDefinitions(Hosts):
    """Instances are shared; each host has definitions of its own."""

    def definitions(self, host):
        path = self.root / f'libvirt-{host}'
        path.mkdir(exist_ok=True)
        return path

    def define(self, host, file, name='vm'):
        content = MACHINE.format(name=name, file=file)
        (self.definitions(host) / f'{name}.xml').write_text(content)

    def reads(self, host, *of):
        """Connect a host that looks at what all share, and reads those."""
        with mock.patch.object(self, 'instances', lambda _: self.shared):
            return self.host(
                host,
                instances_shared_as='gfs',
                libvirt_definitions=[str(self.definitions(one)) for one in of],
            )

    def setUp(self):
        super().setUp()
        self.shared = self.root / 'shared'
        overlay(self.shared / 'vm', '')

    def test_a_machine_that_only_a_peer_knows_keeps_its_disk(self):
        self.define('h1', self.file())
        self.mark(self.reads('h1', 'h1'))
        self.assertEqual({'vm'}, self.found(self.reads('h1', 'h1')).users)
        why = self.why(self.reads('h2', 'h2'))
        where = f'host:h1:{self.definitions("h1")}'
        self.assertIn(f'host h1 reads the definitions in {where}', why)
        self.assertIn('libvirt_definitions', why)
        self.assertIn('imagecache host forget h1', why)
        self.assertIn('h1', self.why(self.reads('h2')))

    def test_who_reads_none_blocks_nobody(self):
        self.mark(self.reads('h1'))
        self.assertIsNone(self.why(self.reads('h2')))

    def test_that_they_lie_in_a_folder_of_instances_is_not_enough(self):
        self.mark(self.host('h1', libvirt_definitions=[str(self.shared)]))
        self.assertIn(
            'read the definitions', self.why(self.host('h1', self.root))
        )

    def test_own_ones_that_are_left_out_are_noticed(self):
        self.define('h1', self.root / 'x', 'resident')
        self.mark(self.reads('h1', 'h1'))
        less = self.reads('h1')
        why = self.why(less)
        self.assertIn('this host read the definitions in', why)
        self.assertIn('name that folder in libvirt_definitions again', why)
        less.accept_host(self.path)
        self.assertIsNone(self.why(less))

    def test_they_are_not_counted_as_disks(self):
        self.define('h1', self.file())
        self.mark(self.reads('h1', 'h1'))
        [host] = self.reads('h1', 'h1').hosts(self.path)
        self.assertEqual(1, host.disks)
        self.assertEqual(2, len(host.looks_at))

    def survey(self, handler, count):
        """Have a look count definitions, as many as that."""
        real = handler._overlays.survey

        def survey():
            found = real()
            [folder] = handler._sweeper._definitions
            found.met[folder] = count
            return found

        handler._overlays.survey = survey
        return handler

    def test_no_definition_is_asked_about_once(self):
        def handler():
            return self.survey(self.reads('h1', 'h1'), self.count)

        self.count = 0
        self.assertIn('met no definitions in', self.why(handler()))
        handler().accept_host(self.path)
        self.assertIsNone(self.why(handler()))
        self.count = 12
        self.mark(handler())
        self.count = 1
        self.assertIn('met 1 definition in', self.why(handler()))
        self.count = 0
        why = self.why(handler())
        self.assertIn('(the last time there were 12)', why)
        handler().accept_host(self.path)
        self.assertIsNone(self.why(handler()))


class TestMounted(Apart, Hosts):
    """Something is mounted among the instances, and then it is not."""

    def mount(self, where):
        where.mkdir(exist_ok=True)
        command = ['mount', '-t', 'tmpfs', 'tmpfs', where]
        subprocess.run(command, check=True)  # noqa: S603

    def unmount(self, where):
        command = ['umount', where]
        subprocess.run(command, check=True)  # noqa: S603

    def test_one_that_is_gone_is_asked_about(self):
        def act():
            nas = self.instances('h1') / 'nas'
            self.many(3)
            self.mount(nas)
            overlay(nas / 'vm', self.file())
            self.mark(self.host())
            self.assertEqual({'nas'}, self.found(self.host()).users)
            self.unmount(nas)
            why = self.why(self.host())
            self.assertIn(f'mounted at host:h1:{nas} until', why)
            self.host().accept_host(self.path)
            self.assertIsNone(self.why(self.host()))

        self.where_it_mounts(act)

    def test_a_peer_that_does_not_have_it_is_refused(self):
        def act():
            shared = self.instances('h1')
            nas = shared / 'nas'
            self.mount(nas)
            overlay(nas / 'vm', self.file())
            self.mark(self.host('h1', instances_shared_as='gfs'))
            self.unmount(nas)
            with mock.patch.object(self, 'instances', lambda _: shared):
                peer = self.host('h2', instances_shared_as='gfs')
                why = self.why(peer)
            self.assertIn(
                f'host h1 has something mounted at as:gfs:{nas}', why
            )

        self.where_it_mounts(act)

    def fstab(self, *lines):
        file = self.root / 'fstab'
        file.write_text(''.join(f'{line}\n' for line in lines))
        patched = mock.patch.object(mounts, '_FSTAB', str(file))
        self.enterContext(patched)

    def test_one_beneath_that_fstab_names(self):
        nas = self.instances('h1') / 'nas'
        nas.mkdir()
        line = f'/dev/sdx1 {nas} ext4'
        handler = self.host()
        for options in 'noauto', 'rw,noauto,user':
            self.fstab(f'{line} {options} 0 0')
            self.assertIsNone(self.why(handler))
        for options in ' defaults 0 0', ' nofail', '':
            self.fstab(f'{line}{options}')
            self.assertIn(f'{nas} is not mounted', self.why(handler))

    def test_one_that_is_mounted_is_not_missed(self):
        def act():
            nas = self.instances('h1') / 'nas'
            self.fstab(f'tmpfs {nas} tmpfs', f'tmpfs {nas}2/ tmpfs noauto')
            self.mount(nas)
            self.assertIsNone(self.why(self.host()))

        self.where_it_mounts(act)

    def test_one_above_by_another_way(self):
        real, link = self.root / 'real', self.root / 'link'
        (real / 'vms').mkdir(parents=True)
        link.symlink_to(real)
        self.fstab(f'/dev/sdx1 {real} ext4')
        self.assertIn(
            'is not mounted', mounts.explain_absence(f'{link}/vms') or ''
        )


class TestLocked(Hosts):
    """Whoever may read the folder of a store may lock it, and for ever."""

    def setUp(self):
        super().setUp()
        other = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, other)
        fcntl.flock(other, fcntl.LOCK_SH)

    def test_nobody_waits_for_whom_may_only_read(self):
        handler = self.host()
        image = self.found(handler)
        began = time.monotonic()
        handler.mark(image, {'site.a'})
        handler.accept_host(self.path)
        self.assertEqual(image.size, handler.evict(self.found(handler)))
        self.assertLess(time.monotonic() - began, flock.PATIENCE / 3)
        self.assertTrue(self.record('h1').exists())

    def test_a_record_that_cannot_be_written_is_waited_for_once(self):
        handler = self.host()
        image = self.found(handler)
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        began = time.monotonic()
        with (
            mock.patch.object(flock, 'PATIENCE', 0.5),
            flock.held(fd, records.lock_of('h1')),
        ):
            for _ in range(10):
                with self.assertRaises(StoreUnavailable):
                    handler.mark(image, {'site.a'})
        self.assertLess(time.monotonic() - began, 2)
        handler.mark(image, {'site.a'})
        self.assertTrue(self.record('h1').exists())

    def test_a_folder_that_is_locked_is_waited_for_once(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        began = time.monotonic()
        with mock.patch.object(flock, 'PATIENCE', 0.5):
            for _ in range(10):
                with (
                    self.assertRaises(TimeoutError),
                    flock.folder_lock(fd, alone=True),
                ):
                    self.fail('it has a turn')
        self.assertLess(time.monotonic() - began, 2)


class TestNames(Hosts):
    """What lies in a store, or was named otherwise, gives no orders."""

    def test_a_name_is_in_no_command(self):
        for name in (
            *('a b;rm -rf', '$(id)', '', ' ', '-x', 'x\x1b[2J', 'x\nhost y'),
            *('x\u202ey', '`id`', "'", 'x' * 201),
        ):
            with self.subTest(name):
                self.record(name).write_text('{}')
                why = self.why(self.host())
                self.assertIn('is not a record of any host: remove it', why)
                self.assertIn(ascii(f'.{name}.imagecache-sweeper'), why)
                self.assertNotIn('imagecache host', why)
                self.assertTrue(why.isprintable())
                self.assertEqual(2, len(list(self.host().hosts(self.path))))
                self.record(name).unlink()

    def test_own_one_that_is_not_a_file(self):
        os.mkfifo(self.record('h1'))
        why = self.why(self.host())
        self.assertIn('.h1.imagecache-sweeper', why)
        self.assertNotIn('forget', why)
        self.host().accept_host(self.path)
        self.assertIsNone(self.why(self.host()))

    def test_a_time_that_no_other_zone_has(self):
        self.mark(self.host('h2'))
        content = self.record('h2').read_text()
        then = self.now.isoformat()
        for at in (
            '0001-01-01T00:00:00+14:00',
            '9999-12-31T23:59:59-14:00',
            '1969-12-31T23:59:59+00:00',
        ):
            self.record('h2').write_text(content.replace(then, at))
            self.assertIn('cannot be read', self.why(self.host()))
            hosts = list(self.host().hosts(self.path))
            [of_h2] = [one.as_of for one in hosts if one.name == 'h2']
            self.assertIsNone(of_h2)

    def test_a_path_that_is_named_otherwise_now_is_not_missed(self):
        self.mark(self.host())
        why = self.why(self.host(instances_shared_as='gfs'))
        self.assertIn('is named otherwise now', why)
        self.assertNotIn('mount', why)
        self.host(instances_shared_as='gfs').accept_host(self.path)
        self.assertIn('is named otherwise', self.why(self.host()))
