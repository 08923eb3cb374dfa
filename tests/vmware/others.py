"""Others on a vCenter: Nova's driver, operators, and who moves machines."""

import contextlib

from vcenter_simulator.faults import VimFault as Refused
from vcenter_simulator.instances import add_instance
from vcenter_simulator.machines.config_files import save_config
from vcenter_simulator.machines.creation import add_machine
from vcenter_simulator.machines.creation import make_scsi
from vcenter_simulator.machines.creation import Site
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.homes import make_home
from vcenter_simulator.machines.relocation import attach_chain
from vcenter_simulator.machines.relocation import relocate_machine
from vcenter_simulator.values import DataObject

BASE, STORE, ELSEWHERE = 'vmware_base', 'datastore-0', 'elsewhere'
# Nova's own age of what is unused; a sweep of ours comes more often, as the
# page on vCenters asks for.
NOVA_AGE, INTERVAL = 900, 600
# How a file begins that an operator puts into the folder of an image.
NOTE = 'note-'
SHIELD = 'ts-9999-01-01-00-00-00'


class Others:
    """What they do, one method each; of ``World``, which has the truth."""

    # Nova.

    def fetch(self, image):
        with contextlib.suppress(Refused):
            self.actors.cache(image)
            self.touch(image)
            self.tally['fetched'] += 1

    def spawn(self, image, *, starts):
        with contextlib.suppress(Refused):
            with self.losing_foreign():
                machine = self.actors.spawn(image, starts=starts)
            self.machines.append(machine)
            self.images[machine] = image
            self.needed[machine] = self.extent(image)
            self.let_clones_be_lost()
            self.touch(image)
            self.tally['spawned'] += 1

    def end(self, number):
        if self.machines:
            machine = self.machines.pop(number % len(self.machines))
            self.touch(self.images.pop(machine))
            # With a machine goes each disk below it that may be deleted.
            self.flag_disks(is_deletable=False)
            self.actors.end(machine)
            self.needed.pop(machine, None)
            self.let_clones_be_lost()

    def let_clones_be_lost(self):
        """Have vSphere delete what has clones, if this one does."""
        if not self.keeps_clones:
            self.flag_disks(is_deletable=True)

    def flag_disks(self, *, is_deletable):
        """Say of all disks that have clones whether they may be deleted."""
        for path, node in list(self.walk_nodes()):
            if path.endswith('.vmdk') and self.has_clones(path, node):
                with contextlib.suppress(Refused, AttributeError, TypeError):
                    self.actors.set_deletable(path, is_deletable=is_deletable)

    def age_images(self, images):
        """Go through images as Nova's driver does, by what runs alone."""
        if self.monotonic() - self.swept > INTERVAL:
            return
        for image in images:
            if (folder := self.folder(image)) is None:
                continue
            marks = [one for one in folder.entries if one.startswith('ts-')]
            if image in self.images.values():
                self.enlist(image)
            elif not marks:
                self.actors.age(image, self.monotonic())
            elif marks[0] != SHIELD and self.is_old(marks[0]):
                self.delete_image(image)
                self.tally['aged away'] += 1

    def enlist(self, image):
        """Take a mark away as Nova does, with whatever lies in it."""
        with self.losing_foreign():
            self.actors.enlist(image)

    def is_old(self, mark):
        now = self.now().strftime('ts-%Y-%m-%d-%H-%M-%S')
        since = self.stamp(NOVA_AGE)
        return mark < since <= now

    def mark_old(self, image):
        """Mark an image that nobody uses as Nova did two hours ago.

        Whoever held or pinned it since then would have taken that away.
        """
        if any(image == one for one, _ in (*self.grants, *self.pins)):
            return
        since = self.monotonic() - 7200
        with contextlib.suppress(Refused):
            if self.extent(image) not in self.needed.values():
                self.enlist(image)
                self.actors.age(image, since)
                self.touch(image, since)

    def leave_import(self, *, registered):
        """Have an import break off after its disk has come."""
        world, cluster = self.vcenter.world, self.vcenter.estate.cluster
        name = f'OSTACK_IMG_5f0c5f0c-2222-4222-8222-{len(self.imports):012}'
        with world.lock:
            home = make_home(self.vcenter.estate.stores[0], name)
            site = Site(
                folder=cluster.datacenter.properties['vmFolder'],
                datacenter=cluster.datacenter.moid,
                pool=cluster.pool.reference,
                host=cluster.hosts[0].reference,
            )
            machine = add_machine(world, site, name, home.child(f'{name}.vmx'))
            disk = self.actors.make_disk(f'{home}/{name}.vmdk')
            machine.devices[1000] = make_scsi()
            machine.devices[2000] = attach_chain(
                world, Disk(2000, 1000, 0, (disk,), 0), disk
            )
            save_config(machine)
        self.imports.append(machine)
        if not registered:
            self.actors.unregister(machine)

    # Operators.

    def take_over(self, number, how):
        """Make a machine that an import has left one's own.

        Whatever is done with it later, its disk has what is nowhere else.
        """
        known = set(self.vcenter.world.inventory.all('VirtualMachine'))
        there = [one for one in self.imports if one in known]
        if not there:
            return
        machine = there[number % len(there)]
        with contextlib.suppress(Refused):
            if how == 'run':
                self.actors.start(machine)
                self.actors.stop(machine)
            elif how == 'clone':
                world, estate = self.vcenter.world, self.vcenter.estate
                disk = machine.disks[0].chain[0]
                with world.lock:
                    add_instance(world, estate.cluster, disk, starts=False)
            else:
                self.actors.back_up(machine)
            self.taken.append(self.disk_of(machine))
            self.tally['taken over'] += 1

    def forget_import(self, number):
        """Have vCenter forget one that was left, or that somebody took."""
        known = set(self.vcenter.world.inventory.all('VirtualMachine'))
        there = [one for one in self.imports if one in known]
        if there:
            with contextlib.suppress(Refused):
                self.actors.unregister(there[number % len(there)])

    def delete_image(self, image):
        """Delete the folder of an image; vSphere may refuse to."""
        folder = self.folder(image)
        with contextlib.suppress(Refused):
            with self.losing_foreign():
                self.actors.sweep(image)
            self.deleted.append(folder)

    @contextlib.contextmanager
    def losing_foreign(self):
        """Forget what is foreign and goes while others remove something."""
        before = self.all_nodes()
        yield
        went = before - self.all_nodes()
        for path, node in list(self.foreign.items()):
            if id(node) in went:
                del self.foreign[path]

    def delete_by_hand(self, image):
        """Delete an image that nobody uses, whoever holds or pins it."""
        if self.extent(image) in self.needed.values():
            return
        self.delete_image(image)
        if self.folder(image) is None:
            self.forget_grants(image)
            self.deletions[image] += 1

    def put_foreign(self, image):
        """Put a file of one's own into the folder of an image."""
        if self.folder(image) is not None:
            self.put_note(self.path(image))

    def fill_label(self, image):
        """Put one into the folder of a label, each time into another.

        While a host is about to remove that label it would go with it:
        vSphere removes a folder with whatever came into it.
        """
        labels = self.find_labels(image)
        if not labels:
            self.mark_old(image)
            labels = self.find_labels(image)
        if labels:
            label = sorted(labels)[self.notes % len(labels)]
            self.put_note(f'{self.path(image)}/{label}')
            self.tally['labels filled'] += 1

    def find_labels(self, image):
        entries = getattr(self.folder(image), 'entries', {})
        return [one for one in entries if one.startswith(('ic-', 'ts-'))]

    def put_note(self, folder):
        self.notes += 1
        path = f'{folder}/{NOTE}{self.notes}.txt'
        with contextlib.suppress(Refused):
            self.foreign[path] = self.actors.write_file(path, b'mine').node

    def take_foreign(self):
        """Take such files away again, wherever they lie by now."""
        there = {id(node): path for path, node in self.walk_nodes()}
        for path, node in list(self.foreign.items()):
            if path.rpartition('/')[2].startswith(NOTE):
                del self.foreign[path]
                with contextlib.suppress(Refused):
                    self.actors.delete(there[id(node)])

    def rename_store(self):
        """Call the datastore something else, or what it was again."""
        old = self.store_name
        new = {STORE: 'other', 'other': STORE}[old]
        self.actors.rename(old, new)
        self.foreign = {
            path.replace(f'[{old}]', f'[{new}]'): node
            for path, node in self.foreign.items()
        }

    def move_machine(self, number, *, keeps_parent):
        """Move a machine's files to a datastore that has no images."""
        if not self.machines:
            return
        machine = self.machines[number % len(self.machines)]
        spec = DataObject(
            'VirtualMachineRelocateSpec',
            datastore=self.actors.store(ELSEWHERE).reference,
            diskMoveType='moveChildMostDiskBacking' if keeps_parent else None,
        )
        with contextlib.suppress(Refused):
            with self.vcenter.world.lock:
                relocate_machine(self.vcenter.world, machine, spec)
            self.tally['moved'] += 1
            if not keeps_parent and machine in self.needed:
                # Its disk has all in it: the image is not below it any more.
                self.touch(self.images[machine])
                del self.needed[machine]

    def allow_removal(self, image, *place):
        """Lift what vSphere keeps a disk for that was ever cloned from.

        While a clone is there it must not be: with the clone would go the
        disk below it.
        """
        top, name = place or (BASE, image)
        extent = self.node(top, name, f'{image}-flat.vmdk')
        if extent in self.needed.values():
            return
        path = f'[{self.store_name}] {top}/{name}/{image}.vmdk'
        with contextlib.suppress(Refused, AttributeError, TypeError):
            self.actors.set_deletable(path, is_deletable=True)
