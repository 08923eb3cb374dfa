"""Every mutant of the handler ``xenapi`` is killed, where it belongs."""

import imagecache_handlers_xenapi
from tests import mutation
from tests.xenapi.mutants import MUTANTS


class TestMutants(mutation.Trials):
    package = imagecache_handlers_xenapi
    mutants = MUTANTS
    beside = (
        'loopback.py',
        'xenapi/bad_servers.py',
        'xenapi/badly_told.py',
        'xenapi/certificates.py',
        'xenapi/pool.py',
    )
