"""Looks: who uses an image, and what cannot be known is not taken for no."""

from unittest import mock

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers_vmware import machines
from imagecache_handlers_vmware.port.properties import Found
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.faults import VimFault
from vcenter_simulator import instances
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.relocation import relocate_machine
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.sessions import User
from vcenter_simulator import steering
from vcenter_simulator.values import DataObject


class TestLooks(OnVcenter):
    def setUp(self):
        super().setUp()
        self.actors.cache(ONE)

    def one(self, **options):
        [image] = self.handler(**options).enumerate(STORE)
        return image

    def test_an_image_without_a_machine_is_idle(self):
        image = self.one()
        assert image.users == frozenset()
        assert image.unknown is None

    def test_a_linked_clone_uses_its_image(self):
        machine = self.actors.spawn(ONE)
        assert self.one().users == {machine.name}

    def test_one_that_is_switched_off_uses_it_too(self):
        machine = self.actors.spawn(ONE)
        self.actors.stop(machine)
        assert self.one().users == {machine.name}

    def test_a_template_uses_it_too(self):
        machine = self.actors.spawn(ONE)
        self.actors.stop(machine)
        self.actors.make_template(machine)
        assert self.one().users == {machine.name}

    def test_a_snapshot_keeps_it_in_use(self):
        machine = self.actors.spawn(ONE)
        self.actors.back_up(machine)
        assert self.one().users == {machine.name}

    def test_a_full_clone_does_not_use_it(self):
        self.actors.spawn(ONE, is_linked=False)
        assert self.one().users == frozenset()

    def test_an_iso_in_a_drive_is_used(self):
        self.actors.cache(TWO, is_iso=True)
        machine = self.actors.boot_iso(TWO)
        found = {im.image_id: im for im in self.handler().enumerate(STORE)}
        assert found[TWO].users == {machine.name}
        assert found[ONE].users == frozenset()

    def test_one_that_is_told_of_and_not_listed_uses_its_image(self):
        """It may have come since its datastore was read."""
        machine = self.actors.spawn(ONE)
        read = machines.read_objects

        def read_unlisted(*given):
            found = list(read(*given))
            for one in found:
                if isinstance(one, Found):
                    one.properties['vm'].clear()
            return found

        with mock.patch.object(machines, 'read_objects', read_unlisted):
            assert self.one().users == {machine.name}

    def test_who_tells_of_drives_and_not_of_files_may_use_any_image(self):
        self.actors.cache(TWO, is_iso=True)
        machine = self.actors.spawn(ONE)
        shows = {'layoutEx': lambda _: None}
        with mock.patch.dict(Machine.shows, shows):
            found = list(self.handler().enumerate(STORE))
        assert {one.image_id for one in found} == {ONE, TWO}
        assert all(machine.name in one.unknown for one in found)

    def test_an_iso_in_the_drive_of_any_snapshot_is_used(self):
        self.actors.cache(TWO, is_iso=True)
        machine = self.actors.boot_iso(TWO)
        self.actors.back_up(machine)
        [drive] = [key for key in machine.devices if key == 3000]
        del machine.devices[drive]
        machine.note_change()
        found = {im.image_id: im for im in self.handler().enumerate(STORE)}
        assert found[TWO].users == {machine.name}
        self.actors.back_up(machine)
        found = {im.image_id: im for im in self.handler().enumerate(STORE)}
        assert found[TWO].users == {machine.name}
        assert found[ONE].unknown is None

    def test_a_snapshot_that_cannot_be_read_may_use_any_image(self):
        self.actors.cache(TWO, is_iso=True)
        machine = self.actors.spawn(ONE)
        self.actors.back_up(machine)
        [snapshot] = machine.snapshots
        self.vcenter.world.inventory.find(snapshot.reference).read_property = (
            lambda name: None
        )
        for image in self.handler().enumerate(STORE):
            assert f"such as '{machine.name}'" in image.unknown

    def test_snapshots_that_are_not_told_of_may_use_any_image(self):
        self.actors.cache(TWO, is_iso=True)
        machine = self.actors.spawn(ONE)
        self.actors.back_up(machine)
        [snapshot] = machine.snapshots
        for hidden in (
            (machine.reference, 'rootSnapshot'),
            (snapshot.reference, 'childSnapshot'),
        ):
            no = VimFault(
                'NoPermission', 'no', object=hidden[0], privilegeId='x'
            )
            with mock.patch.dict(self.vcenter.world.missing, {hidden: no}):
                for image in self.handler().enumerate(STORE):
                    assert f"such as '{machine.name}'" in image.unknown
        assert self.handler().enumerate(STORE)[0].unknown is None

    def test_drives_are_read_only_where_there_is_an_iso(self):
        self.actors.spawn(ONE)
        handler = self.handler()
        list(handler.stores())
        self.vcenter.counters.reset()
        list(handler.enumerate(STORE))
        without = self.vcenter.counters.by_method['RetrievePropertiesEx'].sent
        self.actors.cache(TWO, is_iso=True)
        self.vcenter.counters.reset()
        list(handler.enumerate(STORE))
        read = self.vcenter.counters.by_method['RetrievePropertiesEx'].sent
        assert read > without + 2000

    def test_a_machine_that_cannot_be_read_may_use_any_image(self):
        machine = self.actors.spawn(ONE)
        self.actors.break_machine(machine, 'orphaned')
        assert f"such as '{machine.name}'" in self.one().unknown

    def test_a_machine_that_is_hidden_may_use_any_image(self):
        self.vcenter.stop()
        role = READ_ONLY | {'Datastore.Browse'}
        self.start(users={'imagecache': User('secret', role)})
        self.actors.cache(ONE)
        machine = self.actors.spawn(ONE)
        self.actors.hide(machine, 'imagecache')
        self.vcenter.username = 'imagecache'
        self.vcenter.password = 'secret'  # noqa: S105
        assert '1 machine of this datastore cannot' in self.one().unknown

    def test_a_machine_that_names_no_file_cannot_be_read(self):
        machine = self.actors.spawn(ONE)
        empty = DataObject('VirtualMachineFileLayoutEx', file=())
        machine.read_property = lambda name: (
            empty
            if name == 'layoutEx'
            else type(machine).read_property(machine, name)
        )
        assert f"such as '{machine.name}'" in self.one().unknown

    def cut_off(self, machine):
        """Rename the datastore while the machine's host is cut off."""
        old = machine.read_property('layoutEx')
        self.actors.rename(STORE, 'renamed')
        self.actors.break_machine(machine, 'disconnected')
        machine.read_property = lambda name: (
            old
            if name == 'layoutEx'
            else type(machine).read_property(machine, name)
        )

    def test_a_machine_that_tells_of_an_old_name_may_use_any_image(self):
        machine = self.actors.spawn(ONE, starts=False)
        self.cut_off(machine)
        [image] = self.handler().enumerate('renamed')
        assert f"machine '{machine.name}' of this" in image.unknown
        ignored = frozenset({machine.name})
        [image] = self.handler(ignored_machines=ignored).enumerate('renamed')
        assert image.unknown is None

    def test_a_machine_that_lies_elsewhere_is_not_in_doubt(self):
        second = self.actors.add_store('second')
        self.actors.make_folder(f'[{STORE}] discs')
        disc = self.actors.write_file(f'[{STORE}] discs/x.iso', b'x')
        world, cluster = self.vcenter.world, self.vcenter.estate.cluster
        machine = instances.add_iso_instance(
            world, cluster, disc, starts=False
        )
        place = DataObject(
            'VirtualMachineRelocateSpec', datastore=second.reference
        )
        with world.lock:
            relocate_machine(world, machine, place)
        # Listed for what is in its drive, it names nothing of this one.
        assert machine.reference in self.actors.datastore(STORE).list_users()
        assert self.one().unknown is None

    def test_one_that_is_written_off_counts_for_nothing(self):
        machine = self.actors.spawn(ONE)
        self.actors.break_machine(machine, 'orphaned')
        ignored = frozenset({machine.name})
        assert self.one(ignored_machines=ignored).unknown is None

    def test_what_nova_marked_is_read_to_the_second(self):
        self.actors.age(ONE, LONG_AGO.timestamp())
        assert self.one().marks.unused_since == LONG_AGO

    def test_resized_disks_count_with_the_image(self):
        size = self.one().size
        self.actors.cache(TWO, sizes=(20,))
        found = {im.image_id: im for im in self.handler().enumerate(STORE)}
        assert found[TWO].size > size

    def test_what_is_half_there_is_not_an_image(self):
        self.actors.lose_extent(f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk')
        assert not self.handler().enumerate(STORE)

    def test_foreign_files_in_its_folder_make_it_unknown(self):
        self.actors.write_file(f'[{STORE}] {BASE}/{ONE}/notes.txt', b'x')
        assert "'notes.txt' lies in its folder" in self.one().unknown

    def test_a_label_that_holds_anything_is_foreign(self):
        for label in 'ic-notes', 'ts-2026-01-01-00-00-00':
            folder = f'[{STORE}] {BASE}/{ONE}/{label}'
            self.actors.make_folder(folder)
            assert self.one().unknown is None
            self.actors.make_folder(f'{folder}/deeper')
            assert f'{label!r} lies in its folder' in self.one().unknown
            self.actors.delete(folder)

    def test_a_page_that_does_not_come_is_not_taken_for_the_end(self):
        for _ in range(3):
            self.actors.spawn(ONE)
        handler = self.handler()
        with (
            self.failing(
                'RetrievePropertiesEx', steering.fail('HostNotConnected')
            ),
            pytest.raises(StoreUnavailable),
        ):
            handler.enumerate(STORE)

    def test_a_session_that_ends_is_renewed_between_two_calls(self):
        self.actors.spawn(ONE)
        handler = self.handler()
        list(handler.stores())
        for method in 'SearchDatastoreSubFolders_Task', 'RetrievePropertiesEx':
            self.vcenter.before(method, self.vcenter.world.sessions.end_all)
            [image] = handler.enumerate(STORE)
            assert image.users

    def test_a_base_folder_that_is_not_there_holds_no_image(self):
        assert not self.handler(base_folder='other').enumerate(STORE)


class TestManyMachines(OnVcenter):
    def test_all_pages_of_machines_are_read(self):
        self.start(Scenario(images=2, machines=1100))
        found = self.handler().enumerate(STORE)
        assert [len(image.users) for image in found] == [550, 550]
