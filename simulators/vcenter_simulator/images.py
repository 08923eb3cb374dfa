"""Cached images as Nova lays them: a folder each, with a disk or an ISO."""

import datetime

from vcenter_simulator.datastores.disks import create_disk
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.machines.homes import make_folder

GIB = 2**30
BASE = 'vmware_base'
# Of an image that was fetched: so long ago, unless it is told.
_AGE = 3600.0


def add_image(
    store: Store,
    image: str,
    *,
    base: str = BASE,
    capacity: int = 10 * GIB,
    used: int = GIB,
    sizes: tuple[int, ...] = (),
    is_iso: bool = False,
    cached_at: float | None = None,
) -> Place:
    """Add a cached image, which gives its folder.

    ``sizes`` are the GiB of resized copies; ``cached_at`` is in seconds
    since the epoch.

    :raises VimFault: FileAlreadyExists, NoDiskSpace
    """
    moment = store.now() - _AGE if cached_at is None else cached_at
    folder = image_folder(store, image, base=base)
    make_folder(Place(store, (base,)))
    store.add_node(folder.parts, Folder(moment))
    if is_iso:
        iso = folder.child(f'{image}.iso')
        store.add_node(iso.parts, File(used, b'', moment))
    else:
        create_disk(
            folder.child(f'{image}.vmdk'), DiskSpec(capacity=capacity), used
        )
    for size in sizes:
        resized = DiskSpec(capacity=size * GIB)
        create_disk(folder.child(f'{image}.{size}.vmdk'), resized, used)
    _date_entries(folder, moment)
    return folder


def mark_unused(folder: Place, since: float) -> Place:
    """Mark an image as Nova does that it has been unused since a moment."""
    marker = folder.child(name_marker(since))
    folder.store.add_node(marker.parts, Folder(since))
    return marker


def name_marker(since: float) -> str:
    """Give what Nova calls the folder that marks an unused image."""
    moment = datetime.datetime.fromtimestamp(since, datetime.UTC)
    return moment.strftime('ts-%Y-%m-%d-%H-%M-%S')


def image_folder(store: Store, image: str, *, base: str = BASE) -> Place:
    return Place(store, (base, image))


def image_disk(store: Store, image: str, *, base: str = BASE) -> Place:
    return Place(store, (base, image, f'{image}.vmdk'))


def _date_entries(folder: Place, moment: float) -> None:
    node = folder.store.read_folder(folder.parts)
    node.modified = moment
    for entry in node.entries.values():
        entry.modified = moment
