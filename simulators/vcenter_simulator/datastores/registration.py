"""Registration of datastores: how they come, are renamed, and leave."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
import uuid

from vcenter_simulator.datastores.datastore import Datastore
from vcenter_simulator.datastores.kinds import KINDS
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.entities import check_name
from vcenter_simulator.entities import Entity
from vcenter_simulator.entities import find_datacenter
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.hosts import Host
    from vcenter_simulator.world import World


def add_datastore(
    world: 'World',
    datacenter: Entity,
    name: str,
    kind: str,
    capacity: int,
    hosts: Iterable['Host'],
    pod: Entity | None = None,
) -> Datastore:
    """Add an empty datastore that some hosts mount.

    ``kind`` is one of VMFS, NFS, NFS41, vsan and VVOL; ``capacity`` in bytes.
    """
    store = Store(
        name=name,
        kind=KINDS[kind],
        moid=world.inventory.new_moid('datastore'),
        uuid=_make_uuid(kind),
        capacity=capacity,
        now=lambda: world.clock.moment,
    )
    folder = datacenter.properties['datastoreFolder']
    parent = pod.reference if pod is not None else folder
    datastore = Datastore(world, store, parent)
    world.stores.add_store(datacenter.moid, store)
    for host in hosts:
        host.stores.append(store)
        datastore.set_mount(host.reference, True)
    return world.inventory.add(datastore)


def rename_datastore(
    world: 'World', datastore: Datastore, name: str | None
) -> None:
    """Call a datastore something else; what shows paths follows.

    :raises VimFault: InvalidName; DuplicateName in the datacenter
    """
    shown = check_name(name)
    datacenter = find_datacenter(world, datastore.reference)
    for store in world.stores.list_stores(datacenter.moid):
        if store.name == shown and store is not datastore.store:
            raise VimFault('DuplicateName', name=shown, object=store.reference)
    world.stores.rename_store(datastore.store, shown)
    world.note_change()


def drop_datastore(world: 'World', datastore: Datastore) -> None:
    """Let a datastore leave the inventory; its files are lost to sight.

    :raises VimFault: ResourceInUse while machines lie on it
    """
    if datastore.list_users():
        raise VimFault('ResourceInUse', type='Datastore', name=datastore.name)
    for host in datastore.mounts:
        world.inventory.find(host).stores.remove(  # type: ignore[attr-defined]
            datastore.store
        )
    world.stores.drop_store(datastore.moid)
    world.inventory.remove(datastore.properties['browser'])
    world.inventory.remove(datastore.reference)


@serves('Datastore', 'RefreshDatastore')
@serves('Datastore', 'RefreshDatastoreStorageInfo')
def refresh(call: Call) -> None:
    require_datastore(call).refresh()
    call.world.note_change()


@serves('Datastore', 'RenameDatastore')
def rename(call: Call) -> None:
    datastore = require_datastore(call)
    rename_datastore(call.world, datastore, call.arguments.newName)


@serves('Datastore', 'DestroyDatastore')
def destroy(call: Call) -> None:
    drop_datastore(call.world, require_datastore(call))


@serves('Datastore', 'DatastoreEnterMaintenanceMode')
def enter_maintenance(call: Call) -> DataObject:
    datastore = require_datastore(call)
    if datastore.wants_maintenance:
        raise VimFault('InvalidState', 'It is in maintenance already.')

    def enter(task: object) -> None:
        datastore.wants_maintenance = True

    task = call.world.tasks.start(call, datastore, enter)
    return DataObject('StoragePlacementResult', task=task)


@serves('Datastore', 'DatastoreExitMaintenanceMode_Task')
def exit_maintenance(call: Call) -> Reference:
    datastore = require_datastore(call)

    def leave(task: object) -> None:
        if not datastore.wants_maintenance:
            raise VimFault('InvalidState', 'It is not in maintenance.')
        datastore.wants_maintenance = False

    return call.world.tasks.start(call, datastore, leave)


def require_datastore(call: Call) -> Datastore:
    """Give the datastore that a call is made to.

    :raises VimFault: InvalidType
    """
    if not isinstance(call.this, Datastore):
        raise VimFault('InvalidType')
    return call.this


def _make_uuid(kind: str) -> str:
    digits = uuid.uuid4().hex
    if kind == 'vsan':
        return f'vsan:{digits[:16]}-{digits[16:]}'
    if kind.startswith('NFS'):
        return f'{digits[:8]}-{digits[8:16]}'
    if kind == 'VVOL':
        return f'vvol:{digits[:16]}-{digits[16:]}'
    return f'{digits[:8]}-{digits[8:16]}-{digits[16:20]}-{digits[20:]}'
