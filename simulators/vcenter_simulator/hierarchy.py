"""Hierarchy of the inventory: what lies in a folder, datacenter or pool."""

from collections.abc import Iterator

from vcenter_simulator.inventory import Inventory
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.schema import table
from vcenter_simulator.values import Reference

# The properties by which each kind holds others.
_HELD = {
    'Folder': ('childEntity',),
    'Datacenter': (
        *('vmFolder', 'hostFolder', 'datastoreFolder', 'networkFolder'),
    ),
    'ComputeResource': ('host', 'resourcePool'),
    'ResourcePool': ('resourcePool', 'vm'),
    'HostSystem': ('vm',),
}


def child_names(kind: str) -> tuple[str, ...] | None:
    """Give the properties by which a kind holds others; None: it cannot."""
    for one in table.managed_type(kind).kinds:
        if one in _HELD:
            return _HELD[one]
    return None


def list_children(
    inventory: Inventory, one: ManagedObject
) -> Iterator[ManagedObject]:
    """Give what lies directly in an object."""
    for name in child_names(one.kind) or ():
        value = one.read_property(name) or ()
        for reference in value if isinstance(value, tuple) else (value,):
            if isinstance(reference, Reference) and inventory.has(reference):
                yield inventory.find(reference)


def list_below(
    inventory: Inventory, one: ManagedObject
) -> Iterator[ManagedObject]:
    """Give all that lies below an object, each once."""
    seen = {one.reference}
    waiting = [list_children(inventory, one)]
    while waiting:
        for child in waiting.pop():
            if child.reference not in seen:
                seen.add(child.reference)
                yield child
                waiting.append(list_children(inventory, child))
