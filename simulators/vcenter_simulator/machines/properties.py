"""Properties of machines: configuration, state, summary and storage."""

import datetime
from typing import Any

from vcenter_simulator.machines.devices import CARD_TYPES
from vcenter_simulator.machines.devices import show_device
from vcenter_simulator.machines.layout import show_now
from vcenter_simulator.machines.layout import sum_committed
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.machines.machine import shows_property
from vcenter_simulator.machines.machine import Snapshot
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

VERSION = 'vmx-13'
_GUESTS = {'otherGuest64': 'Other (64-bit)', 'otherGuest': 'Other (32-bit)'}


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
        guestFullName=_name_guest(traits.guest),
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


@shows_property('runtime')
def show_runtime(machine: Machine) -> DataObject:
    return DataObject(
        'VirtualMachineRuntimeInfo',
        host=machine.host,
        connectionState=machine.connection_state,
        powerState=machine.power_state,
        faultToleranceState='notConfigured',
        toolsInstallerMounted=False,
        numMksConnections=0,
        recordReplayState='inactive',
        onlineStandby=False,
        consolidationNeeded=False,
    )


@shows_property('summary')
def show_summary(machine: Machine) -> DataObject:
    return DataObject(
        'VirtualMachineSummary',
        vm=machine.reference,
        runtime=show_runtime(machine),
        guest=DataObject(
            'VirtualMachineGuestSummary',
            guestId=machine.traits.guest,
            toolsStatus='toolsNotInstalled',
            toolsRunningStatus='guestToolsNotRunning',
        ),
        config=_show_config_summary(machine),
        storage=_show_storage_summary(machine),
        quickStats=DataObject(
            'VirtualMachineQuickStats',
            guestHeartbeatStatus='gray',
            overallCpuUsage=0,
            uptimeSeconds=0,
        ),
        overallStatus=show_status(machine),
    )


@shows_property('guest')
def show_guest(machine: Machine) -> DataObject:
    is_on = machine.power_state == POWERED_ON
    return DataObject(
        'GuestInfo',
        guestState='running' if is_on else 'notRunning',
        toolsStatus='toolsNotInstalled',
        toolsRunningStatus='guestToolsNotRunning',
        toolsVersionStatus='guestToolsNotInstalled',
    )


@shows_property('storage')
def show_storage(machine: Machine) -> DataObject | None:
    if not machine.is_readable:
        return None
    taken = sum_committed(machine)
    return DataObject(
        'VirtualMachineStorageInfo',
        perDatastoreUsage=tuple(
            DataObject(
                'VirtualMachineUsageOnDatastore',
                datastore=Reference('Datastore', moid),
                committed=committed,
                uncommitted=0,
                unshared=committed,
            )
            for moid, committed in taken.items()
        ),
        timestamp=show_now(machine),
    )


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


def _show_config_summary(machine: Machine) -> DataObject:
    """Write what vCenter remembers even of machines it cannot read."""
    known: dict[str, Any] = {}
    if machine.is_readable:
        known = {
            'memorySizeMB': machine.traits.memory_mb,
            'numCpu': machine.traits.cpus,
            'numEthernetCards': sum(
                isinstance(one, DataObject) and one.type_name in CARD_TYPES
                for one in machine.devices.values()
            ),
            'numVirtualDisks': len(machine.disks),
            'uuid': machine.traits.uuid,
            'instanceUuid': machine.traits.instance_uuid,
            'guestId': machine.traits.guest,
            'guestFullName': _name_guest(machine.traits.guest),
            'annotation': machine.traits.annotation,
        }
    return DataObject(
        'VirtualMachineConfigSummary',
        name=machine.name,
        template=machine.is_template,
        vmPathName=str(machine.config_file),
        **known,
    )


def _show_storage_summary(machine: Machine) -> DataObject | None:
    if not machine.is_readable:
        return None
    committed = sum(sum_committed(machine).values())
    return DataObject(
        'VirtualMachineStorageSummary',
        committed=committed,
        uncommitted=0,
        unshared=committed,
        timestamp=show_now(machine),
    )


def _name_guest(guest: str) -> str:
    return _GUESTS.get(guest, guest)
