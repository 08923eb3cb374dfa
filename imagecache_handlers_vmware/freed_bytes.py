"""Freed bytes: what a datastore gets back when an image is removed."""

from collections.abc import Iterable
from collections.abc import Mapping

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.searching import search_disks


def measure_images(
    looks: Looks,
    datastore: Datastore,
    parent: DatastorePath,
    images: Iterable[ImageFolder],
) -> dict[DatastorePath, int]:
    """Tell what each image takes of its datastore, by its folder, in bytes.

    All lie in one folder, their ``parent``, or it is the only one.  Where
    that cannot be told, it is what their files' sizes say: nothing is kept
    for want of it.
    """
    found = list(images)
    taken: Mapping[DatastorePath, int] = {}
    if any(one.disks for one in found):
        try:
            taken = search_disks(
                looks.session, datastore, parent, looks.options.waiting
            )
        except CallError:
            taken = {}
    return {one.path: sum_taken(one, taken) for one in found}


def sum_taken(found: ImageFolder, taken: Mapping[DatastorePath, int]) -> int:
    """Sum up what an image takes; ``taken`` is what disks do, if known."""
    sizes = {one.name: one.size for one in found.folder.files}
    for disk in found.disks:
        bytes_taken = taken.get(found.path.join(disk))
        if bytes_taken is not None:
            sizes[disk] = max(sizes[disk], bytes_taken)
            sizes.pop(f'{disk.removesuffix(".vmdk")}-flat.vmdk', None)
    return sum(sizes.values())
