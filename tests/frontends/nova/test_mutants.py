"""Every mutant of Nova's frontend is killed, where it belongs."""

import imagecache_handlers
from tests.frontends.nova.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'directory/disks.py',
        'directory/place.py',
        'frontends/nova/things.py',
    )
