"""Disk reads: some VDIs, and how they are attached, read by what they have."""

from collections.abc import Iterable
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


def read_writing_vbds(port: Port, attached: Iterable[Disk]) -> set[str]:
    """Give the VBDs of disks, but for those that are known to be read-only.

    Of one that went since nobody knows what it was.
    """
    disks = list(attached)
    found = {vbd for disk in disks for vbd in disk.vbds}
    for wanted in filters.any_of('VDI', [disk.ref for disk in disks]):
        told = port.read('VBD.get_all_records_where', wanted)
        found -= {vbd for vbd in told if told[vbd]['mode'] == 'RO'}
    return found
