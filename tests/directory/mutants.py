"""The handler ``directory``, broken on purpose, and by which tests it shows.

Each edit is of one module of ``imagecache_handlers``.
"""

from tests.mutation import Mutant

CHAINS = 'directory/test_chains.py'

MUTANTS = [
    (
        CHAINS,
        Mutant(
            name='at most two files of a chain are followed',
            module='directory/users/chains',
            old='if not last and file not in seen:',
            new='if not last and file not in seen and len(seen) < 2:',
        ),
    ),
]
