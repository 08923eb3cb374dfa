"""Disk reads: some VDIs, and how they are attached, read by what they have."""

from collections.abc import Iterable
from collections.abc import Sequence
import itertools

from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port.port import Port


def read_disks(port: Port, field: str, values: Iterable[str]) -> list[Disk]:
    """Read the VDIs that have one of these values.

    No VDI has one that no filter can say.
    """
    sound = [one for one in values if filters.is_sound(one)]
    found: list[Disk] = []
    for wanted in filters.any_of(field, sound):
        told = port.read('VDI.get_all_records_where', wanted)
        found += itertools.starmap(Disk, told.items())
    return found


def read_written_disks(port: Port, refs: Sequence[str]) -> set[str]:
    """Give which of these disks have a VBD that is not read-only."""
    found: set[str] = set()
    for wanted in filters.any_of('VDI', refs):
        told = port.read('VBD.get_all_records_where', wanted).values()
        found |= {vbd['VDI'] for vbd in told if vbd['mode'] != 'RO'}
    return found.intersection(refs)
