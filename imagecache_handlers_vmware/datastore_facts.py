"""Datastore facts: what one read tells of a datastore."""

from collections.abc import Mapping

from imagecache_handlers.model import Store
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.datastores import is_vvol
from imagecache_handlers_vmware.datastores import Mount
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.replies import read_time
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.store_names import write_name

# False where folders at the top are objects, each with a uuid.
_AT_TOP = 'capability.topLevelDirectoryCreateSupported'

FACTS = (
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
)


def volume_of(found: Found) -> str:
    """Give the address of a volume: the same in all datacenters."""
    return found.text('summary.url') or found.reference.name


def make_datastore(
    center: Found,
    found: Found,
    store: str,
    mounts: Mapping[str, tuple[Mount, ...]],
    known: frozenset[str],
) -> Datastore:
    """Give a datastore by what was read of it, and of its datacenter.

    ``store`` is what it is called here, ``mounts`` those of each volume, by
    its address, and ``known`` the names of all datastores.
    """
    volume = volume_of(found)
    return Datastore(
        reference=found.reference,
        datacenter=center.reference,
        browser=_read_browser(found),
        name=found.require_text('summary.name'),
        store=_make_store(found, store),
        mounts=mounts[volume],
        known=known,
        url=volume,
        has_namespaces=_has_namespaces(found),
        measured_at=read_time(found.text('info.timestamp') or ''),
    )


def _make_store(found: Found, name: str) -> Store:
    # Two datacenters may have mounted the same one.
    volume = write_name(volume_of(found))
    return Store(
        name=name,
        total=_read_size(found, 'summary.capacity'),
        free=_read_size(found, 'summary.freeSpace'),
        pool=volume,
        problem=_find_problem(found),
        identity=volume,
    )


def _read_browser(found: Found) -> Reference:
    """Give who searches it; where that is hidden the store has a problem."""
    browser = found.properties.get('browser')
    if browser is None:
        return Reference('', '')
    return Reference(browser.get('type', ''), browser.text or '')


def _has_namespaces(found: Found) -> bool:
    """Tell if folders at the top are objects, as on each vSAN.

    Of one that does not say so nothing else is true.
    """
    is_vsan = found.require_text('summary.type') == 'vsan'
    return is_vsan or found.text(_AT_TOP) == 'false'


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
    if is_vvol(kind):
        return 'vVols are not supported, nor does Nova cache there'
    if found.text('summary.accessible') != 'true':
        return 'no host can reach it'
    mode = found.text('summary.maintenanceMode') or 'normal'
    return None if mode == 'normal' else f'it is in maintenance ({mode})'
