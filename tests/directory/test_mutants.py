"""Every mutant of the handler ``directory`` is killed, where it belongs."""

import imagecache_handlers
from tests.directory.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'directory/apart.py',
        'directory/disks.py',
        'directory/place.py',
        'directory/staged.py',
        'directory/used.py',
    )
