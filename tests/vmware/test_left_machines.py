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
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.steering import fail


class LeftMachines(OnVcenter):
    kind = ''

    def start(self, *given, **how):
        super().start(Scenario(kinds=(self.kind,)), **how)
        self.litterer = Litterer(self.actors)

    def debris(self):
        return {one.location for one in self.handler().debris(STORE)}

    def clean(self):
        handler = self.handler()
        return [handler.clean(one) for one in handler.debris(STORE)]

    def leave_machine(self, *methods):
        """Leave what an import was cut off after its disk had come."""
        handler = self.handler(import_place=PLACE)
        data = make_stream()
        meta = ImageMeta(
            image_id=TWO, size=len(data), disk_format='vmdk', properties=STREAM
        )
        for method in methods or ('UnregisterVM',):
            self.vcenter.before(method, fail('HostNotConnected'))
        with pytest.raises(StoreUnavailable):
            handler.add(meta, io.BytesIO(data), STORE)
        [machine] = self.vcenter.world.inventory.all('VirtualMachine')
        place = f'[{STORE}] {machine.name}'
        self.litterer.date(place)
        return machine, place

    def test_the_machine_of_an_import_that_was_cut_off_goes_too(self):
        _, place = self.leave_machine()
        assert self.debris() == {place}
        [freed] = self.clean()
        assert freed > 0
        assert not list(self.vcenter.world.inventory.all('VirtualMachine'))
        assert self.actors.place(place).node is None

    def test_one_whose_disk_has_not_come_goes_as_well(self):
        _, place = self.leave_machine('PUT /nfc', 'HttpNfcLeaseAbort')
        assert self.debris() == {place}
        self.clean()
        assert not list(self.vcenter.world.inventory.all('VirtualMachine'))
        assert self.actors.place(place).node is None

    def test_not_while_it_runs(self):
        machine, place = self.leave_machine()
        self.actors.start(machine)
        self.litterer.date(place)
        assert self.debris() == set()

    def test_not_one_that_ran_once(self):
        """What somebody wrote to its disk then is nowhere else."""
        machine, place = self.leave_machine()
        self.actors.start(machine)
        self.actors.stop(machine)
        self.litterer.date(place)
        assert self.debris() == set()

    def test_not_one_that_is_suspended(self):
        machine, place = self.leave_machine()
        machine.power_state = 'suspended'
        assert self.debris() == set()

    def test_not_one_with_a_snapshot(self):
        machine, place = self.leave_machine()
        self.actors.back_up(machine)
        self.litterer.date(place)
        assert self.debris() == set()

    def test_not_a_template(self):
        machine, place = self.leave_machine()
        self.actors.make_template(machine)
        self.litterer.date(place)
        assert self.debris() == set()

    def test_not_one_whose_host_is_cut_off(self):
        """It may run there, whatever vCenter has heard last."""
        machine, _ = self.leave_machine()
        machine.connection_state = 'disconnected'
        assert self.debris() == set()

    def test_not_one_that_has_anything_elsewhere(self):
        """Without its machine a disk, or an image, would seem unused."""
        machine, place = self.leave_machine()
        self.actors.cache(ONE)
        with self.vcenter.world.lock:
            disk = self.actors.place(f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk')
            machine.devices[2001] = Disk(2001, 1000, 1, (disk,), 0)
        assert self.debris() == set()
        machine.devices.pop(2001)
        machine.note_change()
        self.litterer.date(place)
        assert self.debris() == {place}

    def test_not_where_two_are_called_so(self):
        machine, place = self.leave_machine()
        with self.vcenter.world.lock:
            clone = add_instance(
                self.vcenter.world,
                self.vcenter.estate.cluster,
                machine.disks[0].chain[0],
                starts=False,
            )
            clone.name = machine.name
        self.litterer.date(place)
        assert self.debris() == set()

    def test_one_that_is_started_meanwhile_stays(self):
        machine, place = self.leave_machine()
        self.vcenter.before('UnregisterVM', lambda: self.actors.start(machine))
        with pytest.raises(StoreUnavailable, match='InvalidPowerState'):
            self.clean()
        assert list(self.vcenter.world.inventory.all('VirtualMachine'))
        assert self.actors.place(f'{place}/{machine.name}.vmdk').node

    def test_not_one_that_another_is_a_clone_of(self):
        machine, place = self.leave_machine()
        with self.vcenter.world.lock:
            add_instance(
                self.vcenter.world,
                self.vcenter.estate.cluster,
                machine.disks[0].chain[0],
                starts=False,
            )
        self.litterer.date(place)
        assert self.debris() == set()

    def test_who_comes_to_use_it_keeps_its_disk(self):
        machine, place = self.leave_machine()

        def come():
            add_instance(
                self.vcenter.world,
                self.vcenter.estate.cluster,
                machine.disks[0].chain[0],
                starts=False,
            )

        self.vcenter.before('UnregisterVM', come)
        with pytest.raises(StoreUnavailable, match='came to use it'):
            self.clean()
        assert self.actors.place(f'{place}/{machine.name}.vmdk').node

    def test_who_comes_while_its_age_is_looked_at_keeps_its_machine(self):
        machine, _ = self.leave_machine()

        def come():
            add_instance(
                self.vcenter.world,
                self.vcenter.estate.cluster,
                machine.disks[0].chain[0],
                starts=False,
            )

        self.vcenter.after('MakeDirectory', come)
        assert self.clean() == [0]
        assert machine in self.vcenter.world.inventory.all('VirtualMachine')

    def test_one_that_is_called_so_and_lies_elsewhere_is_not_it(self):
        machine, place = self.leave_machine()
        name = machine.name
        machine.name = 'golden'
        machine.note_change()
        assert self.debris() == set()
        assert name in place

    def run_once(self, machine):
        self.actors.start(machine)
        self.actors.stop(machine)

    def take_over(self, act):
        """Act between the last look and the call that forgets it."""
        machine, place = self.leave_machine()
        self.vcenter.before('UnregisterVM', lambda: act(machine))
        with pytest.raises(StoreUnavailable, match='register .* again'):
            self.clean()
        assert self.actors.place(f'{place}/{machine.name}.vmdk').node

    def test_one_that_ran_meanwhile_keeps_its_disk(self):
        self.take_over(self.run_once)

    def test_one_that_got_a_snapshot_meanwhile_keeps_its_disk(self):
        self.take_over(self.actors.back_up)

    def test_one_that_became_a_template_keeps_its_disk(self):
        self.take_over(self.actors.make_template)

    def test_what_a_machine_may_name_that_came_meanwhile_stays(self):
        machine, place = self.leave_machine()
        self.actors.cache(ONE)

        def come():
            self.actors.break_machine(self.actors.spawn(ONE), 'orphaned')

        self.vcenter.before('UnregisterVM', come)
        with pytest.raises(StoreUnavailable, match='cannot be read'):
            self.clean()
        assert self.actors.place(f'{place}/{machine.name}.vmdk').node

    def test_not_one_that_ran_and_calls_its_log_otherwise(self):
        machine, place = self.leave_machine()
        log = machine.config_file.sibling(f'{machine.name}-run.txt')
        self.actors.write_file(str(log), b'x')
        machine.home_files.append((log, 'log'))
        machine.note_change()
        self.litterer.date(place)
        assert self.debris() == set()

    def test_not_one_whose_snapshots_are_hidden(self):
        machine, _ = self.leave_machine()
        ref = machine.reference
        hidden = VimFault(
            'NoPermission', 'no', object=ref, privilegeId='System.Read'
        )
        self.vcenter.hide_property('snapshot', hidden, on=ref)
        assert self.debris() == set()

    def test_not_one_that_ran_and_was_unregistered(self):
        machine, place = self.leave_machine()
        self.run_once(machine)
        self.actors.unregister(machine)
        self.litterer.date(place)
        assert self.debris() == set()


class TestOnVmfs(LeftMachines, unittest.TestCase):
    kind = 'VMFS'


class TestOnVsan(LeftMachines, unittest.TestCase):
    kind = 'vsan'


# It is the base of these two, and no case itself.
del LeftMachines
