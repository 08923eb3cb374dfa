"""Power: what a machine that runs holds, and what snapshots add."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.answers import ask
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script import disks
from tests.functional.vcsim.script.machines import list_chains
from tests.functional.vcsim.script import moving
from tests.functional.vcsim.script.reading import read
from tests.functional.vcsim.script.reading import tell_objects
from tests.functional.vcsim.script import step
from tests.functional.vcsim.script.waiting import tell_updates

SPARE = '[LocalDS_0] disks/spare.vmdk'


@step
def follow_power(client: Client) -> Any:
    machine = client.machines['one']
    collector = client.collector.CreatePropertyCollector()
    spec = client.select(vim.VirtualMachine, ['runtime.powerState'], machine)
    collector.CreateFilter(spec, True)
    options = vim.PropertyCollector.WaitOptions(maxWaitSeconds=5)
    first = collector.WaitForUpdatesEx('', options)
    client.finish(machine.PowerOnVM_Task())
    then = collector.WaitForUpdatesEx(first.version, options)
    collector.Destroy()
    return [tell_updates(first), tell_updates(then)]


@step
def power_on_again(client: Client) -> Any:
    return client.finish(client.machines['one'].PowerOnVM_Task())


@step
def destroy_running_machine(client: Client) -> Any:
    return client.finish(client.machines['one'].Destroy_Task())


@step
def unregister_running_machine(client: Client) -> Any:
    return client.machines['one'].UnregisterVM()


@step
def delete_disk_of_running_machine(client: Client) -> Any:
    return delete_copied(client, '[LocalDS_0] one/one.vmdk')


@step
def delete_base_of_running_machine(client: Client) -> Any:
    return delete_copied(client, disks.BASE)


def delete_copied(client: Client, path: str) -> Any:
    """Delete a disk; put it back, for what follows is to find it."""
    disks.copy(client, path, SPARE)
    told = ask(lambda: disks.delete(client, path))
    if not told.startswith('fault'):
        disks.copy(client, SPARE, path)
    disks.delete(client, SPARE)
    return told if told.startswith('fault') else 'deleted'


@step
def delete_folder_of_running_machine(client: Client) -> Any:
    """The folder is one that a base lies in, as those of images do."""
    disks.copy(client, disks.BASE, SPARE)
    told = ask(lambda: moving.delete(client, '[LocalDS_0] disks'))
    if not told.startswith('fault'):
        client.files.MakeDirectory('[LocalDS_0] disks', client.datacenter)
        disks.create(client, disks.BASE)
        return 'deleted'
    disks.delete(client, SPARE)
    return told


@step
def power_off(client: Client) -> Any:
    client.finish(client.machines['one'].PowerOffVM_Task())
    return client.machines['one'].runtime.powerState


@step
def power_off_again(client: Client) -> Any:
    return client.finish(client.machines['one'].PowerOffVM_Task())


@step
def take_snapshot(client: Client) -> Any:
    machine = client.machines['one']
    task = machine.CreateSnapshot_Task('first', '', False, False)
    client.finish(task)
    roots = machine.snapshot.rootSnapshotList
    return [[root.name, len(root.childSnapshotList)] for root in roots]


@step
def list_chains_under_snapshot(client: Client) -> Any:
    return list_chains(client.machines['one'])


@step
def remove_snapshots(client: Client) -> Any:
    machine = client.machines['one']
    client.finish(machine.RemoveAllSnapshots_Task())
    spec = client.select(vim.VirtualMachine, ['snapshot'], machine)
    return [tell_objects(read(client, spec)), list_chains(machine)]
