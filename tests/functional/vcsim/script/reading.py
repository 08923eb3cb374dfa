"""Reading: the property collector, its filters, views and the index."""

from typing import Any

from pyVmomi import vim
from pyVmomi.VmomiSupport import ManagedObject

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script import step

Collector = vim.PropertyCollector
SUMMARY = [
    'summary.accessible',
    'summary.maintenanceMode',
    'summary.multipleHostAccess',
    'summary.name',
    'summary.type',
]


def read(client: Client, *specs: Any, most: int | None = None) -> Any:
    options = Collector.RetrieveOptions(maxObjects=most)
    return client.collector.RetrievePropertiesEx(list(specs), options)


def tell_objects(result: Any) -> Any:
    """Tell what was read; None where the reply has no result at all."""
    if result is None:
        return None
    return sorted(map(tell_object, result.objects), key=str)


def tell_object(one: Any) -> Any:
    kind = type(one.obj).__name__.rpartition('.')[2]
    return [kind, {each.name: tell_plain(each.val) for each in one.propSet}]


def tell_plain(value: Any) -> Any:
    if isinstance(value, ManagedObject):
        return type(value).__name__.rpartition('.')[2]
    if isinstance(value, list):
        return sorted(map(tell_plain, value))
    return value


@step
def list_inventory(client: Client) -> Any:
    folders = client.datacenter
    return [
        client.content.rootFolder.name,
        folders.name,
        [folders.vmFolder.name, folders.datastoreFolder.name],
        [folders.hostFolder.name, folders.networkFolder.name],
        client.cluster.name,
        client.cluster.resourcePool.name,
        sorted(host.name for host in client.cluster.host),
        sorted(client.stores),
    ]


@step
def read_folder_types(client: Client) -> Any:
    return [
        sorted(client.content.rootFolder.childType),
        sorted(client.datacenter.vmFolder.childType),
        sorted(client.datacenter.datastoreFolder.childType),
    ]


@step
def read_store_summary(client: Client) -> Any:
    spec = client.select(vim.Datastore, SUMMARY, *client.stores.values())
    return tell_objects(read(client, spec))


@step
def read_store_space(client: Client) -> Any:
    summary = client.store.summary
    return [
        0 < summary.freeSpace <= summary.capacity,
        client.store.info.freeSpace == summary.freeSpace,
    ]


@step
def read_store_mounts(client: Client) -> Any:
    return sorted(
        [mount.key.name, mount.mountInfo.accessMode, mount.mountInfo.mounted]
        for mount in client.store.host
    )


@step
def read_store_abilities(client: Client) -> Any:
    able = client.store.capability
    return [
        able.directoryHierarchySupported,
        able.perFileThinProvisioningSupported,
    ]


@step
def read_unknown_property(client: Client) -> Any:
    spec = client.select(vim.Datastore, ['summary.colour'], client.store)
    return tell_objects(read(client, spec))


@step
def read_unknown_object(client: Client) -> Any:
    gone = vim.Datastore('datastore-nowhere', client.instance._stub)
    return tell_objects(read(client, client.select(vim.Datastore, [], gone)))


@step
def read_no_property(client: Client) -> Any:
    spec = client.select(vim.Datastore, [], client.store)
    return tell_objects(read(client, spec))


@step
def read_property_of_supertype(client: Client) -> Any:
    spec = client.select(vim.ManagedEntity, ['name'], client.store)
    return tell_objects(read(client, spec))


@step
def read_property_of_other_type(client: Client) -> Any:
    spec = client.select(vim.HostSystem, ['name'], client.store)
    return tell_objects(read(client, spec))


@step
def read_object_twice(client: Client) -> Any:
    spec = client.select(
        vim.Datastore, ['summary.type'], client.store, client.store
    )
    return tell_objects(read(client, spec))


@step
def read_in_pages(client: Client) -> Any:
    spec = client.select(vim.Datastore, ['name'], *client.stores.values())
    page = read(client, spec, most=1)
    return [len(page.objects), bool(page.token)]


@step
def continue_without_token(client: Client) -> Any:
    return client.collector.ContinueRetrievePropertiesEx('no-such-token')


@step
def read_zero_objects(client: Client) -> Any:
    spec = client.select(vim.Datastore, ['name'], client.store)
    return len(read(client, spec, most=0).objects)


@step
def follow_path_to_children(client: Client) -> Any:
    follow = Collector.TraversalSpec(
        name='children', type=vim.Folder, path='childEntity', skip=False
    )
    spec = client.select(
        vim.Datastore,
        ['name'],
        client.datacenter.datastoreFolder,
        skip=True,
        selectSet=[follow],
    )
    return tell_objects(read(client, spec))


@step
def follow_path_of_other_type(client: Client) -> Any:
    follow = Collector.TraversalSpec(
        name='wrong', type=vim.HostSystem, path='datastore', skip=False
    )
    spec = client.select(
        vim.Datastore,
        ['name'],
        client.datacenter,
        skip=True,
        selectSet=[follow],
    )
    return tell_objects(read(client, spec))


@step
def follow_unknown_path(client: Client) -> Any:
    follow = Collector.TraversalSpec(
        name='wrong', type=vim.Folder, path='children', skip=False
    )
    spec = client.select(
        vim.Datastore,
        ['name'],
        client.datacenter.datastoreFolder,
        selectSet=[follow],
    )
    return tell_objects(read(client, spec))
