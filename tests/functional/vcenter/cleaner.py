"""A cleaner as an administrator writes one: it knows pyvmomi, and nothing
of this project.

    python cleaner.py HOST PORT USER PASSWORD CA_FILE BASE_FOLDER

It deletes the folders of images that no virtual machine is made of, and
prints what it did with each.
"""

import ssl
import sys

from pyVim.connect import Disconnect
from pyVim.connect import SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

Browser = vim.host.DatastoreBrowser


def list_datastores(content):
    """Give all datastores, each with its datacenter."""
    for datacenter in view(content, vim.Datacenter):
        for store in datacenter.datastore:
            if store.summary.accessible:
                yield datacenter, store


def view(content, kind):
    found = content.viewManager.CreateContainerView(
        content.rootFolder, [kind], True
    )
    entities = list(found.view)
    found.Destroy()
    return entities


def list_images(instance, store, base):
    """Name the folders in the base folder of a datastore."""
    details = Browser.FileInfo.Details(
        fileType=True, fileSize=False, modification=False, fileOwner=False
    )
    spec = Browser.SearchSpec(matchPattern=['*'], details=details)
    task = store.browser.SearchDatastore_Task(f'[{store.name}] {base}', spec)
    try:
        WaitForTask(task, si=instance)
    except vim.fault.FileNotFound:
        return []
    files = task.info.result.file
    return [one.path for one in files if isinstance(one, Browser.FolderInfo)]


def list_used_files(content, store):
    """Name all files that machines on a datastore are made of."""
    collector = vim.PropertyCollector
    follow = collector.TraversalSpec(
        name='vm', type=vim.Datastore, path='vm', skip=False
    )
    spec = collector.FilterSpec(
        propSet=[
            collector.PropertySpec(
                type=vim.VirtualMachine,
                pathSet=['layoutEx.file', 'config.hardware.device'],
            )
        ],
        objectSet=[
            collector.ObjectSpec(obj=store, skip=True, selectSet=[follow])
        ],
    )
    options = collector.RetrieveOptions(maxObjects=100)
    page = content.propertyCollector.RetrievePropertiesEx([spec], options)
    while page is not None:
        for machine in page.objects:
            yield from list_files(machine)
        if not page.token:
            return
        page = content.propertyCollector.ContinueRetrievePropertiesEx(
            page.token
        )


def list_files(machine):
    if len(machine.propSet) < 2:
        raise SystemExit(f'{machine.obj} cannot be read: nothing is safe')
    for one in machine.propSet:
        for part in one.val:
            if isinstance(part, vim.vm.FileLayoutEx.FileInfo):
                yield part.name
            elif isinstance(part, vim.vm.device.VirtualCdrom):
                yield getattr(part.backing, 'fileName', '')


def clean(instance, base):
    content = instance.RetrieveContent()
    for datacenter, store in list_datastores(content):
        used = set(list_used_files(content, store))
        for image in list_images(instance, store, base):
            folder = f'[{store.name}] {base}/{image}'
            if any(file.startswith(f'{folder}/') for file in used):
                print('used', folder)
                continue
            task = content.fileManager.DeleteDatastoreFile_Task(
                folder, datacenter
            )
            try:
                WaitForTask(task, si=instance)
                print('deleted', folder)
            except vim.fault.CannotDeleteFile:
                print('refused', folder)


def main(host, port, user, password, ca_file, base):
    instance = SmartConnect(
        host=host,
        port=int(port),
        user=user,
        pwd=password,
        sslContext=ssl.create_default_context(cafile=ca_file),
    )
    try:
        clean(instance, base)
    finally:
        Disconnect(instance)


if __name__ == '__main__':
    main(*sys.argv[1:])
