"""The service: its signals, its reloads and what systemd is told."""

import datetime
import json
import signal
import socket
import time

from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.gate import Gated

TIMEOUT = 60


class Service(Gated):
    """A service whose word to systemd is heard."""

    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.root / 'notify'))
        self.socket.settimeout(TIMEOUT)

    def start(self, *arguments):
        notify = {'NOTIFY_SOCKET': str(self.root / 'notify')}
        variables = self.gated() | notify
        self.process = self.begin('run', *arguments, variables=variables)

    def heard(self):
        """Give what systemd is told next."""
        lines = self.socket.recv(4096).decode().splitlines()
        return dict(line.split('=', 1) for line in lines)

    def untimed(self, line):
        """Give what a line says after its time, which must have a zone."""
        time, _, said = line.partition(' ')
        at = datetime.datetime.fromisoformat(time)
        self.assertIsNotNone(at.tzinfo)
        return said

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        out, err = self.process.communicate(timeout=TIMEOUT)
        self.assertEqual(0, self.process.returncode, err)
        return out, err

    def reload(self):
        self.process.send_signal(signal.SIGHUP)
        told = self.heard()
        self.assertEqual('1', told['RELOADING'])
        self.assertGreater(int(told['MONOTONIC_USEC']), 0)
        return self.heard()


class TestReload(Service):
    def test_it_follows_its_configuration(self):
        self.configure('manager_interval = -1')
        self.start()
        status = 'no sweeps, for manager_interval is -1; waiting for SIGHUP'
        off = {'READY': '1', 'STATUS': status}
        self.assertEqual(off, self.heard())
        self.configure('manager_interval = 0')
        self.assertEqual('sweeps every 60 s', self.reload()['STATUS'])
        self.configure('manager_interval = perhaps')
        # Refused, and the one before goes on.
        self.assertEqual('sweeps every 60 s', self.reload()['STATUS'])
        self.configure('manager_interval = -1')
        self.assertEqual(off, self.reload())
        out, err = self.end()
        self.assertEqual({'STOPPING': '1'}, self.heard())
        every = 'sweeps every 60 s'
        said = [status, every, every, status, 'ended on request']
        lines = [f'info imagecache run: {one}' for one in said]
        self.assertEqual(
            lines, [self.untimed(one) for one in out.split('\n')[:-1]]
        )
        refused = [one for one in err.splitlines() if 'as it was' in one]
        self.assertEqual(1, len(refused), err)
        self.assertIn('perhaps is not a whole number', refused[0])
        said = self.untimed(refused[0])
        self.assertTrue(said.startswith('error imagecache: '), said)
        self.assertEqual(1, len(err.splitlines()), err)


class TestNever(Service):
    """That Nova does not sweep tells us nothing."""

    def follow(self, *own):
        self.nova = self.root / 'nova.conf'
        self.nova.write_text('[image_cache]\nmanager_interval = -1\n')
        self.configure(*own)
        return '--config-file', str(self.nova)

    def test_inherited_it_is_refused(self):
        done = self.run_on('run', *self.follow())
        self.refused(
            done,
            2,
            f'[image_cache] manager_interval in {self.nova} is -1',
            'set [imagecache] manager_interval',
        )

    def test_inherited_from_the_environment_it_is_refused(self):
        name = 'OS_IMAGE_CACHE__MANAGER_INTERVAL'
        self.refused(self.run_on('run', **{name: '-1'}), 2, name)

    def test_its_own_is_waited_with(self):
        self.start(*self.follow('manager_interval = -1'))
        self.assertIn('waiting for SIGHUP', self.heard()['STATUS'])
        self.end()

    def test_reloaded_the_old_one_goes_on(self):
        self.start(*self.follow('manager_interval = 0'))
        self.heard()
        self.configure()
        self.assertEqual('sweeps every 60 s', self.reload()['STATUS'])
        _, err = self.end()
        self.assertIn('as it was: [image_cache] manager_interval in', err)
        self.assertEqual(1, len(err.splitlines()), err)

    def test_other_commands_go_on(self):
        arguments = self.follow()
        self.assertIn('Nothing would be', self.out('plan', *arguments))


# It answers each call at once, and has no end.
STEADY = """
import itertools, os, pathlib, time

VIR_DOMAIN_XML_INACTIVE = 2
VIR_ERR_NO_SUPPORT, VIR_ERR_NO_DOMAIN, VIR_ERR_NO_DOMAIN_SNAPSHOT = 3, 42, 72


class libvirtError(Exception):
    pass


class Domain:
    def name(self):
        return 'vm'

    def XMLDesc(self, flags):
        time.sleep(0.05)
        return '<domain/>'

    def listAllSnapshots(self, flags):
        return []

    def hasManagedSaveImage(self, flags):
        return 0


class Connection:
    def getHostname(self):
        return os.uname().nodename

    def getURI(self):
        return 'qemu:///system'

    def listAllDomains(self, flags):
        pathlib.Path(__file__).with_name('begun').touch()
        return itertools.repeat(Domain())

    def close(self):
        pass


def openReadOnly(uri):
    return Connection()


def registerErrorHandler(function, context):
    pass
"""


class TestAsking(Service):
    def setUp(self):
        super().setUp()
        (self.root / 'libvirt.py').write_text(STEADY)

    def gated(self):
        path = f'{self.root}:{environment()["PYTHONPATH"]}'
        return super().gated() | {'PYTHONPATH': path}

    def test_sigterm_waits_for_nobody_who_is_asked(self):
        """Else for the two minutes that all answers may take together."""
        self.add()
        self.configure('manager_interval = 1')
        file = self.root / 'a.prom'
        self.start('--in-use-from', 'libvirt', '--textfile', str(file))
        status = {'STATUS': 'sweeps every 1 s'}
        self.assertEqual(status | {'READY': '1'}, self.heard())
        while not (self.root / 'begun').exists():
            self.assertIsNone(self.process.poll())
            time.sleep(0.02)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(status, self.heard())
        out, err = self.ended()
        self.assertEqual('', err)
        self.assertIn('stopped before anything was to go', out)
        counted = 'imagecache_sweeps_total{result="stopped"} 1.0\n'
        self.assertIn(counted, file.read_text())


class TestSweeps(Service):
    def test_one_that_knows_nothing_has_failed(self):
        self.add()
        self.configure('manager_interval = 1')
        self.start()
        self.heard()
        for times in 1, 2:
            status = f'sweeps every 1 s, failed {times} times in a row'
            self.assertEqual({'STATUS': status}, self.heard())
        _, err = self.end()
        self.assertIn('nothing could be freed: 1 image', err)

    def test_sigterm_ends_it_after_the_current_image(self):
        for image_id in IMAGE, OTHER:
            self.add(image_id)
        self.age()
        self.configure('handler = gated', 'manager_interval = 1')
        self.start(*self.in_use('# none\n'))
        status = {'STATUS': 'sweeps every 1 s'}
        self.assertEqual(status | {'READY': '1'}, self.heard())
        first = self.await_eviction()
        self.process.send_signal(signal.SIGTERM)
        self.let_go()
        out, err = self.ended()
        self.assertEqual('', err)
        self.assertIn(f'evicted    {first}', out)
        self.assertIn(
            'Stopped: the rest of the plan was not carried out.', out
        )
        self.assertEqual(2, len(self.entries()))
        self.assertEqual(status, self.heard())
        self.assertEqual({'STOPPING': '1'}, self.heard())

    def test_a_failure_is_told_and_does_not_end_it(self):
        self.configure('manager_interval = 1')
        self.start('--in-use', str(self.root / 'nowhere'))
        self.heard()
        for times in 1, 2:
            status = f'sweeps every 1 s, failed {times} times in a row'
            self.assertEqual({'STATUS': status}, self.heard())
        (self.root / 'nowhere').write_text('# none\n')
        told = self.heard()
        while 'failed' in told['STATUS']:
            told = self.heard()
        _, err = self.end()
        self.assertIn('imagecache: The sweep failed: cannot read', err)
        self.assertNotIn('Traceback', err)


class TestRefusals(Service):
    def test_what_cannot_be_begun_is_refused(self):
        done = self.run_on('run', '--in-use', '-')
        self.refused(done, 2, 'standard input can be read only once')
        done = self.run_on('run', '--log-json', '--in-use', '-')
        self.assertEqual(2, done.returncode)
        complaint = json.loads(done.stderr)
        self.assertEqual('error', complaint['level'])
        self.configure('manager_interval = -2')
        self.refused(self.run_on('run'), 2, 'manager_interval')


class TestJson(Service):
    """Each line of either stream is JSON, with why it is so."""

    def events(self, text):
        return [json.loads(line) for line in text.splitlines()]

    def test_each_outcome_is_a_line_with_its_explanation(self):
        for image_id in IMAGE, OTHER:
            self.add(image_id)
        self.age()
        self.configure('handler = gated', 'manager_interval = 1')
        self.start('--log-json', *self.in_use('# none\n'))
        first = self.await_eviction()
        self.process.send_signal(signal.SIGTERM)
        self.let_go()
        out, err = self.ended()
        self.assertEqual('', err)
        events = self.events(out)
        kinds = [one['event'] for one in events]
        self.assertEqual(['news', 'outcome', 'sweep', 'news'], kinds)
        outcome, sweep = events[1:3]
        self.assertEqual(first, outcome['image'])
        self.assertEqual('evicted', outcome['did'])
        self.assertEqual('expired', outcome['reason'])
        self.assertIn('unused since', outcome['detail'])
        self.assertEqual('stopped', sweep['result'])
        self.assertEqual(2, sweep['evictions'])
        for one in events:
            self.assertEqual('info', one['level'])
            at = datetime.datetime.fromisoformat(one['time'])
            self.assertEqual(datetime.timedelta(0), at.utcoffset())

    def test_complaints_are_lines_too(self):
        self.add()
        self.configure('manager_interval = 1')
        self.start('--log-json')
        self.heard()
        self.heard()
        out, err = self.end()
        sweeps = [one for one in self.events(out) if one['event'] == 'sweep']
        self.assertEqual('blind', sweeps[0]['result'])
        [complaint, *_] = self.events(err)
        self.assertEqual('error', complaint['level'])
        self.assertIn('nothing could be freed', complaint['message'])

    def test_what_ends_it_is_a_line_too(self):
        self.configure('manager_interval = -2')
        done = self.run_on('run', '--log-json')
        self.assertEqual((2, ''), (done.returncode, done.stdout))
        [event] = self.events(done.stderr)
        self.assertIn('manager_interval', event['message'])
