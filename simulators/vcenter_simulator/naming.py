"""Naming of entities: Rename_Task and Destroy_Task, whatever they are."""

from vcenter_simulator.datastores.datastore import Datastore
from vcenter_simulator.datastores.registration import drop_datastore
from vcenter_simulator.datastores.registration import rename_datastore
from vcenter_simulator.entities import check_name
from vcenter_simulator.entities import check_unique
from vcenter_simulator.entities import Entity
from vcenter_simulator.entities import list_children
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.removal import destroy_machine
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import Reference

_RENAME = {
    'Datastore': 'Datastore.Rename',
    'VirtualMachine': 'VirtualMachine.Config.Rename',
    'Folder': 'Folder.Rename',
    'StoragePod': 'Folder.Rename',
    'Datacenter': 'Datacenter.Rename',
}
_DESTROY = {
    'Datastore': 'Datastore.Delete',
    'VirtualMachine': 'VirtualMachine.Inventory.Delete',
    'Folder': 'Folder.Delete',
    'StoragePod': 'Folder.Delete',
    'Datacenter': 'Datacenter.Delete',
}


@serves('ManagedEntity', 'Rename_Task')
def rename(call: Call) -> Reference:
    one = call.this
    if one.kind in _RENAME:
        call.check_privilege(one.reference, _RENAME[one.kind])
    name = call.arguments.newName
    return call.world.tasks.start(
        call, one, lambda task: rename_entity(call, one, name)
    )


@serves('ManagedEntity', 'Destroy_Task')
def destroy(call: Call) -> Reference:
    one = call.this
    if one.kind in _DESTROY:
        call.check_privilege(one.reference, _DESTROY[one.kind])
    return call.world.tasks.start(
        call, one, lambda task: destroy_entity(call, one)
    )


@serves('ManagedEntity', 'Reload')
def reload(call: Call) -> None:
    if isinstance(call.this, Machine):
        call.this.forget_shown()


def rename_entity(call: Call, one: ManagedObject, name: str) -> None:
    """Call an entity something else.

    :raises VimFault: InvalidName; DuplicateName in its folder; NotSupported
    """
    if isinstance(one, Datastore):
        rename_datastore(call.world, one, name)
        return
    shown = check_name(name)
    check_unique(call.world, one.read_property('parent'), shown)
    if isinstance(one, Machine):
        one.name = shown
        one.note_change()
        save_config(one)
    elif isinstance(one, Entity) and one.kind in _RENAME:
        one.properties['name'] = shown
    else:
        raise VimFault('NotSupported')
    call.world.note_change()


def destroy_entity(call: Call, one: ManagedObject) -> None:
    """Delete an entity; a folder only while nothing is in it.

    :raises VimFault: ResourceInUse; InvalidPowerState; NotSupported
    """
    if isinstance(one, Datastore):
        drop_datastore(call.world, one)
    elif isinstance(one, Machine):
        destroy_machine(call.world, one)
    elif one.kind not in ('Folder', 'StoragePod'):
        raise VimFault('NotSupported')
    elif list_children(call.world, one.reference):
        raise VimFault('ResourceInUse', type=one.kind, name=str(one))
    else:
        call.world.inventory.remove(one.reference)
    call.world.note_change()
