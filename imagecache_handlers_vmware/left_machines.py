"""Left machines: those that an import left in the inventory.

One is named as its folder is, was never started, and is nothing but that
folder.  While an import runs its machine is just so: only age tells.
"""

from collections.abc import Iterable
from collections import Counter
import dataclasses

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_rules import is_shadow
from imagecache_handlers_vmware.machines import named_files
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import is_below
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port import import_requests
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import read_one
from imagecache_handlers_vmware.port.replies import text_of
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.users import Machine

_FILES, _DEVICES = 'layoutEx.file', 'config.hardware.device'
_STATE = {
    'runtime.powerState': 'poweredOff',
    # What a host that is cut off does with it is not known here.
    'runtime.connectionState': 'connected',
    'config.template': 'false',
}
_PROPERTIES = ('name', *_STATE, _FILES, _DEVICES, 'snapshot')
# Files that no machine has which was never started.
_OF_RUNS = frozenset(
    {'log', 'nvram', 'swap', 'uwswap', 'suspend', 'suspendMemory', 'core'}
)


def find_left_machine(
    session: Session, datastore: Datastore, folder: DatastorePath, name: str
) -> Reference | None:
    """Find the machine of an import by its folder; None: it is none.

    ``folder`` is by the path that machines have, ``name`` what both are
    called.

    :raises CallError: when it cannot be told.
    """
    index = session.managers.search_index
    if index is None:
        raise Incomplete(f'{session.address} has no SearchIndex')
    request = import_requests.find_by_file(
        index, datastore.datacenter, str(folder.join(f'{name}.vmx'))
    )
    for element in session.read(request):
        reference = read_reference(element)
        found = read_one(session, reference, _PROPERTIES)
        if found.text('name') == name and _is_left(found, folder):
            return reference
    return None


def _is_left(found: Found, folder: DatastorePath) -> bool:
    """Tell if a machine is nothing but its folder, and nobody's work."""
    files = found.properties.get(_FILES)
    devices = found.properties.get(_DEVICES)
    if files is None or devices is None or _has_snapshots(found):
        return False
    is_idle = all(found.text(key) == value for key, value in _STATE.items())
    has_run = any(text_of(one, 'type') in _OF_RUNS for one in files)
    paths = (
        read_path(text, folder.datastore)
        for one in (files, devices)
        for text in named_files(one)
    )
    is_alone = all(path and is_below(path, folder.path) for path in paths)
    return is_idle and is_alone and not has_run


def _has_snapshots(found: Found) -> bool:
    return 'snapshot' in found.properties or 'snapshot' in found.missing


def tell_apart(machines: Iterable[Machine]) -> list[Machine]:
    """Call each of them as no other: a name is so in one folder only.

    Others than those of imports are called as they are, for that is how an
    operator writes one off.
    """
    seen: Counter[str] = Counter()
    apart = []
    for machine in machines:
        seen[machine.name] += 1
        count, name = seen[machine.name], machine.name
        if count > 1 and is_shadow(name):
            name = f'{name} ({count})'
        apart.append(dataclasses.replace(machine, name=name))
    return apart


def unregister_machine(session: Session, machine: Reference) -> None:
    """Have vCenter forget a machine; one that runs it does not.

    :raises CallError: when that fails, or is not certain.
    """
    session.once(import_requests.unregister_machine(machine))
