"""Datacenters: with the folders of each, and StoragePods."""

from typing import TYPE_CHECKING

from vcenter_simulator.entities import check_name
from vcenter_simulator.entities import check_unique
from vcenter_simulator.entities import Entity
from vcenter_simulator.entities import list_children
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World

# Of each datacenter: property, name and kinds of children of its folders.
_FOLDERS = {
    'vmFolder': ('vm', ('Folder', 'VirtualMachine', 'VirtualApp')),
    'hostFolder': ('host', ('Folder', 'ComputeResource')),
    'datastoreFolder': ('datastore', ('Folder', 'Datastore', 'StoragePod')),
    'networkFolder': ('network', ('Folder', 'Network')),
}


def show_children(world: 'World', folder: ManagedObject) -> None:
    """Let a folder show as its children what names it as the parent."""
    reference = folder.reference
    folder.properties |= {'overallStatus': 'green', 'configStatus': 'green'}
    folder.properties['childEntity'] = lambda: list_children(world, reference)


def add_folder(
    world: 'World', parent: Reference, name: str, kinds: tuple[str, ...]
) -> Entity:
    """Add a folder, whose children may be of some kinds."""
    moid = world.inventory.new_moid('group')
    folder = Entity('Folder', moid, name, parent, childType=kinds)
    show_children(world, folder)
    return world.inventory.add(folder)


def add_datacenter(world: 'World', parent: Reference, name: str) -> Entity:
    """Add a datacenter with its four folders."""
    moid = world.inventory.new_moid('datacenter')
    datacenter = world.inventory.add(Entity('Datacenter', moid, name, parent))
    for key, (called, kinds) in _FOLDERS.items():
        folder = add_folder(world, datacenter.reference, called, kinds)
        datacenter.properties[key] = folder.reference
    datacenter.properties['configuration'] = DataObject('DatacenterConfigInfo')
    datacenter.properties['datastore'] = lambda: tuple(
        store.reference for store in world.stores.list_stores(moid)
    )
    networks = datacenter.properties['networkFolder']
    datacenter.properties['network'] = lambda: list_children(world, networks)
    return datacenter


def add_pod(world: 'World', datacenter: Entity, name: str) -> Entity:
    """Add a StoragePod: a folder whose datastores are looked after as one."""
    moid = world.inventory.new_moid('group')
    parent = datacenter.properties['datastoreFolder']
    pod = Entity('StoragePod', moid, name, parent, childType=('Datastore',))
    show_children(world, pod)
    pod.properties['summary'] = lambda: _show_pod(world, pod)
    return world.inventory.add(pod)


def _show_pod(world: 'World', pod: Entity) -> DataObject:
    stores = [
        world.stores.find_store(reference.moid)
        for reference in list_children(world, pod.reference)
    ]
    found = [store for store in stores if store is not None]
    return DataObject(
        'StoragePodSummary',
        name=pod.name,
        capacity=sum(store.capacity for store in found),
        freeSpace=sum(store.free for store in found),
    )


@serves('Folder', 'CreateFolder')
def create_folder(call: Call) -> Reference:
    name = check_name(call.arguments.name)
    check_unique(call.world, call.this.reference, name)
    kinds = call.this.read_property('childType')
    return add_folder(call.world, call.this.reference, name, kinds).reference


@serves('Folder', 'CreateDatacenter')
def create_datacenter(call: Call) -> Reference:
    name = check_name(call.arguments.name)
    check_unique(call.world, call.this.reference, name)
    return add_datacenter(call.world, call.this.reference, name).reference
