"""Every mutant of the handler ``vmware`` is killed, where it belongs."""

import pathlib

import pytest

import imagecache_handlers_vmware
from tests.mutation import Copy
from tests.vmware import mutants

PACKAGE = pathlib.Path(imagecache_handlers_vmware.__file__).parent
KILLERS = sorted({one.killer.partition('::')[0] for one in mutants.MUTANTS})
BESIDE = (
    'vmware/lender.py',
    'vmware/litter.py',
    'vmware/samples.py',
    'vmware/streams.py',
    'vmware/vcenter.py',
)


@pytest.fixture
def copy(tmp_path, fork_server):
    return Copy.of(PACKAGE, (*KILLERS, *BESIDE), tmp_path, fork_server)


def test_the_unchanged_copy_passes(copy):
    done = copy.test(*KILLERS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'mutant', mutants.MUTANTS, ids=[one.name for one in mutants.MUTANTS]
)
def test_it_is_killed(mutant, copy):
    copy.kill(mutant, mutant.killer.partition('::')[0])
