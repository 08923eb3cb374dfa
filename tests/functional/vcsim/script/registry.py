"""Registry: machines that are renamed, registered again and gone."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.answers import ask
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script import disks
from tests.functional.vcsim.script.files import search
from tests.functional.vcsim.script.machines import create
from tests.functional.vcsim.script import moving
from tests.functional.vcsim.script import step


@step
def rename_machine(client: Client) -> Any:
    machine = client.machines['one']
    client.finish(machine.Rename_Task('uno'))
    return [machine.name, machine.config.files.vmPathName]


@step
def mark_as_template(client: Client) -> Any:
    client.machines['one'].MarkAsTemplate()
    return client.machines['one'].config.template


@step
def power_on_template(client: Client) -> Any:
    return client.finish(client.machines['one'].PowerOnVM_Task())


@step
def name_file_of_template(client: Client) -> Any:
    return client.machines['one'].config.files.vmPathName


@step
def mark_as_machine(client: Client) -> Any:
    machine = client.machines['one']
    machine.MarkAsVirtualMachine(client.cluster.resourcePool)
    return [machine.config.template, machine.config.files.vmPathName]


@step
def unregister_machine(client: Client) -> Any:
    client.machines['one'].UnregisterVM()
    found = search(client, '[LocalDS_0] one', '*.vmx')
    return [[file[0] for file in files] for _, files in found]


@step
def read_unregistered_machine(client: Client) -> Any:
    return client.machines['one'].name


@step
def register_machine(client: Client) -> Any:
    machine = client.finish(
        client.datacenter.vmFolder.RegisterVM_Task(
            path='[LocalDS_0] one/one.vmx',
            name='one',
            asTemplate=False,
            pool=client.cluster.resourcePool,
        )
    )
    client.machines['one'] = machine
    return [machine.name, machine.config.files.vmPathName]


@step
def register_machine_again(client: Client) -> Any:
    return client.finish(
        client.datacenter.vmFolder.RegisterVM_Task(
            path='[LocalDS_0] one/one.vmx',
            name='twice',
            asTemplate=False,
            pool=client.cluster.resourcePool,
        )
    )


@step
def register_missing_machine(client: Client) -> Any:
    return client.finish(
        client.datacenter.vmFolder.RegisterVM_Task(
            path='[LocalDS_0] none/none.vmx',
            name='none',
            asTemplate=False,
            pool=client.cluster.resourcePool,
        )
    )


@step
def destroy_machine(client: Client) -> Any:
    client.finish(client.machines['one'].Destroy_Task())
    [[_, files]] = search(client, '[LocalDS_0]')
    return 'one' in [file[0] for file in files]


@step
def read_destroyed_machine(client: Client) -> Any:
    return client.machines['one'].name


@step
def relocate_machine(client: Client) -> Any:
    machine = create(client, 'two')
    spec = vim.vm.RelocateSpec(datastore=client.stores['LocalDS_1'])
    client.finish(machine.RelocateVM_Task(spec))
    return [
        [store.name for store in machine.datastore],
        machine.config.files.vmPathName,
    ]


@step
def create_machine_of_same_name(client: Client) -> Any:
    return create(client, 'two').name


@step
def cancel_finished_task(client: Client) -> Any:
    path = '[LocalDS_0] disks/cancelled.vmdk'
    disks.create(client, path)
    task = client.disks.DeleteVirtualDisk(path, client.datacenter)
    client.finish(task)
    return task.CancelTask()


@step
def read_finished_task(client: Client) -> Any:
    task = client.files.DeleteFile('[LocalDS_0] gone', client.datacenter)
    told = ask(lambda: client.finish(task))
    return [told, client.read_task(task)['info.state']]


@step
def read_entity_of_task(client: Client) -> Any:
    task = client.files.DeleteFile('[LocalDS_0] gone', client.datacenter)
    ask(lambda: client.finish(task))
    return task.info.entityName


@step
def rename_store(client: Client) -> Any:
    store = client.stores['LocalDS_1']
    client.finish(store.Rename_Task('renamed'))
    return [store.name, store.summary.name]


@step
def refresh_store(client: Client) -> Any:
    return client.store.RefreshDatastore()


@step
def delete_rest(client: Client) -> Any:
    return moving.delete(client, '[LocalDS_0] disks')
