"""Envelopes: the requests that we make, as vSphere wants them written.

Order and names are those of vSphere's schema (``vim25``); an element out of
its order is refused.
"""

from collections.abc import Iterable
from xml.sax import saxutils

from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.requests import Selection

# What a search reports of each file; it opens none.
_DETAILS = (
    '<details><fileType>false</fileType><fileSize>true</fileSize>'
    '<modification>true</modification><fileOwner>false</fileOwner></details>'
    '<matchPattern>*</matchPattern>'
)

# Of disks, what they take: each is opened for it.
_DISKS = (
    '<query xsi:type="VmDiskFileQuery"><details><diskType>false</diskType>'
    '<capacityKb>false</capacityKb><hardwareVersion>false</hardwareVersion>'
    '<thin>true</thin></details></query>'
)

# Kinds of files that a search opens and measures; the last are all others.
_MEASURED = (
    '<query xsi:type="FolderFileQuery"/><query xsi:type="IsoImageFileQuery"/>'
    '<query xsi:type="VmDiskFileQuery"><details><diskType>false</diskType>'
    '<capacityKb>false</capacityKb><hardwareVersion>false</hardwareVersion>'
    '</details></query><query xsi:type="FileQuery"/>'
)

_INTO_FOLDERS = (
    '<selectSet xsi:type="TraversalSpec"><name>folders</name>'
    '<type>Folder</type><path>childEntity</path><skip>false</skip>'
    '<selectSet><name>folders</name></selectSet>'
    '<selectSet><name>datacenters</name></selectSet></selectSet>'
)
_INTO_DATACENTERS = (
    '<selectSet xsi:type="TraversalSpec"><name>datacenters</name>'
    '<type>Datacenter</type><path>datastore</path><skip>false</skip>'
    '</selectSet>'
)

# Snapshots of a machine, however many come after another.
_INTO_SNAPSHOTS = (
    '<selectSet xsi:type="TraversalSpec"><name>roots</name>'
    '<type>VirtualMachine</type><path>rootSnapshot</path><skip>false</skip>'
    '<selectSet xsi:type="TraversalSpec"><name>snapshots</name>'
    '<type>VirtualMachineSnapshot</type><path>childSnapshot</path>'
    '<skip>false</skip><selectSet><name>snapshots</name></selectSet>'
    '</selectSet></selectSet>'
)

SERVICE = Reference('ServiceInstance', 'ServiceInstance')


def retrieve_content() -> Request:
    return _request('RetrieveServiceContent', SERVICE)


def log_in(manager: Reference, username: str, password: str) -> Request:
    return _request(
        'Login',
        manager,
        _element('userName', username),
        _element('password', password),
    )


def log_out(manager: Reference) -> Request:
    return _request('Logout', manager)


def retrieve_properties(
    collector: Reference,
    begin: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
) -> Request:
    """Read properties, of at most ``limit`` objects an answer."""
    return _retrieve_below(collector, begin, selections, limit, '')


def retrieve_machines(
    collector: Reference,
    datastores: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
    *,
    with_snapshots: bool,
) -> Request:
    """Read of datastores, of their machines, and of the snapshots of these.

    What is reached on several ways is told of once.
    """
    into = _INTO_SNAPSHOTS if with_snapshots else ''
    below = (
        '<selectSet xsi:type="TraversalSpec"><type>Datastore</type>'
        f'<path>vm</path><skip>false</skip>{into}</selectSet>'
    )
    return _retrieve_below(collector, datastores, selections, limit, below)


def _retrieve_below(
    collector: Reference,
    begin: Iterable[Reference],
    selections: Iterable[Selection],
    limit: int,
    below: str,
) -> Request:
    specs = ''.join(map(_write_properties, selections))
    objects = ''.join(
        f'<objectSet>{_refer("obj", one)}<skip>false</skip>{below}</objectSet>'
        for one in begin
    )
    return _request(
        'RetrievePropertiesEx',
        collector,
        f'<specSet>{specs}{objects}</specSet>',
        f'<options><maxObjects>{limit}</maxObjects></options>',
    )


def retrieve_datastores(
    collector: Reference,
    root: Reference,
    selections: Iterable[Selection],
    limit: int,
) -> Request:
    """Read of all datacenters and datastores, however deep in folders.

    A datacenter lists its datastores itself, those in pods included.
    """
    specs = ''.join(map(_write_properties, selections))
    return _request(
        'RetrievePropertiesEx',
        collector,
        f'<specSet>{specs}<objectSet>{_refer("obj", root)}<skip>true</skip>'
        f'{_INTO_FOLDERS}{_INTO_DATACENTERS}</objectSet></specSet>',
        f'<options><maxObjects>{limit}</maxObjects></options>',
    )


def continue_retrieval(collector: Reference, token: str) -> Request:
    return _request(
        'ContinueRetrievePropertiesEx', collector, _element('token', token)
    )


def search_below(
    browser: Reference, path: str, *, measures: bool = False
) -> Request:
    """Search a folder and all that is below it.

    ``measures``: of a disk not the size of its descriptor, but what the disk
    takes, for which each is opened.
    """
    query = _MEASURED if measures else ''
    return _request(
        'SearchDatastoreSubFolders_Task',
        browser,
        _element('datastorePath', path),
        f'<searchSpec>{query}{_DETAILS}</searchSpec>',
    )


def search_folder(browser: Reference, path: str) -> Request:
    """Search one folder, and none below it."""
    return _request(
        'SearchDatastore_Task',
        browser,
        _element('datastorePath', path),
        f'<searchSpec>{_DETAILS}</searchSpec>',
    )


def search_disks(browser: Reference, path: str) -> Request:
    """Search the disks below a folder, for what they really take."""
    return _request(
        'SearchDatastoreSubFolders_Task',
        browser,
        _element('datastorePath', path),
        f'<searchSpec>{_DISKS}{_DETAILS}</searchSpec>',
    )


def convert_path(
    manager: Reference, datacenter: Reference, url: str
) -> Request:
    """Ask by what uuid a folder at the top of a vSAN datastore goes."""
    return _request(
        'ConvertNamespacePathToUuidPath',
        manager,
        _refer('datacenter', datacenter),
        _element('namespaceUrl', url),
    )


def refresh_datastore(datastore: Reference) -> Request:
    """Have the figures of a datastore read anew."""
    return _request('RefreshDatastore', datastore)


def make_directory(
    manager: Reference, path: str, datacenter: Reference, *, parents: bool
) -> Request:
    return _request(
        'MakeDirectory',
        manager,
        _element('name', path),
        _refer('datacenter', datacenter),
        _element('createParentDirectories', 'true' if parents else 'false'),
    )


def delete_file(
    manager: Reference, path: str, datacenter: Reference
) -> Request:
    """Delete a file, or a folder with all that is in it."""
    return _request(
        'DeleteDatastoreFile_Task',
        manager,
        _element('name', path),
        _refer('datacenter', datacenter),
    )


def move_file(
    manager: Reference, source: str, target: str, datacenter: Reference
) -> Request:
    """Rename a file or a folder; what is there already is not replaced."""
    return _request(
        'MoveDatastoreFile_Task',
        manager,
        _element('sourceName', source),
        _refer('sourceDatacenter', datacenter),
        _element('destinationName', target),
        _refer('destinationDatacenter', datacenter),
        _element('force', 'false'),
    )


def delete_disk(
    manager: Reference, path: str, datacenter: Reference
) -> Request:
    """Delete a virtual disk, its descriptor and its extent."""
    return _request(
        'DeleteVirtualDisk_Task',
        manager,
        _element('name', path),
        _refer('datacenter', datacenter),
    )


def create_disk(
    manager: Reference,
    path: str,
    datacenter: Reference,
    *,
    adapter: str,
    capacity: int,
) -> Request:
    """Create an empty thin disk of so many KiB, with its extent."""
    return _request(
        'CreateVirtualDisk_Task',
        manager,
        _element('name', path),
        _refer('datacenter', datacenter),
        '<spec xsi:type="FileBackedVirtualDiskSpec"><diskType>thin</diskType>'
        + _element('adapterType', adapter)
        + f'<capacityKb>{capacity}</capacityKb></spec>',
    )


def copy_disk(
    manager: Reference, source: str, target: str, datacenter: Reference
) -> Request:
    """Copy a disk, into what a hypervisor runs from; nothing is replaced."""
    return _request(
        'CopyVirtualDisk_Task',
        manager,
        _element('sourceName', source),
        _refer('sourceDatacenter', datacenter),
        _element('destName', target),
        _refer('destDatacenter', datacenter),
        _element('force', 'false'),
    )


def cancel_task(task: Reference) -> Request:
    return _request('CancelTask', task)


def _request(method: str, this: Reference, *parts: str) -> Request:
    return Request(method, _refer('_this', this) + ''.join(parts))


def _element(name: str, text: str) -> str:
    return f'<{name}>{saxutils.escape(text)}</{name}>'


def _refer(name: str, to: Reference) -> str:
    kind = saxutils.quoteattr(to.kind)
    return f'<{name} type={kind}>{saxutils.escape(to.name)}</{name}>'


def _write_properties(selection: Selection) -> str:
    paths = ''.join(_element('pathSet', one) for one in selection.properties)
    kind = _element('type', selection.kind)
    return f'<propSet>{kind}<all>false</all>{paths}</propSet>'
