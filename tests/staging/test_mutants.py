"""Every mutant of the staging is killed, where it belongs."""

import pathlib

import pytest

import imagecache_handlers
from tests.mutation import Copy
from tests.staging import mutants

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = sorted({tests for tests, _ in mutants.MUTANTS})
BESIDE = 'clock.py', 'disks.py', 'packed.py', 'sources.py'


@pytest.fixture
def copy(tmp_path, fork_server):
    beside = [f'staging/{name}' for name in BESIDE]
    return Copy.of(PACKAGE, (*KILLERS, *beside), tmp_path, fork_server)


@pytest.mark.parametrize(
    ('tests', 'mutant'),
    mutants.MUTANTS,
    ids=[mutant.name for _, mutant in mutants.MUTANTS],
)
def test_it_is_killed(tests, mutant, copy):
    copy.kill(mutant, tests)
