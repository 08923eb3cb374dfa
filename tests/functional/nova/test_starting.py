"""nova-compute with our drivers starts, and heeds options as Nova does."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.functional.nova.driving import NOVA

AGE = 'remove_unused_original_minimum_age_seconds'
SHIM = pathlib.Path(__file__).parents[3] / 'contrib' / 'nova-shim'
REMOVE = 'remove_unused_base_images'
LAUNCHER = 'nova-compute-imagecache'
# Who says what in a file, and what is ours then, and Nova's.
OLD = f'[DEFAULT]\n{AGE} = 11\nimage_cache_manager_interval = 12\n'
NEW = f'[image_cache]\n{AGE} = 21\nmanager_interval = 22\n'
OWN = f'[imagecache]\n{AGE} = 31\n'
NO_MORE = '[DEFAULT]\nremove_unused_base_images = false\n'
MATRIX = {
    '': ((86400, 2400, True), (86400, 2400, True)),
    OLD: ((11, 12, True), (11, 12, True)),
    NEW: ((21, 22, True), (21, 22, True)),
    OLD + NEW: ((21, 22, True), (21, 22, True)),
    OWN: ((31, 2400, True), (86400, 2400, True)),
    OWN + OLD: ((31, 12, True), (11, 12, True)),
    OWN + NEW: ((31, 22, True), (21, 22, True)),
    OWN + OLD + NEW: ((31, 22, True), (21, 22, True)),
    NO_MORE: ((86400, 2400, False), (86400, 2400, False)),
    '[image_cache]\nmanager_interval = -1\n': (
        (86400, -1, True),
        (86400, -1, True),
    ),
    '[image_cache]\nmanager_interval = 0\n': (
        (86400, 0, True),
        (86400, 0, True),
    ),
}


def run(*command, **environment):
    return subprocess.run(  # noqa: S603
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize('order', ['nova', 'ours'])
def test_options_are_followed_whoever_comes_first(order, tmp_path):
    files = []
    for number, text in enumerate(MATRIX):
        files.append(tmp_path / f'{number}.conf')
        files[-1].write_text(text)
    program = 'tests.functional.nova.option_matrix'
    done = run(sys.executable, '-m', program, order, *map(str, files))
    assert done.returncode == 0, done.stderr
    found = [
        tuple(
            (said[AGE], said['manager_interval'], said[REMOVE])
            for said in (read['ours'], read['nova'])
        )
        for read in json.loads(done.stdout)
    ]
    assert found == list(MATRIX.values())


FIND = """
from tests.functional.nova.patching import patch_nova
patch_nova()
from oslo_utils import importutils
driver = importutils.import_class('nova.virt.{name}')
print([one.__module__ for one in driver.__mro__[:4]])
"""


@pytest.fixture
def shim(tmp_path):
    """Install the one file into Nova's package, for one test."""
    source = shutil.copytree(SHIM, tmp_path / 'shim')
    pip = sys.executable, '-m', 'pip', '--quiet'
    options = '--no-deps', '--no-build-isolation', str(source)
    installed = run(*pip, 'install', *options)
    assert installed.returncode == 0, installed.stderr
    yield
    removed = run(*pip, 'uninstall', '--yes', 'imagecache-handlers-nova')
    assert removed.returncode == 0, removed.stderr


def find_driver(name):
    """Have Nova find a driver as nova-compute does, without the launcher."""
    return run(sys.executable, '-c', FIND.format(name=name))


def test_shim_needs_no_launcher(shim):
    for name, kind in (
        ('imagecache_libvirt.LibvirtDriver', 'nova.virt.libvirt.driver'),
        ('imagecache_vmware.VMwareVCDriver', 'nova.virt.vmwareapi.driver'),
    ):
        found = find_driver(name)
        assert found.returncode == 0, found.stderr
        assert kind in found.stdout


def test_without_either_nova_finds_no_such_driver():
    found = find_driver('imagecache_libvirt.LibvirtDriver')
    assert found.returncode != 0
    assert 'imagecache_libvirt' in found.stderr


@pytest.mark.parametrize('disabled', ['true', 'false'])
def test_launcher_starts_nova_with_either_kind_of_threads(disabled):
    """Nova ends at once where eventlet was loaded before it."""
    launcher = os.path.join(os.path.dirname(sys.executable), LAUNCHER)
    done = run(
        launcher, '--version', OS_NOVA_DISABLE_EVENTLET_PATCHING=disabled
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'{NOVA}.'), done.stdout
    assert 'imported early' not in done.stderr
