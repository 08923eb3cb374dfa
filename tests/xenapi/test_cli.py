"""The command on a pool, and bad input as its user sees it."""

import datetime
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import seen_label
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from xapi_simulator import drop
from xapi_simulator import Scenario
from xapi_simulator import User

LONG_AGO = 'unused.20200601t000000z'


PROGRAM = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']


class CommandCase(Pooled, unittest.TestCase):
    scenario = Scenario(hosts=2, srs=2)

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.conf = pathlib.Path(folder.name) / 'cache.conf'
        self.configure()

    def configure(self, *lines, url=None, password=None):
        every = [self.pool.url_of(number) for number in (0, 1)]
        given = [
            f'url = {url or ", ".join(every)}',
            f'password = {password or self.pool.password}',
            'timeout_seconds = 5',
        ]
        if self.pool.url.startswith('http:'):
            given.append('insecure = true')
        set_here = {line.partition(' ')[0] for line in lines}
        kept = [one for one in given if one.partition(' ')[0] not in set_here]
        head = ['[imagecache]', 'handler = xenapi', '[imagecache_xenapi]']
        self.conf.write_text('\n'.join([*head, *kept, *lines, '']))

    def run_on(self, *arguments):
        return subprocess.run(  # noqa: S603 -- our own program
            [*PROGRAM, *arguments, '--config-file', self.conf],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {'COLUMNS': '200'},
        )

    def begin(self, *arguments):
        """Begin a command; what has not ended with the test is killed."""
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [*PROGRAM, *arguments, '--config-file', self.conf],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {'COLUMNS': '200'},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def out(self, *arguments, code=0):
        done = self.run_on(*arguments)
        self.assertEqual(('', code), (done.stderr, done.returncode))
        return done.stdout

    def assertComplains(self, *words, code, command='list'):
        """It ends so, with one line of complaint, and no secret in it."""
        done = self.run_on(command)
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn(self.pool.password, done.stderr)

    def old(self, *image_ids):
        for ref, row in self.pool.do('VDI.get_all_records').items():
            if row['other_config'].get('image-id') in image_ids:
                config = {**row['other_config'], 'cached-time': '1577836800'}
                self.actors.set('VDI', ref, other_config=config)


class TestCommands(CommandCase):
    def test_list_plan_and_sweep(self):
        self.cache('debian', labels=[SEEN, LONG_AGO])
        used = self.cache('alpine', labels=[SEEN])
        self.actors.set('VDI', used, other_config=self.young(used))
        self.actors.spawn(used)
        self.old('debian')
        rows = json.loads(self.out('list', '-f', 'json'))
        told = {row['image']: row['reason'] for row in rows}
        self.assertEqual({'debian': 'expired', 'alpine': 'in-use'}, told)
        self.assertIn('debian', self.out('plan'))
        self.out('sweep')
        rows = json.loads(self.out('list', '-f', 'json'))
        self.assertEqual(['alpine'], [row['image'] for row in rows])

    def fill(self, count):
        names = [f'image-{number}' for number in range(count)]
        for name in names:
            self.cache(name, labels=[SEEN, LONG_AGO])
        self.old(*names)

    def sweep_in_trouble(self, *options):
        self.fill(9)
        away = 'SR_BACKEND_FAILURE_47', '', 'The SR is not available', ''
        with self.failing('Async.VDI.destroy', *away):
            done = self.run_on('sweep', *options)
        told = 'store storage-0 refused 5 removals in a row; 4 left for the'
        self.assertEqual(
            [f'imagecache: warning: {told} next sweep'],
            done.stderr.splitlines(),
        )
        self.assertEqual(1, done.returncode)
        return done.stdout

    def test_a_store_that_is_left_is_told_of(self):
        said = self.sweep_in_trouble()
        self.assertIn('refused 5 removals in a row; 4 left for the', said)
        self.assertEqual(5, said.count('  failed '))
        self.assertEqual(9, len(self.vdis()))

    def test_so_it_is_to_programs_in_the_same_fields(self):
        rows = json.loads(self.sweep_in_trouble('-f', 'json'))
        self.assertEqual(5, len(rows))
        self.assertEqual(
            {'image', 'store', 'size', 'did', 'freed', 'reason', 'detail'},
            set().union(*rows),
        )

    def young(self, ref):
        return dict(self.record(ref)['other_config'])

    def test_pin_hold_and_release(self):
        self.cache('debian')
        self.out('pin', 'debian', '--owner', 'ops')
        [row] = json.loads(self.out('list', '-f', 'json'))
        self.assertIn('pin', str(row))
        self.out('unpin', 'debian', '--owner', 'ops')

    def test_add_and_evict(self):
        file = self.conf.with_name('disk.raw')
        file.write_bytes(b'disk' * 2**18)
        self.out('add', 'debian', str(file))
        [row] = json.loads(self.out('list', '-f', 'json'))
        self.assertEqual('debian', row['image'])

    def test_the_password_is_not_shown(self):
        self.assertNotIn(self.pool.password, self.out('config'))

    def test_which_hosts_hold_an_image(self):
        for name in 'storage-0', 'storage-1':
            [sr] = self.pool.do('SR.get_by_name_label', name)
            self.actors.set(
                'SR', sr, other_config={'i18n-key': 'local-storage'}
            )
            self.cache('debian', sr=sr)
        self.configure('srs = other-config:i18n-key=local-storage')
        rows = json.loads(self.out('list', '-f', 'json'))
        self.assertEqual(
            {'storage-0', 'storage-1'}, {row['store'] for row in rows}
        )


class TestInterrupted(CommandCase):
    def test_an_upload_that_is_ended_leaves_nothing(self):
        file = self.conf.with_name('disk.raw')
        file.write_bytes(b'disk' * 2**18)
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number):
                begun, ended = threading.Event(), threading.Event()
                self.addCleanup(ended.set)
                self.pool.before('task.create', begun.set)
                self.pool.after(
                    'task.create', functools.partial(ended.wait, 60)
                )
                process = self.begin('add', 'debian', str(file))
                self.assertTrue(begun.wait(60))
                process.send_signal(number)
                _, errors = process.communicate(timeout=60)
                ended.set()
                self.assertIn('interrupted', errors)
                self.assertNotIn('Traceback', errors)
                self.assertEqual(130, process.returncode)
                self.assertEqual(set(), self.vdis())

    def begin(self, *arguments):
        command = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        return subprocess.Popen(  # noqa: S603 -- our own program
            [*command, *arguments, '--store', 'storage-0']
            + ['--config-file', str(self.conf)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class TestBadInput(CommandCase):
    def test_nobody_at_the_url(self):
        self.configure(url='http://127.0.0.1:9')
        self.assertComplains('127.0.0.1:9', 'refused', code=1)

    def test_what_is_no_url(self):
        for url in 'xen-1', 'ftp://xen-1', 'https://xen-1/path':
            self.configure(url=url)
            self.assertComplains('url', url, code=2)

    def test_the_wrong_scheme(self):
        self.configure(url=self.pool.url.replace('http:', 'https:'))
        self.assertComplains('TLS', 'http://', code=1)

    def test_a_slave_whose_master_is_away_is_told(self):
        with self.host_away():
            self.configure('follow_any = true', url=self.pool.url_of(1))
            self.assertComplains('says that', 'leads', 'refused', code=1)

    def test_an_image_of_another_store_is_told_where_it_is(self):
        self.cache('debian')
        self.configure('srs = storage-0,storage-1')
        done = self.run_on('evict', 'debian', '--store', 'storage-1', '--yes')
        self.assertEqual(1, done.returncode)
        self.assertIn('not in that store, but in storage-0', done.stderr)

    def test_a_host_that_nobody_knows(self):
        self.configure(url='http://no-such-host.invalid')
        self.assertComplains('no-such-host.invalid', code=1)

    def test_a_wrong_password(self):
        self.configure(password='wrong')
        self.assertComplains('SESSION_AUTHENTICATION_FAILED', code=2)

    def test_values_that_fit_no_option(self):
        for line, words in (
            ('timeout_seconds = 0', ('timeout_seconds', ' 0 ')),
            ('timeout_seconds = 3000000', ('timeout_seconds', 'to 86400')),
            ('insecure = maybe', ('insecure', 'maybe')),
            ('password = pa$word', ('password', '$$')),
        ):
            self.configure(line)
            self.assertComplains(*words, code=2)
            self.assertNotIn('option word', self.run_on('list').stderr)

    def test_no_url(self):
        self.conf.write_text('[imagecache]\nhandler = xenapi\n')
        self.assertComplains('[imagecache_xenapi] url', code=2)

    def test_an_sr_that_is_not_there_or_cannot_be_named(self):
        self.configure('srs = nowhere')
        self.assertComplains('nowhere', 'srs', 'storage-0', code=1)
        for srs in 'default-sr:false', 'other-config:key':
            self.configure(f'srs = {srs}')
            self.assertComplains(srs, code=2)

    def test_a_host_that_is_not_of_the_pool(self):
        self.configure('host = xen-9')
        self.assertComplains('xen-9', 'host-1, host-2', code=2)

    def test_nothing_is_said_of_what_could_not_be_read(self):
        self.configure('srs = nowhere')
        done = self.run_on('list')
        self.assertIn('No image is cached in what could be read', done.stdout)

    def test_an_sr_that_is_plugged_nowhere_stops_no_other(self):
        [sr] = self.pool.do('SR.get_by_name_label', 'storage-1')
        self.actors.plug(sr, attached=False)
        self.cache('debian')
        self.configure('srs = storage-0,storage-1')
        done = self.run_on('list', '-f', 'json')
        self.assertIn('debian', done.stdout)
        self.assertIn('plugged', done.stderr)

    def test_a_default_sr_that_is_none(self):
        self.actors.set(
            'pool', self.pool.world.pool, default_SR='OpaqueRef:NULL'
        )
        self.assertComplains('default-sr:true', code=1)

    def test_a_slave_is_as_good_as_its_master(self):
        self.cache('debian')
        self.configure('follow_any = true', url=self.pool.url_of(1))
        self.assertIn('debian', self.out('list', '-f', 'json'))

    def test_a_role_that_is_too_weak(self):
        self.start(users={'viewer': User('secret', 'read-only')})
        self.cache('debian')
        self.configure('username = viewer', password='secret')
        self.out('list')
        done = self.run_on('pin', 'debian', '--owner', 'ops')
        self.assertEqual(1, done.returncode)
        self.assertIn('vm-admin', done.stderr)

    def test_a_host_that_dies_in_a_pass(self):
        self.cache('debian', labels=[SEEN, LONG_AGO])
        for number in range(1, 20):
            self.pool.before('VDI.get_all_records_where', drop(), number)
        done = self.run_on('list')
        self.assertEqual(1, done.returncode)
        self.assertIn('storage-0', done.stderr.splitlines()[-1])
        self.assertNotIn('Traceback', done.stderr)

    def test_a_host_that_dies_in_a_sweep(self):
        for image_id in 'debian', 'alpine':
            self.cache(image_id, labels=[SEEN, LONG_AGO])
        self.old('debian', 'alpine')
        self.pool.before('Async.VDI.destroy', self.die_answering)
        done = self.run_on('sweep')
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertNotIn('Traceback', done.stderr)
        self.pool.heal_host(0)
        self.assertEqual(2, len(self.vdis()))
        # Claims still stand there, which may be those of a removal.
        self.out('list')

    def test_clocks_apart(self):
        now = datetime.datetime.now(datetime.UTC)
        lease = lease_label('vm-1', now - datetime.timedelta(seconds=30))
        self.cache('debian', labels=[SEEN, LONG_AGO, lease])
        ahead = seen_label(now + datetime.timedelta(hours=2))
        self.cache('alpine', labels=[ahead])
        done = self.run_on('evict', 'debian', '--yes')
        self.assertEqual(1, done.returncode)
        self.assertIn('held by vm-1', done.stdout)
        self.out('sweep')
        rows = json.loads(self.out('show', 'alpine', '-f', 'json'))
        self.assertNotIn(ahead, str(rows))

    def test_a_slave_that_is_promoted_in_a_pass(self):
        self.cache('debian')
        self.pool.before(
            'VDI.get_all_records_where', lambda: self.pool.promote(1)
        )
        self.assertIn('debian', self.out('list', '-f', 'json'))

    def test_hostile_names_stand_in_nobodys_way(self):
        self.cache('debian')
        for name in '" or true or "', '../../x', 'a\tb', '\u202e', 'x' * 300:
            self.disk(
                name_label=f'Glance Image {name}',
                other_config={'image-id': name},
            )
        rows = json.loads(self.out('list', '-f', 'json'))
        self.assertEqual(['debian'], [row['image'] for row in rows])


class TestTls(CommandCase):
    def start(self, scenario=None, **how):
        cert, key = certificates.files(certificates.NAMES)
        super().start(scenario, certificate=cert, key=key, **how)

    def test_a_stranger_is_refused_with_what_to_do(self):
        self.assertComplains('certificate', 'set ca_file', code=1)

    def test_a_file_that_lacks_the_authority_is_named(self):
        other, _ = certificates.files('subjectAltName=DNS:elsewhere')
        self.configure(f'ca_file = {other}')
        self.assertComplains('certificate', other, 'does not hold', code=1)

    def test_the_right_authority_is_trusted(self):
        cert, _ = certificates.files(certificates.NAMES)
        self.configure(f'ca_file = {cert}')
        self.out('list')

    def test_a_ca_file_that_is_none(self):
        self.configure(f'ca_file = {self.conf}')
        self.assertComplains('ca_file', code=2)

    def test_insecure_is_asked_for_by_name(self):
        self.configure('insecure = true')
        self.out('list')


class TestSimulator(CommandCase):
    """What ``python -m xapi_simulator`` prints."""

    def test_the_configuration_that_it_prints_works(self):
        module = 'xapi_simulator'
        command = [sys.executable, '-m', module, '--srs=2', '--images=3']
        with subprocess.Popen(  # noqa: S603 -- our own program
            command, stdout=subprocess.PIPE, text=True
        ) as process:
            printed = []
            for line in process.stdout:
                printed.append(line.strip())
                if line.strip().startswith('srs ='):
                    break
            begin = printed.index('[imagecache]')
            self.conf.write_text('\n'.join(printed[begin:]))
            try:
                rows = json.loads(self.out('list', '-f', 'json'))
            finally:
                process.terminate()
        self.assertEqual(3, len(rows))
