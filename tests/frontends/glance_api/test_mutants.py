"""Every mutant of the questions to Glance is killed, where it belongs."""

import pathlib

import pytest

import imagecache_handlers
from tests.frontends.glance_api import mutants
from tests.mutation import Copy

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = sorted({one.killer.partition('::')[0] for one in mutants.MUTANTS})
BESIDE = ('frontends/glance_api/glance_double.py',)


@pytest.fixture
def copy(tmp_path, fork_server):
    return Copy.of(PACKAGE, (*KILLERS, *BESIDE), tmp_path, fork_server)


def test_the_unchanged_copy_passes(copy):
    done = copy.test(*sorted({one.killer for one in mutants.MUTANTS}))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'mutant', mutants.MUTANTS, ids=[one.name for one in mutants.MUTANTS]
)
def test_it_is_killed(mutant, copy):
    copy.kill(mutant, mutant.killer)
