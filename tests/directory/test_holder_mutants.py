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
# The tests that are made for them, for to run all takes long.
MADE_FOR = {
    'no net': f'{NET}::TestQemu',
    'a net in lists only': f'{NET}::TestTurns',
    'a net in evictions only': f'{NET}::TestNova',
    'the net before our lock': f'{NET}::TestTurns',
    'the net before the look at the disks': f'{NET}::TestTurns',
    'a read lock is asked for': f'{NET}::TestQemu',
    'it is locked to find out': f'{NET}::TestQemu',
    'who cannot ask goes on': f'{NET}::TestUnknown',
    'no loop devices': f'{NET}::TestLoops',
    'loop devices by name alone': f'{NET}::TestLoops',
    'loop devices by their paths alone': f'{NET}::TestLoops',
    'loop devices by what is seen here alone': f'{NET}::TestLoops',
    'paths on other mounts are looked at': f'{NET}::TestLoops',
    'a replaced file is asked for': f'{NET}::TestUnknown',
    'our own locks in the process of Nova': (
        f'{PROCESS}::TestLent::test_all_that_we_do_drops_no_lock'
    ),
    'Nova is nowhere': f'{PROCESS}::TestNotLent::test_nothing_is_touched',
    'Nova is everywhere': (
        f'{PROCESS}::TestLent::test_they_can_be_lent_beside_the_options'
    ),
    'lent locks are given back at once': (
        f'{PROCESS}::TestLent::test_nova_s_lock_is_held_while_one_is_removed'
    ),
    'lent locks are not taken': (
        f'{PROCESS}::TestLent::test_nova_s_lock_is_held_while_one_is_removed'
    ),
    'a taken lock fails in its own words': (
        f'{PROCESS}::TestLent::test_what_a_thread_of_nova_holds_is_busy'
    ),
    'options lend nothing': (
        f'{PROCESS}::TestLent::test_they_can_be_lent_beside_the_options'
    ),
    'a lock is made under its own name': f'{PROCESS}::TestLockFiles',
    'a lock gets its name by its first name': f'{PROCESS}::TestLockFiles',
    'a lock of other names is locked': f'{PROCESS}::TestLockFiles',
    'a lock is not given away': f'{PROCESS}::TestLockFiles',
    'a folder of locks is followed': f'{PROCESS}::TestLockFiles',
}


@pytest.fixture
def copy(tmp_path):
    return Copy.of(PACKAGE, KILLERS, tmp_path)


def test_the_unchanged_copy_passes(copy):
    done = copy.test(*sorted(set(MADE_FOR.values())))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'mutant',
    [*holder_mutants.NET, *holder_mutants.PROCESS],
    ids=lambda one: one.name,
)
def test_it_is_killed(mutant, copy):
    copy.kill(mutant, MADE_FOR[mutant.name])
