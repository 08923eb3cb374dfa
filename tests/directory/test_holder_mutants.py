"""Every mutant of the net and of Nova's locks is killed."""

import pathlib

import pytest

import imagecache_handlers
from tests.directory import holder_mutants
from tests.mutation import Copy

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = (
    'directory/apart.py',
    'directory/disks.py',
    'directory/place.py',
    'directory/nova_like.py',
    'directory/test_holders.py',
    'directory/test_nova_process.py',
)
NET = 'directory/test_holders.py'
PROCESS = 'directory/test_nova_process.py'


@pytest.fixture
def copy(tmp_path):
    return Copy.of(PACKAGE, KILLERS, tmp_path)


def test_the_unchanged_copy_passes(copy):
    done = copy.test()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'mutant', holder_mutants.NET, ids=lambda one: one.name
)
def test_the_net_is_missed(mutant, copy):
    copy.kill(mutant, NET)


@pytest.mark.parametrize(
    'mutant', holder_mutants.PROCESS, ids=lambda one: one.name
)
def test_a_lock_is_missed(mutant, copy):
    copy.kill(mutant, PROCESS)
