"""Every mutant of what hosts tell is killed, where it belongs."""

import imagecache_handlers
from tests.frontends.fleet.mutants import MUTANTS
from tests import mutation


class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = MUTANTS
    beside = (
        'directory/disks.py',
        'directory/place.py',
        'frontends/fleet/memory_board.py',
        'frontends/fleet/test_members.py',
        'frontends/fleet/test_taking.py',
        'frontends/fleet/test_wishes.py',
        'frontends/nova/test_libvirt.py',
        'frontends/nova/things.py',
    )
