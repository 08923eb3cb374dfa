"""Instances as Nova boots them: from a cached image, in several ways."""

from typing import TYPE_CHECKING
import uuid

from vcenter_simulator.datastores.disks import copy_disk
from vcenter_simulator.datastores.disks import create_child
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.hosts import Cluster
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.creation import add_machine
from vcenter_simulator.machines.creation import make_scsi
from vcenter_simulator.machines.creation import Site
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.machines.homes import make_home
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import Traits
from vcenter_simulator.machines.power import power_on
from vcenter_simulator.machines.relocation import attach_chain

if TYPE_CHECKING:
    from vcenter_simulator.world import World

# What a new instance has written to its own disk.
_WRITTEN = 64 * 2**20
_CONTROLLER = 1000


def add_instance(
    world: 'World',
    cluster: Cluster,
    image: Place,
    *,
    is_linked: bool = True,
    starts: bool = True,
    store: Store | None = None,
) -> Machine:
    """Boot an instance from the disk of an image.

    It is a linked clone, or a full copy; ``store`` is where it goes, that of
    the image unless told.

    :raises VimFault: FileNotFound for the image, NoDiskSpace
    """
    machine = _add_machine(world, cluster, store or image.store)
    disk = machine.config_file.sibling(f'{machine.name}.vmdk')
    if is_linked:
        create_child(disk, image, allocated=_WRITTEN)
    else:
        copy_disk(image, disk, world.stores, None, False)
    machine.devices[_CONTROLLER] = make_scsi()
    machine.devices[2000] = attach_chain(
        world, Disk(2000, _CONTROLLER, 0, (disk,), 0), disk
    )
    return _finish(machine, starts)


def add_iso_instance(
    world: 'World', cluster: Cluster, iso: Place, *, starts: bool = True
) -> Machine:
    """Boot an instance from a cached ISO, which is in its drive."""
    machine = _add_machine(world, cluster, iso.store)
    machine.devices[3000] = Drive(3000, 200, 0, iso, True)
    return _finish(machine, starts)


def _add_machine(world: 'World', cluster: Cluster, store: Store) -> Machine:
    name = str(uuid.uuid4())
    home = make_home(store, name)
    site = Site(
        folder=cluster.datacenter.properties['vmFolder'],
        datacenter=cluster.datacenter.moid,
        pool=cluster.pool.reference,
        host=cluster.hosts[0].reference if cluster.hosts else None,
    )
    traits = Traits(instance_uuid=name, extra={'nvp.vm-uuid': name})
    config_file = home.child(f'{name}.vmx')
    machine = add_machine(world, site, name, config_file, traits)
    listing = home.child(f'{name}.vmsd')
    store.add_node(listing.parts, File(0, b'', store.now()))
    machine.home_files.append((listing, 'snapshotList'))
    return machine


def _finish(machine: Machine, starts: bool) -> Machine:
    save_config(machine)
    if starts:
        power_on(machine)
    return machine
