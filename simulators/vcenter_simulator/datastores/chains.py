"""Chains of virtual disks: a disk, its parents, and the files of each."""

import dataclasses

from vcenter_simulator.datastores.descriptors import Descriptor
from vcenter_simulator.datastores.descriptors import read_descriptor
from vcenter_simulator.datastores.descriptors import write_descriptor
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.places import Registry
from vcenter_simulator.datastores.trees import File

# No chain is longer on ESX; a loop ends here.
CHAIN_LIMIT = 255


def read_disk(place: Place) -> Descriptor:
    """Read the descriptor of a disk.

    :raises VimFault: FileNotFound; IncorrectFileType where it is none
    """
    disk = read_descriptor(place.read_file())
    if disk is None:
        raise place.make_fault('IncorrectFileType')
    return disk


def extent_place(place: Place, disk: Descriptor) -> Place | None:
    """Give where the data lies; None where that is an object."""
    return None if '://' in disk.extent else place.sibling(disk.extent)


def extent_object(disk: Descriptor) -> str | None:
    """Give the uuid of the object that holds the data, if one does."""
    _, is_object, name = disk.extent.partition('://')
    return name if is_object else None


def parent_place(
    place: Place, disk: Descriptor, registry: Registry
) -> Place | None:
    """Give where a disk says that its parent lies; None without one.

    :raises VimFault: FileNotFound where it names no datastore
    """
    if not disk.parent:
        return None
    if not disk.parent.startswith('/'):
        return place.sibling(disk.parent)
    parent = registry.resolve_url(disk.parent)
    if parent is None:
        raise place.make_fault('FileNotFound')
    return parent


def follow_chain(place: Place, registry: Registry) -> list[Place]:
    """Give a disk and its parents, the base last; all must be there.

    :raises VimFault: FileNotFound, IncorrectFileType
    """
    chain: list[Place] = []
    at: Place | None = place
    while at is not None and len(chain) < CHAIN_LIMIT:
        disk = read_disk(at)
        chain.append(at)
        at = parent_place(at, disk, registry)
    return chain


def disk_places(place: Place) -> list[Place]:
    """Give the files of one disk: its descriptor, and its extent if any.

    :raises VimFault: as read_disk
    """
    extent = extent_place(place, read_disk(place))
    return [place] if extent is None else [place, extent]


def allocated_bytes(place: Place) -> int:
    """Give what the data of one disk takes; 0 where it is missing."""
    disk = read_disk(place)
    name = extent_object(disk)
    if name is not None:
        return place.store.objects.get(name, 0)
    extent = place.sibling(disk.extent).node
    return extent.allocated if isinstance(extent, File) else 0


def rewrite_descriptor(place: Place, disk: Descriptor) -> None:
    """Write the descriptor anew, in the file that is there."""
    file = place.read_file()
    file.content = write_descriptor(disk)
    size = len(file.content)
    place.store.grow_file(file, size, size)


def mark_parent(place: Place) -> None:
    """Let a disk be somebody's parent: from now on it is not deletable."""
    disk = read_disk(place)
    if disk.is_deletable:
        rewrite_descriptor(
            place, dataclasses.replace(disk, is_deletable=False)
        )


def hint_parent(place: Place, parent: Place) -> str:
    """Give the name that a disk at a place writes down for its parent."""
    beside = (
        place.store is parent.store and place.parts[:-1] == parent.parts[:-1]
    )
    return parent.name if beside else parent.url
