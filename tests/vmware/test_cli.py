"""The command on a vCenter, and bad input as its user sees it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from simulator_parts.steering import hang
from simulator_parts.steering import reply
from tests.vmware.litter import HALF
from tests.vmware.litter import LEFT
from tests.vmware.litter import Litterer
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator.sessions import User
from vcenter_simulator.simulator import Simulator
from vcenter_simulator import steering

MANAGE = 'Datastore.FileManagement'


class OnCommand(OnVcenter):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.conf = pathlib.Path(folder.name) / 'cache.conf'
        self.configure()

    def configure(self, core='', **changes):
        given = {
            'url': self.vcenter.url,
            'username': self.vcenter.username,
            'password': self.vcenter.password,
            'timeout_seconds': '5',
            'insecure': 'true',
            'base_folder': BASE,
            **changes,
        }
        lines = [
            f'{key} = {value}'
            for key, value in given.items()
            if value is not None
        ]
        self.conf.write_text(
            '\n'.join(
                [
                    '[imagecache]',
                    'handler = vmware',
                    core,
                    '[imagecache_vmware]',
                    *lines,
                    '',
                ]
            )
        )

    def run_command(self, *arguments):
        command = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        return subprocess.run(  # noqa: S603 -- our own program
            [*command, *arguments, '--config-file', self.conf],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {'COLUMNS': '200'},
        )

    def out(self, *arguments, code=0):
        done = self.run_command(*arguments)
        assert ('', code) == (done.stderr, done.returncode)
        return done.stdout

    def rows(self):
        return json.loads(self.out('list', '-f', 'json'))


class TestCommands(OnCommand):
    def test_list_sweep_and_pin(self):
        for image in ONE, TWO:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp())
            self.actors.age(image, LONG_AGO.timestamp())
        self.actors.spawn(TWO)
        told = {row['image']: row['reason'] for row in self.rows()}
        assert told == {ONE: 'expired', TWO: 'in-use'}
        self.out('sweep')
        assert [row['image'] for row in self.rows()] == [TWO]
        self.out('pin', TWO, '--owner', 'ops')
        self.out('sweep')
        labels = set(self.actors.tree(f'[{STORE}] {BASE}/{TWO}'))
        assert {'ic-pin.ops', 'ts-9999-01-01-00-00-00'} <= labels
        self.out('unpin', TWO, '--owner', 'ops')
        self.out('sweep')
        labels = set(self.actors.tree(f'[{STORE}] {BASE}/{TWO}'))
        assert not any(one.startswith(('ic-pin', 'ts-')) for one in labels)

    def test_nova_keeps_what_is_protected(self):
        self.actors.cache(ONE)
        self.configure(core=f'protected_images = {ONE}')
        self.out('sweep')
        labels = set(self.actors.tree(f'[{STORE}] {BASE}/{ONE}'))
        assert 'ts-9999-01-01-00-00-00' in labels

    def test_an_undeletable_image_is_kept_and_told(self):
        self.actors.cache(ONE)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        done = self.run_command('evict', '--force', '--yes', ONE)
        assert done.returncode == 1
        assert 'cannot be removed' in done.stdout
        assert [row['image'] for row in self.rows()] == [ONE]

    def test_debris_is_listed_and_cleaned(self):
        litter = Litterer(self.actors)
        left = [litter.leave_fetch(), litter.leave_half()]
        left += [litter.leave_shadow(), litter.leave_aside()]
        for one in left:
            litter.date(one)
        told = json.loads(self.out('debris', 'list', '-f', 'json'))
        assert sorted(row['location'] for row in told) == sorted(left)
        assert all(row['since'] for row in told)
        assert 'Removed 1 of 1' in self.out('debris', 'clean', '--yes', HALF)
        self.actors.spawn(ONE, starts=False)
        # The machine names the folder that one lay in before.
        assert 'Removed 2 of 2' in self.out('debris', 'clean', '--yes')
        assert 'There is no debris' in self.out('debris', 'clean', '--yes')
        there = self.actors.tree(f'[{STORE}]')
        assert LEFT.partition(' ')[2] in there
        assert f'{BASE}/{ONE}/{ONE}.vmdk' in there

    def test_a_sweep_says_what_it_left_aside_and_why(self):
        litter = Litterer(self.actors)
        litter.leave_aside()
        machine = self.actors.spawn(ONE, starts=False)
        done = self.run_command('sweep')
        assert done.returncode == 0
        said = f'{LEFT} is left: used by {machine.name}'
        assert said in done.stderr

    def test_where_it_is_allowed_it_goes(self):
        self.actors.cache(ONE)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        self.configure(lift_deletable='true', exclusive_datastores=STORE)
        self.out('evict', '--force', '--yes', ONE)
        assert self.rows() == []

    def test_what_nova_would_not_heed_is_refused_or_warned_of(self):
        self.actors.cache(ONE)
        self.configure(core='manager_interval = 7200')
        with self.conf.open('a') as conf:
            conf.write(
                '[image_cache]\n'
                'remove_unused_original_minimum_age_seconds = 3600\n'
            )
        done = self.run_command('hold', ONE, '--owner', 'a', '--for', '2h')
        assert done.returncode == 1
        assert 'outlasts the age at which Nova removes it' in done.stderr
        assert 'manager_interval is 2:00:00, longer than' in done.stderr
        labels = set(self.actors.tree(f'[{STORE}] {BASE}/{ONE}'))
        assert not any(one.startswith('ic-') for one in labels)
        done = self.run_command('hold', ONE, '--owner', 'a', '--for', '1h')
        assert done.returncode == 0


BAD = [
    ({'password': 'wrong'}, 2, 'username and password'),
    ({'username': ''}, 2, 'set [imagecache_vmware] username'),
    ({'url': ''}, 2, 'set [imagecache_vmware] url'),
    ({'url': 'vcenter'}, 2, 'it must begin with https:// or http://'),
    ({'url': 'http://127.0.0.1:1'}, 1, 'refused'),
    ({'url': 'http://nowhere.invalid'}, 1, 'nowhere.invalid'),
    ({'insecure': 'false'}, 2, 'in clear'),
    ({'datastore_regex': '['}, 2, 'is not a regular expression'),
    ({'base_folder': '../x'}, 2, 'must be the name of a folder'),
    ({'base_folder': None}, 2, 'set [imagecache_vmware] base_folder'),
    ({'lift_deletable': 'true'}, 2, 'named in exclusive_datastores'),
    ({'timeout_seconds': 'soon'}, 2, 'timeout_seconds'),
]


class TestBadInput(OnCommand):
    def complaint(self, *arguments):
        done = self.run_command(*(arguments or ('list',)))
        assert 'Traceback' not in done.stderr
        assert self.vcenter.password not in done.stderr + done.stdout
        return done.returncode, done.stderr

    def test_options_that_cannot_work_are_named(self):
        for changes, code, words in BAD:
            self.configure(**changes)
            got, told = self.complaint()
            assert got == code, (changes, told)
            assert words in told, (changes, told)
            assert len(told.splitlines()) == 1, told

    def test_an_account_that_may_not_browse_is_told(self):
        self.make_account(READ_ONLY)
        self.actors.cache(ONE)
        code, told = self.complaint()
        assert code == 1
        assert 'NoPermission' in told

    def test_one_that_may_not_write_loses_nothing(self):
        self.make_account(READ_ONLY | {'Datastore.Browse'})
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        done = self.run_command('sweep')
        assert done.returncode == 1
        assert 'NoPermission' in done.stdout
        assert [row['image'] for row in self.rows()] == [ONE]

    def test_a_machine_that_is_hidden_is_counted(self):
        self.make_account(READ_ONLY | {'Datastore.Browse', MANAGE})
        for image in ONE, TWO:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp())
            self.actors.age(image, LONG_AGO.timestamp())
        self.actors.hide(self.actors.spawn(TWO), 'imagecache')
        code, told = self.complaint('sweep')
        assert code == 1
        assert '1 machine of this datastore cannot be read' in told
        assert {row['image'] for row in self.rows()} == {ONE, TWO}

    def test_a_session_that_ends_between_two_calls_is_renewed(self):
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        self.vcenter.before('MoveDatastoreFile_Task', self.end_sessions)
        self.vcenter.before('DeleteVirtualDisk_Task', self.end_sessions)
        self.out('sweep')
        assert self.rows() == []

    def end_sessions(self):
        self.vcenter.world.sessions.end_all()

    def test_a_datastore_that_is_none_is_named(self):
        code, told = self.complaint('list', '--store', 'nowhere')
        assert code == 2
        assert 'nowhere' in told

    def test_a_regex_that_matches_none_is_told(self):
        self.configure(datastore_regex='nowhere')
        code, told = self.complaint('plan')
        assert (code, told) == (0, '')

    def test_certificates_that_are_not_trusted_say_what_to_do(self):
        self.vcenter.stop()
        self.start(tls=True)
        other = Simulator(tls=True)
        other.start()
        self.addCleanup(other.stop)
        url = self.vcenter.url
        for changes, words in (
            ({}, 'set ca_file to the authority that signed it'),
            ({'ca_file': other.ca_file}, 'does not hold what signed it'),
            ({'ca_file': '/nonexistent'}, "ca_file '/nonexistent'"),
            ({'ca_file': self.conf}, 'ca_file'),
            ({'url': url.replace('https', 'http')}, 'in clear'),
        ):
            self.configure(**{'insecure': 'false', **changes})
            code, told = self.complaint()
            assert code, changes
            assert words in told, (changes, told)
        self.configure(insecure='false', ca_file=self.vcenter.ca_file)
        assert self.rows() == []

    def make_account(self, role):
        self.vcenter.stop()
        self.start(users={'imagecache': User('secret', role)})
        self.vcenter.username = 'imagecache'
        self.vcenter.password = 'secret'  # noqa: S105
        self.configure()

    def test_silence_and_pages_of_proxies_end_in_time(self):
        for action, words in (
            (hang(9), 'within 1 s'),
            (reply(b'<html>sign in</html>'), 'something else'),
            (steering.unavailable(), 'HTTP 503'),
        ):
            self.configure(timeout_seconds='1')
            with self.failing('RetrievePropertiesEx', action):
                code, told = self.complaint()
            assert code == 1
            assert words in told

    def test_a_vcenter_restarted_in_a_sweep_loses_nothing(self):
        for image in ONE, TWO:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp())
            self.actors.age(image, LONG_AGO.timestamp())
        self.actors.spawn(TWO)
        self.vcenter.before('DeleteVirtualDisk_Task', self.actors.restart)
        self.run_command('sweep')
        self.run_command('sweep')
        assert [row['image'] for row in self.rows()] == [TWO]


@pytest.mark.parametrize('command', ['list', 'plan', 'usage'])
def test_reading_changes_nothing(command):
    case = TestCommands()
    case.setUp()
    try:
        case.actors.cache(ONE)
        before = case.actors.tree(f'[{STORE}]')
        case.out(command)
        assert case.actors.tree(f'[{STORE}]') == before
    finally:
        case.doCleanups()


def test_the_lines_that_a_simulator_prints_are_a_configuration(tmp_path):
    command = [sys.executable, '-m', 'vcenter_simulator', '--images', '3']
    with subprocess.Popen(  # noqa: S603 -- our own program
        command, stdout=subprocess.PIPE, text=True
    ) as simulator:
        try:
            conf = tmp_path / 'cache.conf'
            conf.write_text(read_configuration(simulator.stdout))
            imagecache = 'imagecache_handlers.frontends.cli'
            options = 'list', '-f', 'json', '--config-file', str(conf)
            told = subprocess.run(  # noqa: S603 -- our own program
                [sys.executable, '-m', imagecache, *options],
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            simulator.terminate()
    assert len(json.loads(told.stdout)) == 3


def read_configuration(lines):
    """Read the lines up to the last that is printed of it."""
    found = []
    for line in lines:
        if found or '[imagecache]' in line:
            found.append(line.strip())
        if 'base_folder' in line:
            break
    return '\n'.join([*found, ''])
