"""Disk queries: which disks a search wants, and what it asks of them."""

from collections.abc import Iterable
from typing import Any

from vcenter_simulator.datastores.names import DISK
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.search import disk_of
from vcenter_simulator.datastores.search import Found
from vcenter_simulator.values import DataObject

HARDWARE_VERSION = 13
_CONTROLLERS = {
    'buslogic': 'VirtualBusLogicController',
    'ide': 'VirtualIDEController',
    'lsilogic': 'VirtualLsiLogicController',
}


def find_query(spec: DataObject | None) -> DataObject | None:
    """Give the VmDiskFileQuery of a specification, if it has one."""
    for query in (spec and spec.query) or ():
        if query.type_name == 'VmDiskFileQuery':
            return query  # type: ignore[no-any-return]
    return None


def keep_disks(
    place: Place, found: Iterable[Found], spec: DataObject | None
) -> list[Found]:
    """Leave out the disks that the query's filter does not want."""
    query = find_query(spec)
    if query is None or query.filter is None:
        return list(found)
    wanted = query.filter
    return [
        one
        for one in found
        if one.kind != DISK or _fits(read_details(place, one), wanted)
    ]


def show_disk(place: Place, found: Found, flags: DataObject) -> dict[str, Any]:
    """Give the details of a disk that are asked for, and what it takes."""
    details = read_details(place, found)
    size = details.pop('fileSize', None)
    asked = {name: value for name, value in details.items() if flags[name]}
    return asked if size is None else {**asked, 'fileSize': size}


def read_details(place: Place, found: Found) -> dict[str, Any]:
    """Read the details of a disk, each of which opens its descriptor."""
    told = disk_of(place, found)
    if told is None:
        return {}
    disk, allocated = told
    return {
        'diskType': 'VirtualDiskFlatVer2BackingInfo',
        'capacityKb': disk.capacity // 1024,
        'hardwareVersion': HARDWARE_VERSION,
        'controllerType': _CONTROLLERS.get(
            disk.adapter, _CONTROLLERS['lsilogic']
        ),
        'diskExtents': (str(place.child(disk.extent)),),
        'thin': disk.is_thin,
        'fileSize': allocated,
    }


def _fits(details: dict[str, Any], wanted: DataObject) -> bool:
    """Tell if a disk is one that a filter wants; what is none is not."""
    pairs = (
        ('diskType', wanted.diskType),
        ('hardwareVersion', wanted.matchHardwareVersion),
        ('controllerType', wanted.controllerType),
    )
    if any(one and details.get(name) not in one for name, one in pairs):
        return False
    return wanted.thin is None or details.get('thin') == wanted.thin
