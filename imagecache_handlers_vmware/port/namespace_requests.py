"""Namespace requests: for folders at the top of a vSAN datastore.

Each is an object of its own, with a uuid beside its name.
"""

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.envelopes import write_reference
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request


def convert_path(
    manager: Reference, datacenter: Reference, url: str
) -> Request:
    """Ask by what uuid a folder at the top goes."""
    return make_request(
        'ConvertNamespacePathToUuidPath',
        manager,
        write_reference('datacenter', datacenter),
        write_element('namespaceUrl', url),
    )


def make_namespace(
    manager: Reference, datastore: Reference, name: str
) -> Request:
    """Make a folder at the top, unless there is one of that name."""
    return make_request(
        'CreateDirectory',
        manager,
        write_reference('datastore', datastore),
        write_element('displayName', name),
    )


def delete_namespace(
    manager: Reference, datacenter: Reference, path: str
) -> Request:
    """Delete a folder at the top, by the path that hosts have it by."""
    return make_request(
        'DeleteDirectory',
        manager,
        write_reference('datacenter', datacenter),
        write_element('datastorePath', path),
    )
