"""What the table of vSphere's interface is to hold, and what it is not."""

# Methods, by the managed object that declares them.
METHODS = {
    'AuthorizationManager': (
        'FetchUserPrivilegeOnEntities HasPrivilegeOnEntities'
    ),
    'ClusterComputeResource': 'AddHost_Task',
    'ComputeResource': 'ReconfigureComputeResource_Task',
    'ContainerView': '',
    'Datacenter': 'PowerOnMultiVM_Task',
    'Datastore': (
        'DatastoreEnterMaintenanceMode DatastoreExitMaintenanceMode_Task '
        'RefreshDatastore RefreshDatastoreStorageInfo RenameDatastore '
        'DestroyDatastore UpdateVirtualMachineFiles_Task'
    ),
    'DatastoreNamespaceManager': (
        'ConvertNamespacePathToUuidPath CreateDirectory DeleteDirectory'
    ),
    'EnvironmentBrowser': '',
    'ExtensionManager': 'FindExtension RegisterExtension UnregisterExtension',
    'FileManager': (
        'CopyDatastoreFile_Task DeleteDatastoreFile_Task MakeDirectory '
        'MoveDatastoreFile_Task'
    ),
    'Folder': (
        'CreateDatacenter CreateFolder CreateStoragePod CreateVM_Task '
        'MoveIntoFolder_Task RegisterVM_Task'
    ),
    'HostDatastoreBrowser': (
        'DeleteFile SearchDatastoreSubFolders_Task SearchDatastore_Task'
    ),
    'HostSystem': 'EnterMaintenanceMode_Task ExitMaintenanceMode_Task',
    'HttpNfcLease': (
        'HttpNfcLeaseAbort HttpNfcLeaseComplete HttpNfcLeaseGetManifest '
        'HttpNfcLeaseProgress'
    ),
    'ListView': 'ModifyListView ResetListView',
    'ManagedEntity': 'Destroy_Task Reload Rename_Task',
    'Network': '',
    'PropertyCollector': (
        'CancelRetrievePropertiesEx CancelWaitForUpdates CheckForUpdates '
        'ContinueRetrievePropertiesEx CreateFilter CreatePropertyCollector '
        'DestroyPropertyCollector RetrieveProperties RetrievePropertiesEx '
        'WaitForUpdates WaitForUpdatesEx'
    ),
    'PropertyFilter': 'DestroyPropertyFilter',
    'ResourcePool': 'ImportVApp',
    'SearchIndex': (
        'FindAllByUuid FindByDatastorePath '
        'FindByInventoryPath FindByUuid FindChild'
    ),
    'ServiceInstance': 'CurrentTime RetrieveServiceContent',
    'SessionManager': (
        'AcquireCloneTicket AcquireGenericServiceTicket Login Logout '
        'SessionIsActive SetLocale TerminateSession'
    ),
    'StoragePod': '',
    'Task': 'CancelTask SetTaskDescription SetTaskState UpdateProgress',
    'TaskManager': 'CreateTask',
    'View': 'DestroyView',
    'ViewManager': 'CreateContainerView CreateInventoryView CreateListView',
    'VirtualApp': '',
    'VirtualDiskManager': (
        'CopyVirtualDisk_Task CreateVirtualDisk_Task DeleteVirtualDisk_Task '
        'ExtendVirtualDisk_Task MoveVirtualDisk_Task QueryVirtualDiskUuid '
        'SetVirtualDiskUuid'
    ),
    'VirtualMachine': (
        'CloneVM_Task CreateSnapshot_Task ExportVm MarkAsTemplate '
        'MarkAsVirtualMachine PowerOffVM_Task PowerOnVM_Task ReconfigVM_Task '
        'RefreshStorageInfo RelocateVM_Task RemoveAllSnapshots_Task '
        'ResetVM_Task RevertToCurrentSnapshot_Task ShutdownGuest '
        'RebootGuest SuspendVM_Task UnregisterVM'
    ),
    'VirtualMachineSnapshot': 'RemoveSnapshot_Task RevertToSnapshot_Task',
}

# Properties of managed objects; all of those that are not named here.
PROPERTIES: dict[str, str] = {}

# Types that no signature names: they stand where anything may.
TYPES = ['MethodFault', 'LocalizedMethodFault']

# Written down elsewhere: they are parts of the language, not of the table.
BUILT_IN = {'ManagedObjectReference', 'DynamicArray'}

# Types that nothing here ever holds, with all that is derived from them.
LEFT_OUT = {'Event', 'ClusterAction'}

# Types of which only those are taken that are named themselves.
WITHOUT_DERIVED = {'DynamicData', ''}
