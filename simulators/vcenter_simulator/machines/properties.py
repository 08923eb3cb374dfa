"""Properties of machines: configuration, hardware and snapshots."""

import datetime

from vcenter_simulator.machines.devices import show_device
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import shows_property
from vcenter_simulator.machines.machine import Snapshot
from vcenter_simulator.machines.summaries import name_guest
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

VERSION = 'vmx-13'
_ABILITIES = (
    'snapshotOperationsSupported multipleSnapshotsSupported '
    'snapshotConfigSupported poweredOffSnapshotsSupported '
    'revertToSnapshotSupported'
)
_INABILITIES = (
    'memorySnapshotsSupported quiescedSnapshotsSupported '
    'disableSnapshotsSupported lockSnapshotsSupported '
    'consolePreferencesSupported cpuFeatureMaskSupported '
    's1AcpiManagementSupported settingScreenResolutionSupported '
    'toolsAutoUpdateSupported vmNpivWwnSupported '
    'npivWwnOnNonRdmVmSupported swapPlacementSupported '
    'toolsSyncTimeSupported virtualMmuUsageSupported diskSharesSupported '
    'bootOptionsSupported settingVideoRamSizeSupported'
)


@shows_property('name')
def show_name(machine: Machine) -> str:
    return machine.name


@shows_property('parent')
def show_parent(machine: Machine) -> Reference:
    return machine.parent


@shows_property('resourcePool')
def show_pool(machine: Machine) -> Reference | None:
    return machine.pool


@shows_property('overallStatus')
@shows_property('configStatus')
@shows_property('guestHeartbeatStatus')
def show_status(machine: Machine) -> str:
    return 'green' if machine.is_readable else 'gray'


@shows_property('datastore')
def show_datastores(machine: Machine) -> tuple[Reference, ...]:
    return tuple(store.reference for store in machine.list_stores())


@shows_property('config')
def show_config(machine: Machine) -> DataObject | None:
    """Write ``config``: nothing for a machine that cannot be read."""
    if not machine.is_readable:
        return None
    traits = machine.traits
    home = str(machine.config_file).rpartition('/')[0] + '/'
    return DataObject(
        'VirtualMachineConfigInfo',
        changeVersion=str(machine.change_version),
        modified=datetime.datetime.fromtimestamp(
            machine.created, datetime.UTC
        ),
        name=machine.name,
        guestFullName=name_guest(traits.guest),
        version=VERSION,
        uuid=traits.uuid,
        instanceUuid=traits.instance_uuid,
        template=machine.is_template,
        guestId=traits.guest,
        alternateGuestName='',
        annotation=traits.annotation,
        files=DataObject(
            'VirtualMachineFileInfo',
            vmPathName=str(machine.config_file),
            snapshotDirectory=home,
            suspendDirectory=home,
            logDirectory=home,
        ),
        flags=DataObject('VirtualMachineFlagInfo'),
        defaultPowerOps=DataObject('VirtualMachineDefaultPowerOpInfo'),
        hardware=show_hardware(machine),
        extraConfig=tuple(
            DataObject('OptionValue', key=key, value=value)
            for key, value in traits.extra.items()
        )
        or None,
        datastoreUrl=tuple(
            DataObject(
                'VirtualMachineConfigInfoDatastoreUrlPair',
                name=store.name,
                url=f'ds:///vmfs/volumes/{store.uuid}/',
            )
            for store in machine.list_stores()
        ),
    )


def show_hardware(machine: Machine) -> DataObject:
    return DataObject(
        'VirtualHardware',
        numCPU=machine.traits.cpus,
        numCoresPerSocket=1,
        memoryMB=machine.traits.memory_mb,
        device=tuple(map(show_device, machine.devices.values())) or None,
    )


@shows_property('capability')
def show_capability(machine: Machine) -> DataObject:
    """Write what can be done to a machine; all machines are alike."""
    return DataObject(
        'VirtualMachineCapability',
        **dict.fromkeys(_ABILITIES.split(), True),
        **dict.fromkeys(_INABILITIES.split(), False),
    )


@shows_property('environmentBrowser')
def show_environment(machine: Machine) -> Reference:
    return Reference('EnvironmentBrowser', f'envbrowser-{machine.moid}')


@shows_property('rootSnapshot')
def show_root_snapshots(machine: Machine) -> tuple[Reference, ...] | None:
    return tuple(one.reference for one in machine.snapshots) or None


@shows_property('snapshot')
def show_snapshots(machine: Machine) -> DataObject | None:
    if not machine.snapshots or not machine.is_readable:
        return None
    return DataObject(
        'VirtualMachineSnapshotInfo',
        currentSnapshot=machine.current and machine.current.reference,
        rootSnapshotList=tuple(
            _show_tree(machine, one) for one in machine.snapshots
        ),
    )


def _show_tree(machine: Machine, snapshot: Snapshot) -> DataObject:
    return DataObject(
        'VirtualMachineSnapshotTree',
        snapshot=snapshot.reference,
        vm=machine.reference,
        name=snapshot.name,
        description=snapshot.description,
        id=snapshot.number,
        createTime=datetime.datetime.fromtimestamp(
            snapshot.created, datetime.UTC
        ),
        state=snapshot.power_state,
        quiesced=False,
        childSnapshotList=tuple(
            _show_tree(machine, child) for child in snapshot.children
        )
        or None,
        replaySupported=False,
    )
