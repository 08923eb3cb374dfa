"""An outsider's cleaner, on a vCenter that an outsider would start."""

from collections import Counter
import contextlib
import pathlib
import re
import subprocess
import sys

import pytest

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
        yield dict(SETTING.findall(''.join(printed)))
        process.terminate()


def run_cleaner(settings):
    names = 'host', 'port', 'username', 'password', 'ca_file', 'base_folder'
    arguments = [settings[name] for name in names]
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
