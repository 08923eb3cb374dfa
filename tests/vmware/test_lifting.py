"""Lifting: an image goes whose clones are gone, and no other."""

import pytest

from imagecache_handlers import Did
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath
from simulator_parts.steering import drop
from simulator_parts.steering import reply
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.homes import make_folder
from vcenter_simulator.machines.relocation import attach_chain
from vcenter_simulator.machines.relocation import relocate_machine
from vcenter_simulator.scenario import Scenario
from vcenter_simulator import steering
from vcenter_simulator.values import DataObject

GET, PUT = 'GET /folder', 'PUT /folder'
DELETE = 'DeleteVirtualDisk_Task'


class OnLifting(OnVcenter):
    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self, **how):
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp(), **how)
        self.machine = self.actors.spawn(ONE)

    def end(self):
        """End the machine: what its clone wrote into the image stays."""
        self.actors.end(self.machine)

    def sweep(self, **options):
        self.actors.age(ONE, LONG_AGO.timestamp())
        options.setdefault('exclusive_stores', frozenset([STORE]))
        cache = ImageCache(self.handler(**options), Rules())
        now = utc_now()
        report = cache.sweep(lambda: Evidence(complete=True, as_of=now))
        found = [
            one.did
            for one in report.outcomes
            if one.verdict.image.image_id == ONE
        ]
        return found[0] if found else None

    def disks(self, image=ONE):
        found = self.actors.tree(f'[{STORE}] {BASE}')
        return {one for one in found if one.startswith(f'{image}/{image}')}

    def is_whole(self):
        return {f'{ONE}/{ONE}.vmdk', f'{ONE}/{ONE}-flat.vmdk'} <= self.disks()

    def aside(self):
        place = self.actors.place(f'[{STORE}] {BASE}_evict')
        return set() if place.node is None else set(place.node.entries)


class TestLifting(OnLifting):
    def test_an_image_whose_clones_are_gone_goes(self):
        self.end()
        assert self.sweep() is Did.EVICTED
        assert self.disks() == self.aside() == set()

    def test_not_by_default(self):
        self.end()
        assert self.sweep(exclusive_stores=frozenset()) is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_not_on_another_store(self):
        self.end()
        assert self.sweep(exclusive_stores=frozenset(['x'])) is Did.KEPT
        assert self.vcenter.counters.of(PUT) == 0

    def test_larger_copies_go_with_it(self):
        self.start()
        self.begin(sizes=(20,))
        self.end()
        self.actors.set_deletable(
            f'[{STORE}] {BASE}/{ONE}/{ONE}.20.vmdk', is_deletable=False
        )
        assert self.sweep() is Did.EVICTED
        assert self.disks() == self.aside() == set()

    def test_a_datacenter_in_folders_is_found(self):
        self.start(Scenario(folders=('a b', 'c%2fd')))
        self.begin()
        self.end()
        assert self.sweep() is Did.EVICTED

    def test_a_disk_that_nova_keeps_for_a_revert_keeps_it(self):
        self.actors.resize(self.machine)
        self.end()
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_a_machine_that_is_not_registered_keeps_it(self):
        self.actors.stop(self.machine)
        self.actors.unregister(self.machine)
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_a_machine_that_was_written_off_keeps_it(self):
        self.end()
        self.actors.cache(TWO)
        other = self.actors.spawn(TWO, starts=False)
        self.actors.break_machine(other, 'orphaned')
        ignored = frozenset([other.name])
        assert self.sweep(ignored_machines=ignored) is Did.KEPT
        assert self.vcenter.counters.of(PUT) == 0

    def test_a_descriptor_that_cannot_be_read_keeps_it(self):
        self.end()
        self.actors.make_folder(f'[{STORE}] elsewhere')
        self.actors.write_file(f'[{STORE}] elsewhere/x.vmdk', b'KDMV...')
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_disks_of_others_do_not_keep_it(self):
        self.end()
        self.actors.make_folder(f'[{STORE}] elsewhere')
        self.actors.make_disk(f'[{STORE}] elsewhere/x.vmdk')
        self.actors.cache(TWO)
        self.actors.spawn(TWO)
        assert self.sweep() is Did.EVICTED

    def test_a_machine_that_came_meanwhile_keeps_it(self):
        self.actors.set_deletable(
            f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk', is_deletable=False
        )
        self.vcenter.before(
            'MoveDatastoreFile_Task',
            lambda: self.actors.spawn(ONE, starts=False),
        )
        self.end()
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0


class TestNamedMeanwhile(OnLifting):
    """A machine is told of late, while the disks of others are read."""

    def check_kept(self, name):
        self.end()
        self.actors.cache(TWO)
        other = self.actors.spawn(TWO)

        def tell_of():
            place = self.actors.place(f'{name()}/{ONE}.vmdk')
            other.home_files.append((place, 'diskDescriptor'))
            other.note_change()

        self.vcenter.before(GET, tell_of)
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_where_it_was_keeps_it(self):
        self.check_kept(lambda: f'[{STORE}] {BASE}/{ONE}')

    def test_where_it_lies_keeps_it(self):
        self.check_kept(lambda: f'[{STORE}] {BASE}_evict/{min(self.aside())}')


class TestFlagsAgain(OnLifting):
    """A disk that stays is as it was."""

    def setUp(self):
        super().setUp()
        self.end()
        self.was = self.read()

    def read(self, name=f'{ONE}.vmdk'):
        place = self.actors.place(f'[{STORE}] {BASE}/{ONE}/{name}')
        return None if place.node is None else place.node.content

    def evict(self, in_time=lambda: True):
        handler = self.handler(exclusive_stores=frozenset([STORE]))
        images = handler.enumerate(STORE)
        [end] = handler.evict_many(images, in_time)
        return end

    def refuse(self, name='CannotDeleteFile', before=lambda: None):
        def refuse():
            before()
            steering.fail(name, file='x')()

        self.vcenter.before(DELETE, refuse, nth=2)

    def test_it_bears_its_flag_at_first(self):
        assert b'ddb.deletable' in self.was

    def test_one_that_is_refused_all_the_same(self):
        self.refuse()
        assert isinstance(self.evict(), Undeletable)
        assert self.vcenter.counters.of(PUT) == 2
        assert self.read() == self.was

    def test_one_that_somebody_has_open(self):
        self.refuse('FileLocked')
        assert self.evict()
        assert self.read() == self.was

    def test_one_for_which_no_time_is_left(self):
        late = []
        self.vcenter.after(PUT, lambda: late.append(1))
        assert isinstance(self.evict(lambda: not late), ImageBusy)
        assert self.vcenter.counters.of(DELETE) == 1
        assert self.read() == self.was

    def test_one_whose_other_disk_cannot_be_lifted(self):
        self.begin_sized()
        self.vcenter.before(PUT, reply(b'no', 403), nth=2)
        assert isinstance(self.evict(), Undeletable)
        assert self.vcenter.counters.of(PUT) == 3
        assert b'ddb.deletable' in self.read(f'{ONE}.20.vmdk')
        assert self.read() == self.was

    def test_each_of_several_disks(self):
        self.begin_sized()
        # Of the first round the larger copy alone is asked for.
        self.refuse()
        assert isinstance(self.evict(), Undeletable)
        assert self.vcenter.counters.of(PUT) == 4
        assert b'ddb.deletable' in self.read(f'{ONE}.20.vmdk')
        assert self.read() == self.was

    def test_none_is_lifted_once_time_is_over(self):
        late = []
        self.vcenter.after(GET, lambda: late.append(1))
        assert isinstance(self.evict(lambda: not late), ImageBusy)
        assert self.vcenter.counters.of(PUT) == 0

    def begin_sized(self):
        self.start()
        self.begin(sizes=(20,))
        self.end()
        self.actors.set_deletable(
            f'[{STORE}] {BASE}/{ONE}/{ONE}.20.vmdk', is_deletable=False
        )
        self.was = self.read()

    def test_one_that_was_written_meanwhile_is_left_so(self):
        other = b'# Disk DescriptorFile\n# of somebody else\n'
        self.refuse(before=lambda: self.write(other))
        assert isinstance(self.evict(), Undeletable)
        assert self.read() == other

    def write(self, content):
        [name] = self.aside()
        path = f'[{STORE}] {BASE}_evict/{name}/{ONE}.vmdk'
        self.actors.write_file(path, content)

    def test_nothing_is_written_while_a_removal_may_be_under_way(self):
        self.vcenter.before(DELETE, drop(), nth=2)
        assert isinstance(self.evict(), Uncertain)
        assert self.vcenter.counters.of(PUT) == 1

    def test_one_that_went_does_not_come_again(self):
        assert self.evict()
        assert self.vcenter.counters.of(PUT) == 1
        assert self.disks() == self.aside() == set()

    def test_who_may_not_write_it_again_puts_it_back_without(self):
        self.refuse()
        self.vcenter.before(PUT, reply(b'no', 403), nth=2)
        with self.assertLogs('imagecache_handlers_vmware') as logs:
            assert isinstance(self.evict(), Undeletable)
        assert 'stays without its flag' in '\n'.join(logs.output)
        assert self.is_whole()

    def test_one_that_cannot_be_read_again_is_put_back_without(self):
        self.refuse(before=lambda: self.vcenter.before(GET, drop()))
        assert isinstance(self.evict(), Undeletable)
        assert self.vcenter.counters.of(PUT) == 1
        assert self.is_whole()

    def test_one_that_came_again_in_part_is_not_put_back(self):
        self.refuse()
        for nth in 2, 3:
            self.vcenter.after(PUT, lambda: self.write(b'# Disk'), nth=nth)
        assert isinstance(self.evict(), Uncertain)
        assert self.disks() == set()
        assert self.aside()


class TestTrouble(OnLifting):
    def setUp(self):
        super().setUp()
        self.end()

    def test_who_may_not_write_files_keeps_it(self):
        for status in 403, 404, 409, 507:
            self.start()
            self.begin()
            self.end()
            with self.failing(PUT, reply(b'no', status)):
                did = self.sweep()
            assert did is Did.KEPT, status
            assert self.is_whole(), status

    def test_a_lost_answer_is_written_again(self):
        self.vcenter.after(PUT, drop())
        assert self.sweep() is Did.EVICTED

    def test_what_came_in_part_is_written_again(self):
        self.vcenter.after(PUT, self.cut)
        assert self.sweep() is Did.EVICTED

    def cut(self):
        [name] = self.aside()
        path = f'[{STORE}] {BASE}_evict/{name}/{ONE}.vmdk'
        self.actors.write_file(path, b'# Disk')

    def test_what_stays_in_part_is_not_put_back(self):
        for action in self.cut, drop():
            self.start()
            self.begin()
            self.end()
            self.vcenter.after(PUT, self.cut)
            self.vcenter.before(PUT, action, nth=2)
            self.vcenter.after(PUT, self.cut, nth=2)
            assert self.sweep() is Did.GONE
            assert self.disks() == set()
            assert self.aside()

    def test_what_is_refused_after_a_part_came_is_not_put_back(self):
        self.vcenter.after(PUT, self.cut)
        self.vcenter.before(PUT, reply(b'no', 403), nth=2)
        assert self.sweep() is Did.GONE
        assert self.disks() == set()

    def test_a_session_that_ended_is_renewed(self):
        end = self.vcenter.world.sessions.end_all
        self.vcenter.before(GET, end)
        self.vcenter.before(PUT, end)
        assert self.sweep() is Did.EVICTED

    def test_a_search_that_fails_keeps_it(self):
        lost = steering.fail('HostNotConnected')
        self.vcenter.before('SearchDatastoreSubFolders_Task', lost, nth=6)
        assert self.sweep() is Did.KEPT
        assert self.is_whole()
        assert self.vcenter.counters.of(GET) == 0

    def test_a_descriptor_that_cannot_be_read_is_put_back(self):
        self.vcenter.before(GET, drop())
        assert self.sweep() is Did.FAILED
        assert self.is_whole()
        assert self.vcenter.counters.of(PUT) == 0

    def test_not_on_vsan(self):
        self.start(Scenario(kinds=('vsan',)))
        with self.vcenter.world.lock:
            make_folder(self.actors.place(f'[{STORE}] {BASE}'))
        self.begin()
        self.end()
        handler = self.handler(exclusive_stores=frozenset([STORE]))
        images = handler.enumerate(STORE)
        [end] = handler.evict_many(images, lambda: True)
        assert isinstance(end, Undeletable)
        assert f'{ONE}/{ONE}.vmdk' in self.disks()
        assert self.vcenter.counters.of(GET) == 0


@pytest.mark.parametrize(('size', 'whole'), [(0, False), (400, True)])
def test_a_descriptor_without_a_byte_is_half_an_image(size, whole):
    files = File(name='a.vmdk', size=size), File(name='a-flat.vmdk', size=9)
    folder = Folder(path=DatastorePath('s', 'base/a'), files=files)
    assert ImageFolder(image_id='a', folder=folder).is_whole is whole


class TestClonesElsewhere(OnLifting):
    def move_clone_away(self):
        """Move the machine to another datastore; its image stays."""
        self.actors.add_store('second')
        self.actors.stop(self.machine)
        spec = DataObject(
            'VirtualMachineRelocateSpec',
            datastore=self.actors.datastore('second').reference,
            diskMoveType='moveChildMostDiskBacking',
        )
        with self.vcenter.world.lock:
            relocate_machine(self.vcenter.world, self.machine, spec)

    def test_a_clone_on_another_datastore_nobody_names(self):
        self.move_clone_away()
        self.actors.unregister(self.machine)
        did = self.sweep()
        assert self.is_whole(), did

    def test_a_revert_of_nova_on_another_datastore(self):
        self.move_clone_away()
        self.actors.start(self.machine)
        self.actors.resize(self.machine)
        did = self.sweep()
        assert self.is_whole(), did

    def test_a_clone_whose_name_ends_as_data_do(self):
        home = f'[{STORE}] {self.machine.name}'
        self.actors.stop(self.machine)
        self.actors.unregister(self.machine)
        place = self.actors.place(home)
        old = f'{self.machine.name}.vmdk'
        assert old in place.node.entries, place.node.entries.keys()
        # What a machine called "web-flat" calls its disk.
        place.node.entries['web-flat.vmdk'] = place.node.entries.pop(old)
        did = self.sweep()
        assert self.is_whole(), did

    def test_a_child_that_does_not_tell_its_parent(self):
        self.end()
        self.actors.make_folder(f'[{STORE}] elsewhere')
        self.actors.write_file(
            f'[{STORE}] elsewhere/x.vmdk',
            b'# Disk DescriptorFile\nversion=1\nCID=1234abcd\n'
            b'parentCID=fffffffe\ncreateType="vmfsSparse"\n',
        )
        did = self.sweep()
        assert self.is_whole(), did


class TestRevert(OnLifting):
    def test_a_revert_between_the_machines_and_the_disks(self):
        """Nova puts the old disk in the place of the larger one."""
        world, machine = self.vcenter.world, self.machine
        kept = self.actors.resize(machine)
        home = f'[{STORE}] {"/".join(kept.parts[:-1])}'
        own = self.actors.make_disk(f'{home}/{machine.name}.vmdk')
        with world.lock:
            disk = Disk(2000, 1000, 0, (own,), 0)
            machine.devices[2000] = attach_chain(world, disk, own)
            machine.note_change()

        def revert():
            with world.lock:
                for name in list(self.actors.place(home).node.entries):
                    if name in (own.name, f'{machine.name}-flat.vmdk'):
                        own.store.detach_node((*own.parts[:-1], name))
                own.store.add_node(
                    own.parts, own.store.detach_node(kept.parts)
                )

        done = []

        def count():
            done.append(1)
            if len(done) == 6:
                revert()

        for nth in range(1, 12):
            self.vcenter.before(
                'SearchDatastoreSubFolders_Task', count, nth=nth
            )
        did = self.sweep()
        assert self.is_whole(), (did, len(done))
