"""Errors of evictions: which of several counts for an image."""

import itertools

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.eviction_errors import rank_failure
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.tasks import Endless

# What may be done yet is the gravest: nothing is put back beside it.
GRAVEST_FIRST = (
    (Endless('DeleteVirtualDisk_Task'),),
    (ReplyLost('DeleteVirtualDisk_Task'),),
    (
        VimFault('DeleteVirtualDisk_Task', 'FileLocked', 'x'),
        Unreachable('x'),
        ImageBusy('x', 'its claim ran out of time'),
    ),
    # Only where that is all may the flag of a disk be lifted.
    (VimFault('DeleteVirtualDisk_Task', 'CannotDeleteFile', 'x'),),
)


def test_what_may_be_done_yet_is_graver_than_what_was_not_done():
    for graver, lesser in itertools.pairwise(GRAVEST_FIRST):
        for one, other in itertools.product(graver, lesser):
            assert rank_failure(one) > rank_failure(other), (one, other)
