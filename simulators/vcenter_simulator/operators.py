"""Operators of a vCenter: what an admin does, rightly or wrongly."""

import dataclasses
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.chains import extent_place
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.chains import rewrite_descriptor
from vcenter_simulator.datastores.datastore import Datastore
from vcenter_simulator.datastores.disks import create_disk
from vcenter_simulator.datastores.disks import DiskSpec
from vcenter_simulator.datastores.files import delete_node
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.datastores.registration import rename_datastore
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator import images
from vcenter_simulator.machines.machine import CONNECTED
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_OFF
from vcenter_simulator.machines import power
from vcenter_simulator.machines.removal import destroy_machine
from vcenter_simulator.machines.removal import unregister_machine
from vcenter_simulator.machines import templates
from vcenter_simulator.outlook import Outlook

if TYPE_CHECKING:
    pass
NOBODY: frozenset[str] = frozenset()


class Operators(Outlook):
    """What an admin does, one method each: inside, at once, uncounted."""

    def stop(self, machine: Machine) -> None:
        with self._world.lock:
            power.power_off(machine)

    def start(self, machine: Machine) -> None:
        with self._world.lock:
            power.power_on(machine)

    def end(self, machine: Machine) -> None:
        """Delete a machine with its files, whether it runs or not."""
        with self._world.lock:
            if machine.power_state != POWERED_OFF:
                power.power_off(machine)
            destroy_machine(self._world, machine)

    def unregister(self, machine: Machine) -> None:
        """Let vCenter forget a machine that is off; its files stay."""
        with self._world.lock:
            unregister_machine(self._world, machine)

    def make_template(self, machine: Machine) -> None:
        with self._world.lock:
            templates.mark_template(machine)

    def break_machine(self, machine: Machine, state: str) -> None:
        """Let a machine be inaccessible, orphaned ... or connected again."""
        with self._world.lock:
            machine.connection_state = state
            machine.note_change()
            self._world.note_change()

    def mend_machine(self, machine: Machine) -> None:
        self.break_machine(machine, CONNECTED)

    def hide(self, machine: Machine, user: str) -> None:
        """Let a user have no privilege on a machine at all."""
        self._world.privileges.grant(user, machine.reference, NOBODY)

    def rename(self, store: str, name: str) -> None:
        with self._world.lock:
            rename_datastore(self._world, self.datastore(store), name)

    def reach(self, store: str, *, is_accessible: bool) -> None:
        """Let all hosts reach a datastore, or none."""
        with self._world.lock:
            datastore = self.datastore(store)
            for host in datastore.mounts:
                datastore.set_mount(host, is_accessible)

    def add_store(
        self, name: str, kind: str = 'VMFS', capacity: int = 2**40
    ) -> Datastore:
        """Add a datastore that all hosts mount."""
        with self._world.lock:
            estate = self._estate
            return add_datastore(
                self._world,
                estate.datacenter,
                name,
                kind,
                capacity,
                estate.cluster.hosts,
            )

    def write_file(self, path: str, content: bytes = b'') -> Place:
        """Put a file into a folder that is there."""
        with self._world.lock:
            place = self.place(path)
            file = File(len(content), content, place.store.now())
            place.store.write_file(place.parts, file)
            return place

    def make_folder(self, path: str) -> Place:
        with self._world.lock:
            place = self.place(path)
            place.store.add_node(place.parts, Folder(place.store.now()))
            return place

    def make_disk(self, path: str, capacity: int = images.GIB) -> Place:
        """Make a thin disk that is no image."""
        with self._world.lock:
            place = self.place(path)
            create_disk(place, DiskSpec(capacity=capacity))
            return place

    def delete(self, path: str) -> None:
        with self._world.lock:
            delete_node(self.place(path), go_on)

    def lose_extent(self, path: str) -> None:
        """Let the data of a disk be lost; its descriptor stays."""
        with self._world.lock:
            place = self.place(path)
            extent = extent_place(place, read_disk(place))
            if extent is not None:
                extent.store.detach_node(extent.parts)

    def set_deletable(self, path: str, *, is_deletable: bool) -> None:
        """Write ``ddb.deletable`` into a descriptor."""
        with self._world.lock:
            place = self.place(path)
            disk = read_disk(place)
            rewrite_descriptor(
                place, dataclasses.replace(disk, is_deletable=is_deletable)
            )


def go_on() -> None:
    """Let others wait until all is done."""
