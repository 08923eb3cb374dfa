"""Datastores: the stores of this handler, and where each is to be found."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import logging
import re

from imagecache_handlers.model import Store
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import PAGE
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_objects
from imagecache_handlers_vmware.port.replies import read_time
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port import retrievals
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.store_names import name_stores
from imagecache_handlers_vmware.store_names import write_name

LOG = logging.getLogger(__name__)

_KINDS = frozenset({'VMFS', 'NFS', 'NFS41', 'vsan'})

# False where folders at the top are objects, each with a uuid.
_AT_TOP = 'capability.topLevelDirectoryCreateSupported'

_SELECTIONS = (
    Selection(kind='Datacenter', properties=('name', 'datastore')),
    Selection(
        kind='Datastore',
        properties=(
            'browser',
            _AT_TOP,
            'info.timestamp',
            'summary.name',
            'summary.type',
            'summary.accessible',
            'summary.maintenanceMode',
            'summary.capacity',
            'summary.freeSpace',
            'summary.url',
        ),
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A volume as one datacenter has mounted it: what it is called there."""

    reference: Reference
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """A datastore as one read tells of it.

    ``store`` is the name by which this library knows it: that of its
    datacenter stands before it where another datacenter has one of its name.
    ``mounts`` are all datastores that are its volume, itself among them;
    ``known`` are the names of all datastores of the vCenter.
    ``url`` is that of the volume.  Where ``has_namespaces``, as on vSAN,
    folders at the top are objects with a name and a uuid, and a disk is its
    descriptor alone.  ``measured_at`` is when its figures were right.
    """

    reference: Reference
    datacenter: Reference
    browser: Reference
    name: str
    store: Store
    mounts: tuple[Mount, ...]
    known: frozenset[str] = frozenset()
    url: str = ''
    has_namespaces: bool = False
    measured_at: datetime.datetime | None = None

    def path(self, folder: str) -> DatastorePath:
        return DatastorePath(self.name, folder)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreFilter:
    """Which datastores hold cached images, as Nova chooses them."""

    regex: re.Pattern[str] | None = None

    def accepts(self, name: str, kind: str) -> bool:
        is_known = kind in _KINDS or _is_vvol(kind)
        return is_known and (
            self.regex is None or bool(self.regex.match(name))
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
        _make_datastore(center, one, store, mounts, known)
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
        mounts[_volume_of(one)] = (*mounts.get(_volume_of(one), ()), new)
    return mounts


def _volume_of(found: Found) -> str:
    """Give the address of a volume: the same in all datacenters."""
    return found.text('summary.url') or found.reference.name


def _make_datastore(
    center: Found,
    found: Found,
    store: str,
    mounts: Mapping[str, tuple[Mount, ...]],
    known: frozenset[str],
) -> Datastore:
    browser = found.properties.get('browser')
    return Datastore(
        reference=found.reference,
        datacenter=center.reference,
        browser=Reference('', '')
        if browser is None
        else Reference(browser.get('type', ''), browser.text or ''),
        name=found.require_text('summary.name'),
        store=Store(
            name=store,
            total=_read_size(found, 'summary.capacity'),
            free=_read_size(found, 'summary.freeSpace'),
            # Two datacenters may have mounted the same one.
            pool=write_name(_volume_of(found)),
            problem=_find_problem(found),
            identity=write_name(_volume_of(found)),
        ),
        mounts=mounts[_volume_of(found)],
        known=known,
        url=_volume_of(found),
        has_namespaces=_has_namespaces(found),
        measured_at=read_time(found.text('info.timestamp') or ''),
    )


def _has_namespaces(found: Found) -> bool:
    """Tell if folders at the top are objects, as on each vSAN.

    Of one that does not say so nothing else is true.
    """
    is_vsan = found.require_text('summary.type') == 'vsan'
    return is_vsan or found.text(_AT_TOP) == 'false'


def _is_vvol(kind: str) -> bool:
    """Tell if it is one that is listed, and read no further."""
    return kind.upper() == 'VVOL'


def _read_size(found: Found, name: str) -> int | None:
    text = found.text(name) or ''
    return int(text) if text.isdecimal() else None


def _find_problem(found: Found) -> str | None:
    """Say why a datastore is left alone for now, if it is."""
    for name in 'browser', 'summary.url':
        if name not in found.properties:
            why = found.missing.get(name, 'nothing was said of it')
            return f'its {name} cannot be read: {why}'
    if not found.require_text('summary.name').isprintable():
        return 'its name has what cannot be printed: rename it'
    kind = found.require_text('summary.type')
    if _is_vvol(kind):
        return 'vVols are not supported, nor does Nova cache there'
    if found.text('summary.accessible') != 'true':
        return 'no host can reach it'
    mode = found.text('summary.maintenanceMode') or 'normal'
    return None if mode == 'normal' else f'it is in maintenance ({mode})'
