"""Leases: a machine that is imported while its disks are uploaded."""

import dataclasses
from typing import Any
import uuid

from vcenter_simulator.datastores.chains import allocated_bytes
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.disk_data import grow_data
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.entities import find_datacenter
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.machines.creation import create_machine
from vcenter_simulator.machines.creation import Site
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.removal import destroy_machine
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

PREFIX = '/nfc/'
TIMEOUT = 300


@dataclasses.dataclass(slots=True)
class Upload:
    """One disk of a lease: what is sent to ``path`` becomes its data."""

    path: str
    key: str
    disk: Disk
    received: int = 0

    def take_data(self, size: int) -> None:
        """Let the disk hold so many bytes, as they came over the wire.

        :raises VimFault: NoDiskSpace
        """
        place: Place = self.disk.chain[0]
        disk = read_disk(place)
        place.store.take_space(size, place.parts)
        self.received = size
        gained = min(size, disk.capacity) - allocated_bytes(place)
        grow_data(place, disk, disk.capacity, max(0, gained))


class Lease(ManagedObject):
    """A lease: ready from the beginning, until it is completed or aborted."""

    def __init__(self, moid: str, machine: Machine) -> None:
        super().__init__('HttpNfcLease', moid)
        self.machine = machine
        self.state = 'ready'
        self.percent = 0
        secret = uuid.uuid4().hex
        self.uploads = [
            Upload(
                f'{PREFIX}{secret}/disk-{index}.vmdk',
                f'/{machine.moid}/VirtualLsiLogicController0:{disk.unit}',
                disk,
            )
            for index, disk in enumerate(machine.disks)
        ]
        self.properties |= {
            'state': lambda: self.state,
            'mode': 'pushOrGet',
            'initializeProgress': 100,
            'transferProgress': lambda: self.percent,
            'info': self._show_info,
            'capabilities': DataObject(
                'HttpNfcLeaseCapabilities',
                pullModeSupported=False,
                corsSupported=False,
            ),
        }

    def check_ready(self) -> None:
        """Make sure that it is still open.

        :raises VimFault: InvalidState
        """
        if self.state != 'ready':
            raise VimFault('InvalidState', f'The lease is {self.state}.')

    def find_upload(self, path: str) -> Upload | None:
        """Give the disk that a path of HTTP belongs to, while it is open."""
        for upload in self.uploads:
            if self.state == 'ready' and upload.path == path:
                return upload
        return None

    def _show_info(self) -> DataObject:
        disks = self.machine.disks
        return DataObject(
            'HttpNfcLeaseInfo',
            lease=self.reference,
            entity=self.machine.reference,
            deviceUrl=tuple(_show_upload(one) for one in self.uploads) or None,
            totalDiskCapacityInKB=sum(one.capacity for one in disks) // 1024,
            leaseTimeout=TIMEOUT,
        )


def find_upload(objects: Any, path: str) -> Upload | None:
    """Find the disk that a path of HTTP belongs to, in an inventory."""
    for one in objects.all('HttpNfcLease'):
        upload: Upload | None = one.find_upload(path)
        if upload is not None:
            return upload
    return None


@serves('ResourcePool', 'ImportVApp')
def import_vapp(call: Call) -> Reference:
    arguments = call.arguments
    spec = arguments.spec.configSpec
    if spec is None or arguments.folder is None:
        raise invalid_argument('spec' if spec is None else 'folder')
    site = Site(
        folder=arguments.folder,
        datacenter=find_datacenter(call.world, arguments.folder).moid,
        pool=call.this.reference,
        host=arguments.host or _choose_host(call),
    )
    machine = create_machine(call.world, site, spec)
    moid = f'session[{uuid.uuid4()}]{uuid.uuid4()}'
    return call.world.inventory.add(Lease(moid, machine)).reference


@serves('HttpNfcLease', 'HttpNfcLeaseComplete')
def complete(call: Call) -> None:
    lease = _require_lease(call)
    lease.check_ready()
    lease.state = 'done'
    lease.machine.note_change()
    call.world.note_change()


@serves('HttpNfcLease', 'HttpNfcLeaseAbort')
def abort(call: Call) -> None:
    lease = _require_lease(call)
    lease.check_ready()
    lease.state = 'error'
    lease.properties['error'] = call.arguments.fault
    destroy_machine(call.world, lease.machine)
    call.world.note_change()


@serves('HttpNfcLease', 'HttpNfcLeaseProgress')
def tell_progress(call: Call) -> None:
    lease = _require_lease(call)
    lease.check_ready()
    lease.percent = call.arguments.percent


@serves('HttpNfcLease', 'HttpNfcLeaseGetManifest')
def get_manifest(call: Call) -> tuple[DataObject, ...]:
    lease = _require_lease(call)
    lease.check_ready()
    return tuple(
        DataObject(
            'HttpNfcLeaseManifestEntry',
            key=upload.key,
            sha1='',
            size=upload.received,
            disk=True,
            capacity=upload.disk.capacity,
            populatedSize=upload.received,
        )
        for upload in lease.uploads
    )


def _show_upload(upload: Upload) -> DataObject:
    return DataObject(
        'HttpNfcLeaseDeviceUrl',
        key=upload.key,
        importKey=upload.key,
        url=f'https://*{upload.path}',
        sslThumbprint='',
        disk=True,
        targetId=upload.path.rpartition('/')[2],
    )


def _require_lease(call: Call) -> Lease:
    if not isinstance(call.this, Lease):
        raise VimFault('InvalidType')
    return call.this


def _choose_host(call: Call) -> Reference | None:
    owner = call.find(call.this.read_property('owner'))
    hosts = owner.read_property('host') or (None,)
    chosen: Reference | None = hosts[0]
    return chosen
