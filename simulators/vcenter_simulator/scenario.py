"""What a vCenter looks like at the start: hosts, datastores, images, VMs."""

import dataclasses
import random
from typing import TYPE_CHECKING
import uuid

from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datacenters import add_folder
from vcenter_simulator.datacenters import add_pod
from vcenter_simulator.datastores.datastore import Datastore
from vcenter_simulator.datastores.kinds import KINDS
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.entities import Entity
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator.hosts import Cluster
from vcenter_simulator.images import add_image
from vcenter_simulator.images import BASE
from vcenter_simulator.images import GIB
from vcenter_simulator.images import image_disk
from vcenter_simulator.instances import add_instance

if TYPE_CHECKING:
    from vcenter_simulator.world import World


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How much of everything.

    Datastores are of the ``kinds`` in turn, images lie on them in turn, each
    below ``base``; ``machines`` are linked clones of the images in turn and
    run.  ``size`` is a datastore's capacity in bytes; without it there is
    room for twice as much.  With ``folders`` the datacenter lies in folders
    of these names, with ``pod`` the datastores in a StoragePod.  A ``seed``
    gives the same image ids again.
    """

    images: int = 0
    machines: int = 0
    hosts: int = 1
    datastores: int = 1
    kinds: tuple[str, ...] = ('VMFS',)
    size: int | None = None
    base: str = BASE
    folders: tuple[str, ...] = ()
    pod: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.hosts < 1 or self.datastores < 1:
            raise ValueError('a vCenter has a host and a datastore')
        if self.machines and not self.images:
            raise ValueError('machines are clones of images')
        if not self.kinds or not KINDS.keys() >= set(self.kinds):
            raise ValueError(f'kinds of datastores are {", ".join(KINDS)}')

    @property
    def room(self) -> int:
        """The capacity of each datastore."""
        if self.size is not None:
            return self.size
        return max(2**40, 2 * GIB * (self.images + 2 * self.machines))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What was built: one datacenter with one cluster, and what is in it."""

    datacenter: Entity
    cluster: Cluster
    datastores: tuple[Datastore, ...]
    base: str

    @property
    def stores(self) -> list[Store]:
        return [one.store for one in self.datastores]


def build_estate(world: 'World', scenario: Scenario) -> Estate:
    """Fill an empty vCenter."""
    at = world.root.reference
    for name in scenario.folders:
        kinds = ('Folder', 'Datacenter')
        at = add_folder(world, at, name, kinds).reference
    datacenter = add_datacenter(world, at, 'datacenter-0')
    cluster = add_cluster(world, datacenter, 'cluster-0')
    for number in range(scenario.hosts):
        add_host(world, cluster, f'host-{number}')
    estate = Estate(
        datacenter=datacenter,
        cluster=cluster,
        datastores=_add_datastores(world, scenario, datacenter, cluster),
        base=scenario.base,
    )
    _add_contents(world, scenario, estate)
    for datastore in estate.datastores:
        datastore.refresh()
    return estate


def _add_datastores(
    world: 'World', scenario: Scenario, datacenter: Entity, cluster: Cluster
) -> tuple[Datastore, ...]:
    pod = add_pod(world, datacenter, scenario.pod) if scenario.pod else None
    return tuple(
        add_datastore(
            world,
            datacenter,
            f'datastore-{number}',
            scenario.kinds[number % len(scenario.kinds)],
            scenario.room,
            cluster.hosts,
            pod,
        )
        for number in range(scenario.datastores)
    )


def _add_contents(world: 'World', scenario: Scenario, estate: Estate) -> None:
    source = random.Random(scenario.seed)  # noqa: S311
    stores = estate.stores
    disks = []
    for number in range(scenario.images):
        image = str(uuid.UUID(int=source.getrandbits(128), version=4))
        store = stores[number % len(stores)]
        add_image(store, image, base=scenario.base)
        disks.append(image_disk(store, image, base=scenario.base))
    for number in range(scenario.machines):
        add_instance(world, estate.cluster, disks[number % len(disks)])
