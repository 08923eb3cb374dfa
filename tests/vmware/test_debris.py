"""Debris: found, left alone while anybody may need it, and removed."""

import datetime

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.model import Debris
from simulator_parts.steering import drop
from tests.vmware.litter import ASIDE
from tests.vmware.litter import DAY
from tests.vmware.litter import FETCH
from tests.vmware.litter import HALF
from tests.vmware.litter import LEFT
from tests.vmware.litter import Litterer
from tests.vmware.litter import SHADOW
from tests.vmware.litter import take_turns
from tests.vmware.litter import TEMPORARY
from tests.vmware.samples import CLAIM
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import instances
from vcenter_simulator import steering

MOVE, DELETE_FILE = 'MoveDatastoreFile_Task', 'DeleteDatastoreFile_Task'
WHOLE = {f'{ONE}.vmdk', f'{ONE}-flat.vmdk'}


class OnLitter(OnVcenter):
    def setUp(self):
        super().setUp()
        self.litterer = Litterer(self.actors)

    def leave_all(self):
        leave = self.litterer
        places = [
            leave.leave_fetch(),
            leave.leave_half(),
            leave.leave_aside(),
            leave.leave_shadow(),
        ]
        for place in places:
            leave.date(place)
        return places

    def found(self):
        debris = self.handler().debris(STORE)
        return {one.location: one for one in debris}

    def clean(self, location, **options):
        """Clean up what was debris when it was last looked at."""
        debris = Debris(
            store=STORE, location=location, size=1, since=None, why='seen'
        )
        return self.handler(**options).clean(debris)

    def is_there(self, path):
        return self.actors.place(path).node is not None

    def boot_from(self, disk, **how):
        world, estate = self.vcenter.world, self.vcenter.estate
        place = self.actors.place(disk)
        how = {'starts': False, **how}
        return instances.add_instance(world, estate.cluster, place, **how)


class TestFinding(OnLitter):
    def test_it_is_told_with_its_size_and_age(self):
        places = self.leave_all()
        found = self.found()
        assert sorted(found) == sorted(places)
        assert {place: one.why for place, one in found.items()} == {
            FETCH: 'fetching an image was cut off',
            HALF: 'an image folder without its extent',
            LEFT: 'evicting it was cut off, and its image was fetched anew',
            SHADOW: 'importing an image was cut off',
        }
        assert found[FETCH].size == 9
        now = datetime.datetime.now(datetime.UTC)
        for one in found.values():
            assert DAY < now - one.since < 3 * DAY

    def test_what_is_not_there_is_not_debris(self):
        assert self.found() == {}
        self.actors.cache(ONE)
        assert self.found() == {}

    def test_what_changed_within_a_day_is_not_debris(self):
        for place in self.leave_all():
            self.litterer.date(place, ago=0.99 * DAY)
            assert place not in self.found()
            self.litterer.date(place, ago=1.01 * DAY)
            assert place in self.found()

    def test_one_file_that_is_new_keeps_all_of_it(self):
        self.leave_all()
        self.actors.write_file(f'{FETCH}/{TWO}/{TWO}.vmdk', b'x')
        self.actors.make_folder(f'{HALF}/ic-hits.1')
        assert sorted(self.found()) == sorted([LEFT, SHADOW])

    def test_an_empty_folder_has_the_age_of_its_own(self):
        self.litterer.make_folders(TEMPORARY, FETCH)
        assert self.found() == {}
        self.litterer.date(FETCH)
        assert sorted(self.found()) == [FETCH]

    def test_what_a_machine_names_is_not_debris(self):
        places = self.leave_all()
        for path in f'{FETCH}/{TWO}/x.vmdk', f'{LEFT}/{ONE}.vmdk':
            if not self.is_there(path):
                self.actors.make_disk(path)
            self.boot_from(path)
        self.boot_from(f'{SHADOW}/disk.vmdk')
        for place in places:
            self.litterer.date(place)
        assert sorted(self.found()) == [HALF]

    def test_what_a_machine_names_by_its_old_place_is_not_debris(self):
        self.leave_all()
        self.actors.spawn(ONE, starts=False)
        assert LEFT not in self.found()

    def test_what_a_machine_is_registered_in_is_not_debris(self):
        """A shadow machine that was left in the inventory."""
        self.leave_all()
        machine = self.boot_from(f'{SHADOW}/disk.vmdk', is_linked=False)
        machine.config_file = self.actors.place(f'{SHADOW}/x.vmx')
        machine.note_change()
        assert SHADOW not in self.found()

    def test_an_iso_in_a_drive_is_not_debris(self):
        self.litterer.make_folders(TEMPORARY, FETCH)
        self.actors.make_folder(f'{FETCH}/{TWO}')
        iso = self.actors.write_file(f'{FETCH}/{TWO}/{TWO}.iso', b'x')
        world, estate = self.vcenter.world, self.vcenter.estate
        instances.add_iso_instance(world, estate.cluster, iso, starts=False)
        self.litterer.date(FETCH)
        assert self.found() == {}

    def test_nothing_is_while_a_machine_cannot_be_read(self):
        self.leave_all()
        machine = self.actors.spawn(ONE)
        self.actors.break_machine(machine, 'orphaned')
        with self.assertLogs('imagecache_handlers_vmware', 'WARNING') as logs:
            assert self.found() == {}
        assert 'debris cannot be told' in logs.output[-1]

    def test_one_that_is_written_off_hides_nothing(self):
        places = self.leave_all()
        self.actors.cache('golden')
        machine = self.actors.spawn('golden')
        self.actors.break_machine(machine, 'orphaned')
        handler = self.handler(ignored_machines=frozenset({machine.name}))
        found = [one.location for one in handler.debris(STORE)]
        assert sorted(found) == sorted(places)

    def test_who_cannot_look_says_so(self):
        self.leave_all()
        handler = self.handler()
        list(handler.stores())
        for method in (
            'SearchDatastoreSubFolders_Task',
            'SearchDatastore_Task',
            'RetrievePropertiesEx',
        ):
            with (
                self.failing(method, steering.fail('HostNotConnected')),
                pytest.raises(StoreUnavailable),
            ):
                list(handler.debris(STORE))

    def test_half_of_an_image_whose_rest_lies_aside_is_recovered(self):
        self.leave_all()
        aside = f'{ASIDE}/{TWO}.20200101t000000z.5f0c'
        self.actors.make_folder(aside)
        self.actors.write_file(f'{aside}/{TWO}-flat.vmdk', b'x')
        assert HALF not in self.found()

    def test_an_eviction_that_runs_leaves_no_debris(self):
        self.leave_all()
        self.actors.make_folder(f'{LEFT}/ic-{CLAIM}')
        self.litterer.date(LEFT)
        assert LEFT not in self.found()

    def test_how_many_calls_it_takes(self):
        handler = self.handler()
        for images in 1, 30:
            for number in range(images):
                self.actors.cache(f'{images}{number:07}')
            list(handler.stores())
            self.vcenter.counters.reset()
            assert handler.debris(STORE) == []
            # Three searches below, the top; no machine is asked about.
            assert self.vcenter.counters.calls == 8


class TestCleaning(OnLitter):
    def test_each_goes_with_all_that_is_in_it(self):
        self.actors.cache('golden')
        for place in self.leave_all():
            size = self.found()[place].size
            # One is an image of 10 GiB, and takes one.
            taken = 2**30 if place == LEFT else size
            assert self.clean(place) == taken
            assert not self.is_there(place)
            assert self.clean(place) == 0
        assert self.found() == {}
        assert set(self.actors.tree(ASIDE)) == set()
        assert self.is_there(f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk')
        assert self.is_there(f'[{STORE}] {BASE}/golden/golden.vmdk')

    def test_what_is_debris_no_more_stays(self):
        for place in self.leave_all():
            self.litterer.date(place, ago=datetime.timedelta(0))
            assert self.clean(place) == 0
            assert self.is_there(place)

    def test_what_never_was_debris_stays(self):
        self.leave_all()
        self.actors.make_folder(f'[{STORE}] db01')
        self.actors.make_disk(f'[{STORE}] db01/db01.vmdk')
        self.litterer.date(f'[{STORE}] db01')
        for location in (
            f'[{STORE}]',
            f'[{STORE}] db01',
            f'[{STORE}] db01/db01.vmdk',
            f'[{STORE}] {BASE}',
            f'[{STORE}] {BASE}/{ONE}',
            f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk',
            f'{HALF}/{TWO}.vmdk',
            f'{HALF}/../{ONE}',
            TEMPORARY,
            ASIDE,
            f'[other] {HALF.partition(" ")[2]}',
            'anything',
        ):
            before = self.actors.tree(f'[{STORE}]')
            assert self.clean(location) == 0, location
            assert self.actors.tree(f'[{STORE}]') == before, location

    def test_a_refused_one_is_told_so(self):
        self.leave_all()
        disk = f'{LEFT}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        self.litterer.date(LEFT)
        with pytest.raises(Undeletable):
            self.clean(LEFT)
        self.vcenter.before(DELETE_FILE, steering.fail('FileLocked', file='x'))
        with pytest.raises(Undeletable):
            self.clean(FETCH)
        assert self.is_there(FETCH)

    def test_a_lost_answer_is_uncertain(self):
        self.leave_all()
        self.vcenter.before(DELETE_FILE, drop())
        with pytest.raises(Uncertain):
            self.clean(FETCH)
        assert self.vcenter.counters.of(DELETE_FILE) == 1

    def test_an_image_that_nova_fetched_meanwhile_stays(self):
        """It put its image where half a one was, just before the move."""
        self.leave_all()

        def fetch():
            self.actors.delete(HALF)
            self.actors.cache(TWO)

        self.vcenter.before(MOVE, fetch)
        assert self.clean(HALF) == 0
        assert self.is_there(f'{HALF}/{TWO}-flat.vmdk')

    def test_an_image_that_nova_fetched_after_the_move_stays(self):
        self.leave_all()
        self.vcenter.after(MOVE, lambda: self.actors.cache(TWO))
        assert self.clean(HALF) == 9
        assert self.is_there(f'{HALF}/{TWO}-flat.vmdk')
        assert set(self.actors.tree(ASIDE)) == {
            one for one in self.actors.tree(ASIDE) if one.startswith(ONE)
        }

    def test_who_comes_to_use_it_before_the_move_keeps_it(self):
        self.leave_all()

        def use():
            machine = self.actors.spawn(ONE, starts=False)
            disk = self.actors.place(f'{HALF}/{TWO}.vmdk')
            machine.home_files.append((disk, 'diskDescriptor'))
            machine.note_change()

        self.vcenter.before(MOVE, use)
        assert self.clean(HALF) == 0
        assert self.is_there(f'{HALF}/{TWO}.vmdk')

    def test_who_comes_to_use_it_where_it_was_moved_keeps_it(self):
        self.leave_all()

        def use():
            machine = self.actors.spawn(ONE, starts=False)
            [name] = [
                one
                for one in self.actors.tree(ASIDE)
                if one.endswith(f'{TWO}.vmdk')
            ]
            disk = self.actors.place(f'{ASIDE}/{name}')
            machine.home_files.append((disk, 'diskDescriptor'))
            machine.note_change()

        self.vcenter.after(MOVE, use)
        assert self.clean(HALF) == 0
        assert self.is_there(f'{HALF}/{TWO}.vmdk')

    def test_an_image_whose_move_nobody_answered_is_put_back(self):
        """It was in use: Nova had put it where half a one was."""
        self.leave_all()
        machines = []

        def fetch():
            self.actors.delete(HALF)
            self.actors.cache(TWO)
            machines.append(self.actors.spawn(TWO, starts=False))

        self.vcenter.before(MOVE, fetch)
        self.vcenter.after(MOVE, drop())
        assert self.clean(HALF) == 0
        assert self.is_there(f'{HALF}/{TWO}-flat.vmdk')
        self.actors.start(machines[0])

    def test_half_an_image_goes_though_nobody_answered_its_move(self):
        self.leave_all()
        self.vcenter.after(MOVE, drop())
        assert self.clean(HALF) == 9
        assert not self.is_there(HALF)

    def test_a_move_that_nobody_answered_and_nobody_did_is_uncertain(self):
        self.leave_all()
        self.vcenter.before(MOVE, drop())
        with pytest.raises(Uncertain) as error:
            self.clean(HALF)
        assert 'it lies in' not in str(error.value)
        assert self.is_there(f'{HALF}/{TWO}.vmdk')

    def test_what_a_machine_may_name_that_came_meanwhile_stays(self):
        self.leave_all()

        def come():
            machine = self.actors.spawn(ONE)
            self.actors.break_machine(machine, 'orphaned')

        self.vcenter.after(MOVE, come)
        assert self.clean(HALF) == 0
        assert self.is_there(f'{HALF}/{TWO}.vmdk')

    def test_what_others_put_into_it_stays(self):
        self.leave_all()
        for place in FETCH, f'{FETCH}/{TWO}', SHADOW:
            name = f'{place}/notes.txt'
            self.actors.write_file(name, b'mine')
            top = SHADOW if place == SHADOW else FETCH
            self.litterer.date(top)
            assert self.clean(top) == 0
            assert self.is_there(name)
            self.actors.delete(name)
            self.litterer.date(top)
        assert {FETCH, SHADOW} <= set(self.found())

    def test_what_comes_into_a_label_of_half_an_image_meanwhile_stays(self):
        self.leave_all()
        name = f'{HALF}/ts-2026-01-01-00-00-00/notes.txt'
        self.vcenter.before(
            MOVE, lambda: self.actors.write_file(name, b'mine')
        )
        assert self.clean(HALF) == 0
        assert self.is_there(name)

    def test_half_an_image_is_put_back_by_who_cannot_look(self):
        self.leave_all()

        def blind():
            fault = steering.fail('HostNotConnected')
            self.vcenter.before('SearchDatastoreSubFolders_Task', fault)

        self.vcenter.after(MOVE, blind)
        with pytest.raises(StoreUnavailable):
            self.clean(HALF)
        assert self.is_there(f'{HALF}/{TWO}.vmdk')

    def test_where_it_lies_is_told_by_who_cannot_put_it_back(self):
        self.leave_all()

        def blind():
            fault = steering.fail('HostNotConnected')
            self.vcenter.before('SearchDatastoreSubFolders_Task', fault)
            self.vcenter.before(MOVE, fault)

        self.vcenter.after(MOVE, blind)
        with pytest.raises(Uncertain) as error:
            self.clean(HALF)
        assert f'it lies in {ASIDE}/{TWO}.' in str(error.value)


class TestTurns(OnLitter):
    """Nova takes its turn before each call of a clean, and after each."""

    def prepare(self):
        self.litterer = Litterer(self.actors)
        self.leave_all()

    def take_turns(self, location, act):
        debris = Debris(
            store=STORE, location=location, size=1, since=None, why='seen'
        )
        return take_turns(
            self, self.prepare, lambda handler: handler.clean(debris), act
        )

    def test_an_image_that_is_fetched_and_booted_from_is_whole(self):
        def boot():
            if self.is_there(HALF):
                self.actors.delete(HALF)
            self.actors.cache(TWO)
            return self.actors.spawn(TWO, starts=False)

        count = 0
        for when, machine in self.take_turns(HALF, boot):
            assert self.is_there(f'{HALF}/{TWO}-flat.vmdk'), when
            self.actors.start(machine)
            count += 1
        assert count >= 20

    def test_the_new_image_beside_the_old_one_is_whole(self):
        def boot():
            return self.actors.spawn(ONE, starts=False)

        for when, machine in self.take_turns(LEFT, boot):
            own = f'[{STORE}] {BASE}/{ONE}'
            assert self.is_there(f'{own}/{ONE}-flat.vmdk'), when
            self.actors.start(machine)
