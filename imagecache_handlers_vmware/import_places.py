"""Import places: where in the inventory an imported machine is put."""

import dataclasses

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers_vmware.datacenter_paths import read_path_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port import import_requests
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session

_POOLS = frozenset({'ResourcePool', 'VirtualApp'})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlace:
    """The resource pool and the folder of machines, by inventory paths."""

    pool: str
    folder: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlace:
    """The same, as vCenter calls them."""

    pool: Reference
    folder: Reference


def find_import_place(
    session: Session,
    datastore: Datastore,
    place: ImportPlace | None,
    image_id: str,
) -> FoundPlace:
    """Find where a machine is put that comes to a datastore.

    :raises Unsupported: when no such place is set, or it is none for this
        datastore.
    :raises CallError: when it cannot be told.
    """
    if place is None:
        raise Unsupported(
            image_id,
            'a streamOptimized disk comes in by way of a machine: set '
            'import_pool and import_folder, or convert it to raw in the '
            'image service',
        )
    _check_datacenter(session, datastore, place, image_id)
    pool = _find_object(session, place.pool)
    if pool is None or pool.kind not in _POOLS:
        raise _wrong_path(image_id, 'import_pool', place.pool, 'resource pool')
    folder = _find_object(session, place.folder)
    if folder is None or folder.kind != 'Folder':
        raise _wrong_path(image_id, 'import_folder', place.folder, 'folder')
    return FoundPlace(pool=pool, folder=folder)


def _check_datacenter(
    session: Session, datastore: Datastore, place: ImportPlace, image_id: str
) -> None:
    """Make sure that machines are put where the datastore is.

    :raises Unsupported: when one of the paths is elsewhere.
    """
    center = read_path_of(session, datastore.datacenter)
    for path in place.pool, place.folder:
        if not path.strip('/').startswith(f'{center}/'):
            why = (
                f'{datastore.store.name} is in datacenter {center!r}, and '
                f'machines are imported to {path!r}'
            )
            raise Unsupported(image_id, why)


def _find_object(session: Session, path: str) -> Reference | None:
    index = session.managers.search_index
    if index is None:
        raise Incomplete(f'{session.address} has no SearchIndex')
    found = session.read(import_requests.find_by_path(index, path))
    return read_reference(found[0]) if found else None


def _wrong_path(
    image_id: str, option: str, path: str, wanted: str
) -> Unsupported:
    why = f'[imagecache_vmware] {option} {path!r} is no {wanted} there'
    return Unsupported(image_id, why)
