"""Every mutant of the sources is killed, where it belongs."""

import imagecache_handlers
from tests import mutation
from tests.sources.mutants import MUTANTS


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'keystone_double.py',
        'loopback.py',
        'sources/conftest.py',
        'sources/given.py',
        'sources/lying_server.py',
        'xenapi/certificates.py',
    )
