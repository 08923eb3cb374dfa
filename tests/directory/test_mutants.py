"""Every mutant of the handler ``directory`` is killed, where it belongs."""

import pathlib

import pytest

import imagecache_handlers
from tests.directory import mutants
from tests.mutation import Copy

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = sorted({tests for tests, _ in mutants.MUTANTS})
BESIDE = 'apart.py', 'disks.py', 'place.py', 'staged.py', 'used.py'


@pytest.fixture
def copy(tmp_path, fork_server):
    beside = [f'directory/{name}' for name in BESIDE]
    return Copy.of(PACKAGE, (*KILLERS, *beside), tmp_path, fork_server)


def test_the_unchanged_copy_passes(copy):
    done = copy.test(*KILLERS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ('tests', 'mutant'),
    mutants.MUTANTS,
    ids=[mutant.name for _, mutant in mutants.MUTANTS],
)
def test_it_is_killed(tests, mutant, copy):
    copy.kill(mutant, tests)
