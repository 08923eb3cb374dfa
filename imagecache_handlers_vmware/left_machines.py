"""Left machines: those that an import left in the inventory.

One is named as its folder is, was never started, and is nothing but that
folder.  While an import runs its machine is just so: only age tells.
"""

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port import import_requests
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import read_properties
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port.session import Session

_SELECTION = Selection(
    kind='VirtualMachine', properties=('name', 'runtime.powerState')
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
        [found] = read_properties(session, [reference], [_SELECTION])
        is_off = found.text('runtime.powerState') == 'poweredOff'
        if found.text('name') == name and is_off:
            return reference
    return None


def unregister_machine(session: Session, machine: Reference) -> None:
    """Have vCenter forget a machine; one that runs it does not.

    :raises CallError: when that fails, or is not certain.
    """
    session.once(import_requests.unregister_machine(machine))
