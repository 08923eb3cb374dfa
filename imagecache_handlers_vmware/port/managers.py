"""Managers: the objects that a vCenter has one of each."""

import dataclasses

from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import local_name
from imagecache_handlers_vmware.port.requests import Reference


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Managers:
    """The managed objects that a vCenter has one of each."""

    root_folder: Reference
    property_collector: Reference
    session_manager: Reference
    file_manager: Reference
    disk_manager: Reference
    # Not every vCenter has one: those before 5.5 know no vSAN.
    namespace_manager: Reference | None = None
    search_index: Reference | None = None


_MANAGERS = {
    'rootFolder': 'root_folder',
    'propertyCollector': 'property_collector',
    'sessionManager': 'session_manager',
    'fileManager': 'file_manager',
    'virtualDiskManager': 'disk_manager',
    'datastoreNamespaceManager': 'namespace_manager',
    'searchIndex': 'search_index',
}
_NEEDED = frozenset(_MANAGERS.values()) - {'namespace_manager', 'search_index'}


def read_managers(content: Element) -> Managers | None:
    """Read a vCenter's content; None: it is not a vCenter's."""
    found = {
        _MANAGERS[name]: read_reference(one)
        for one in content
        if (name := local_name(one.tag)) in _MANAGERS
    }
    return Managers(**found) if found.keys() >= _NEEDED else None


def read_reference(element: Element) -> Reference:
    """Read a managed object's name.

    :raises WrongAnswer: when it has none.
    """
    kind, name = element.get('type', ''), (element.text or '').strip()
    if not kind or not name:
        raise WrongAnswer('the answer names no object where it should')
    return Reference(kind, name)
