"""Machines are suspended, copied and reverted while two hosts sweep.

All that ``test_machine`` does may happen too, before and after that.
"""

import logging

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st

from tests.xenapi.machines_world import MachinesWorld
from tests.xenapi import test_machine
from tests.xenapi.world import DESTROY
from tests.xenapi.world import FIND

EXAMPLES = 100
STEPS = 30

DEEDS = (
    'suspend',
    'resume',
    'snapshot_machine',
    'snapshot_machine',
    'checkpoint',
    'clone_machine',
    'clone_machine',
    'clone_with_image',
    'clone_with_image',
    'revert',
    'forget_snapshot',
    'track',
    'track_image',
    'track_image',
    'destroy_data',
    'destroy_data',
)
which = test_machine.which
moments = st.tuples(
    st.sampled_from((FIND, FIND, FIND, test_machine.ADD, DESTROY)),
    st.integers(0, 5),
    st.booleans(),
)
scripts = st.lists(
    st.tuples(moments, st.sampled_from(DEEDS), which), min_size=1, max_size=4
)


class Machines(test_machine.Hosts):
    make_world = MachinesWorld

    def machine(self, one):
        machines = list(self.world.machines)
        return machines[one % len(machines)] if machines else None

    def kept_machine(self, one):
        snapshots = self.world.snapshots
        return snapshots[one % len(snapshots)] if snapshots else None

    def _suspend(self, host, one, two):
        if vm := self.machine(one):
            self.world.suspend(vm)

    def _resume(self, host, one, two):
        for vm in self.world.suspended()[:2]:
            self.world.resume(vm)

    def _snapshot_machine(self, host, one, two):
        if vm := self.machine(one):
            self.world.snapshot(vm)

    def _checkpoint(self, host, one, two):
        if vm := self.machine(one):
            self.world.checkpoint(vm)

    def _clone_machine(self, host, one, two):
        if vm := self.kept_machine(one) or self.machine(one):
            self.world.clone_machine(vm)

    def _clone_with_image(self, host, one, two):
        if image := self.image(one):
            self.world.clone_with(image)

    def _revert(self, host, one, two):
        if snapshot := self.kept_machine(one):
            self.world.revert(snapshot)

    def _forget_snapshot(self, host, one, two):
        if snapshot := self.kept_machine(one):
            self.world.forget_snapshot(snapshot)

    def _track(self, host, one, two):
        if vm := self.machine(one):
            self.world.track(self.world.machines[vm])

    def _track_image(self, host, one, two):
        if image := self.image(one):
            self.world.track(image)

    def _destroy_data(self, host, one, two):
        self.world.destroy_data()

    def interruptions(self, host, drawn):
        def come(method, nth, after, name, one):
            act = self.act
            return test_machine._come(
                method, nth, lambda: act(name, host, one, one), after=after
            )

        return [come(*moment, name, one) for moment, name, one in drawn]

    @stateful.rule(n=which, used=st.booleans(), drawn=scripts)
    def machines_change_in_an_eviction(self, n, used, drawn):
        host = self.world.hosts[n % 2]
        self.ripen(self.peer(host), n, used)
        self.world.sweep(host, *self.interruptions(host, drawn))

    @stateful.rule(n=which, name=st.sampled_from(DEEDS), one=which)
    def machines_change(self, n, name, one):
        self.act(name, self.world.hosts[n % 2], one, one)

    @stateful.rule(n=which, one=which, name=st.sampled_from(DEEDS))
    def machines_change_for_long(self, n, one, name):
        """What was seen for long enough is an image, unless it is not."""
        self._spawn(None, one, one)
        for deed in name, DEEDS[(one + n) % len(DEEDS)], name:
            self.act(deed, self.world.hosts[0], one, n)
        for wait in 601, 901:
            self.world.sweep(self.world.hosts[n % 2])
            self.world.advance(wait)
        self.world.actors.coalesce()
        self.world.sweep(self.world.hosts[n % 2])


def test_no_promise_is_broken():
    test_machine.TALLY.clear()
    logging.disable()  # every fault would be told
    settings = hypothesis.settings(
        max_examples=test_machine.BATCH + 1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        for seed in range(EXAMPLES // test_machine.BATCH):
            stateful.run_state_machine_as_test(
                hypothesis.seed(seed)(Machines), settings=settings
            )
    finally:
        logging.disable(logging.NOTSET)
    for name, count in sorted(test_machine.TALLY.items()):
        print(f'{count:>9} {name}')
    tally = test_machine.TALLY
    assert tally['removals'] >= 5 * EXAMPLES
    for method in (
        'VM.suspend',
        'VM.resume',
        'VM.snapshot',
        'VM.checkpoint',
        'VM.clone',
        'VM.revert',
        'VDI.enable_cbt',
        'VDI.data_destroy',
    ):
        assert tally[method] >= EXAMPLES / 12, method
