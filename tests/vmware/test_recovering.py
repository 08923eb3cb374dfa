"""Recovery: what a died eviction left is finished, or put back."""

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from simulator_parts.steering import drop
from tests.vmware.samples import CLAIM
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE

OVER, RUNS = '20200101t000000z', '20990101t000000z'
ASIDE = f'[{STORE}] {BASE}_evict'


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
