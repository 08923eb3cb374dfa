"""oslo.vmware's session, and what each test asks it for first."""

from oslo_service import backend

# Before oslo.vmware is imported, or it has eventlet imported too.
backend.init_backend(backend.BackendType.THREADING)

from oslo_vmware import api  # noqa: E402
from oslo_vmware import vim_util  # noqa: E402

from tests.functional.vcenter.ours import DATACENTER  # noqa: E402
from tests.functional.vcenter.ours import PASSWORD  # noqa: E402
from tests.functional.vcenter.ours import STORE  # noqa: E402
from tests.functional.vcenter.ours import USER  # noqa: E402


def log_in(port, **how):
    return api.VMwareAPISession(
        host='127.0.0.1',
        port=port,
        server_username=USER,
        server_password=how.pop('password', PASSWORD),
        api_retry_count=how.pop('api_retry_count', 1),
        task_poll_interval=0.05,
        scheme=how.pop('scheme', 'http'),
        **how,
    )


class World:
    """A session, and what each test asks for first."""

    def __init__(self, session):
        self.session = session
        self.vim = session.vim
        content = self.vim.service_content
        self.files = content.fileManager
        self.disks = content.virtualDiskManager
        self.datacenter = self.find(DATACENTER)
        self.store = self.find(f'{DATACENTER}/datastore/{STORE}')
        self.browser = self.read(self.store, 'browser')

    def call(self, method, *arguments, **how):
        return self.session.invoke_api(self.vim, method, *arguments, **how)

    def finish(self, method, *arguments, **how):
        task = self.call(method, *arguments, **how)
        return self.session.wait_for_task(task)

    def find(self, path):
        index = self.vim.service_content.searchIndex
        return self.call('FindByInventoryPath', index, inventoryPath=path)

    def read(self, reference, name):
        return self.session.invoke_api(
            vim_util, 'get_object_property', self.vim, reference, name
        )

    def make(self, path, parents=False):
        self.call(
            'MakeDirectory',
            self.files,
            name=path,
            datacenter=self.datacenter,
            createParentDirectories=parents,
        )

    def delete(self, path):
        return self.finish(
            'DeleteDatastoreFile_Task',
            self.files,
            name=path,
            datacenter=self.datacenter,
        )

    def search(self, path, method='SearchDatastore_Task', **how):
        return self.finish(
            method, self.browser, datastorePath=path, **how
        ).result

    def search_below(self, path):
        factory = self.vim.client.factory
        flags = factory.create('ns0:FileQueryFlags')
        flags.fileType = flags.fileSize = flags.modification = True
        flags.fileOwner = False
        spec = factory.create('ns0:HostDatastoreBrowserSearchSpec')
        spec.matchPattern = ['*']
        spec.details = flags
        found = self.search(
            path, 'SearchDatastoreSubFolders_Task', searchSpec=spec
        )
        return {
            result.folderPath: [
                file.path for file in getattr(result, 'file', [])
            ]
            for result in found.HostDatastoreBrowserSearchResults
        }

    def create_disk(self, path, kilobytes=1024):
        spec = self.vim.client.factory.create('ns0:FileBackedVirtualDiskSpec')
        spec.adapterType = 'lsiLogic'
        spec.diskType = 'thin'
        spec.capacityKb = kilobytes
        self.finish(
            'CreateVirtualDisk_Task',
            self.disks,
            name=path,
            datacenter=self.datacenter,
            spec=spec,
        )
