"""File requests: for files, folders and disks, and their datastores."""

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.envelopes import write_reference
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request


def refresh_datastore(datastore: Reference) -> Request:
    """Have the figures of a datastore read anew."""
    return make_request('RefreshDatastore', datastore)


def make_directory(
    manager: Reference, path: str, datacenter: Reference, *, parents: bool
) -> Request:
    return make_request(
        'MakeDirectory',
        manager,
        write_element('name', path),
        write_reference('datacenter', datacenter),
        write_element(
            'createParentDirectories', 'true' if parents else 'false'
        ),
    )


def delete_file(
    manager: Reference, path: str, datacenter: Reference
) -> Request:
    """Delete a file, or a folder with all that is in it."""
    return make_request(
        'DeleteDatastoreFile_Task',
        manager,
        write_element('name', path),
        write_reference('datacenter', datacenter),
    )


def move_file(
    manager: Reference, source: str, target: str, datacenter: Reference
) -> Request:
    """Rename a file or a folder; what is there already is not replaced."""
    return make_request(
        'MoveDatastoreFile_Task',
        manager,
        write_element('sourceName', source),
        write_reference('sourceDatacenter', datacenter),
        write_element('destinationName', target),
        write_reference('destinationDatacenter', datacenter),
        write_element('force', 'false'),
    )


def delete_disk(
    manager: Reference, path: str, datacenter: Reference
) -> Request:
    """Delete a virtual disk, its descriptor and its extent."""
    return make_request(
        'DeleteVirtualDisk_Task',
        manager,
        write_element('name', path),
        write_reference('datacenter', datacenter),
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
    return make_request(
        'CreateVirtualDisk_Task',
        manager,
        write_element('name', path),
        write_reference('datacenter', datacenter),
        '<spec xsi:type="FileBackedVirtualDiskSpec"><diskType>thin</diskType>'
        + write_element('adapterType', adapter)
        + f'<capacityKb>{capacity}</capacityKb></spec>',
    )


def copy_disk(
    manager: Reference, source: str, target: str, datacenter: Reference
) -> Request:
    """Copy a disk, into what a hypervisor runs from; nothing is replaced."""
    return make_request(
        'CopyVirtualDisk_Task',
        manager,
        write_element('sourceName', source),
        write_reference('sourceDatacenter', datacenter),
        write_element('destName', target),
        write_reference('destDatacenter', datacenter),
        write_element('force', 'false'),
    )


def move_disk(
    manager: Reference, source: str, target: str, datacenter: Reference
) -> Request:
    """Rename a disk, into another folder even; nothing is replaced."""
    return make_request(
        'MoveVirtualDisk_Task',
        manager,
        write_element('sourceName', source),
        write_reference('sourceDatacenter', datacenter),
        write_element('destName', target),
        write_reference('destDatacenter', datacenter),
        write_element('force', 'false'),
    )
