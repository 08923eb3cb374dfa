"""Nobody evicts past what another host looks at, nor past a look cut short."""

import concurrent.futures
import datetime
import errno
import json
import multiprocessing
import os
import shutil
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.hosts import mount_table
from imagecache_handlers.directory.hosts import places
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.system import flock
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from tests.directory.disks import overlay
from tests.directory.place import Place
from tests.directory.place import THEN

HOUR = datetime.timedelta(hours=1)


def sweep(path, host, instances, now):
    """Sweep a store as a host of that name would; give what went."""
    handler = DirectoryHandler(
        [path], instance_paths=instances, host=host, clock=lambda: now
    )
    cache = ImageCache(handler, Rules(min_age=HOUR), clock=lambda: now)
    report = cache.sweep(lambda: Evidence(as_of=now))
    return [
        one.verdict.image.image_id
        for one in report.outcomes
        if str(one.did) == 'evicted'
    ]


class Hosts(Place):
    """A store that two hosts share; each has instances of its own."""

    def setUp(self):
        super().setUp()
        self.now = THEN
        self.add()
        for host in 'h1', 'h2':
            overlay(self.disk(host), '')

    def instances(self, host):
        path = self.root / f'instances-{host}'
        path.mkdir(exist_ok=True)
        return path

    def disk(self, host, name='resident'):
        return self.instances(host) / f'{name}.qcow2'

    def host(self, host='h1', *more, **options):
        paths = [str(self.instances(host)), *map(str, more)]
        return DirectoryHandler(
            [self.path],
            instance_paths=paths,
            host=host,
            clock=lambda: self.now,
            **options,
        )

    def record(self, host):
        return self.folder / f'.{host}.imagecache-sweeper'

    def found(self, handler):
        [image] = handler.enumerate(self.path)
        return image

    def why(self, handler):
        """Give what makes the image unknown; then it cannot go, either."""
        image = self.found(handler)
        if image.unknown:
            with self.assertRaises(ImageBusy):
                handler.evict(image)
            self.assertTrue(self.file().exists())
        return image.unknown

    def mark(self, handler, *labels):
        handler.mark(self.found(handler), labels or {'site.a'})

    def many(self, count, host='h1'):
        for number in range(count):
            overlay(self.disk(host, f'vm-{number}'), '')

    def few(self, count, host='h1'):
        for file in sorted(self.instances(host).glob('*.qcow2'))[count:]:
            file.unlink()


class TestPeers(Hosts):
    def test_two_processes_do_not_evict_each_others_base(self):
        overlay(self.disk('h2', 'vm'), self.file())
        spawn = multiprocessing.get_context('spawn')
        with concurrent.futures.ProcessPoolExecutor(
            2, mp_context=spawn
        ) as pool:
            for hours in range(0, 6, 2):
                went = [
                    pool.submit(
                        sweep,
                        self.path,
                        host,
                        [str(self.instances(host))],
                        THEN + hours * HOUR,
                    )
                    for host in ('h2', 'h1')
                ]
                self.assertEqual([[], []], [one.result(60) for one in went])
        self.assertTrue(self.file().exists())

    def test_a_host_refuses_what_a_peer_looks_at_and_it_does_not(self):
        self.mark(self.host('h2'))
        why = self.why(self.host('h1'))
        self.assertIn(f'host h2 looks at host:h2:{self.instances("h2")}', why)
        self.assertIn('imagecache host forget h2', why)

    def test_who_adds_is_on_record_too(self):
        self.add_by(self.host('h2'))
        self.assertIn('host h2 looks at', self.why_of_all(self.host('h1')))

    def add_by(self, handler):
        with mock.patch.object(self, 'connect', lambda: handler):
            self.add('other')

    def why_of_all(self, handler):
        [why] = {one.unknown for one in handler.enumerate(self.path)}
        return why

    def test_a_forgotten_host_blocks_nobody_until_it_comes_back(self):
        self.mark(self.host('h2'))
        handler = self.host('h1')
        self.assertTrue(handler.forget_host(self.path, 'h2'))
        self.assertFalse(handler.forget_host(self.path, 'h2'))
        self.assertIsNone(self.why(handler))
        self.mark(self.host('h2'), 'site.b')
        self.assertIn('h2', self.why(handler))

    def test_threads_of_one_process_wait_for_each_other(self):
        handler = self.host()
        fd = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            with flock.held(fd, records.lock_of('h1')):
                recording = [
                    pool.submit(handler.record_host, self.path)
                    for _ in range(3)
                ]
                concurrent.futures.wait(recording, timeout=0.3)
            for one in recording:
                one.result()
        self.assertTrue(self.record('h1').exists())

    def test_a_count_waits_where_the_lock_finds_no_room(self):
        handler = self.host()
        self.mark(handler)
        known = self.record('h1').read_bytes()
        self.many(3)
        with self.without_room_for(records.lock_of('h1')):
            self.mark(handler, 'site.b')
        self.assertEqual(known, self.record('h1').read_bytes())
        self.mark(handler, 'site.c')
        self.assertNotEqual(known, self.record('h1').read_bytes())

    def test_a_place_does_not_wait_for_room(self):
        self.mark(self.host())
        other = self.root / 'instances-more'
        overlay(other / 'vm', '')
        handler = self.host('h1', other)
        with (
            self.without_room_for(records.lock_of('h1')),
            self.assertRaisesRegex(StoreUnavailable, 'No space left'),
        ):
            self.mark(handler, 'site.b')

    def without_room_for(self, lock):
        """Have a folder whose names are full where that one would be."""
        held = flock.held

        def refuse(folder, entry, **options):
            if entry == lock:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return held(folder, entry, **options)

        return mock.patch.object(flock, 'held', refuse)

    def test_a_name_leads_out_of_no_folder(self):
        outside = self.root / '.x.imagecache-sweeper'
        outside.touch()
        for name in '../x', '/../../.x', '..', '':
            self.assertFalse(self.host().forget_host(self.path, name))
        self.assertTrue(outside.exists())

    def test_hosts_that_share_their_instances_do_not_block(self):
        shared = self.root / 'shared'
        overlay(shared / 'vm', '')
        handlers = [
            DirectoryHandler(
                [self.path],
                instance_paths=[str(shared)],
                instances_shared_as='gfs',
                host=host,
                clock=lambda: self.now,
            )
            for host in ('h1', 'h2')
        ]
        for handler in handlers:
            self.mark(handler, f'site.{handler._sweeper.view_folders().host}')
        for handler in handlers:
            self.assertIsNone(self.why(handler))

    def test_who_looks_further_may_go_on(self):
        self.mark(self.host('h1'))
        self.mark(self.host('h1', self.instances('h2')))
        self.assertIsNone(self.why(self.host('h1', self.root)))

    def test_the_blind_are_refused_where_others_see(self):
        self.mark(self.host('h2'))
        blind = DirectoryHandler([self.path], host='h1')
        why = self.why(blind)
        self.assertIn('host h2 looks at', why)

    def test_the_blind_are_on_no_record(self):
        self.mark(DirectoryHandler([self.path], host='h1'))
        self.assertFalse(self.record('h1').exists())

    def test_looking_writes_nothing(self):
        handler = self.host()
        self.found(handler)
        list(handler.hosts(self.path))
        list(handler.debris(self.path))
        self.assertFalse(self.record('h1').exists())

    def test_what_does_not_change_is_not_written_again(self):
        handler = self.host()
        self.mark(handler)
        before = self.record('h1').stat()
        self.now += HOUR
        self.mark(handler, 'site.b')
        after = self.record('h1').stat()
        # Not all of it: reading it may change a time, too.
        self.assertEqual(before.st_ctime_ns, after.st_ctime_ns)
        self.assertEqual(before.st_ino, after.st_ino)

    def test_it_belongs_to_whom_the_folder_does(self):
        owner = self.folder.stat()
        handler = self.host()
        image = self.found(handler)
        with (
            mock.patch.object(os, 'geteuid', lambda: owner.st_uid + 1),
            mock.patch.object(os, 'fchown') as given,
        ):
            handler.record_host(self.path)
        [call] = given.mock_calls
        self.assertEqual((owner.st_uid, owner.st_gid), call.args[1:])
        handler.mark(image, {'site.a'})
        self.assertEqual(0o644, self.record('h1').stat().st_mode & 0o777)

    def test_a_sweep_is_seen_by_others_if_it_changes_nothing(self):
        overlay(self.disk('h2', 'vm'), self.file())
        went = sweep(self.path, 'h2', [str(self.instances('h2'))], self.now)
        self.assertEqual([], went)
        self.assertEqual(set(), self.labels())
        self.assertIn('host h2 looks at', self.why(self.host('h1')))

    def test_it_is_written_before_the_label(self):
        handler = self.host()
        image = self.found(handler)
        refused = PermissionError(13, 'Permission denied')
        with (
            mock.patch.object(records, 'write', side_effect=refused),
            self.assertRaises(StoreUnavailable),
        ):
            handler.mark(image, {'site.a'})
        self.assertEqual(set(), set(self.found(handler).marks.labels))


class TestHostile(Hosts):
    def test_what_nobody_can_read_blocks_and_is_named(self):
        made = self.record('h3')
        good = {
            'version': 1,
            'host': 'h3',
            'places': {},
            'folders': None,
            'at': THEN.isoformat(),
        }
        made.write_text(json.dumps(good))
        self.assertIsNone(self.why(self.host()))
        for content in (
            '',
            'x',
            '[' * 5000,
            'null',
            '\0' * 100,
            'x' * 2**19,
            json.dumps(good | {'version': 2}),
            json.dumps(good | {'host': 'h4'}),
            json.dumps(good | {'places': {'x\x1b:/': 1}}),
            json.dumps(good | {'places': {'host:h3:/': -1}}),
            json.dumps(good | {'places': {'host:h3:/': True}}),
            json.dumps(good | {'places': 7}),
            json.dumps(good | {'at': '2026-01-01'}),
        ):
            with self.subTest(content[:40]):
                made.write_text(content)
                why = self.why(self.host())
                self.assertIn('.h3.imagecache-sweeper', why)
                self.assertIn('imagecache host forget h3', why)
                self.assertTrue(why.isprintable())
        self.assertTrue(self.host().forget_host(self.path, 'h3'))

    def test_what_is_no_file_is_not_opened(self):
        made = self.record('h3')
        os.mkfifo(made)
        self.assertIn('.h3.imagecache-sweeper', self.why(self.host()))
        made.unlink()
        made.symlink_to('/etc/passwd')
        self.assertIn('.h3.imagecache-sweeper', self.why(self.host()))

    def test_one_of_somebody_else_is_not_believed(self):
        if os.geteuid():
            self.enterContext(
                mock.patch.object(os, 'geteuid', lambda: os.getuid() + 1)
            )
        handler = self.host()
        self.mark(handler)
        if not os.geteuid():
            os.chown(self.record('h1'), 12345, -1)
            self.assertIn('belongs to somebody', self.why(handler))

    def test_a_name_that_nobody_can_print(self):
        self.record('x\x1b[2J').write_text('{}')
        self.assertTrue(self.why(self.host()).isprintable())
        hosts = list(self.host().hosts(self.path))
        self.assertEqual(2, len(hosts))

    def test_an_own_one_that_is_broken_is_no_licence(self):
        handler = self.host()
        self.mark(handler)
        self.record('h1').write_text('{"version": 1')
        self.mark(handler, 'site.b')
        self.assertIn('.h1.imagecache-sweeper', self.why(handler))
        handler.accept_host(self.path)
        self.assertIsNone(self.why(handler))


class TestOwn(Hosts):
    def test_instance_paths_that_lost_a_folder_are_noticed(self):
        both = self.host('h1', self.instances('h2'))
        self.mark(both)
        half = self.host('h1')
        self.mark(half, 'site.b')
        why = self.why(half)
        self.assertIn(f'host:h1:{self.instances("h2")}', why)
        self.assertIn('imagecache host accept', why)
        half.accept_host(self.path)
        self.assertIsNone(self.why(half))

    def test_the_blind_that_saw_before_are_noticed(self):
        self.mark(self.host('h1'))
        blind = DirectoryHandler([self.path], host='h1')
        self.assertIn('and does not now', self.why(blind))
        blind.accept_host(self.path)
        self.assertIsNone(self.why(blind))

    def test_far_fewer_disks_are_asked_about(self):
        self.many(12)
        self.mark(self.host())
        self.few(7)
        self.assertIsNone(self.why(self.host()))
        self.few(6)
        handler = self.host()
        self.assertEqual(
            f'met 6 disks in {self.instances("h1")}, 13 the last time '
            f'(2026-11-01): if that is right, say: imagecache host accept',
            self.why(handler),
        )
        # By what it may write, nothing is forgotten.
        self.mark(handler, 'site.b')
        self.assertIn('met 6 disks', self.why(self.host()))
        handler.accept_host(self.path)
        self.assertIsNone(self.why(self.host()))

    def test_one_folder_of_two_is_enough(self):
        self.many(12)
        self.many(30, 'h2')
        handler = self.host('h1', self.instances('h2'))
        self.mark(handler)
        self.few(1)
        self.assertIn('met 1 disk in', self.why(handler))

    def test_a_few_fewer_of_a_few_are_not(self):
        self.many(4)
        handler = self.host()
        self.mark(handler)
        self.few(1)
        self.assertIsNone(self.why(handler))

    def test_a_host_may_be_drained_step_by_step(self):
        self.many(12)
        handler = self.host()
        for number, left in enumerate((13, 7, 4, 2, 1)):
            self.few(left)
            self.mark(handler, f'site.{number}')
            self.assertIsNone(self.why(handler))

    def test_no_disk_is_no_look_until_it_is_accepted(self):
        handler = self.host()
        self.few(0)
        (self.instances('h1') / 'locks').mkdir()
        self.assertIn('is it mounted?', self.why(handler))
        self.mark(handler)
        self.assertIn('met no disk', self.why(self.host()))
        handler.accept_host(self.path)
        self.assertIsNone(self.why(self.host()))
        # What was accepted is over once there were disks.
        self.many(1)
        self.mark(self.host(), 'site.b')
        self.few(0)
        self.assertIn('there was 1', self.why(self.host()))

    def test_what_cannot_be_read_cannot_be_accepted(self):
        overlay(self.disk('h1', 'vm'), f'{self.root}/gone/x', form='qcow2')
        with self.assertRaises(StoreUnavailable):
            self.host().accept_host(self.path)

    def test_a_full_disk_can_be_freed(self):
        full = OSError(28, 'No space left on device')
        real = records._replace_file

        def replace(fd, entry, content):
            if content:
                raise full
            real(fd, entry, content)

        handler = self.host()
        image = self.found(handler)
        with mock.patch.object(records, '_replace_file', replace):
            handler.evict(image)
        self.assertEqual(b'', self.record('h1').read_bytes())
        self.add()
        # What it looks at was never told.
        self.assertIn('its disk was full', self.why(self.host('h2')))
        self.mark(self.host('h1'))
        self.assertNotIn('was full', self.why(self.host('h2')))

    def test_a_count_waits_for_room(self):
        self.mark(self.host())
        before = self.record('h1').read_bytes()
        self.many(3)
        full = OSError(28, 'No space left on device')
        handler = self.host()
        image = self.found(handler)
        with mock.patch.object(records, '_replace_file', side_effect=full):
            handler.evict(image)
        self.assertEqual(before, self.record('h1').read_bytes())

    def test_a_number_that_cannot_be_read_is_not_another_host(self):
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(self.instances('h1'))]
        )
        image = self.found(handler)
        with mock.patch.object(places, '_MACHINE_ID', self.path):
            with self.assertRaises(StoreUnavailable):
                handler.mark(image, {'site.a'})
            self.assertTrue(self.found(handler).unknown)
        self.assertEqual([], list(self.folder.glob('*-sweeper')))


class TestList(Hosts):
    def test_it_says_who_looks_at_what_and_what_blocks(self):
        self.mark(self.host('h2'))
        other, this = self.host('h3'), self.host('h1')
        shutil.rmtree(self.instances('h3'))
        one, two = this.hosts(self.path)
        self.assertEqual(
            ('h1', True, None), (one.name, one.is_this, one.as_of)
        )
        self.assertEqual(('h2', 1, THEN), (two.name, two.disks, two.as_of))
        self.assertEqual((f'host:h2:{self.instances("h2")}',), two.looks_at)
        self.assertIn('does not', two.blocks)
        names = [host.name for host in other.hosts(self.path)]
        self.assertEqual(['h2', 'h3'], names)

    def test_remarks_say_what_was_looked_at(self):
        handler = self.host()
        self.assertEqual([], list(handler.remarks(self.path)))
        self.found(handler)
        self.assertEqual(
            ['looked at 1 disk in 2 folders'],
            list(handler.remarks(self.path)),
        )
        overlay(self.disk('h1', 'vm'), f'{self.root}/gone/x', form='qcow2')
        self.found(handler)
        count, problem = handler.remarks(self.path)
        self.assertIn('2 disks', count)
        self.assertIn(f'{self.root}/gone/x', problem)

    def test_a_plan_has_them(self):
        cache = ImageCache(self.host(), Rules(), clock=lambda: self.now)
        plan = cache.plan(Evidence(as_of=self.now))
        self.assertEqual(
            {self.path: ('looked at 1 disk in 2 folders',)}, plan.remarks
        )
        self.assertEqual(plan.remarks, cache.inventory().remarks)


class TestPlaces(Place):
    def named(self, real, *fields):
        return places.named('h1', real, mount_table.Mount('1', *fields))

    def test_what_is_here_alone_is_named_for_this_host(self):
        for kind, source in (
            ('ext4', '/dev/sda1'),
            ('tmpfs', 'tmpfs'),
            ('nfs4', 'localhost:/x'),
            ('nfs', '127.0.0.1:/x'),
            ('nfs4', '[::1]:/x'),
            ('nfs', 'odd'),
        ):
            said = self.named('/m/a', '/', '/m', kind, source)
            self.assertEqual('host:h1:/m/a', said)

    def test_a_share_is_named_for_its_server(self):
        for kind, source, root, said in (
            ('nfs', 'filer:/x', '/', 'nfs:filer:/x/a'),
            ('nfs4', 'filer:/x/', '/', 'nfs:filer:/x/a'),
            ('nfs4', 'filer:/', '/x', 'nfs:filer:/x/a'),
            ('nfs4', '[fe80::1]:/x', '/', 'nfs:[fe80::1]:/x/a'),
            ('cifs', '//nas/share', '/', 'cifs:nas:/share/a'),
            ('ceph', 'm2,m1:/v', '/', 'ceph:m1,m2:/v/a'),
            ('ceph', 'adm@f5.fs=/v', '/', 'ceph:f5.fs:/v/a'),
            ('fuse.glusterfs', 'g1:/vol', '/', 'fuse.glusterfs:g1:/vol/a'),
            ('fuse.glusterfs', 'g1:vol', '/', 'fuse.glusterfs:g1:/vol/a'),
        ):
            with self.subTest(source):
                self.assertEqual(
                    said, self.named('/m/a', root, '/m', kind, source)
                )

    def test_a_line_of_the_kernel_is_read(self):
        line = r'9 1 0:5 /a\040b /m\134n rw shared:1 - nfs4 f:/x\040y rw,v=4'
        self.assertEqual(
            mount_table.Mount('9', '/a b', '/m\\n', 'nfs4', 'f:/x y'),
            mount_table.Mount.parse(line),
        )

    def test_a_folder_is_found_through_links(self):
        link = self.root / 'link'
        link.symlink_to(self.folder)
        view = places.view_folders('h1', [str(link), str(self.root / 'gone')])
        self.assertEqual({str(link): f'host:h1:{self.folder}'}, view.places)

    def test_one_that_lies_in_another_is_seen(self):
        view = places.View('h1', {'/m': 'nfs:f:/x'})
        self.assertTrue(view.sees('nfs:f:/x'))
        self.assertTrue(view.sees('nfs:f:/x/y'))
        self.assertFalse(view.sees('nfs:f:/xy'))
        self.assertFalse(view.sees('nfs:f:/'))
        whole = places.View('h1', {'/': 'host:h1:/'})
        self.assertTrue(whole.sees('host:h1:/srv'))
        self.assertFalse(whole.sees('host:h2:/srv'))

    def test_a_name_of_this_host_is_one(self):
        self.assertRegex(places.host_name(), places.HOST)
        self.assertEqual(places.host_name(), places.host_name())
        with mock.patch.object(places, '_MACHINE_ID', f'{self.root}/gone'):
            other = places.host_name()
        self.assertRegex(other, places.HOST)
