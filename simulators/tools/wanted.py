"""What the table of vSphere's interface is to hold, and what it is not."""

# Managed objects, which are taken with all properties, and their methods.
METHODS = {
    'AuthorizationManager': (
        'FetchUserPrivilegeOnEntities HasPrivilegeOnEntities'
    ),
    'ClusterComputeResource': '',
    'ComputeResource': '',
    'ContainerView': '',
    'Datacenter': '',
    'Datastore': (
        'DatastoreEnterMaintenanceMode DatastoreExitMaintenanceMode_Task '
        'RefreshDatastore RefreshDatastoreStorageInfo RenameDatastore '
        'DestroyDatastore'
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
    'Folder': ('CreateDatacenter CreateFolder CreateVM_Task RegisterVM_Task'),
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
        'AcquireGenericServiceTicket Login Logout '
        'SessionIsActive TerminateSession'
    ),
    'StoragePod': '',
    'Task': 'CancelTask',
    'TaskManager': '',
    'View': 'DestroyView',
    'ViewManager': 'CreateContainerView CreateListView',
    'VirtualApp': '',
    'VirtualDiskManager': (
        'CopyVirtualDisk_Task CreateVirtualDisk_Task DeleteVirtualDisk_Task '
        'ExtendVirtualDisk_Task MoveVirtualDisk_Task QueryVirtualDiskUuid '
        'SetVirtualDiskUuid'
    ),
    'VirtualMachine': (
        'CloneVM_Task CreateSnapshot_Task MarkAsTemplate '
        'MarkAsVirtualMachine PowerOffVM_Task PowerOnVM_Task ReconfigVM_Task '
        'RefreshStorageInfo RelocateVM_Task RemoveAllSnapshots_Task '
        'ResetVM_Task RevertToCurrentSnapshot_Task ShutdownGuest '
        'RebootGuest SuspendVM_Task UnregisterVM'
    ),
    'VirtualMachineSnapshot': 'RemoveSnapshot_Task RevertToSnapshot_Task',
}

# Types that no signature names: they stand where anything may.
TYPES = ['MethodFault', 'LocalizedMethodFault']

# Written down elsewhere: they are parts of the language, not of the table.
BUILT_IN = {'ManagedObjectReference', 'DynamicArray'}

# Types that nothing here ever holds, with all that is derived from them.
LEFT_OUT = {'ClusterAction'}

# Types of which only those are taken that are named themselves.
WITHOUT_DERIVED = {'DynamicData', 'Event', ''}
