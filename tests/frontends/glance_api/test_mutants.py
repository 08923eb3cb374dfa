"""Every mutant of the questions to Glance is killed, where it belongs."""

import imagecache_handlers
from tests.frontends.glance_api.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'frontends/glance_api/glance_double.py',
        'keystone_double.py',
        'loopback.py',
    )
