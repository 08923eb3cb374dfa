"""Every mutant of what is made of definitions is killed, where it belongs."""

import imagecache_handlers
from tests.frontends.libvirt_domains.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'directory/apart.py',
        'directory/disks.py',
        'frontends/libvirt_domains/libvirt_double.py',
    )
