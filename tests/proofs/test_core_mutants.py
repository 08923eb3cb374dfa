"""Every mutant of the core is killed by the proofs of the protocol."""

import pathlib

import pytest

import imagecache_handlers
from tests.mutation import Copy
from tests.proofs.core_mutants import MUTANTS

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = (
    'actions/incoming.py',
    'actions/test_adding.py',
    'actions/test_adding_with_room.py',
    'actions/test_batch_size.py',
    'actions/test_checking.py',
    'actions/test_given_hash.py',
    'actions/test_leasing.py',
    'actions/test_making_room.py',
    'actions/test_open_book.py',
    'actions/test_prefetching.py',
    'actions/test_recovering.py',
    'actions/test_results.py',
    'actions/test_retiring.py',
    'actions/test_verifying.py',
    'proofs/test_prefetch_deaths.py',
    'proofs/test_protocol.py',
    'proofs/test_together.py',
    'proofs/test_trouble.py',
    'proofs/world.py',
    'root/test_cache.py',
    'root/test_claimed.py',
    'planning/test_retired.py',
    'planning/test_room.py',
    'planning/test_rules.py',
    'planning/test_shield.py',
    'planning/values.py',
    'staging/packed.py',
)


@pytest.fixture
def copy(tmp_path, fork_server):
    return Copy.of(PACKAGE, KILLERS, tmp_path, fork_server)


def test_the_unchanged_copy_passes(copy):
    done = copy.test()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('mutant', MUTANTS, ids=lambda one: one.name)
def test_it_is_killed(mutant, copy):
    copy.kill(mutant)
