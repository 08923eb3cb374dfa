"""An outsider's cleaner, on a vCenter that an outsider would start."""

from collections import Counter
import contextlib
import pathlib
import re
import ssl
import subprocess
import sys

import pytest
from pyVim.connect import Disconnect
from pyVim.connect import SmartConnect
from pyVmomi import vim

from tests.functional.vcenter import cleaner
import vcenter_simulator

pytest_plugins = ['vcenter_simulator.pytest_fixtures']

CLEANER = pathlib.Path(__file__).with_name('cleaner.py')
SETTING = re.compile(r'^ *(\w+) = (.+)$', re.MULTILINE)


@contextlib.contextmanager
def started(*arguments):
    """Run the command; give the settings that it prints."""
    command = [sys.executable, '-m', 'vcenter_simulator', *arguments]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        printed = []
        while not printed or 'base_folder' not in printed[-1]:
            printed.append(process.stdout.readline())
        try:
            yield dict(SETTING.findall(''.join(printed)))
        finally:
            process.terminate()


def run_cleaner(settings):
    names = 'username', 'password', 'ca_file', 'base_folder'
    where = settings['url'].removeprefix('https://').split(':')
    arguments = [*where, *(settings[name] for name in names)]
    told = subprocess.run(  # noqa: S603
        [sys.executable, CLEANER, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return Counter(line.split()[0] for line in told.stdout.splitlines())


@pytest.mark.parametrize('datastores', [1, 2])
def test_only_what_no_machine_uses_is_deleted(datastores):
    with started(
        '--images=20', '--vms=5', f'--datastores={datastores}'
    ) as settings:
        assert run_cleaner(settings) == {'used': 5, 'deleted': 15}
        assert run_cleaner(settings) == {'used': 5}


@pytest.fixture
def vcenter(start_vcenter):
    return start_vcenter(vcenter_simulator.Scenario(hosts=2), tls=True)


@pytest.fixture
def instance(vcenter):
    instance = SmartConnect(
        host=vcenter.address,
        port=vcenter.port,
        user=vcenter.username,
        pwd=vcenter.password,
        sslContext=ssl.create_default_context(cafile=vcenter.ca_file),
    )
    yield instance
    Disconnect(instance)


class TestWhatItHasNotThoughtOf:
    """What its author would find out by the page of the simulator."""

    def test_spawn_between_look_and_delete(self, vcenter, instance):
        vcenter.actors.cache('debian')
        vcenter.before(
            'DeleteDatastoreFile_Task#work',
            lambda: vcenter.actors.spawn('debian'),
        )
        with pytest.raises(vim.fault.FileLocked):
            cleaner.clean(instance, 'vmware_base')

    def test_base_that_had_a_child(self, vcenter, instance, capsys):
        vcenter.actors.cache('debian')
        machine = vcenter.actors.spawn('debian')
        vcenter.actors.stop(machine)
        vcenter.actors.end(machine)
        cleaner.clean(instance, 'vmware_base')
        assert capsys.readouterr().out.startswith('refused')

    def test_machine_that_cannot_be_read(self, vcenter, instance):
        vcenter.actors.cache('debian')
        machine = vcenter.actors.spawn('debian')
        vcenter.actors.break_machine(machine, 'inaccessible')
        with pytest.raises(SystemExit, match='nothing is safe'):
            cleaner.clean(instance, 'vmware_base')
