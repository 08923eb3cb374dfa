"""Ours: the simulated vCenter, of the names and sizes that vcsim makes."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib

from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datacenters import show_children
from vcenter_simulator.datastores.disks import create_disk
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.files import make_directory
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator.sessions import User
from vcenter_simulator.simulator import Simulator

USER, PASSWORD = 'user', 'pass'
DATACENTER, CLUSTER, STORE = 'DC0', 'DC0_C0', 'LocalDS_0'
STORES = STORE, 'LocalDS_1'
HOSTS = 'DC0_C0_H0', 'DC0_C0_H1'
TIB = 2**40
BASE = 'vmware_base'


@contextlib.contextmanager
def serving(
    images: Iterable[str] = (), hosts: Iterable[str] = HOSTS, stores=STORES
) -> Iterator[Simulator]:
    """Run one with images in the first datastore, where Nova keeps them."""
    with Simulator(users={USER: User(PASSWORD)}) as simulator:
        with simulator.world.lock:
            furnish(simulator, hosts, stores)
            for image in images:
                add_image(simulator, image)
        yield simulator


def furnish(simulator, hosts, stores):
    world = simulator.world
    show_children(world, world.root)
    datacenter = add_datacenter(world, world.root.reference, DATACENTER)
    cluster = add_cluster(world, datacenter, CLUSTER)
    members = [add_host(world, cluster, name) for name in hosts]
    for name in stores:
        add_datastore(world, datacenter, name, 'VMFS', TIB, members)


def add_image(simulator, image):
    """Add an image as Nova leaves it: a disk of one MiB in its folder."""
    folder = f'[{STORE}] {BASE}/{image}'
    make_directory(find_place(simulator, folder), True)
    spec = DiskSpec(capacity=2**20)
    create_disk(find_place(simulator, f'{folder}/{image}.vmdk'), spec)


def find_place(simulator, path):
    stores = simulator.world.stores
    [datacenter] = simulator.world.inventory.all('Datacenter')
    return stores.resolve_path(path, datacenter.moid)


def list_folder(simulator, path):
    """Name what lies in a folder; nothing where there is none."""
    with simulator.world.lock:
        node = find_place(simulator, path).node
        return sorted(node.entries) if isinstance(node, Folder) else []
