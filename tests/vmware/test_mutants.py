"""Every mutant of the handler ``vmware`` is killed, where it belongs."""

import imagecache_handlers_vmware
from tests import mutation
from tests.vmware.mutants import MUTANTS


class TestMutants(mutation.Trials):
    package = imagecache_handlers_vmware
    mutants = MUTANTS
    beside = (
        'vmware/lender.py',
        'vmware/litter.py',
        'vmware/samples.py',
        'vmware/streams.py',
        'vmware/vcenter.py',
    )
