"""Left machines: what an import left in the inventory is debris with it."""

import io
import unittest

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import ImageMeta
from tests.vmware.litter import Litterer
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.streams import make_stream
from tests.vmware.streams import PLACE
from tests.vmware.streams import STREAM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.faults import VimFault
from vcenter_simulator.instances import add_instance
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.steering import fail


class OnLeftMachine(OnVcenter):
    """Has a machine that an import left, and its folder, a day old."""

    kind = ''

    def start(self, *faulty, **how):
        """Cut an import off, unless told after its disk had come."""
        super().start(Scenario(datastores=2, kinds=(self.kind, 'VMFS')), **how)
        self.litterer = Litterer(self.actors)
        handler = self.handler(import_place=PLACE)
        data = make_stream()
        meta = ImageMeta(
            image_id=TWO, size=len(data), disk_format='vmdk', properties=STREAM
        )
        for method in faulty or ('UnregisterVM',):
            self.vcenter.before(method, fail('HostNotConnected'))
        with pytest.raises(StoreUnavailable):
            handler.add(meta, io.BytesIO(data), STORE)
        [self.machine] = self.machines()
        self.place = f'[{STORE}] {self.machine.name}'
        self.disk = self.machine.disks[0].chain[0]
        self.litterer.date(self.place)

    def machines(self):
        return list(self.vcenter.world.inventory.all('VirtualMachine'))

    def debris(self):
        return {one.location for one in self.handler().debris(STORE)}

    def clean(self):
        handler = self.handler()
        return [handler.clean(one) for one in handler.debris(STORE)]

    # What somebody does with it.

    def start_it(self):
        self.actors.start(self.machine)

    def run_it(self):
        self.actors.start(self.machine)
        self.actors.stop(self.machine)

    def suspend_it(self):
        self.machine.power_state = 'suspended'

    def back_it_up(self):
        self.actors.back_up(self.machine)

    def make_template(self):
        self.actors.make_template(self.machine)

    def cut_off_its_host(self):
        self.machine.connection_state = 'disconnected'

    def attach_an_image(self):
        self.attach_disk_of(STORE)

    def attach_an_image_elsewhere(self):
        self.attach_disk_of('datastore-1')

    def attach_disk_of(self, store):
        self.actors.cache(ONE, store)
        disk = self.actors.place(f'[{store}] {BASE}/{ONE}/{ONE}.vmdk')
        with self.vcenter.world.lock:
            self.machine.devices[2001] = Disk(2001, 1000, 1, (disk,), 0)

    def attach_an_iso(self):
        self.actors.cache(ONE, is_iso=True)
        iso = self.actors.place(f'[{STORE}] {BASE}/{ONE}/{ONE}.iso')
        with self.vcenter.world.lock:
            self.machine.devices[3000] = Drive(3000, 200, 0, iso, True)
            self.machine.note_change()

    def call_another_so(self):
        self.clone_it().name = self.machine.name

    def rename_it(self):
        self.machine.name = 'golden'
        self.machine.note_change()

    def clone_it(self):
        with self.vcenter.world.lock:
            return add_instance(
                self.vcenter.world,
                self.vcenter.estate.cluster,
                self.disk,
                starts=False,
            )

    def unregister_it(self):
        self.actors.unregister(self.machine)


# What may be somebody's work, or is not known to be nobody's.
KEPT = (
    OnLeftMachine.start_it,
    OnLeftMachine.run_it,
    OnLeftMachine.suspend_it,
    OnLeftMachine.back_it_up,
    OnLeftMachine.make_template,
    OnLeftMachine.cut_off_its_host,
    OnLeftMachine.attach_an_image,
    OnLeftMachine.attach_an_image_elsewhere,
    OnLeftMachine.attach_an_iso,
    OnLeftMachine.call_another_so,
    OnLeftMachine.rename_it,
    OnLeftMachine.clone_it,
)
# The same, where the inventory tells nothing of it any more: what shows it.
SHOWN = (
    (OnLeftMachine.run_it, '.nvram'),
    (OnLeftMachine.back_it_up, '-000001'),
    (OnLeftMachine.make_template, '.vmtx'),
)


class LeftMachines(OnLeftMachine):
    def assert_gone(self):
        assert self.debris() == {self.place}
        [freed] = self.clean()
        assert not self.machines()
        assert self.actors.place(self.place).node is None
        return freed

    def test_the_machine_of_an_import_that_was_cut_off_goes_too(self):
        assert self.assert_gone() > 0

    def test_one_whose_disk_has_not_come_goes_as_well(self):
        self.start('PUT /nfc', 'HttpNfcLeaseAbort')
        self.assert_gone()

    def test_what_may_be_somebodys_stays(self):
        for act in KEPT:
            self.start()
            act(self)
            self.litterer.date(self.place)
            assert self.debris() == set(), act.__name__

    def test_what_is_done_since_its_folder_was_read_shows_by_itself(self):
        for act in self.run_it, self.back_it_up, self.make_template:
            self.start()
            self.vcenter.after('FindByDatastorePath', act)
            assert self.debris() == set(), act.__name__

    def test_one_that_was_unregistered_goes_if_it_never_ran(self):
        self.unregister_it()
        self.assert_gone()

    def test_one_that_is_to_be_registered_again_keeps_its_disk(self):
        """An operator may take a machine out of the inventory for a while."""
        for act, strange in SHOWN:
            self.start()
            act(self)
            self.unregister_it()
            self.litterer.date(self.place)
            with self.assertLogs() as logs:
                assert self.debris() == set(), act.__name__
            [line] = logs.output
            assert self.place in line
            assert strange in line
            assert self.disk.node, act.__name__

    def test_who_comes_meanwhile_keeps_its_disk(self):
        for act, why in (
            (self.start_it, 'InvalidPowerState'),
            (self.clone_it, 'came to use it'),
        ):
            self.start()
            self.vcenter.before('UnregisterVM', act)
            with pytest.raises(StoreUnavailable, match=why):
                self.clean()
            assert self.machines()
            assert self.disk.node

    def test_who_comes_while_its_age_is_looked_at_keeps_its_machine(self):
        self.vcenter.after('MakeDirectory', self.clone_it)
        assert self.clean() == [0]
        assert self.machine in self.machines()

    def test_who_takes_it_over_at_the_last_moment_keeps_its_disk(self):
        """Between our last look and the call that forgets it."""
        for act in self.run_it, self.back_it_up, self.make_template:
            self.start()
            self.vcenter.before('UnregisterVM', act)
            with pytest.raises(StoreUnavailable, match='register .* again'):
                self.clean()
            assert self.disk.node, act.__name__

    def test_what_a_machine_may_name_that_came_meanwhile_stays(self):
        self.actors.cache(ONE)

        def come():
            self.actors.break_machine(self.actors.spawn(ONE), 'orphaned')

        self.vcenter.before('UnregisterVM', come)
        with pytest.raises(StoreUnavailable, match='cannot be read'):
            self.clean()
        assert self.disk.node

    def test_one_that_ran_and_calls_its_log_otherwise_stays(self):
        log = self.machine.config_file.sibling(f'{self.machine.name}-run.txt')
        self.actors.write_file(str(log), b'x')
        self.machine.home_files.append((log, 'log'))
        self.machine.note_change()
        self.litterer.date(self.place)
        assert self.debris() == set()

    def test_one_whose_snapshots_are_hidden_stays(self):
        ref = self.machine.reference
        hidden = VimFault(
            'NoPermission', 'no', object=ref, privilegeId='System.Read'
        )
        self.vcenter.hide_property('snapshot', hidden, on=ref)
        assert self.debris() == set()


class TestOnVmfs(LeftMachines, unittest.TestCase):
    kind = 'VMFS'


class TestOnVsan(LeftMachines, unittest.TestCase):
    kind = 'vsan'


# They are the base of these two, and no cases themselves.
del LeftMachines, OnLeftMachine
