"""Datastore lists: all datastores of a vCenter, read in one call."""

from collections.abc import Iterable
import logging

from imagecache_handlers_vmware.datastore_facts import FACTS
from imagecache_handlers_vmware.datastore_facts import make_datastore
from imagecache_handlers_vmware.datastore_facts import volume_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.datastores import DatastoreFilter
from imagecache_handlers_vmware.datastores import Mount
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import PAGE
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_objects
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port import retrievals
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.store_names import name_stores

LOG = logging.getLogger(__name__)

_SELECTIONS = (
    Selection(kind='Datacenter', properties=('name', 'datastore')),
    Selection(kind='Datastore', properties=FACTS),
)


def read_datastores(
    session: Session, chosen: DatastoreFilter
) -> list[Datastore]:
    """Read all datastores of a vCenter that are chosen, in one call.

    One of which nothing can be read is left out, and logged.

    :raises Incomplete: when a datacenter does not tell its datastores, or
        no datastore that is listed can be read.
    :raises CallError: when the answer is lost.
    """
    listed, read = _read_listed(session)
    _check_read(listed, [one for _, one in read])
    taken = [
        (center, one)
        for center, one in read
        if chosen.accepts(
            one.require_text('summary.name'), one.require_text('summary.type')
        )
    ]
    return _make_datastores(taken, read)


def read_every_datastore(session: Session) -> list[Datastore]:
    """Read all datastores of a vCenter, for who has to know of each.

    :raises Incomplete: when one is hidden, or cannot be searched now.
    :raises CallError: when the answer is lost.
    """
    listed, read = _read_listed(session)
    if set(listed) != {one.reference for _, one in read}:
        raise Incomplete('a datastore of this vCenter is hidden')
    found = _make_datastores(read, read)
    for one in found:
        if one.store.problem:
            raise Incomplete(f'datastore {one.name}: {one.store.problem}')
    return found


_Read = list[tuple[Found, Found]]


def _read_listed(session: Session) -> tuple[list[Reference], _Read]:
    """Give the datastores that are listed, and those that can be read.

    The latter each with its datacenter.
    """
    request = retrievals.retrieve_datastores(
        session.managers.property_collector,
        session.managers.root_folder,
        _SELECTIONS,
        PAGE,
    )
    found = read_objects(session, request, read_object)
    centers = [one for one in found if one.reference.kind == 'Datacenter']
    told = {one.reference: one for one in found}
    listed = [
        (center, reference)
        for center in centers
        for reference in _datastores_of(center)
    ]
    read = [
        (center, told[one])
        for center, one in listed
        if one in told and _is_read(told[one])
    ]
    return [one for _, one in listed], read


def _make_datastores(taken: _Read, read: _Read) -> list[Datastore]:
    mounts = _find_mounts(one for _, one in read)
    known = frozenset(
        mount.name for volume in mounts.values() for mount in volume
    )
    return [
        make_datastore(center, one, store, mounts, known)
        for (center, one), store in zip(taken, name_stores(taken), strict=True)
    ]


def _datastores_of(center: Found) -> list[Reference]:
    if 'datastore' in center.missing:
        why = center.missing['datastore']
        raise Incomplete(f'the datastores of a datacenter are hidden: {why}')
    return center.references('datastore')


def _is_read(found: Found) -> bool:
    return {'summary.name', 'summary.type'} <= found.properties.keys()


def _check_read(listed: list[Reference], read: Iterable[Found]) -> None:
    """Log which datastores are left out.

    :raises Incomplete: when that is all of them.
    """
    told = {one.reference for one in read}
    hidden = sorted({one.name for one in listed if one not in told})
    if hidden and not told:
        raise Incomplete(f'nothing was said of datastore {hidden[0]}')
    if hidden:
        LOG.warning('Datastores that cannot be read: %s', ', '.join(hidden))


def _find_mounts(read: Iterable[Found]) -> dict[str, tuple[Mount, ...]]:
    """Give the datastores that are one volume, by its address."""
    mounts: dict[str, tuple[Mount, ...]] = {}
    for one in read:
        new = Mount(
            reference=one.reference, name=one.require_text('summary.name')
        )
        mounts[volume_of(one)] = (*mounts.get(volume_of(one), ()), new)
    return mounts
