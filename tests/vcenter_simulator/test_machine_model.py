"""Whatever is done in whatever order: files, locks and views agree."""

from hypothesis import settings
from hypothesis.stateful import Bundle
from hypothesis.stateful import invariant
from hypothesis.stateful import multiple
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis import strategies as st

from vcenter_simulator import DataObject
from vcenter_simulator.datastores.chains import disk_places
from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.files import delete_node
from vcenter_simulator.datastores.files import move_node
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import count_nodes
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import sum_bytes
from vcenter_simulator.datastores.trees import walk_nodes
from vcenter_simulator.machines.creation import list_machines
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.machine import POWERED_ON
from vcenter_simulator.machines.relocation import relocate_machine
from vcenter_simulator.machines.snapshots import remove_snapshot
from vcenter_simulator.machines.snapshots import revert_to
from vcenter_simulator.machines.snapshots import take_snapshot
from vcenter_simulator import Scenario
from vcenter_simulator import Simulator
from vcenter_simulator import VimFault

FAIR = {
    'CannotDeleteFile',
    'FileAlreadyExists',
    'FileLocked',
    'FileNotFound',
    'InvalidPowerState',
    'InvalidState',
    'NotSupported',
}
IMAGES = st.sampled_from(['one', 'two'])
STORES = st.sampled_from(['datastore-0', 'datastore-1', 'datastore-2'])


class Vcenter(RuleBasedStateMachine):
    """Others use a vCenter, inside; after each step everything is checked."""

    machines = Bundle('machines')

    def __init__(self):
        super().__init__()
        kinds = 'VMFS', 'vsan', 'NFS'
        self.sim = Simulator(Scenario(datastores=3, kinds=kinds, seed=1))
        self.world = self.sim.world
        self.actors = self.sim.actors
        # Paths that somebody changed behind vCenter's back.
        self.tampered = False

    def teardown(self):
        self.sim.stop()

    def attempt(self, work, *args, **how):
        try:
            return work(*args, **how)
        except VimFault as fault:
            assert fault.type_name in FAIR, fault
            return None

    def knows(self, machine):
        return self.world.inventory.has(machine.reference)

    @rule(image=IMAGES, store=STORES)
    def cache(self, image, store):
        self.attempt(self.actors.cache, image, store)

    @rule(
        target=machines,
        image=IMAGES,
        store=STORES,
        is_linked=st.booleans(),
        starts=st.booleans(),
    )
    def spawn(self, image, store, is_linked, starts):
        made = self.attempt(
            self.actors.spawn,
            image,
            store,
            is_linked=is_linked,
            starts=starts,
        )
        return multiple() if made is None else made

    @rule(machine=machines, what=st.sampled_from(['start', 'stop', 'end']))
    def power(self, machine, what):
        if self.knows(machine):
            self.attempt(getattr(self.actors, what), machine)

    @rule(machine=machines)
    def snapshot(self, machine):
        if self.knows(machine):
            self.attempt(take_snapshot, self.world, machine, 's', '')

    @rule(machine=machines, data=st.data(), reverts=st.booleans())
    def end_snapshot(self, machine, data, reverts):
        taken = list(machine.walk_snapshots())
        if not taken or not self.knows(machine):
            return
        snapshot = data.draw(st.sampled_from(taken))
        if reverts:
            self.attempt(revert_to, machine, snapshot)
        else:
            with_children = data.draw(st.booleans())
            self.attempt(
                remove_snapshot, self.world, machine, snapshot, with_children
            )

    @rule(machine=machines, store=STORES, keeps=st.booleans())
    def relocate(self, machine, store, keeps):
        if self.knows(machine):
            spec = DataObject(
                'VirtualMachineRelocateSpec',
                datastore=self.actors.store(store).reference,
                diskMoveType='moveChildMostDiskBacking' if keeps else None,
            )
            self.attempt(relocate_machine, self.world, machine, spec)

    @rule(machine=machines, is_template=st.booleans())
    def resize(self, machine, is_template):
        if not self.knows(machine):
            return
        if is_template:
            self.attempt(self.actors.make_template, machine)
        elif machine.disks and machine.power_state == POWERED_ON:
            if len(machine.disks[0].chain[0].parts) > 2:
                return
            self.attempt(self.actors.back_up, machine)
            self.attempt(self.actors.end_backup, machine)

    @rule(image=IMAGES, store=STORES)
    def sweep(self, image, store):
        self.attempt(self.actors.sweep, image, store)
        self.tampered = True

    @rule(image=IMAGES, store=STORES)
    def move_aside(self, image, store):
        folder = self.actors.folder(image, store)
        aside = folder.sibling(f'{image}.aside')
        self.attempt(move_node, folder, aside, False, go_on)
        self.attempt(delete_node, aside, go_on)
        self.tampered = True

    @rule(store=STORES, name=st.sampled_from(['x', 'y]', '%']))
    def rename(self, store, name):
        datastore = self.actors.datastore(store)
        self.actors.rename(store, name)
        shown = datastore.name
        for machine in list_machines(self.world):
            for one in machine.read_property('layoutEx').file:
                assert not one.name.startswith(f'[{store}]')
        self.actors.rename(shown, store)

    @invariant()
    def space_is_accounted_for(self):
        for datastore in self.sim.estate.datastores:
            store = datastore.store
            folder = store.kind.folder_bytes
            taken = sum_bytes(store.root, folder) - folder
            assert store.used == taken + sum(store.objects.values())
            assert store.entry_count == count_nodes(store.root) - 1

    @invariant()
    def files_are_held_by_who_runs_and_by_nobody_else(self):
        held: dict[File, list[int]] = {}
        for machine in list_machines(self.world):
            is_on = machine.power_state == POWERED_ON
            assert bool(machine.handles) == (is_on and bool(machine.disks))
            for handle in machine.handles:
                assert handle.place.node is handle.file
                counts = held.setdefault(handle.file, [0, 0])
                counts[handle.is_writer] += 1
        for datastore in self.sim.estate.datastores:
            for _, node in walk_nodes(datastore.store.root):
                if isinstance(node, File):
                    readers, writers = held.get(node, [0, 0])
                    assert (readers, writers) == (node.readers, node.writers)
                    assert writers <= 1 and not (readers and writers)

    @invariant()
    def chains_are_what_their_descriptors_say(self):
        for machine in list_machines(self.world):
            if self.tampered and machine.power_state != POWERED_ON:
                continue
            for chain in machine.list_chains():
                found = follow_chain(chain[0], self.world.stores)
                assert tuple(found) == chain
                for place in chain:
                    for file in disk_places(place):
                        assert isinstance(file.node, File)

    @invariant()
    def a_parent_of_anothers_disk_is_not_deletable(self):
        owners: dict[Place, set[Machine]] = {}
        for machine in list_machines(self.world):
            for chain in machine.list_chains():
                for place in chain:
                    owners.setdefault(place, set()).add(machine)
        for place, users in owners.items():
            if len(users) > 1 and place.node is not None:
                assert not read_disk(place).is_deletable

    @invariant()
    def the_layout_names_every_chain(self):
        for machine in list_machines(self.world):
            shown = {
                one.name for one in machine.read_property('layoutEx').file
            }
            for chain in machine.list_chains():
                assert {str(place) for place in chain} <= shown


def go_on():
    """Let others wait until all is done."""


TestVcenter = Vcenter.TestCase
TestVcenter.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, derandomize=True
)
