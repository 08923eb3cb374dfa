"""Viewing: container views, and the index of paths."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script.reading import read
from tests.functional.vcsim.script.reading import tell_objects
from tests.functional.vcsim.script.reading import tell_plain
from tests.functional.vcsim.script import step

Collector = vim.PropertyCollector


def view(client: Client, kinds: list[Any], *, deep: bool = True) -> Any:
    root = client.content.rootFolder
    return client.content.viewManager.CreateContainerView(root, kinds, deep)


@step
def view_hosts(client: Client) -> Any:
    seen = view(client, [vim.HostSystem])
    return sorted(host.name for host in seen.view)


@step
def view_top_only(client: Client) -> Any:
    seen = view(client, [vim.Datacenter, vim.Datastore], deep=False)
    return sorted(one.name for one in seen.view)


@step
def view_all_entities(client: Client) -> Any:
    seen = view(client, [vim.ManagedEntity])
    kinds = {tell_plain(one) for one in seen.view}
    # Of networks and their switches vcsim has more.
    return sorted(kind for kind in kinds if not kind.startswith('Dist'))


@step
def read_through_view(client: Client) -> Any:
    seen = view(client, [vim.Datastore])
    follow = Collector.TraversalSpec(
        name='view', type=vim.view.ContainerView, path='view', skip=False
    )
    spec = client.select(
        vim.Datastore, ['name'], seen, skip=True, selectSet=[follow]
    )
    return tell_objects(read(client, spec))


@step
def use_destroyed_view(client: Client) -> Any:
    seen = view(client, [vim.Datastore])
    seen.Destroy()
    return len(seen.view)


@step
def find_by_path(client: Client) -> Any:
    paths = [
        'DC0',
        '/DC0/vm',
        'DC0/datastore/LocalDS_0',
        'DC0/host/DC0_C0',
        'DC0/host/DC0_C0/Resources',
        'DC0/host/DC0_C0/DC0_C0_H0',
        'DC0/nowhere',
    ]
    find = client.content.searchIndex.FindByInventoryPath
    return [tell_plain(find(path)) for path in paths]


@step
def find_by_empty_path(client: Client) -> Any:
    return tell_plain(client.content.searchIndex.FindByInventoryPath(''))
