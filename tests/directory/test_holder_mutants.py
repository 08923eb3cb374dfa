"""Every mutant of the net and of Nova's locks is killed."""

import pathlib

import pytest

import imagecache_handlers
from tests.directory import holder_mutants
from tests.mutation import Copy

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
KILLERS = (
    'directory/apart.py',
    'directory/disks.py',
    'directory/place.py',
    'directory/nova_like.py',
    'directory/test_holders.py',
    'directory/test_nova_process.py',
)
# To run all takes long: first each one's killer, then those of its file.
MUTANTS = [
    *((holder_mutants.HOLDERS, one) for one in holder_mutants.NET),
    *((holder_mutants.NOVA, one) for one in holder_mutants.PROCESS),
]


@pytest.fixture
def copy(tmp_path, fork_server):
    return Copy.of(PACKAGE, KILLERS, tmp_path, fork_server)


def test_the_unchanged_copy_passes(copy):
    done = copy.test(*sorted({mutant.killer for _, mutant in MUTANTS}))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ('tests', 'mutant'),
    MUTANTS,
    ids=[mutant.name for _, mutant in MUTANTS],
)
def test_it_is_killed(tests, mutant, copy):
    copy.kill(mutant, tests)
