"""Disks: the life of virtual disks that no machine has."""

from typing import Any

from pyVmomi import vim

from tests.functional.vcsim.answers import tell_reply
from tests.functional.vcsim.client import Client
from tests.functional.vcsim.script.files import search
from tests.functional.vcsim.script import step

Manager = vim.VirtualDiskManager
KILOBYTES = 2048
BASE = '[LocalDS_0] disks/base.vmdk'


def create(client: Client, path: str, **how: Any) -> Any:
    spec = Manager.FileBackedVirtualDiskSpec(
        diskType='thin',
        adapterType='lsiLogic',
        capacityKb=how.get('kilobytes', KILOBYTES),
    )
    datacenter = how.get('datacenter', client.datacenter)
    return client.finish(
        client.disks.CreateVirtualDisk(path, datacenter, spec)
    )


def list_disks(client: Client) -> Any:
    found = search(client, '[LocalDS_0] disks', '*.vmdk')
    return [file[0] for _, files in found for file in files]


@step
def create_disk(client: Client) -> Any:
    client.files.MakeDirectory('[LocalDS_0] disks', client.datacenter)
    create(client, BASE)
    return list_disks(client)


@step
def create_disk_again(client: Client) -> Any:
    return create(client, BASE)


@step
def create_disk_without_folder(client: Client) -> Any:
    return create(client, '[LocalDS_0] none/base.vmdk')


@step
def create_disk_without_datacenter(client: Client) -> Any:
    return create(client, '[LocalDS_0] disks/x.vmdk', datacenter=None)


@step
def create_disk_of_broken_size(client: Client) -> Any:
    """pyvmomi would not send it; Nova does, for it divides floats."""
    body = (
        '<CreateVirtualDisk_Task xmlns="urn:vim25">'
        '<_this type="VirtualDiskManager">{}</_this>'
        '<name>[LocalDS_0] disks/float.vmdk</name>'
        '<datacenter type="Datacenter">{}</datacenter>'
        '<spec xsi:type="FileBackedVirtualDiskSpec"><diskType>thin</diskType>'
        '<adapterType>lsiLogic</adapterType><capacityKb>300.0</capacityKb>'
        '</spec></CreateVirtualDisk_Task>'
    )
    ids = client.disks._GetMoId(), client.datacenter._GetMoId()
    reply = client.send_raw(body.format(*ids))
    return tell_reply(reply.status, reply.body)


@step
def hide_extents(client: Client) -> Any:
    query = [vim.host.DatastoreBrowser.VmDiskQuery()]
    found = search(client, '[LocalDS_0] disks', query=query)
    return [[file[:2] for file in files] for _, files in found]


@step
def read_uuid(client: Client) -> Any:
    uuid = client.disks.QueryVirtualDiskUuid(BASE, client.datacenter)
    return [len(uuid.replace(' ', '').replace('-', '')), bool(uuid)]


@step
def read_uuid_of_missing_disk(client: Client) -> Any:
    path = '[LocalDS_0] disks/none.vmdk'
    return bool(client.disks.QueryVirtualDiskUuid(path, client.datacenter))


def copy(client: Client, source: str, target: str, **how: Any) -> Any:
    task = client.disks.CopyVirtualDisk(
        sourceName=source,
        sourceDatacenter=client.datacenter,
        destName=target,
        destDatacenter=how.get('datacenter', client.datacenter),
        destSpec=how.get('spec'),
        force=how.get('force', False),
    )
    client.finish(task)
    return list_disks(client)


@step
def copy_disk(client: Client) -> Any:
    return copy(client, BASE, '[LocalDS_0] disks/copy.vmdk')


@step
def copy_disk_onto_other(client: Client) -> Any:
    return copy(client, BASE, '[LocalDS_0] disks/copy.vmdk')


@step
def copy_disk_of_other_form(client: Client) -> Any:
    spec = Manager.VirtualDiskSpec(diskType='thin', adapterType='lsiLogic')
    return copy_for_once(client, spec=spec)


def copy_for_once(client: Client, **how: Any) -> Any:
    """Copy where vcsim cannot; what follows finds the same on both."""
    target = '[LocalDS_0] disks/once.vmdk'
    told = copy(client, BASE, target, **how)
    delete(client, target)
    return told


@step
def copy_missing_disk(client: Client) -> Any:
    return copy(
        client, '[LocalDS_0] disks/none.vmdk', '[LocalDS_0] disks/c.vmdk'
    )


@step
def copy_disk_to_unnamed_datacenter(client: Client) -> Any:
    return copy_for_once(client, datacenter=None)


def move(client: Client, source: str, target: str) -> Any:
    task = client.disks.MoveVirtualDisk(
        sourceName=source,
        sourceDatacenter=client.datacenter,
        destName=target,
        destDatacenter=client.datacenter,
        force=False,
    )
    client.finish(task)
    return list_disks(client)


@step
def move_disk(client: Client) -> Any:
    return move(
        client,
        '[LocalDS_0] disks/copy.vmdk',
        '[LocalDS_0] disks/moved.vmdk',
    )


@step
def move_disk_onto_other(client: Client) -> Any:
    return move(client, '[LocalDS_0] disks/moved.vmdk', BASE)


@step
def extend_disk(client: Client) -> Any:
    task = client.disks.ExtendVirtualDisk(
        '[LocalDS_0] disks/moved.vmdk', client.datacenter, 2 * KILOBYTES
    )
    return client.finish(task)


def delete(client: Client, path: str) -> Any:
    client.finish(client.disks.DeleteVirtualDisk(path, client.datacenter))
    return list_disks(client)


@step
def delete_disk(client: Client) -> Any:
    return delete(client, '[LocalDS_0] disks/moved.vmdk')


@step
def delete_missing_disk(client: Client) -> Any:
    return delete(client, '[LocalDS_0] disks/moved.vmdk')


@step
def read_descriptor(client: Client) -> Any:
    reply = client.reach_file('GET', 'disks/base.vmdk')
    return [reply.status, reply.body.startswith(b'# Disk DescriptorFile')]


@step
def make_top_folder(client: Client) -> Any:
    manager = client.content.datastoreNamespaceManager
    return bool(manager and manager.CreateDirectory(client.store, 'top'))
