"""Recovery: what a died eviction left is finished, or put back."""

import contextlib
import datetime
import tempfile

from oslo_config import cfg
import pytest

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers import Rules
from imagecache_handlers_vmware.checking_aside import LONGEST
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware import opts
from imagecache_handlers_vmware.recovering import Recovering
from imagecache_handlers_vmware.recovering import SKEW
from simulator_parts.steering import drop
from tests.vmware.samples import CLAIM
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import instances
from vcenter_simulator import steering

OVER, RUNS = '20200101t000000z', '20990101t000000z'
ASIDE = f'[{STORE}] {BASE}_evict'
OWN = f'[{STORE}] {BASE}/{ONE}'
LEFT = f'{ASIDE}/{ONE}.{OVER}.5f0c'
MOVE, DELETE = 'MoveDatastoreFile_Task', 'DeleteVirtualDisk_Task'
DELETE_FILE = 'DeleteDatastoreFile_Task'
WHOLE = {f'{ONE}.vmdk', f'{ONE}-flat.vmdk'}


class Dies(BaseException):
    """The process ends here."""


class TestRecovering(OnVcenter):
    def setUp(self):
        super().setUp()
        self.actors.cache(ONE)

    def die_after_the_move(self, claim=STALE_CLAIM, machine=False, until=OVER):
        if machine:
            self.machine = self.actors.spawn(ONE, starts=False)
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        handler.mark(image, [claim])
        place = self.actors.place(image.location)
        aside = self.actors.make_folder(ASIDE)
        node = place.store.detach_node(place.parts)
        place.store.add_node((*aside.parts, f'{ONE}.{until}.5f0c'), node)

    def tree(self, path):
        return set(self.actors.tree(path))

    def recover(self):
        self.handler().recover(STORE)

    def test_nothing_aside_costs_one_search(self):
        handler = self.handler()
        list(handler.stores())
        self.vcenter.counters.reset()
        handler.recover(STORE)
        assert self.vcenter.counters.calls == 2

    def test_what_nobody_uses_is_finished(self):
        self.die_after_the_move()
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_what_is_used_is_put_back(self):
        self.die_after_the_move(machine=True)
        disk = f'{LEFT}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        self.recover()
        assert self.tree(ASIDE) == set()
        assert f'{ONE}.vmdk' in self.tree(f'[{STORE}] {BASE}/{ONE}')
        self.actors.start(self.machine)

    def test_what_is_used_and_was_fetched_anew_is_left(self):
        self.die_after_the_move(machine=True)
        self.actors.cache(ONE)
        self.recover()
        assert f'{ONE}.{OVER}.5f0c/{ONE}.vmdk' in self.tree(ASIDE)
        assert f'{ONE}.vmdk' in self.tree(f'[{STORE}] {BASE}/{ONE}')

    def test_an_eviction_that_still_runs_is_left_to_it(self):
        self.die_after_the_move(claim=CLAIM)
        self.recover()
        assert f'{ONE}.{OVER}.5f0c/{ONE}.vmdk' in self.tree(ASIDE)

    def test_one_without_a_claim_is_left_until_its_time_is_over(self):
        self.die_after_the_move(until=RUNS)
        self.recover()
        assert f'{ONE}.{RUNS}.5f0c/{ONE}.vmdk' in self.tree(ASIDE)

    def test_nothing_is_finished_while_a_machine_cannot_be_read(self):
        self.die_after_the_move()
        self.actors.cache(ONE)
        other = self.actors.spawn(ONE)
        self.actors.break_machine(other, 'orphaned')
        self.recover()
        assert f'{ONE}.{OVER}.5f0c/{ONE}.vmdk' in self.tree(ASIDE)

    def test_what_is_foreign_there_is_left(self):
        self.actors.make_folder(ASIDE)
        self.actors.make_folder(f'{ASIDE}/notes')
        self.recover()
        assert self.tree(ASIDE) == {'notes'}

    def test_who_cannot_look_says_so(self):
        self.die_after_the_move()
        handler = self.handler()
        list(handler.stores())
        with self.failing('*', drop()), pytest.raises(StoreUnavailable):
            handler.recover(STORE)

    def check_put_back(self):
        self.recover()
        assert self.tree(ASIDE) == set()
        assert self.tree(OWN) >= WHOLE

    def check_left(self):
        with self.assertLogs('imagecache_handlers_vmware', 'WARNING') as logs:
            self.recover()
        assert 'is left' in logs.output[-1]
        assert self.tree(LEFT)

    def mark_left(self, *labels):
        self.die_after_the_move()
        for label in labels:
            self.actors.make_folder(f'{LEFT}/ic-{label}')

    def make_iso(self):
        self.actors.delete(OWN)
        self.actors.cache(ONE, is_iso=True)

    def move_entry(self, name, source, target):
        place = self.actors.place(source).child(name)
        node = place.store.detach_node(place.parts)
        to = self.actors.place(target)
        to.store.add_node(to.child(name).parts, node)

    def tear(self, *names):
        """Have some entries lie where the move did not take them from."""
        self.die_after_the_move()
        self.actors.make_folder(OWN)
        for name in names:
            self.move_entry(name, LEFT, OWN)

    def test_a_pinned_one_is_put_back(self):
        self.mark_left('pin.ops')
        self.check_put_back()
        assert 'ic-pin.ops' in self.tree(OWN)

    def test_one_with_a_pin_that_cannot_be_read_is_put_back(self):
        self.mark_left('pin.ops.soon')
        self.check_put_back()

    def test_a_leased_one_is_put_back(self):
        self.mark_left(f'lease.vm.{RUNS}')
        self.check_put_back()

    def test_a_lease_that_is_over_keeps_nothing(self):
        self.mark_left(f'lease.vm.{OVER}', f'pin.ops.{OVER}')
        self.recover()
        assert self.tree(ASIDE) == set()
        assert self.actors.place(OWN).node is None

    def test_a_shielded_one_is_put_back(self):
        self.die_after_the_move()
        self.actors.make_folder(f'{LEFT}/ts-9999-01-01-00-00-00')
        self.check_put_back()

    def test_one_without_a_claim_is_put_back(self):
        self.die_after_the_move(claim='hits.1')
        self.check_put_back()

    def test_a_foreign_file_is_put_back_with_it(self):
        self.actors.make_disk(f'{OWN}/database.vmdk')
        self.die_after_the_move()
        self.check_put_back()
        assert 'database.vmdk' in self.tree(OWN)

    def test_a_label_that_holds_something_is_foreign(self):
        self.mark_left('notes')
        self.actors.make_disk(f'{LEFT}/ic-notes/db.vmdk')
        self.check_put_back()
        assert 'ic-notes/db.vmdk' in self.tree(OWN)

    def test_one_that_may_be_used_is_put_back(self):
        self.die_after_the_move()
        self.actors.cache(TWO)
        other = self.actors.spawn(TWO)
        self.actors.break_machine(other, 'orphaned')
        self.check_put_back()

    def test_a_pinned_one_that_was_fetched_anew_is_left(self):
        self.mark_left('pin.ops')
        self.actors.cache(ONE)
        self.check_left()

    def test_what_never_was_an_image_is_left(self):
        self.actors.make_folder(ASIDE)
        self.actors.make_folder(f'{ASIDE}/db01.backup')
        self.actors.make_disk(f'{ASIDE}/db01.backup/db01.vmdk')
        self.recover()
        assert 'db01.backup/db01.vmdk' in self.tree(ASIDE)

    def test_an_undeletable_one_is_put_back(self):
        self.actors.resize(self.actors.spawn(ONE))
        self.die_after_the_move()
        self.check_put_back()

    def test_a_locked_one_is_put_back(self):
        self.die_after_the_move()
        self.vcenter.before(DELETE, steering.fail('FileLocked', file='x'))
        self.check_put_back()

    def test_a_locked_iso_is_put_back(self):
        self.make_iso()
        self.die_after_the_move()
        self.vcenter.before(DELETE_FILE, steering.fail('FileLocked', file='x'))
        self.recover()
        assert f'{ONE}.iso' in self.tree(OWN)

    def test_a_folder_that_is_refused_without_its_disk_is_left(self):
        self.die_after_the_move()
        self.vcenter.before(DELETE_FILE, steering.fail('FileLocked', file='x'))
        self.check_left()
        assert self.actors.place(OWN).node is None
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_a_refused_one_that_was_fetched_anew_is_left(self):
        self.die_after_the_move()
        self.actors.cache(ONE)
        self.vcenter.before(DELETE, steering.fail('FileLocked', file='x'))
        self.check_left()

    def test_one_whose_removal_failed_is_left_to_the_next_pass(self):
        self.die_after_the_move()
        self.vcenter.before(DELETE, drop())
        self.check_left()
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_a_disk_that_is_gone_already_lets_the_folder_go(self):
        self.die_after_the_move()
        disk = f'{LEFT}/{ONE}.vmdk'
        self.vcenter.before(DELETE, lambda: self.actors.delete(disk))
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_what_a_died_eviction_did_not_get_to_is_finished(self):
        self.die_after_the_move()
        for name in WHOLE:
            self.actors.delete(f'{LEFT}/{name}')
        self.actors.cache(ONE)
        self.recover()
        assert self.tree(ASIDE) == set()
        assert self.tree(OWN) == WHOLE

    def test_pieces_that_are_pinned_are_left(self):
        self.mark_left('pin.ops')
        self.actors.delete(f'{LEFT}/{ONE}.vmdk')
        self.check_left()
        assert self.actors.place(OWN).node is None

    def test_where_no_piece_is_left_a_pin_keeps_nothing(self):
        self.mark_left('pin.ops')
        for name in WHOLE:
            self.actors.delete(f'{LEFT}/{name}')
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_an_empty_folder_goes(self):
        self.actors.make_folder(ASIDE)
        self.actors.make_folder(LEFT)
        self.recover()
        assert self.tree(ASIDE) == set()

    def test_a_torn_one_is_put_together(self):
        self.tear(f'{ONE}-flat.vmdk')
        self.check_put_back()
        assert f'ic-{STALE_CLAIM}' in self.tree(OWN)

    def test_one_torn_before_its_labels_came_is_put_together(self):
        self.die_after_the_move()
        self.actors.make_folder(OWN)
        self.actors.make_folder(f'{OWN}/ic-pin.ops')
        self.check_put_back()
        assert 'ic-pin.ops' in self.tree(OWN)

    def test_a_label_in_both_places_stops_nothing(self):
        self.tear(f'{ONE}.vmdk')
        self.actors.make_folder(f'{OWN}/ic-{STALE_CLAIM}')
        self.check_put_back()

    def test_a_label_in_both_places_that_holds_something_stays(self):
        self.tear(f'{ONE}.vmdk')
        self.actors.make_folder(f'{OWN}/ic-{STALE_CLAIM}')
        note = f'{LEFT}/ic-{STALE_CLAIM}/note'
        self.actors.write_file(note, b'x')
        self.recover()
        assert self.tree(OWN) >= WHOLE
        assert self.actors.place(note).node

    def test_a_file_in_both_places_leaves_it_torn(self):
        self.die_after_the_move()
        self.actors.make_folder(OWN)
        self.actors.write_file(f'{OWN}/{ONE}.vmdk', b'x')
        self.check_left()
        assert self.tree(LEFT) >= WHOLE

    def test_the_disk_does_not_come_before_its_extent(self):
        self.die_after_the_move()
        self.actors.make_folder(OWN)
        # The first move is of the claim.
        fault = steering.fail('CannotAccessFile', file='x')
        self.vcenter.before(MOVE, fault, nth=2)
        self.check_left()
        assert self.tree(LEFT) >= WHOLE
        assert self.tree(OWN) == {f'ic-{STALE_CLAIM}'}

    def test_one_that_a_machine_names_where_it_lies_is_left(self):
        self.die_after_the_move()
        world, estate = self.vcenter.world, self.vcenter.estate
        disk = self.actors.place(f'{LEFT}/{ONE}.vmdk')
        instances.add_instance(world, estate.cluster, disk, starts=False)
        self.check_left()
        assert self.tree(LEFT) >= WHOLE

    def test_clocks_may_be_apart(self):
        self.die_after_the_move()
        end = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        looks = self.handler()._looks
        skew = datetime.timedelta(minutes=2)
        for late, is_there in (1, True), (6, True), (6.1, False):
            now = end + datetime.timedelta(minutes=late)
            clocks = Clocks(now=lambda now=now: now)
            Recovering(looks, clocks, skew).recover(STORE)
            assert bool(self.tree(ASIDE)) == is_there

    def test_a_time_that_never_comes_stops_nobody_and_is_told(self):
        self.die_after_the_move(until='99991231t235959z')
        handler, left = self.handler(), self.tree(ASIDE)
        with self.assertLogs('imagecache_handlers_vmware', 'WARNING'):
            handler.recover(STORE)
        assert self.tree(ASIDE) == left
        [told] = handler.remarks(STORE)
        assert 'no eviction lasts until 9999-12-31 23:59 UTC' in told

    def test_what_waits_is_told_beside_what_is_left(self):
        self.mark_left('pin.ops')
        self.actors.cache(ONE)
        self.actors.make_folder(f'{ASIDE}/{TWO}.99991231t235959z.5f0c')
        handler = self.handler()
        with self.assertLogs('imagecache_handlers_vmware', 'WARNING'):
            handler.recover(STORE)
        waits, left = handler.remarks(STORE)
        assert TWO in waits and ONE in left

    def test_an_eviction_that_may_run_is_not_told(self):
        soon = datetime.datetime.now(datetime.UTC) + LONGEST
        self.die_after_the_move(until=f'{soon:%Y%m%dt%H%M%Sz}'.lower())
        handler = self.handler()
        handler.recover(STORE)
        assert self.tree(ASIDE)
        assert handler.remarks(STORE) == ()

    def test_a_pin_granted_before_a_late_move_outlives_a_crash(self):
        """One host slept past its claim, moved the image, and was killed."""
        late = self.handler()
        [image] = late.enumerate(STORE)
        late.mark(image, [STALE_CLAIM])
        [image] = late.enumerate(STORE)
        other = self.handler()
        self.vcenter.before(MOVE, lambda: other.mark(image, ['pin.ops']))

        def die(*_):
            raise Dies

        late._looks.folder = die
        with pytest.raises(Dies):
            list(late.evict_many([image], lambda: True))
        self.recover_tomorrow()
        assert self.tree(OWN) >= WHOLE | {'ic-pin.ops'}

    def recover_tomorrow(self):
        now = datetime.datetime.now(datetime.UTC)
        tomorrow = now + datetime.timedelta(days=1)
        clocks = Clocks(now=lambda: tomorrow)
        Recovering(self.handler()._looks, clocks).recover(STORE)

    def test_half_a_move_of_a_used_one_is_put_together(self):
        fault = steering.fail('CannotAccessFile', file='x')
        self.vcenter.after(f'{MOVE}#entry', fault)
        machine = self.actors.spawn(ONE, starts=False)
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        list(handler.evict_many([image], lambda: True))
        self.recover_tomorrow()
        assert self.tree(OWN) >= WHOLE
        self.actors.start(machine)

    def test_what_another_process_says_of_clocks_is_heeded(self):
        now = datetime.datetime.now(datetime.UTC)
        until = now - datetime.timedelta(minutes=8)
        self.die_after_the_move(until=f'{until:%Y%m%dt%H%M%Sz}'.lower())
        for seconds, is_there in (600, True), (60, False):
            conf = cfg.ConfigOpts()
            conf([])
            register_opts(conf)
            opts.register_opts(conf)
            conf.set_override('clock_skew_seconds', seconds, 'imagecache')
            given = {
                'url': self.vcenter.url,
                'username': self.vcenter.username,
                'password': self.vcenter.password,
                'insecure': True,
                'base_folder': BASE,
            }
            for name, value in given.items():
                conf.set_override(name, value, opts.GROUP)
            with contextlib.closing(VMwareHandler.from_conf(conf)) as handler:
                handler.recover(STORE)
            assert bool(self.tree(ASIDE)) == is_there

    def test_without_the_options_of_the_library_it_is_a_minute(self):
        conf = cfg.ConfigOpts()
        conf([])
        assert opts.read_clock_skew(conf, SKEW) == SKEW
        assert Rules().clock_skew == SKEW

    def test_a_skew_that_is_no_number_is_told(self):
        conf = cfg.ConfigOpts()
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('[imagecache]\nclock_skew_seconds = soon\n')
            file.flush()
            conf(['--config-file', file.name])
        register_opts(conf)
        with pytest.raises(ConfigurationError, match='clock_skew_seconds'):
            opts.read_clock_skew(conf, SKEW)
