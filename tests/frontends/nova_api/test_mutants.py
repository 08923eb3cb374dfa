"""Every mutant of the questions to Nova is killed, where it belongs."""

import imagecache_handlers
from tests.frontends.nova_api.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'frontends/nova_api/nova_double.py',
        'keystone_double.py',
        'loopback.py',
    )
