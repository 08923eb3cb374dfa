"""Every mutant of the handler ``xenapi`` is killed, where it belongs."""

import pathlib

import pytest

import imagecache_handlers_xenapi
from tests.mutation import Copy
from tests.xenapi import mutants

PACKAGE = pathlib.Path(imagecache_handlers_xenapi.__file__).parent
KILLERS = sorted({tests for tests, _ in mutants.MUTANTS})
BESIDE = (
    'xenapi/bad_servers.py',
    'xenapi/badly_told.py',
    'xenapi/certificates.py',
    'xenapi/pool.py',
)


@pytest.fixture
def copy(tmp_path, fork_server):
    return Copy.of(PACKAGE, (*KILLERS, *BESIDE), tmp_path, fork_server)


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
