"""Import requests: a machine that comes in with its disk, by a lease.

It is never started: what is wanted is the disk.
"""

from imagecache_handlers_vmware.port.envelopes import make_request
from imagecache_handlers_vmware.port.envelopes import write_element
from imagecache_handlers_vmware.port.envelopes import write_reference
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request

# As small as a machine can be, of any guest; keys below 0 are not yet given.
_CONTROLLER = (
    '<deviceChange><operation>add</operation>'
    '<device xsi:type="VirtualLsiLogicController"><key>-100</key>'
    '<busNumber>0</busNumber><sharedBus>noSharing</sharedBus></device>'
    '</deviceChange>'
)
_TRAITS = '<numCPUs>1</numCPUs><memoryMB>128</memoryMB>'


def find_by_path(index: Reference, path: str) -> Request:
    """Ask what is at a path of the inventory, names with slashes between."""
    return make_request(
        'FindByInventoryPath', index, write_element('inventoryPath', path)
    )


def import_machine(
    pool: Reference,
    folder: Reference,
    *,
    name: str,
    datastore: str,
    capacity: int,
) -> Request:
    """Have a machine come in, with one thin disk of so many KiB.

    Its folder at the top of the datastore is called as it is.
    """
    place = f'[{datastore}]'
    return make_request(
        'ImportVApp',
        pool,
        '<spec xsi:type="VirtualMachineImportSpec"><configSpec>',
        write_element('name', name),
        write_element('guestId', 'otherGuest'),
        f'<files>{write_element("vmPathName", place)}</files>',
        _TRAITS,
        _CONTROLLER,
        _write_disk(place, capacity),
        '</configSpec></spec>',
        write_reference('folder', folder),
    )


def _write_disk(place: str, capacity: int) -> str:
    return (
        '<deviceChange><operation>add</operation>'
        '<fileOperation>create</fileOperation>'
        '<device xsi:type="VirtualDisk"><key>-101</key>'
        '<backing xsi:type="VirtualDiskFlatVer2BackingInfo">'
        f'{write_element("fileName", place)}'
        '<diskMode>persistent</diskMode>'
        '<thinProvisioned>true</thinProvisioned></backing>'
        '<controllerKey>-100</controllerKey><unitNumber>0</unitNumber>'
        f'<capacityInKB>{capacity}</capacityInKB></device></deviceChange>'
    )


def tell_progress(lease: Reference, percent: int) -> Request:
    """Say that a lease is still needed, and how much has come."""
    return make_request(
        'HttpNfcLeaseProgress', lease, f'<percent>{percent}</percent>'
    )


def complete_lease(lease: Reference) -> Request:
    """Say that all has come."""
    return make_request('HttpNfcLeaseComplete', lease)


def abort_lease(lease: Reference) -> Request:
    """Give up: the machine goes, with its files."""
    return make_request('HttpNfcLeaseAbort', lease)


def unregister_machine(machine: Reference) -> Request:
    """Have vCenter forget a machine; its files stay."""
    return make_request('UnregisterVM', machine)


def find_by_file(
    index: Reference, datacenter: Reference, path: str
) -> Request:
    """Ask which machine has a .vmx file."""
    return make_request(
        'FindByDatastorePath',
        index,
        write_reference('datacenter', datacenter),
        write_element('path', path),
    )
