"""``imagecache prefetch`` and ``verify``, as a user meets them."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
import unittest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers.staging.stage import Stages
from tests.frontends.cli.command import Command
from tests.frontends.cli.terminal import Terminal
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer

DATA = b'the bytes of an image' * 50_000
SHA256 = hashlib.sha256(DATA).hexdigest()


class PrefetchCase(Command, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.root / 'image.raw'
        self.file.write_bytes(DATA)

    def serve(self, timeout=2, **changes):
        """Start an image service, and name it in the configuration."""
        server = self.enterContext(LyingServer())
        server.image |= changes
        server.name_in(self.conf, timeout)
        return server

    def fetch_file(self, name='debian', *more, **how):
        return self.run_on('prefetch', name, '--from', self.file, *more, **how)

    def labels(self, name='debian'):
        path = os.path.join(self.path, f'.{name}.imagecache')
        with open(path) as file:
            return json.load(file)['labels']


class TestPrefetch(PrefetchCase):
    def test_a_file_is_cached_verified_and_leased(self):
        said = self.out(
            'prefetch',
            'debian',
            '--from',
            str(self.file),
            '--checksum',
            f'sha256:{SHA256}',
        )
        self.assertRegex(said, r'^debian is cached in .*: 1 MiB in [0-9.]+ s$')
        kinds = {one.partition('.')[0] for one in self.labels()}
        self.assertLessEqual({'lease', 'sha256'}, kinds)
        self.assertIn(f'sha256.{SHA256}', self.labels())

    def test_a_repeat_fetches_nothing_and_keeps_it_for_longer(self):
        self.fetch_file('debian', '--ttl', '1h')
        before = [one for one in self.labels() if one.startswith('lease')]
        said = self.out('prefetch', 'debian', '--from', str(self.file))
        self.assertIn('already', said)
        after = [one for one in self.labels() if one.startswith('lease')]
        self.assertGreater(max(after), max(before))

    def test_from_the_image_service_that_the_options_name(self):
        self.serve()
        [row] = json.loads(self.out('prefetch', IMAGE, '-f', 'json'))
        self.assertEqual(
            ('cached', len(CONTENT), 1, ''),
            (row['did'], row['size'], row['tries'], row['detail']),
        )

    def test_a_cut_is_resumed(self):
        server = self.serve()
        server.faults.append(Fault(cut=1_000_000))
        [row] = json.loads(self.out('prefetch', IMAGE, '-f', 'json'))
        self.assertEqual(('cached', 2), (row['did'], row['tries']))

    def test_the_code_tells_all_some_or_none(self):
        self.serve()
        self.assertEqual(0, self.run_on('prefetch', IMAGE).returncode)
        done = self.run_on('prefetch', IMAGE, 'nope')
        self.assertEqual(1, done.returncode)
        self.assertEqual(3, self.run_on('prefetch', 'nope').returncode)

    def test_a_list_from_a_file_or_standard_input(self):
        self.serve()
        text = f'# of today\n\n{IMAGE} # debian\n{IMAGE}\n'
        said = self.out('prefetch', '--list', '-', stdin=text)
        self.assertEqual(1, len(said.splitlines()))
        file = self.root / 'list'
        file.write_text(text)
        self.assertIn('already', self.out('prefetch', '--list', str(file)))

    def test_a_list_that_an_editor_of_windows_has_saved(self):
        self.serve()
        text = f'\ufeff{IMAGE}\r\n'
        self.out('prefetch', '--list', '-', stdin=text)
        file = self.root / 'list'
        file.write_bytes(text.encode())
        self.out('prefetch', '--list', str(file))

    def test_an_image_service_that_is_out_for_a_second_is_asked_again(self):
        server = self.serve()
        again = Fault(status=503, headers={'Retry-After': '1'})
        server.metadata_faults.append(again)
        self.out('prefetch', IMAGE)

    def test_how_long_it_is_out_is_told(self):
        again = Fault(status=503, headers={'Retry-After': '4000'})
        self.serve().metadata_faults.append(again)
        said = self.run_on('prefetch', IMAGE).stdout
        self.assertIn('asking again may help in 4,000 s', said)

    def test_that_the_next_run_goes_on_is_told(self):
        again = Fault(status=503, headers={'Retry-After': '4000'})
        self.serve().faults += [Fault(cut=2 * 2**20 + 1), again]
        said = self.run_on('prefetch', IMAGE).stdout
        self.assertRegex(
            said,
            r'may help in 4,000 s; [0-9.]+ MiB of it stay here for a day, '
            r'and fetching it again goes on from there\n',
        )
        self.assertIn('MiB were here', self.out('prefetch', IMAGE))

    def test_what_is_empty_is_no_image(self):
        for place in '/dev/null', '/proc/self/status', str(self.file):
            self.file.write_bytes(b'')
            with self.subTest(place):
                done = self.run_on('prefetch', 'empty', '--from', place)
                self.assertEqual(3, done.returncode, done.stdout)
        self.assertIn(f"had from '{self.file}': it is empty", done.stdout)
        self.assertEqual({}, self.rows())

    def test_what_is_there_has_the_hash_that_was_given(self):
        self.fetch_file()
        for checksum, code, words in (
            (f'sha256:{SHA256}', 0, 'kept for longer'),
            (f'sha256:{"0" * 64}', 3, f'has the sha256 {SHA256}, not 000'),
            (f'sha512:{"0" * 128}', 0, 'and no sha512'),
        ):
            with self.subTest(words):
                done = self.fetch_file('debian', '--checksum', checksum)
                self.assertEqual(code, done.returncode, done.stdout)
                self.assertIn(words, done.stdout)

    def test_a_resumed_image_is_told_with_its_whole_size(self):
        server = self.serve()
        server.faults += [Fault(cut=2_500_000), Fault(status=403)]
        self.assertEqual(3, self.run_on('prefetch', IMAGE).returncode)
        said = self.out('prefetch', IMAGE)
        self.assertRegex(said, r': 2\.9 MiB in .* s, [0-9.]+ MiB were here')

    def test_a_staging_path_of_no_use_is_named_by_its_option(self):
        for path in '/nonexistent/folder', str(self.file / 'below'):
            with self.subTest(path):
                self.configure(f'staging_path = {path}')
                said = self.fetch_file().stdout
                self.assertIn(f"cannot be staged in '{path}'", said)
                self.assertIn('staging_path', said)

    def test_what_was_staged_goes_after_a_day(self):
        folder = self.root / 'staging'
        self.configure(f'staging_path = {folder}')
        self.serve().faults += [Fault(cut=1_000_000), Fault(status=403)]
        self.run_on('prefetch', IMAGE)
        [stage] = folder.glob('*.stage')
        self.fetch_file('young')
        self.assertTrue(stage.exists())
        then = time.time() - 2 * 86400
        for one in folder.iterdir():
            os.utime(one, (then, then))
        self.fetch_file('old')
        self.assertEqual([], list(folder.iterdir()))

    def test_who_waits_for_a_dead_one_says_so(self):
        server = self.serve()
        server.faults.append(Fault(stall=len(CONTENT) // 2))
        with self.begin('prefetch', IMAGE) as first:
            while not server.ranges:
                time.sleep(0.05)
            first.kill()
        with self.begin('prefetch', IMAGE) as second:
            said = second.stderr.readline()
            second.kill()
        self.assertIn('if they have died, it goes on within', said)

    def test_who_waits_for_another_on_this_host_says_so(self):
        hashed = f'sha256:{SHA256}'
        words = ['prefetch', 'debian', '--from', str(self.file)]
        words += ['--checksum', hashed, '--config-file', str(self.conf)]
        self.configure(f'staging_path = {self.root / "staging"}')
        meta = FileSource(str(self.file), hashed).describe('debian')
        with (
            Stages(self.root / 'staging').open_stage(meta),
            Terminal(words, self.root) as screen,
        ):
            self.assertTrue(screen.read_until('debian waits for others'))
            screen.process.send_signal(signal.SIGINT)
            self.assertEqual(3, screen.end())
        said = 'debian: somebody else on this host fetches it; if they have'
        self.assertIn(said, ' '.join(screen.text.split()))
        self.assertIn('goes on within 60 s', ' '.join(screen.text.split()))

    def test_a_disk_that_is_refused_has_one_reason(self):
        file = self.root / 'child.qcow2'
        make = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw']
        make += ['-b', str(self.file), str(file)]
        subprocess.run(make, check=True)  # noqa: S603
        done = self.run_on('prefetch', 'child', '--from', str(file))
        self.assertIn('it has a backing file', done.stdout)
        self.assertEqual('', done.stderr)

    def test_each_image_has_its_line_when_it_has_ended(self):
        self.serve()
        done = self.run_on('prefetch', 'nope', IMAGE)
        first, second = done.stdout.splitlines()
        self.assertIn('could not be fetched', first)
        self.assertIn('is cached', second)

    def test_a_terminal_has_bars_and_then_the_lines(self):
        self.file.write_bytes(DATA * 8)
        arguments = ['prefetch', 'debian', '--from', str(self.file)]
        arguments += ['--max-rate', '3M', '--config-file', str(self.conf)]
        with Terminal(arguments, self.root) as screen:
            self.assertTrue(screen.read_until('B/s'))
            self.assertEqual(0, screen.end())
        self.assertIn('debian is cached in', screen.text)

    def test_ctrl_c_leaves_nothing_half_and_the_next_run_goes_on(self):
        words = ['prefetch', 'debian', '--from', str(self.file)]
        with self.begin(*words, '--max-rate', '200k') as running:
            while not any(files for *_, files in os.walk(self.path)):
                time.sleep(0.05)
            time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            said, complaint = running.communicate(timeout=20)
        self.assertEqual(3, running.returncode, complaint)
        self.assertIn('ending soon', complaint)
        self.assertIn('could not be fetched', said)
        self.assertEqual({}, self.rows())
        self.assertIn('is cached', self.fetch_file().stdout)

    def count_bytes(self):
        count = 0
        for folder, _, files in os.walk(self.path):
            for one in files:
                # Records are replaced meanwhile.
                with contextlib.suppress(FileNotFoundError):
                    count += os.stat(os.path.join(folder, one)).st_size
        return count

    def check_given_back(self):
        """Find no room reserved, and what had come for the next one."""
        self.assertEqual([], self.reserved())
        done = self.run_on('prefetch', IMAGE)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('were here', done.stdout)

    def test_ctrl_c_is_heeded_while_nothing_comes(self):
        server = self.serve(300)
        server.faults.append(Fault(stall=len(CONTENT) // 2))
        running = self.begin('prefetch', IMAGE)
        while self.count_bytes() < 2**18:
            self.assertIsNone(running.poll())
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said, complaint = running.communicate(timeout=100)
        self.assertEqual(3, running.returncode, complaint)
        self.assertIn('could not be fetched', said)
        self.check_given_back()

    def test_ctrl_c_twice_gives_back_the_room(self):
        server = self.serve(60)
        # It is asked what the image is by now, and does not answer.
        server.faults.append(Fault(cut=len(CONTENT) // 2))
        server.metadata_faults += [Fault(), Fault(stall=10)]
        running = self.begin('prefetch', IMAGE)
        while server.metadata_faults:
            self.assertIsNone(running.poll())
            time.sleep(0.05)
        self.assertEqual(1, len(self.reserved()))
        running.send_signal(signal.SIGINT)
        while 'ending soon' not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        said, complaint = running.communicate(timeout=20)
        self.assertEqual((130, ''), (running.returncode, said), complaint)
        self.assertIn('interrupted', complaint)
        # Which waits for nobody.
        self.check_given_back()

    def reserved(self):
        return DirectoryHandler([self.path]).reservations(self.path)


class TestBadInput(PrefetchCase):
    def test_what_is_asked_wrongly_is_named(self):
        file = str(self.file)
        for words, *arguments in (
            ('name an image',),
            ('one image comes from', 'a', 'b', '--from', file),
            ('--from', 'a', '--checksum', 'sha256:00'),
            ('not a rate', 'a', '--max-rate', '5MB'),
            ('not a rate', 'a', '--max-rate', '-1'),
            ('not a span', 'a', '--ttl', '0h'),
            ('cannot name an image', '../a'),
            ('cannot name an image', 'x' * 300),
            ('auth_type', 'a'),
            ('No such file', '--list', 'nowhere'),
        ):
            with self.subTest(words, arguments=arguments):
                done = self.run_on('prefetch', *arguments)
                self.refused(done, 2, words)

    def test_a_lease_that_is_over_at_once_or_never_is_refused(self):
        for ttl, words in (('1m', 'clock skew'), ('999999w', 'days')):
            with self.subTest(ttl):
                done = self.fetch_file('debian', '--ttl', ttl)
                self.refused(done, 2, words)

    def test_lines_that_are_no_ids_are_named(self):
        for text in ('a b\n', '\n\n../x\n', '\0\n'):
            with self.subTest(text):
                done = self.run_on('prefetch', '--list', '-', stdin=text)
                self.refused(done, 2, 'line')

    def test_a_source_that_fails_is_named_and_not_the_image(self):
        self.file.unlink()
        said = self.fetch_file().stdout
        self.assertIn(f"the image cannot be had from '{self.file}': ", said)

    def test_a_wrong_hash_leaves_nothing(self):
        done = self.fetch_file('debian', '--checksum', f'sha256:{"0" * 64}')
        self.assertIn("image 'debian': its bytes have another", done.stdout)
        self.assertEqual(3, done.returncode)
        self.assertEqual({}, self.rows())

    def test_a_url_needs_a_hash(self):
        done = self.run_on('prefetch', 'a', '--from', 'http://example.org/a')
        self.refused(done, 2, 'sha256')

    def test_a_place_or_hash_of_no_use_is_wrong_usage(self):
        hashed = f'sha256:{SHA256}'
        for words, place, checksum in (
            ('sha256', str(self.file), 'sha256:zz'),
            ('https://', 'ftp://example.org/a', hashed),
            ('password', 'https://me:secret@example.org/a', hashed),
        ):
            with self.subTest(words):
                done = self.run_on(
                    'prefetch', 'a', '--from', place, '--checksum', checksum
                )
                self.refused(done, 2, words)
                self.assertNotIn('secret@', done.stderr)

    def test_an_image_that_is_not_active_is_not_fetched(self):
        self.serve(status='queued')
        done = self.run_on('prefetch', IMAGE)
        self.assertEqual(3, done.returncode)
        self.assertIn('queued', done.stdout)


class TestVerify(PrefetchCase):
    def setUp(self):
        super().setUp()
        self.fetch_file()

    def spoil(self):
        path = os.path.join(self.path, 'debian')
        found = os.stat(path)
        with open(path, 'r+b') as file:
            file.write(b'!')
        # As a disk that rots does: nobody has written to the file.
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    def end_lease(self):
        """Leave it as it is when its lease has ended."""
        path = os.path.join(self.path, '.debian.imagecache')
        with open(path) as file:
            said = json.load(file)
        said['labels'] = [one for one in said['labels'] if 'lease' not in one]
        with open(path, 'w') as file:
            json.dump(said, file)

    def test_what_is_whole_is_said_to_be(self):
        self.assertIn('is whole', self.out('verify'))
        self.assertIn('is whole', self.out('verify', 'debi'))

    def test_what_differs_is_named_and_set_aside_if_asked(self):
        self.spoil()
        said = self.out('verify', code=1)
        self.assertIn('differs: its sha256 is', said)
        self.assertIn('debian', self.rows())
        self.end_lease()
        users = self.in_use('# nobody\n')
        said = self.out('verify', '--quarantine', *users, code=1)
        self.assertIn('was set aside', said)
        self.assertEqual({}, self.rows())
        self.assertIn('is cached', self.fetch_file().stdout)

    def test_what_is_used_stays(self):
        self.spoil()
        users = self.in_use('debian vm-1\n')
        said = self.out('verify', '--quarantine', *users, code=1)
        self.assertIn('stays', said)
        self.assertIn('debian', self.rows())

    def test_what_has_no_hash_cannot_be_verified(self):
        self.out('add', 'other', str(self.file))
        said = self.out('verify', '-f', 'json')
        found = {row['image']: row['proof'] for row in json.loads(said)}
        self.assertEqual(
            {'debian': 'whole', 'other': 'cannot be verified'}, found
        )
        self.out('verify', 'other', code=1)

    def test_what_was_written_to_is_named_as_what_is_wrong(self):
        for name in 'c1', 'web1':
            self.fetch_file(name)
            with open(os.path.join(self.path, name), 'r+b') as file:
                file.write(b'!')
        for names in ['c1'], ['web1'], []:
            with self.subTest(names):
                done = self.run_on('verify', *names)
                self.assertEqual(1, done.returncode)
                for name in names or ('c1', 'web1'):
                    told = f'{name} in {self.path} is not managed any more: '
                    self.assertIn(told, done.stdout)
                    self.assertIn('written to', done.stdout)
        done = self.run_on('verify', 'web1', '-f', 'json')
        [row] = json.loads(done.stdout)
        self.assertEqual(('web1', 'not managed'), (row['image'], row['proof']))
        self.assertIn('debian', self.run_on('verify').stdout)
        done = self.run_on('verify', 'nope')
        self.assertIn('see imagecache list', done.stderr)

    def test_what_was_written_to_is_not_set_aside(self):
        with open(os.path.join(self.path, 'debian'), 'r+b') as file:
            file.write(b'!')
        users = self.in_use('# nobody\n')
        done = self.run_on('verify', '--quarantine', *users)
        self.assertEqual(1, done.returncode)
        self.assertTrue(os.path.exists(os.path.join(self.path, 'debian')))

    def test_an_empty_cache_has_nothing_to_verify(self):
        os.unlink(os.path.join(self.path, 'debian'))
        self.assertIn('nothing to verify', self.out('verify'))
