"""The unit and the sample configuration of ``contrib``: they work as shipped.

systemd's own judge reads the unit; the command is started as it says.
"""

import configparser
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import loader
from tests.docs.reading import directives
from tests.docs.reading import ROOT
from tests.docs.test_commands import parsed
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM

CONTRIB = ROOT / 'contrib'
UNIT = CONTRIB / 'systemd' / 'imagecache.service'
DROP_IN = CONTRIB / 'systemd' / 'without-nova.conf'
JSON_LOG = CONTRIB / 'systemd' / 'json-log.conf'
SWEEP = CONTRIB / 'systemd' / 'imagecache-sweep.service'
TIMER = CONTRIB / 'systemd' / 'imagecache-sweep.timer'
SAMPLE = CONTRIB / 'imagecache.conf'
OPERATOR = ROOT / 'doc' / 'source' / 'operator.rst'
# What the page tells to set for nova-compute.
NOVA = '[image_cache]\nmanager_interval = -1\n'
# Of Debian 12, by bindep.txt; without it this test fails, and says so.
ANALYZE = shutil.which('systemd-analyze') or 'systemd-analyze'
INSTANCES = '/var/lib/nova/instances'
TIMEOUT = 60


def read(path):
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str
    unit.read(path)
    return unit


def service():
    return read(UNIT)['Service']


def judged(text, drop_in=''):
    """Give what systemd says of a unit, on a host with the command."""
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / 'imagecache.service'
        unit.write_text(text.replace('/usr/local/bin/imagecache', '/bin/true'))
        more = pathlib.Path(folder) / 'imagecache.service.d' / 'x.conf'
        more.parent.mkdir()
        more.write_text(
            drop_in.replace('/usr/local/bin/imagecache', '/bin/true')
        )
        done = subprocess.run(  # noqa: S603 -- the real judge is the point
            [ANALYZE, 'verify', '--man=no', str(unit)],
            capture_output=True,
            text=True,
        )
    return done.returncode, done.stderr


class TestUnit(unittest.TestCase):
    def test_systemd_has_nothing_against_it(self):
        self.assertEqual((0, ''), judged(UNIT.read_text()))
        drop_in = DROP_IN.read_text()
        self.assertEqual((0, ''), judged(UNIT.read_text(), drop_in))
        wrong = drop_in.replace('ReadWritePaths=/srv', 'ReadWritePath=/srv')
        self.assertIn('Unknown key', judged(UNIT.read_text(), wrong)[1])

    def test_what_it_has_not_got_is_found(self):
        newer = UNIT.read_text().replace('Type=notify', 'Type=notify-relaod')
        self.assertIn('Failed to parse service type', judged(newer)[1])

    def test_it_starts_a_command_that_is_taken(self):
        line = service()['ExecStart']
        self.assertEqual('run', parsed(line.partition(' ')[2]))

    def test_it_is_told_by_its_signals_what_the_command_understands(self):
        self.assertEqual('notify', service()['Type'])
        # A bare Debian has that command in its shell only.
        reload = shlex.split(service()['ExecReload'])
        self.assertEqual(['/bin/sh', '-c', 'kill -HUP $$MAINPID'], reload)

    def test_it_can_write_what_the_sample_names_and_nothing_else(self):
        self.assertEqual('strict', service()['ProtectSystem'])
        self.assertEqual('yes', service()['NoNewPrivileges'])
        self.assertNotIn(service()['User'], ('', 'root'))
        conf = cfg.ConfigOpts()
        for group, those in groups.load_groups():
            conf.register_opts(those, group=group)
        conf([f'--config-file={SAMPLE}'])
        writable = service()['ReadWritePaths'].split()
        for path in conf.imagecache_directory.path:
            self.assertTrue(
                any(path.startswith(f'{one}/') for one in writable), path
            )

    def test_the_guide_shows_these_files_and_no_copies(self):
        included = [
            (OPERATOR.parent / argument).resolve()
            for _, argument, _ in directives(OPERATOR, 'literalinclude')
        ]
        shown = {UNIT, DROP_IN, JSON_LOG, TIMER, SAMPLE}
        self.assertEqual(shown, set(included))
        self.assertFalse(list(directives(OPERATOR, 'code-block', 'systemd')))


class TestTimer(unittest.TestCase):
    """A sweep now and then, where no process is to stay."""

    def test_systemd_has_nothing_against_it(self):
        with tempfile.TemporaryDirectory() as folder:
            for unit in SWEEP, TIMER:
                text = unit.read_text()
                here = pathlib.Path(folder) / unit.name
                here.write_text(
                    text.replace('/usr/local/bin/imagecache', '/bin/true')
                )
            done = subprocess.run(  # noqa: S603 -- the real judge is the point
                [ANALYZE, 'verify', '--man=no', str(here)],
                capture_output=True,
                text=True,
            )
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertEqual(
            (0, ''), judged(UNIT.read_text(), JSON_LOG.read_text())
        )

    def test_it_starts_commands_that_are_taken(self):
        line = read(SWEEP)['Service']['ExecStart']
        self.assertEqual('sweep', parsed(line.partition(' ')[2]))
        *_, line = (
            one.partition('=')[2]
            for one in JSON_LOG.read_text().splitlines()
            if one.startswith('ExecStart=')
        )
        self.assertEqual('run', parsed(line.partition(' ')[2]))
        self.assertIn('--log-json', line)

    def test_it_may_do_what_the_service_may_and_no_more(self):
        other = {
            *('Type', 'ExecStart', 'ExecReload', 'TimeoutStartSec'),
            *('WatchdogSec', 'Restart', 'RestartSec'),
            'RestartPreventExitStatus',
        }
        ours, theirs = read(SWEEP)['Service'], service()
        self.assertEqual('oneshot', ours['Type'])
        self.assertEqual(
            {key: theirs[key] for key in theirs if key not in other},
            {key: ours[key] for key in ours if key not in other},
        )

    def test_it_comes_again(self):
        timer = read(TIMER)
        # By its name it begins the service beside it.
        self.assertEqual(SWEEP.stem, TIMER.stem)
        self.assertIn('OnUnitInactiveSec', timer['Timer'])
        self.assertEqual('timers.target', timer['Install']['WantedBy'])


class TestInstall(unittest.TestCase):
    def install(self, root, cwd=None, **variables):
        return subprocess.run(  # noqa: S603 -- our own program
            ['sh', str(CONTRIB / 'install')],  # noqa: S607
            env=environment() | {'DESTDIR': str(root)} | variables,
            cwd=cwd,
            capture_output=True,
            text=True,
        )

    def test_what_lies_where(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            command = root / 'imagecache'
            command.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
            command.chmod(0o755)
            done = self.install(root, COMMAND=str(command), PREFIX='/usr')
            self.assertEqual(0, done.returncode, done.stderr)
            units = root / 'usr/lib/systemd/system'
            for unit in UNIT, SWEEP, TIMER:
                there = read(units / unit.name)
                if unit is not TIMER:
                    line = there['Service']['ExecStart']
                    self.assertTrue(line.startswith(f'{command} '), line)
            names = 'usr/share/bash-completion/completions/imagecache'
            self.assertIn('_imagecache()', (root / names).read_text())
            page = root / 'usr/share/man/man1/imagecache.1'
            made = ROOT / 'doc/build/man/imagecache.1'
            self.assertEqual(made.exists(), page.exists())
            self.assertEqual(made.exists(), 'manual' not in done.stderr)
            conf = root / 'etc/imagecache/imagecache.conf'
            self.assertEqual(SAMPLE.read_text(), conf.read_text())
            conf.write_text('mine')
            self.install(root, COMMAND=str(command))
            self.assertEqual('mine', conf.read_text())

    def test_where_the_command_lies_is_told_from_the_root(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(os.path.realpath(folder))
            command = root / 'bin' / 'imagecache'
            command.parent.mkdir()
            command.write_text('#!/bin/sh\n')
            command.chmod(0o755)
            path = {'PATH': f'{command.parent}:/usr/bin:/bin'}
            ways = {'COMMAND': 'bin/imagecache'}, {'COMMAND': command.name}
            for way in ways:
                done = self.install(root, cwd=root, **path, **way)
                self.assertEqual(0, done.returncode, done.stderr)
                for unit in UNIT, SWEEP:
                    units = root / 'usr/local/lib/systemd/system'
                    line = read(units / unit.name)['Service']['ExecStart']
                    self.assertTrue(line.startswith(f'{command} '), line)

    def test_what_is_no_command_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.install(folder, COMMAND=f'{folder}/none')
            self.assertEqual(2, done.returncode)
            self.assertEqual([], os.listdir(folder))

    def test_without_the_command(self):
        with tempfile.TemporaryDirectory() as folder:
            done = self.install(folder, PATH='/usr/bin:/bin')
            self.assertEqual(2, done.returncode)
            self.assertIn('set COMMAND', done.stderr)


class TestSample(unittest.TestCase):
    def test_every_option_is_one(self):
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([f'--config-file={SAMPLE}'])
        self.assertEqual([], mistakes.find_unknown(conf, groups.load_groups()))
        self.assertTrue(Settings(conf).make_rules(loader.load_order))
        self.assertIsNotNone(Settings(conf).sweep_interval())


class TestStarted(unittest.TestCase):
    """The service as systemd starts it, beside Nova as the guide has it."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.instances = self.root / 'instances'
        (self.instances / '_base').mkdir(parents=True)
        (self.instances / 'locks').mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.root / 'notify'))
        self.socket.settimeout(TIMEOUT)

    def line(self, sample):
        """Give the unit's line, its files being those of this test."""
        (self.root / 'nova.conf').write_text(NOVA)
        (self.root / 'imagecache.conf').write_text(sample)
        _, *words = shlex.split(service()['ExecStart'])
        here = f'{self.root}/'
        return [*PROGRAM, *(re.sub('^/etc/.*/', here, one) for one in words)]

    def started(self, sample):
        words = service()['WatchdogSec'].removesuffix('min')
        process = subprocess.Popen(  # noqa: S603 -- our own program
            self.line(sample),
            env=environment()
            | {
                'NOTIFY_SOCKET': str(self.root / 'notify'),
                'WATCHDOG_USEC': str(int(words) * 60_000_000),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def sample(self):
        text = SAMPLE.read_text().replace(INSTANCES, str(self.instances))
        return text.replace('2400', '1')

    def heard(self):
        return self.socket.recv(4096).decode().splitlines()

    def test_it_sweeps_beside_the_nova_of_the_guide(self):
        process = self.started(self.sample())
        status = 'STATUS=sweeps every 1 s'
        self.assertEqual(['READY=1', status], self.heard())
        self.assertTrue(self.heard()[0].startswith(status))
        process.send_signal(signal.SIGHUP)
        while 'RELOADING=1' not in self.heard():
            pass
        self.assertIn('READY=1', self.heard())
        process.terminate()
        out, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(0, process.returncode, err)
        self.assertIn('Evicted 0 images', out)

    def test_without_a_word_of_its_own_it_is_refused(self):
        sample = self.sample().replace('manager_interval = 1\n', '')
        process = self.started(sample)
        _, err = process.communicate(timeout=TIMEOUT)
        self.assertEqual(2, process.returncode, err)
        self.assertIn('set [imagecache] manager_interval', err)
        found = f'[image_cache] manager_interval in {self.root}/nova.conf'
        self.assertIn(found, err)
        self.assertEqual(1, len(err.splitlines()), err)
        self.assertEqual('2', service()['RestartPreventExitStatus'])
