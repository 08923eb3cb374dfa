"""Every mutant of the core is killed by the proofs of the protocol."""

import imagecache_handlers
from tests import mutation
from tests.proofs.core_mutants import MUTANTS


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'actions/incoming.py',
        'actions/packed_disks.py',
        'planning/values.py',
        'proofs/world.py',
        'staging/packed.py',
    )
