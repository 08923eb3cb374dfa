"""Datastores: the stores of this handler, and where each is to be found."""

from collections.abc import Iterable
from collections import Counter
import dataclasses
import re

from imagecache_handlers.model import Store
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port import envelopes
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import PAGE
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_objects
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port.session import Session

_KINDS = frozenset({'VMFS', 'NFS', 'NFS41'})

_SELECTIONS = (
    Selection(kind='Datacenter', properties=('name', 'datastore')),
    Selection(
        kind='Datastore',
        properties=(
            'browser',
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
class Datastore:
    """A datastore as one read tells of it.

    ``store`` is the name by which this library knows it: that of its
    datacenter stands before it where another datacenter has one of its name.
    """

    reference: Reference
    datacenter: Reference
    browser: Reference
    name: str
    store: Store

    def path(self, folder: str) -> DatastorePath:
        return DatastorePath(self.name, folder)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreFilter:
    """Which datastores hold cached images, as Nova chooses them."""

    regex: re.Pattern[str] | None = None

    def accepts(self, name: str, kind: str) -> bool:
        is_known = kind in _KINDS or kind.lower() in ('vsan', 'vvol')
        return is_known and (
            self.regex is None or bool(self.regex.match(name))
        )


def read_datastores(
    session: Session, chosen: DatastoreFilter
) -> list[Datastore]:
    """Read all datastores of a vCenter that are chosen, in one call.

    :raises CallError: when any of them cannot be read.
    """
    request = envelopes.retrieve_datastores(
        session.managers.property_collector,
        session.managers.root_folder,
        _SELECTIONS,
        PAGE,
    )
    found = read_objects(session, request, read_object)
    centers = [one for one in found if one.reference.kind == 'Datacenter']
    read = [
        (center, one)
        for center in centers
        for one in _datastores_of(center, found)
        if chosen.accepts(
            one.require_text('summary.name'), one.require_text('summary.type')
        )
    ]
    return _name_stores(read)


def _datastores_of(center: Found, found: Iterable[Found]) -> list[Found]:
    """Give the datastores of a datacenter.

    :raises Incomplete: when one that it lists was not told of.
    """
    by_reference = {one.reference: one for one in found}
    if 'datastore' in center.missing:
        why = center.missing['datastore']
        raise Incomplete(f'the datastores of a datacenter are hidden: {why}')
    wanted = center.references('datastore')
    for one in wanted:
        if one not in by_reference:
            raise Incomplete(f'nothing was said of datastore {one.name}')
    return [by_reference[one] for one in wanted]


def _name_stores(read: list[tuple[Found, Found]]) -> list[Datastore]:
    names = Counter(one.require_text('summary.name') for _, one in read)
    stores = []
    for center, one in read:
        name = one.require_text('summary.name')
        full = f'{center.require_text("name")}/{name}'
        stores.append(
            _make_datastore(center, one, name if names[name] == 1 else full)
        )
    return stores


def _make_datastore(center: Found, found: Found, store: str) -> Datastore:
    browser = found.properties.get('browser')
    if browser is None:
        raise Incomplete(f'datastore {store}: its browser cannot be read')
    return Datastore(
        reference=found.reference,
        datacenter=center.reference,
        browser=Reference(browser.get('type', ''), browser.text or ''),
        name=found.require_text('summary.name'),
        store=Store(
            name=store,
            total=_read_size(found, 'summary.capacity'),
            free=_read_size(found, 'summary.freeSpace'),
            # Two datacenters may have mounted the same one.
            pool=found.text('summary.url') or store,
            problem=_find_problem(found),
        ),
    )


def _read_size(found: Found, name: str) -> int | None:
    text = found.text(name) or ''
    return int(text) if text.isdecimal() else None


def _find_problem(found: Found) -> str | None:
    """Say why a datastore is left alone for now, if it is."""
    kind = found.require_text('summary.type')
    if kind not in _KINDS:
        return f'datastores of type {kind} are not supported'
    if found.text('summary.accessible') != 'true':
        return 'no host can reach it'
    mode = found.text('summary.maintenanceMode') or 'normal'
    return None if mode == 'normal' else f'it is in maintenance ({mode})'
