"""Actors who use the vCenter: Nova, a backup, another sweeper, an admin."""

from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.files import delete_node
from vcenter_simulator.datastores.places import Place
from vcenter_simulator import images
from vcenter_simulator import instances
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines import power
from vcenter_simulator.machines import snapshots
from vcenter_simulator.operators import go_on
from vcenter_simulator.operators import Operators
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    pass


class Actors(Operators):
    """What others do, one method each: inside, at once, uncounted.

    Paths are those of datastores, ``[datastore-0] folder/file``; images and
    machines go to the first datastore unless another is named.  They obey
    vCenter as clients do: what it refuses to them raises VimFault here too.
    """

    # Nova.

    def cache(
        self, image: str, store: str | None = None, **options: Any
    ) -> Place:
        """Cache an image as Nova does, with what images.add_image takes."""
        with self._world.lock:
            return images.add_image(
                self.store(store), image, base=self._estate.base, **options
            )

    def spawn(
        self, image: str, store: str | None = None, **options: Any
    ) -> Machine:
        """Boot from a cached image: a linked clone that runs.

        It takes what instances.add_instance does; its mark goes away as
        Nova's ``enlist`` has it.
        """
        with self._world.lock:
            self.enlist(image, store)
            disk = self.folder(image, store).child(f'{image}.vmdk')
            return instances.add_instance(
                self._world, self._estate.cluster, disk, **options
            )

    def boot_iso(self, image: str, store: str | None = None) -> Machine:
        """Boot from a cached ISO, which is in the drive then."""
        with self._world.lock:
            self.enlist(image, store)
            iso = self.folder(image, store).child(f'{image}.iso')
            return instances.add_iso_instance(
                self._world, self._estate.cluster, iso
            )

    def age(self, image: str, since: float, store: str | None = None) -> Place:
        """Mark an image as unused since a moment, as Nova's pass does."""
        with self._world.lock:
            return images.mark_unused(self.folder(image, store), since)

    def enlist(self, image: str, store: str | None = None) -> None:
        """Take one mark of an image away, as Nova does when it is used."""
        with self._world.lock:
            folder = self.folder(image, store)
            node = folder.store.read_folder(folder.parts)
            for name in node.entries:
                if name.startswith('ts-'):
                    delete_node(folder.child(name), go_on)
                    return

    def resize(self, machine: Machine) -> Place:
        """Detach the disk and keep it for a revert, as a resize does."""
        with self._world.lock:
            power.power_off(machine)
            disk = machine.disks[0]
            del machine.devices[disk.key]
            kept = disk.chain[0].sibling('original.vmdk')
            node = disk.chain[0].store.detach_node(disk.chain[0].parts)
            kept.store.add_node(kept.parts, node)
            machine.note_change()
            return kept

    # A backup, and another sweeper.

    def back_up(self, machine: Machine) -> Reference:
        """Take the snapshot that a backup reads from."""
        with self._world.lock:
            return snapshots.take_snapshot(
                self._world, machine, 'backup', 'taken by a backup'
            )

    def end_backup(self, machine: Machine) -> None:
        """Remove the snapshot of a backup again."""
        with self._world.lock:
            for snapshot in list(machine.snapshots):
                snapshots.remove_snapshot(self._world, machine, snapshot, True)

    def sweep(self, image: str, store: str | None = None) -> None:
        """Delete an image's folder, as Nova's pass or a script does."""
        with self._world.lock:
            delete_node(self.folder(image, store), go_on)

    def restart(self) -> None:
        """Restart vCenter: sessions and tasks are forgotten."""
        self._world.restart()
