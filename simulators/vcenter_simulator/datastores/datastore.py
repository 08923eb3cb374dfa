"""Datastores as managed objects: what they show, and when it is refreshed."""

import datetime
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.browser import Browser
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.entities import Entity
from vcenter_simulator.machines.creation import list_machines
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World

_TIB = 2**40


class Datastore(Entity):
    """A datastore.

    Free space is shown as it was when it was last read: when a client asks
    for that, and every ``refresh_seconds``.  ``mounts`` are the hosts that
    have it, and whether each can reach it now.
    """

    refresh_seconds = 1800.0

    def __init__(
        self, world: 'World', store: Store, parent: Reference
    ) -> None:
        super().__init__('Datastore', store.moid, store.name, parent)
        self.store = store
        self.mounts: dict[Reference, bool] = {}
        self.wants_maintenance = False
        self._world = world
        self._shown_free = store.free
        self._shown_at = store.now()
        browser = Browser(f'datastoreBrowser-{store.moid}', lambda: [store])
        world.inventory.add(browser)
        self.properties |= {
            'name': lambda: store.name,
            'browser': browser.reference,
            'capability': self._show_capability(),
            'info': self._show_info,
            'summary': self._show_summary,
            'host': self._show_mounts,
            'vm': self.list_users,
        }

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def maintenance(self) -> str:
        """Give how far it is on the way into maintenance."""
        if not self.wants_maintenance:
            return 'normal'
        return 'enteringMaintenance' if self.list_users() else 'inMaintenance'

    def list_users(self) -> tuple[Reference, ...]:
        """Give the machines that have anything on it."""
        return tuple(
            one.reference
            for one in list_machines(self._world)
            if self.store in one.list_stores()
        )

    def refresh(self) -> None:
        """Read the free space."""
        self._shown_free = self.store.free
        self._shown_at = self.store.now()

    def set_mount(self, host: Reference, is_accessible: bool) -> None:
        """Let a host reach it, or not; one of them is enough."""
        self.mounts[host] = is_accessible
        self.store.is_accessible = any(self.mounts.values())

    def read_free(self) -> int:
        """Give the free space that vCenter shows."""
        if self.store.now() - self._shown_at >= self.refresh_seconds:
            self.refresh()
        return self._shown_free

    @property
    def url(self) -> str:
        return f'ds:///vmfs/volumes/{self.store.uuid}/'

    def _show_summary(self) -> DataObject:
        return DataObject(
            'DatastoreSummary',
            datastore=self.reference,
            name=self.name,
            url=self.url,
            capacity=self.store.capacity,
            freeSpace=self.read_free(),
            uncommitted=0,
            accessible=self.store.is_accessible,
            multipleHostAccess=len(self.mounts) > 1,
            type=self.store.kind.name,
            maintenanceMode=self.maintenance,
        )

    def _show_capability(self) -> DataObject:
        kind = self.store.kind
        return DataObject(
            'DatastoreCapability',
            directoryHierarchySupported=True,
            rawDiskMappingsSupported=kind.name == 'VMFS',
            perFileThinProvisioningSupported=True,
            storageIORMSupported=kind.name in ('VMFS', 'NFS'),
            nativeSnapshotSupported=kind.name == 'VVOL',
            topLevelDirectoryCreateSupported=not kind.has_namespaces,
            seSparseSupported=kind.has_extents,
        )

    def _show_info(self) -> DataObject:
        # vSAN's own type came later than this table.
        types = {'VMFS': 'Vmfs', 'vsan': '', 'VVOL': 'Vvol'}
        kind = types.get(self.store.kind.name, 'Nas')
        limits = {}
        if kind == 'Vmfs':
            limits = {
                'maxPhysicalRDMFileSize': 64 * _TIB,
                'maxVirtualRDMFileSize': 62 * _TIB,
            }
        return DataObject(
            f'{kind}DatastoreInfo',
            name=self.name,
            url=self.url,
            freeSpace=self.read_free(),
            maxFileSize=64 * _TIB,
            maxVirtualDiskCapacity=62 * _TIB,
            maxMemoryFileSize=64 * _TIB,
            timestamp=datetime.datetime.fromtimestamp(
                self._shown_at, datetime.UTC
            ),
            **limits,
        )

    def _show_mounts(self) -> tuple[DataObject, ...]:
        return tuple(
            DataObject(
                'DatastoreHostMount',
                key=host,
                mountInfo=DataObject(
                    'HostMountInfo',
                    path=f'/vmfs/volumes/{self.store.uuid}',
                    accessMode='readWrite',
                    mounted=True,
                    accessible=is_accessible,
                ),
            )
            for host, is_accessible in self.mounts.items()
        )
