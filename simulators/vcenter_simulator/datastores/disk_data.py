"""Data of virtual disks: the extent file or object that a descriptor names."""

import dataclasses

from vcenter_simulator.datastores.chains import extent_object
from vcenter_simulator.datastores.chains import extent_place
from vcenter_simulator.datastores.descriptors import Descriptor
from vcenter_simulator.datastores.descriptors import write_descriptor
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import make_file
from vcenter_simulator.faults import VimFault


def place_disk(
    place: Place, disk: Descriptor, data: File, suffix: str
) -> None:
    """Put a descriptor and its data where nothing is yet.

    :raises VimFault: FileAlreadyExists, FileNotFound for the folder,
        CannotCreateFile, NoDiskSpace; then neither is there
    """
    store = place.store
    extent = f'{place.name.removesuffix(".vmdk")}{suffix}.vmdk'
    if not store.kind.has_extents:
        if place.node is not None:
            raise place.make_fault('FileAlreadyExists')
        name = store.add_object(data.allocated, place.parts)
        extent = f'{store.kind.object_scheme}://{name}'
    placed = dataclasses.replace(disk, extent=extent)
    try:
        # The descriptor is first: whoever deletes the folder meets it first.
        store.add_node(
            place.parts, make_file(write_descriptor(placed), store.now())
        )
    except VimFault:
        if not store.kind.has_extents:
            drop_data(place, placed)
        raise
    if store.kind.has_extents:
        _place_extent(place, place.sibling(extent), data)


def _place_extent(place: Place, extent: Place, data: File) -> None:
    try:
        extent.store.add_node(extent.parts, data)
    except VimFault:
        place.store.detach_node(place.parts)
        raise


def drop_data(place: Place, disk: Descriptor) -> None:
    """Let the data of a disk go, where there is any."""
    name = extent_object(disk)
    extent = extent_place(place, disk)
    if name is not None:
        place.store.drop_object(name)
    elif extent is not None and extent.node is not None:
        place.store.detach_node(extent.parts)


def read_data(place: Place, disk: Descriptor) -> File:
    """Give the data as a file, also where it is an object."""
    extent = extent_place(place, disk)
    if extent is not None:
        return extent.read_file().copy_file(place.store.now())
    allocated = place.store.objects.get(extent_object(disk) or '', 0)
    return File(disk.capacity, b'', place.store.now(), allocated)


def read_files(place: Place, disk: Descriptor) -> list[File]:
    """Give the files of a disk that are there."""
    extent = extent_place(place, disk)
    nodes = [place.node, extent.node if extent else None]
    return [node for node in nodes if isinstance(node, File)]


def grow_data(
    place: Place, disk: Descriptor, capacity: int, grows: int
) -> None:
    """Let the data of a disk be larger, and take more of the datastore."""
    name = extent_object(disk)
    extent = extent_place(place, disk)
    if name is not None:
        place.store.objects[name] += grows
        place.store.used += grows
    elif extent is not None and not disk.is_child:
        file = extent.read_file()
        place.store.grow_file(file, capacity, file.allocated + grows)
