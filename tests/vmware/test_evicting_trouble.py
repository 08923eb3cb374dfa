"""Evictions in trouble: refusals, lost answers, moves torn or too late."""

import datetime
import time
from unittest import mock

from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.port.tasks import Waiting
from simulator_parts.steering import drop
from simulator_parts.steering import hang
from tests.vmware.samples import CLAIM
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import instances
from vcenter_simulator.scenario import Scenario
from vcenter_simulator import steering

ASIDE = f'[{STORE}] {BASE}_evict'
MOVE, DELETE = 'MoveDatastoreFile_Task', 'DeleteVirtualDisk_Task'
DELETE_FILE = 'DeleteDatastoreFile_Task'
SEARCH = 'SearchDatastoreSubFolders_Task'


class Troubled(OnVcenter):
    def evict(self, *image_ids, in_time=lambda: True, **options):
        handler = self.handler(**options)
        found = {im.image_id: im for im in handler.enumerate(STORE)}
        images = [found[one] for one in image_ids or (ONE,)]
        return list(handler.evict_many(images, in_time))

    def base(self):
        return set(self.actors.tree(f'[{STORE}] {BASE}'))

    def aside(self):
        if self.actors.place(ASIDE).node is None:
            return set()
        return set(self.actors.tree(ASIDE))

    def clone_of_sized(self, image=ONE, size=20, **how):
        disk = self.actors.folder(image).child(f'{image}.{size}.vmdk')
        return instances.add_instance(
            self.vcenter.world, self.vcenter.estate.cluster, disk, **how
        )


class WithCore(Troubled):
    def cache(self, **options):
        return ImageCache(self.handler(**options), Rules())

    def ask(self):
        now = datetime.datetime.now(datetime.UTC)
        return Evidence(complete=True, as_of=now)

    def old(self, *images, **how):
        for image in images:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp(), **how)
            self.actors.age(image, LONG_AGO.timestamp())

    def show(self, report):
        return [(one.did, one.why) for one in report.outcomes]


class TestSizedCopies(Troubled):
    def test_a_refused_sized_copy_puts_the_image_back(self):
        self.actors.cache(ONE, sizes=(20,))
        machine = self.clone_of_sized()
        self.actors.resize(machine)  # original.vmdk needs ONE.20.vmdk
        [result] = self.evict()
        assert f'{ONE}/{ONE}.20.vmdk' in self.base(), (result, self.aside())
        assert f'{ONE}/{ONE}.vmdk' in self.base()
        assert isinstance(result, Undeletable)

    def test_a_locked_sized_copy_keeps_the_own_disk(self):
        self.actors.cache(ONE, sizes=(20,))
        self.vcenter.before(DELETE, steering.fail('FileLocked', file='x'))
        [result] = self.evict()
        assert isinstance(result, ImageInUse), result
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def test_a_lost_answer_at_a_sized_copy_is_told(self):
        self.actors.cache(ONE, sizes=(20,))
        self.vcenter.before(DELETE, drop())
        [result] = self.evict()
        assert isinstance(result, CacheError), result

    def test_of_two_failures_the_graver_is_told(self):
        """One that may happen yet is not hidden by one that is certain."""
        refuse = steering.fail('CannotDeleteFile', file='x')
        for actions in (drop(), refuse), (refuse, drop()):
            self.start()
            self.actors.cache(ONE, sizes=(20, 40))
            for nth, action in enumerate(actions, 1):
                self.vcenter.before(DELETE, action, nth=nth)
            [result] = self.evict()
            assert isinstance(result, Uncertain), result


class TestPutBackHalf(Troubled):
    def test_a_lost_answer_to_the_last_removal_leaves_no_diskless_folder(self):
        self.actors.cache(ONE)
        self.vcenter.after(DELETE, drop())
        [result] = self.evict()
        # Nova finds no disk, fetches, and cannot move it to where one is.
        left = {one for one in self.base() if one.startswith(ONE)}
        assert not left or f'{ONE}/{ONE}.vmdk' in left, (result, left)

    def test_what_cannot_be_seen_stays_aside(self):
        self.actors.cache(ONE)
        search = 'SearchDatastoreSubFolders_Task'

        def lose():
            self.vcenter.before(search, steering.fail('HostNotConnected'))
            drop()()

        self.vcenter.after(DELETE, lose)
        [result] = self.evict()
        assert isinstance(result, Uncertain)
        assert self.base() == set()
        assert self.aside()

    def test_a_restart_while_disks_are_deleted(self):
        self.actors.cache(ONE)
        self.vcenter.after(DELETE, self.actors.restart)
        [result] = self.evict()
        left = {one for one in self.base() if one.startswith(ONE)}
        assert not left or f'{ONE}/{ONE}.vmdk' in left, (result, left)

    def test_a_removal_that_runs_on_is_not_put_back_before_it_ends(self):
        self.actors.cache(ONE)
        self.vcenter.timing.work[DELETE] = 3.0
        waiting = Waiting(seconds=0.5)
        [result] = self.evict(waiting=waiting)
        time.sleep(4)
        left = {one for one in self.base() if one.startswith(ONE)}
        assert not left or f'{ONE}/{ONE}.vmdk' in left, (result, left)


class TestIso(Troubled):
    def test_an_iso_that_could_not_be_deleted_is_not_freed(self):
        self.actors.cache(ONE, is_iso=True)
        with self.failing(
            DELETE_FILE, steering.fail('CannotDeleteFile', file='x')
        ):
            [result] = self.evict()
        assert isinstance(result, CacheError), (result, self.aside())

    def test_a_locked_iso_is_put_back(self):
        self.actors.cache(ONE, is_iso=True)
        with self.failing(DELETE_FILE, steering.fail('FileLocked', file='x')):
            [result] = self.evict()
        assert f'{ONE}/{ONE}.iso' in self.base(), (result, self.aside())

    def test_one_beside_a_disk_that_is_refused_stays_with_it(self):
        self.actors.cache(ONE, is_iso=True)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.make_disk(disk)
        self.actors.set_deletable(disk, is_deletable=False)
        [result] = self.evict()
        assert isinstance(result, Undeletable), result
        assert {f'{ONE}/{ONE}.iso', f'{ONE}/{ONE}.vmdk'} <= self.base()

    def test_an_iso_is_not_deleted_once_time_is_over(self):
        self.actors.cache(ONE, is_iso=True)
        answers = iter([True, True])
        [result] = self.evict(in_time=lambda: next(answers, False))
        assert isinstance(result, CacheError), result


class TestCore(WithCore):
    def test_half_a_move(self):
        self.old(ONE)
        self.vcenter.after(
            f'{MOVE}#entry',
            steering.fail('CannotAccessFile', file='x'),
        )
        machine = self.actors.spawn(ONE, starts=False)
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        list(handler.evict_many([image], lambda: True))
        handler.recover(STORE)
        names = f'{ONE}/{ONE}.vmdk', f'{ONE}/{ONE}-flat.vmdk'
        assert set(names) <= self.base(), (self.base(), self.aside())
        self.actors.start(machine)

    def test_a_lost_removal_is_told(self):
        self.old(ONE)
        self.vcenter.after(DELETE, drop())
        report = self.cache().sweep(self.ask)
        left = {one for one in self.base() if one.startswith(ONE)}
        assert not left, (left, self.show(report))

    def test_undeletable_ones_do_not_stop_others_for_ever(self):
        self.start(Scenario(size=40 * 2**30))
        for image in ONE, TWO:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        self.actors.age(TWO, LONG_AGO.timestamp() + 9)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        self.actors.datastore().refresh_seconds = 0
        rules = Rules(
            expire_at_min_age=False, high_watermark=2, low_watermark=1
        )
        for _ in range(3):
            report = ImageCache(self.handler(), rules).sweep(self.ask)
            print(self.show(report))
        assert not any(one.startswith(TWO) for one in self.base())


class TestTime(Troubled):
    def test_moving_back_takes_no_longer_than_one_wait(self):
        images = [f'{n}' * 8 for n in range(1, 7)]
        for image in images:
            self.actors.cache(image)
        handler = self.handler(waiting=Waiting(seconds=1.0))
        found = list(handler.enumerate(STORE))

        def slow():
            self.vcenter.timing.work[MOVE] = 60.0

        self.vcenter.before('SearchDatastoreSubFolders_Task', slow)
        answers = iter([True] * len(images))
        begin = time.monotonic()
        list(handler.evict_many(found, lambda: next(answers, False)))
        took = time.monotonic() - begin
        self.vcenter.timing.work.clear()
        assert took < 5, took

    def test_a_vcenter_that_hangs_after_the_moves_costs_few_timeouts(self):
        """Of 60 s each, one after the other, for each of 50 images."""
        images = [f'{n}' * 8 for n in range(1, 9)]
        for image in images:
            self.actors.cache(image)
        dialling = ConnectionOptions(timeout=1, insecure=True)
        address = Address.parse(self.vcenter.url)
        logins = PasswordLogins(
            address, self.vcenter.username, self.vcenter.password, dialling
        )
        session = Session(address, logins, dialling)
        handler = VMwareHandler(session, CacheOptions(base_folder=BASE))
        self.addCleanup(handler.close)
        found = list(handler.enumerate(STORE))

        def silence():
            for method in 'RetrievePropertiesEx', MOVE:
                for nth in range(1, 30):
                    self.vcenter.before(method, hang(3), nth=nth)

        self.vcenter.before('SearchDatastoreSubFolders_Task', silence)
        begin = time.monotonic()
        results = list(handler.evict_many(found, lambda: True))
        took = time.monotonic() - begin
        assert {type(one) for one in results} == {Uncertain}
        assert took < 5, took


class TestMoreMoves(WithCore):
    def test_one_renamed_after_the_move_is_put_back(self):
        self.actors.cache(ONE)

        def come():
            self.actors.spawn(ONE, starts=False)

        self.vcenter.before(MOVE, come)
        self.vcenter.after(MOVE, lambda: self.actors.rename(STORE, 'other'))
        [result] = self.evict()
        assert isinstance(result, ImageBusy)
        there = set(self.actors.tree(f'[other] {BASE}'))
        assert f'{ONE}/{ONE}.vmdk' in there, self.actors.tree('[other]')

    def test_a_folder_aside_that_went_is_not_an_image_that_is_gone(self):
        self.actors.cache(ONE)
        self.vcenter.before(MOVE, lambda: self.actors.delete(ASIDE))
        [result] = self.evict()
        assert result != 0, (result, self.base())

    def test_a_move_given_up_does_not_come_after_a_machine(self):
        self.old(ONE)
        self.vcenter.timing.work[MOVE] = 3.0
        cache = self.cache(waiting=Waiting(seconds=0.5))
        report = cache.sweep(self.ask)
        self.actors.spawn(ONE, starts=False)
        time.sleep(4)
        self.vcenter.timing.work.clear()
        self.cache().sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base(), (
            self.aside(),
            self.show(report),
        )

    def move_late(self):
        """Have nobody know whether a move goes on."""
        move = Removing.move_folders

        def move_late(removing, *given, **how):
            ends = move(removing, *given, **how)
            return dict.fromkeys(ends, Endless('it goes on'))

        return mock.patch.object(Removing, 'move_folders', move_late)

    def test_what_a_move_may_take_away_yet_is_not_removed(self):
        """It lies aside already, and nobody knows what goes on there."""
        self.actors.cache(ONE)
        with self.move_late():
            [result] = self.evict()
        assert isinstance(result, CacheError), result
        assert not self.vcenter.counters.of(DELETE)

    def test_what_a_move_may_tear_further_is_left_as_it_is(self):
        self.old(ONE)
        fault = steering.fail('CannotAccessFile', file='x')
        self.vcenter.after(f'{MOVE}#entry', fault)
        with self.move_late():
            [result] = self.evict()
        assert isinstance(result, Unfinished), result
        assert self.vcenter.counters.of(MOVE) == 1

    def test_one_of_which_nobody_sees_what_was_left_is_put_back(self):
        self.actors.cache(ONE)

        def lose():
            # The first search is of what lies aside.
            fault = steering.fail('HostNotConnected')
            self.vcenter.before(SEARCH, fault, nth=2)
            drop()()

        self.vcenter.after(MOVE, lose)
        [result] = self.evict()
        assert isinstance(result, CacheError), result
        assert not self.vcenter.counters.of(DELETE)
        assert f'{ONE}/{ONE}-flat.vmdk' in self.base()

    def test_what_cannot_be_put_together_is_not_removed(self):
        self.old(ONE)
        fault = steering.fail('CannotAccessFile', file='x')
        self.vcenter.after(f'{MOVE}#entry', fault)
        self.vcenter.before(MOVE, fault, nth=2)
        [result] = self.evict()
        assert isinstance(result, Uncertain), result
        there = {one.rpartition('/')[2] for one in self.base() | self.aside()}
        assert {f'{ONE}.vmdk', f'{ONE}-flat.vmdk'} <= there

    def test_one_that_left_a_label_behind_is_put_together(self):
        self.actors.cache(ONE)
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        handler.mark(image, [CLAIM])
        self.vcenter.before(MOVE, lambda: handler.mark(image, ['pin.ops']))
        # The disk, its extent and the claim are there by then.
        fault = steering.fail('CannotAccessFile', file='x')
        self.vcenter.after(f'{MOVE}#entry', fault, nth=3)
        [result] = self.evict()
        assert isinstance(result, CacheError), result
        assert not self.vcenter.counters.of(DELETE)
        assert {
            f'{ONE}/{one}'
            for one in (f'{ONE}.vmdk', f'ic-{CLAIM}', 'ic-pin.ops')
        } <= self.base()

    def test_names_swapped_before_the_disks_go(self):
        self.start(Scenario(datastores=2))
        for store in STORE, 'datastore-1':
            self.actors.cache(ONE, store)
        self.actors.spawn(ONE, 'datastore-1', starts=False)

        def swap():
            self.actors.rename(STORE, 'x')
            self.actors.rename('datastore-1', STORE)
            self.actors.rename('x', 'datastore-1')

        self.vcenter.before(DELETE, swap)
        [result] = self.evict()
        assert isinstance(result, CacheError), (
            result,
            self.actors.tree(f'[datastore-1] {BASE}_evict'),
        )


class TestBlips(WithCore):
    def test_two_lost_polls_leave_no_diskless_folders(self):
        images = [f'{n}' * 8 for n in range(1, 4)]
        self.old(*images)

        def lose():
            for nth in 1, 2:
                self.vcenter.before('RetrievePropertiesEx', drop(), nth=nth)

        self.vcenter.before(DELETE, lose, nth=3)
        report = self.cache().sweep(self.ask)
        left = {one for one in self.base() if '/' not in one}
        whole = {one for one in left if f'{one}/{one}.vmdk' in self.base()}
        assert left == whole, (left - whole, self.show(report))
