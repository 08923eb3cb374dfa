"""Every mutant of the net and of Nova's locks is killed."""

import pytest

import imagecache_handlers
from tests.directory import holder_mutants
from tests import mutation


# One at a time: devices, mounts and locks are the machine's.
@pytest.mark.xdist_group('machine')
class TestMutants(mutation.Trials):
    package = imagecache_handlers
    mutants = (*holder_mutants.NET, *holder_mutants.PROCESS)
    beside = (
        'directory/apart.py',
        'directory/disks.py',
        'directory/nova_like.py',
        'directory/place.py',
    )
