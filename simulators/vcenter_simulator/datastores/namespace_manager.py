"""DatastoreNamespaceManager: its methods, as clients call them."""

from vcenter_simulator.datastores.addressing import make_pause
from vcenter_simulator.datastores.addressing import MANAGE_FILES
from vcenter_simulator.datastores.addressing import resolve_place
from vcenter_simulator.datastores import namespaces
from vcenter_simulator.datastores.paths import refuse_path
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves

CONFIGURE = 'Datastore.Config'


@serves('DatastoreNamespaceManager', 'CreateDirectory')
def create_directory(call: Call) -> str:
    arguments = call.arguments
    call.check_privilege(arguments.datastore, CONFIGURE)
    store = call.world.stores.find_store(arguments.datastore.moid)
    if store is None or not store.is_accessible:
        raise VimFault('InvalidDatastore', datastore=arguments.datastore)
    return namespaces.create_namespace(store, arguments.displayName).url


@serves('DatastoreNamespaceManager', 'DeleteDirectory')
def delete_directory(call: Call) -> None:
    arguments = call.arguments
    path = arguments.datastorePath
    place = resolve_place(call, path, arguments.datacenter)
    call.check_privilege(place.store.reference, CONFIGURE)
    call.check_privilege(place.store.reference, MANAGE_FILES)
    # As it was told when it was made: neither a datastore path, nor by name.
    if path != place.url:
        raise refuse_path(path)
    namespaces.delete_namespace(place, make_pause(call))


@serves('DatastoreNamespaceManager', 'ConvertNamespacePathToUuidPath')
def convert_path(call: Call) -> str:
    arguments = call.arguments
    place = resolve_place(call, arguments.namespaceUrl, arguments.datacenter)
    return namespaces.convert_path(place, arguments.namespaceUrl)
