"""Hosts: in clusters, with a pool of resources, networks and browsers."""

import dataclasses
from typing import TYPE_CHECKING
import uuid

from vcenter_simulator.datastores.browser import Browser
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.entities import Entity
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.machines.creation import list_machines
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.resources import show_cluster
from vcenter_simulator.resources import show_cluster_config
from vcenter_simulator.resources import show_hardware
from vcenter_simulator.resources import show_licensed
from vcenter_simulator.resources import show_pool
from vcenter_simulator.resources import show_pool_config
from vcenter_simulator.resources import show_pool_runtime
from vcenter_simulator.resources import show_product
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World


class Host(Entity):
    """A host; ``stores`` are the datastores that it mounts."""

    def __init__(
        self, moid: str, name: str, parent: Reference, stores: list[Store]
    ) -> None:
        super().__init__('HostSystem', moid, name, parent)
        self.stores = stores
        self.connection_state = 'connected'
        self.is_in_maintenance = False
        self.properties |= {
            'runtime': self.show_runtime,
            'summary': self.show_summary,
            'datastore': lambda: tuple(one.reference for one in self.stores),
            'configManager': DataObject('HostConfigManager'),
            'licensableResource': show_licensed(),
        }
        self._uuid = str(uuid.uuid4())

    def show_runtime(self) -> DataObject:
        return DataObject(
            'HostRuntimeInfo',
            connectionState=self.connection_state,
            powerState='poweredOn',
            standbyMode='none',
            inMaintenanceMode=self.is_in_maintenance,
        )

    def show_summary(self) -> DataObject:
        return DataObject(
            'HostListSummary',
            host=self.reference,
            hardware=show_hardware(self._uuid),
            runtime=self.show_runtime(),
            config=DataObject(
                'HostConfigSummary',
                name=self.name,
                port=443,
                product=show_product(),
                vmotionEnabled=True,
                faultToleranceEnabled=False,
            ),
            quickStats=DataObject(
                'HostListSummaryQuickStats',
                overallCpuUsage=100,
                overallMemoryUsage=1024,
                uptime=86400,
            ),
            overallStatus='green',
            rebootRequired=False,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster with what comes with it, all of them entities."""

    entity: Entity
    pool: Entity
    network: Entity
    datacenter: Entity
    hosts: list[Host] = dataclasses.field(default_factory=list)

    def list_stores(self) -> list[Store]:
        """Give what its hosts mount, each once."""
        return list(
            dict.fromkeys(
                store for host in self.hosts for store in host.stores
            )
        )


def add_cluster(world: 'World', datacenter: Entity, name: str) -> Cluster:
    """Add a cluster without hosts, with its pool and a network."""
    inventory = world.inventory
    entity = Entity(
        'ClusterComputeResource',
        inventory.new_moid('domain-c'),
        name,
        datacenter.properties['hostFolder'],
    )
    pool = Entity(
        'ResourcePool',
        inventory.new_moid('resgroup'),
        'Resources',
        entity.reference,
        owner=entity.reference,
        resourcePool=(),
    )
    network = Entity(
        'Network',
        inventory.new_moid('network'),
        f'VM Network {name}',
        datacenter.properties['networkFolder'],
    )
    cluster = Cluster(
        entity=entity, pool=pool, network=network, datacenter=datacenter
    )
    for one in (entity, pool, network):
        inventory.add(one)
    _describe_cluster(world, cluster)
    return cluster


def add_host(world: 'World', cluster: Cluster, name: str) -> Host:
    """Add a host to a cluster, with a browser of all that it mounts."""
    inventory = world.inventory
    moid = inventory.new_moid('host')
    host = Host(moid, name, cluster.entity.reference, [])
    browser = Browser(f'datastoreBrowser-{moid}', lambda: host.stores)
    inventory.add(browser)
    host.properties['datastoreBrowser'] = browser.reference
    host.properties['network'] = (cluster.network.reference,)
    host.properties['vm'] = lambda: tuple(
        one.reference
        for one in list_machines(world)
        if one.host == host.reference
    )
    cluster.hosts.append(host)
    return inventory.add(host)


@serves('HostSystem', 'EnterMaintenanceMode_Task')
def enter_maintenance(call: Call) -> Reference:
    host = _require_host(call)

    def enter(task: object) -> None:
        for machine in list_machines(call.world):
            is_here = machine.host == host.reference
            if is_here and machine.power_state == POWERED_ON:
                raise VimFault('Timedout', 'Machines are running on it.')
        host.is_in_maintenance = True

    return call.world.tasks.start(call, host, enter)


@serves('HostSystem', 'ExitMaintenanceMode_Task')
def exit_maintenance(call: Call) -> Reference:
    host = _require_host(call)

    def leave(task: object) -> None:
        if not host.is_in_maintenance:
            raise VimFault('InvalidState', 'It is not in maintenance.')
        host.is_in_maintenance = False

    return call.world.tasks.start(call, host, leave)


def _require_host(call: Call) -> Host:
    if not isinstance(call.this, Host):
        raise VimFault('InvalidType')
    return call.this


def _describe_cluster(world: 'World', cluster: Cluster) -> None:
    """Give the entities of a cluster the properties that show the others."""
    inventory = world.inventory
    entity, pool = cluster.entity, cluster.pool
    browser = ManagedObject(
        'EnvironmentBrowser', inventory.new_moid('envbrowser')
    )
    inventory.add(browser)
    entity.properties |= {
        'resourcePool': pool.reference,
        'environmentBrowser': browser.reference,
        'configuration': show_cluster_config(False),
        'configurationEx': show_cluster_config(True),
        'network': (cluster.network.reference,),
        'host': lambda: tuple(one.reference for one in cluster.hosts),
        'datastore': lambda: tuple(
            one.reference for one in cluster.list_stores()
        ),
        'summary': lambda: show_cluster(
            len(cluster.hosts),
            sum(not one.is_in_maintenance for one in cluster.hosts),
        ),
    }
    pool.properties |= {
        'config': show_pool_config(pool.reference),
        'runtime': show_pool_runtime(),
        'summary': show_pool(pool.name, pool.reference),
        'vm': lambda: tuple(
            one.reference
            for one in list_machines(world)
            if one.pool == pool.reference
        ),
    }
    cluster.network.properties |= {
        'host': lambda: tuple(one.reference for one in cluster.hosts),
        'vm': (),
        'summary': DataObject(
            'NetworkSummary',
            network=cluster.network.reference,
            name=cluster.network.name,
            accessible=True,
            ipPoolName='',
        ),
    }
