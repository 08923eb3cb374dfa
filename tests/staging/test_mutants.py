"""Every mutant of the staging is killed, where it belongs."""

import imagecache_handlers
from tests import mutation
from tests.staging.mutants import MUTANTS


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'staging/clock.py',
        'staging/disks.py',
        'staging/packed.py',
        'staging/sources.py',
    )
