"""Waiting: filters, and updates until nothing changes any more."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script import step

Collector = vim.PropertyCollector


@step
def wait_for_first_state(client: Client) -> Any:
    collector = client.collector.CreatePropertyCollector()
    spec = client.select(vim.Datastore, ['name'], client.store)
    collector.CreateFilter(spec, True)
    options = Collector.WaitOptions(maxWaitSeconds=1)
    update = collector.WaitForUpdatesEx('', options)
    quiet = collector.WaitForUpdatesEx(update.version, options)
    collector.Destroy()
    return [tell_updates(update), bool(update.truncated), quiet is None]


def tell_updates(update: Any) -> Any:
    return [
        [one.kind, [[each.op, each.name, each.val] for each in one.changeSet]]
        for filtered in update.filterSet
        for one in filtered.objectSet
    ]


@step
def wait_with_destroyed_filter(client: Client) -> Any:
    collector = client.collector.CreatePropertyCollector()
    spec = client.select(vim.Datastore, ['name'], client.store)
    collector.CreateFilter(spec, True).Destroy()
    options = Collector.WaitOptions(maxWaitSeconds=0)
    return collector.WaitForUpdatesEx('', options) is None


@step
def filter_unknown_property(client: Client) -> Any:
    spec = client.select(vim.Datastore, ['colour'], client.store)
    return bool(client.collector.CreateFilter(spec, True))
