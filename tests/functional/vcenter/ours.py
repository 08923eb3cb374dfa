"""Ours: the simulated vCenter, called by the names that vcsim gives."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.registration import rename_datastore
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.images import add_image
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.sessions import User
from vcenter_simulator.simulator import Simulator

USER, PASSWORD = 'user', 'pass'
DATACENTER, CLUSTER, STORE = 'DC0', 'DC0_C0', 'LocalDS_0'
HOSTS = 'DC0_C0_H0', 'DC0_C0_H1'
BASE = 'vmware_base'


@contextlib.contextmanager
def serving(
    images: Iterable[str] = (),
    *,
    hosts: tuple[str, ...] = HOSTS,
    datastores: int = 2,
) -> Iterator[Simulator]:
    """Run one with images in the first datastore, where Nova keeps them."""
    scenario = Scenario(hosts=len(hosts), datastores=datastores, base=BASE)
    users = {USER: User(PASSWORD)}
    with Simulator(scenario=scenario, users=users) as simulator:
        with simulator.world.lock:
            name_all(simulator, hosts)
            for image in images:
                add_image(simulator.estate.stores[0], image, base=BASE)
        yield simulator


def name_all(simulator: Simulator, hosts: tuple[str, ...]) -> None:
    estate = simulator.estate
    estate.datacenter.properties['name'] = DATACENTER
    estate.cluster.entity.properties['name'] = CLUSTER
    for host, name in zip(estate.cluster.hosts, hosts, strict=True):
        host.properties['name'] = name
    for number, store in enumerate(estate.datastores):
        rename_datastore(simulator.world, store, f'LocalDS_{number}')


def list_folder(simulator: Simulator, path: str) -> list[str]:
    """Name what lies in a folder of the first datastore; [] without one."""
    with simulator.world.lock:
        parts = tuple(path.split('/'))
        node = Place(simulator.estate.stores[0], parts).node
        return sorted(node.entries) if isinstance(node, Folder) else []
