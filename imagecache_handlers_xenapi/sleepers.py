"""Sleepers: suspended machines, whose memory lies on a disk."""

import collections
from collections.abc import Collection
from collections.abc import Mapping
import types

from imagecache_handlers_xenapi.naming import name_user
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port.port import Port

# The machines that sleep on a disk, by its reference.
Sleepers = Mapping[str, Collection[str]]
NOBODY: Sleepers = types.MappingProxyType({})


def read_sleepers(port: Port, wanted: str) -> Sleepers:
    """Give the machines that sleep on disks, checkpoints among them.

    Whatever their state: without that disk none of them wakes again.
    """
    found: dict[str, list[str]] = collections.defaultdict(list)
    for vm in port.read('VM.get_all_records_where', wanted).values():
        name = name_user(vm['name_label'], f'VM {vm["uuid"]}')
        found[vm['suspend_VDI']].append(f'suspended {name}')
    return found


def read_sleepers_of(port: Port, refs: Collection[str]) -> Sleepers:
    """Give the machines that sleep on one of these disks."""
    found: dict[str, Collection[str]] = {}
    for wanted in filters.any_of('suspend_VDI', list(refs)):
        found |= read_sleepers(port, wanted)
    return found
