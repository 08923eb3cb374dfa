"""Summaries of machines: state, what they take, and what a guest tells."""

from typing import Any

from vcenter_simulator.machines.devices import CARD_TYPES
from vcenter_simulator.machines.layout import show_now
from vcenter_simulator.machines.layout import sum_committed
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.machines.machine import shows_property
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

_GUESTS = {'otherGuest64': 'Other (64-bit)', 'otherGuest': 'Other (32-bit)'}


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
        overallStatus='green' if machine.is_readable else 'gray',
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
            'guestFullName': name_guest(machine.traits.guest),
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


def name_guest(guest: str) -> str:
    """Give what people call an operating system."""
    return _GUESTS.get(guest, guest)
