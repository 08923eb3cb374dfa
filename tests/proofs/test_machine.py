"""Two hosts boot, hold, pin and sweep on one store; anything may fail.

Faults, deaths and the doings of the other host are steered to a drawn call
of the very operation that runs, for a fault between operations proves
nothing of a protocol.  ``World`` raises ``Loss`` when a promise breaks.
"""

import collections
import contextlib
import datetime
import logging

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Patterns
from imagecache_handlers import Rules
from tests.profile import PROFILE
from tests.proofs.world import Box
from tests.proofs.world import Interruption
from tests.proofs.world import MINUTE
from tests.proofs.world import SECOND
from tests.proofs.world import World

pytestmark = pytest.mark.long

EXAMPLES = PROFILE.core_examples
STEPS = 50

IMAGES = ('debian', 'alpine', 'golden-1')
OWNERS = ('vm-1', 'vm-2', 'vm-3')
PINNERS = ('ops', 'dev')
KINDS = ('complete', 'complete', 'complete', 'partial', 'own', 'nobody')
FAULTS = (
    'unavailable',
    'lost',
    'bug',
    'die',
    'lose_the_task',
    'wait_in_vain',
    'take_none',
    'babble',
)

KEEPS = (
    'in-use',
    'busy',
    'unknown',
    'leased',
    'undeletable',
    'pinned',
    'protected',
    'disabled',
    'too-young',
)

TALLY: collections.Counter[str] = collections.Counter()

seconds = st.sampled_from((1, 59, 61, 150, 301, 601, 1300, 4000))
which = st.integers(0, 5)
# What somebody does between two calls of an operation: a name, two numbers.
deeds = st.tuples(
    st.sampled_from(
        FAULTS * 3
        + (
            'boot',
            'hold',
            'create',
            'release',
            'pin',
            'unpin',
            'stop',
            'sweep',
            'force',
            'add_again',
            'lose',
            'wait',
            'skew',
            'finish',
        )
        + ('stand_still',) * 6
    ),
    which,
    which,
)
points = st.tuples(
    st.sampled_from(
        (
            ('enumerate', 0),
            ('mark', 0),
            ('mark', 0),
            ('mark', 1),
            ('mark', 2),
            ('enumerate', 1),
            ('enumerate', 1),
            ('evict', 0),
            ('evict', 0),
            ('evict', 1),
            ('last', 0),
            ('last', 0),
            ('enumerate', 2),
            ('mark', 3),
            ('sleep', 0),
            ('sleep', 1),
            ('wait', 0),
        )
    ),
    st.booleans(),
)
scripts = st.lists(st.tuples(points, deeds), max_size=4)


class Hosts(stateful.RuleBasedStateMachine):
    """The rules are what hosts, operators, outsiders and clocks do."""

    @stateful.initialize(
        sees=st.booleans(),
        batch=st.sampled_from((1, 3)),
        min_age=st.sampled_from((0, 60, 900)),
        remove=st.integers(0, 7),
        protected=st.booleans(),
        one_step=st.booleans(),
        many=st.sampled_from((None, 'told', 'raised')),
    )
    def start(self, sees, batch, min_age, remove, protected, one_step, many):
        rules = Rules(
            min_age=min_age * SECOND,
            remove_unused=bool(remove),
            protected=Patterns.parse(['golden*'] if protected else []),
        )
        self.world = World(
            rules,
            sees_users=sees,
            batch=batch,
            one_step=one_step,
            many=many is not None,
            raises=many == 'raised',
        )
        self.tokens = self.world.tokens()
        self.tokens.__enter__()
        self.old = {}
        self.pinning = set()
        self.jumped = datetime.timedelta(0)
        for image_id in IMAGES:
            self.world.add(image_id)

    # What the rules and the interruptions share.

    def do(self, host, deed):
        name, one, two = deed
        if name in FAULTS:
            getattr(host, name)()
        else:
            getattr(self, f'_{name}')(self.peer(host), one, two)

    def peer(self, host):
        return next(one for one in self.world.hosts if one is not host)

    def script(self, host, drawn):
        # Nobody's wait fails, but a host may die in it.
        drawn = [
            (point, ('die', 0, 0))
            if point[0][0] in ('sleep', 'wait') and deed[0] in FAULTS
            else (point, deed)
            for point, deed in drawn
        ]
        return [
            Interruption(
                method=method,
                nth=nth,
                after=after,
                act=lambda deed=deed: self.do(host, deed),
            )
            for ((method, nth), after), deed in drawn
        ]

    def location(self, n):
        locations = list(self.world.shelf.entries)
        return locations[n % len(locations)] if locations else None

    def box(self, n) -> Box | None:
        location = self.location(n)
        return location and self.world.shelf.entries[location]

    def _boot(self, host, one, two):
        self._hold(host, one, two)
        self._create(host, one, two)
        self._release(host, one, two)

    def _hold(self, host, one, two):
        owner = OWNERS[two % len(OWNERS)]
        busy = owner in self.world.grants or owner in self.world.machines
        if not busy:
            self.world.hold(host, IMAGES[one % len(IMAGES)], owner)

    def _create(self, host, one, two):
        owner = OWNERS[two % len(OWNERS)]
        if owner not in self.world.machines:
            self.world.create(owner)

    def _release(self, host, one, two):
        self.world.release(OWNERS[two % len(OWNERS)])

    def _stop(self, host, one, two):
        owner = OWNERS[two % len(OWNERS)]
        if owner in self.world.machines:
            self.world.stop(owner)

    def _pin(self, host, one, two):
        until = None if one % 2 else host.now() + 20 * MINUTE
        with self.alone(PINNERS[two % 2]) as owner:
            if owner:
                self.world.pin(host, IMAGES[one % len(IMAGES)], owner, until)

    def _unpin(self, host, one, two):
        with self.alone(PINNERS[two % 2]) as owner:
            if owner:
                self.world.unpin(host, IMAGES[one % len(IMAGES)], owner)

    @contextlib.contextmanager
    def alone(self, owner):
        """An owner pins and unpins one after the other, as is asked."""
        if owner in self.pinning:
            yield None
            return
        self.pinning.add(owner)
        try:
            yield owner
        finally:
            self.pinning.discard(owner)

    def _sweep(self, host, one, two):
        self.sweep_with(host, KINDS[one], [])

    def _force(self, host, one, two):
        self.world.evict(host, IMAGES[one % len(IMAGES)], force=bool(two % 2))

    def _add_again(self, host, one, two):
        location = self.location(one)
        if location is not None:
            image_id = self.world.shelf.entries[location].image_id
            if self.world.lose(location):
                self.world.add(image_id, location)

    def _lose(self, host, one, two):
        location = self.location(one)
        if location is not None:
            self.world.lose(location)

    def _wait(self, host, one, two):
        self.world.advance((1, 30, 61, 301, 541, 700)[one])

    def _stand_still(self, host, one, two):
        """Have a host stop for longer than it may; the other goes on."""
        self.world.tally['stops'] += 1
        self.world.advance((301, 541, 601, 661, 721, 1300)[one])
        acts = (self._hold, self._boot, self._pin) * 2
        for number in range(len(IMAGES)):
            acts[two](host, number, number)

    def _skew(self, host, one, two):
        """Set a clock, within the bound: two hosts are a minute apart."""
        host.offset = self.jumped + one * 12 * SECOND

    def _finish(self, host, one, two):
        self.world.finish_removals()

    def ask(self, host, kind):
        if kind in self.old:
            return self.old[kind]
        return self.world.evidence(host, kind)

    def sweep_with(self, host, kind, script):
        return self.world.sweep(
            host, *script, ask=lambda: self.ask(host, kind)
        )

    def host(self, n):
        return self.world.hosts[n % 2]

    # The rules.

    @stateful.rule(n=which, kind=st.sampled_from(KINDS), drawn=scripts)
    def sweep(self, n, kind, drawn):
        host = self.host(n)
        self.sweep_with(host, kind, self.script(host, drawn))

    @stateful.rule(
        n=which,
        kind=st.sampled_from((*KINDS, 'old')),
        wait=seconds,
        drawn=scripts,
    )
    def sweep_what_lay_idle(self, n, kind, wait, drawn):
        """The common case: seen idle before, old enough, and swept."""
        host = self.host(n)
        self.fetch(n)
        self.sweep_with(self.peer(host), kind, [])
        self.world.advance(max(wait, self.world.rules.min_age / SECOND + 1))
        self.sweep_with(host, kind, self.script(host, drawn))

    @stateful.rule(n=which, ended=which, deed=deeds, after=st.booleans())
    def sweep_what_does_not_end(self, n, ended, deed, after):
        """Two removals that a handler waits for in vain, and what comes."""
        host = self.host(n)
        for image in range(len(IMAGES)):
            self.fetch(image)
        self.sweep_with(self.peer(host), 'complete', [])
        self.world.advance(self.world.rules.min_age / SECOND + 1)
        script = [
            Interruption(method='evict', nth=nth, act=host.wait_in_vain)
            for nth in (0, 1)
        ]
        point = (('wait', ended % 2), after)
        script += self.script(host, [(point, deed)])
        self.sweep_with(host, 'complete', script)

    @stateful.rule(n=which)
    def remember(self, n):
        """Take an answer now that a later sweep will be given."""
        self.old['old'] = self.world.evidence(self.host(n))

    @stateful.rule(n=which, image=which, force=st.booleans(), drawn=scripts)
    def evict(self, n, image, force, drawn):
        host = self.host(n)
        self.world.evict(
            host,
            IMAGES[image % len(IMAGES)],
            *self.script(host, drawn),
            force=force,
        )

    @stateful.rule(n=which, image=which, owner=which, drawn=scripts)
    def hold(self, n, image, owner, drawn):
        host = self.host(n)
        with host.operation(*self.script(host, drawn)):
            self._hold(host, image, owner)

    @stateful.rule(n=which, image=which, owner=which, drawn=scripts)
    def boot(self, n, image, owner, drawn):
        host = self.host(n)
        with host.operation(*self.script(host, drawn)):
            self._boot(host, image, owner)

    @stateful.rule(n=which, image=which, owner=which, drawn=scripts)
    def pin(self, n, image, owner, drawn):
        host = self.host(n)
        with host.operation(*self.script(host, drawn)):
            self._pin(host, image, owner)

    @stateful.rule(
        n=which,
        name=st.sampled_from(
            ('create', 'release', 'stop', 'unpin', 'skew', 'finish', 'lose')
        ),
        one=which,
        two=which,
    )
    def small_step(self, n, name, one, two):
        getattr(self, f'_{name}')(self.host(n), one, two)

    @stateful.rule(image=which)
    def fetched(self, image):
        self.fetch(image)

    def fetch(self, image):
        if len(self.world.shelf.entries) < 5:
            self.world.add(IMAGES[image % len(IMAGES)])

    @stateful.rule(
        n=which,
        say=st.sampled_from(('unknown', 'busy', 'undeletable')),
        on=st.booleans(),
    )
    def backend_says(self, n, say, on):
        box = self.box(n)
        if box is not None:
            setattr(box, say, f'it is {say}' if on else None)

    @stateful.rule(n=which, image=which)
    def what_cannot_be_deleted_stays(self, n, image):
        self.fetch(image)
        if (box := self.box(n)) is not None:
            box.undeletable = 'it is undeletable'
            self.sweep_with(self.host(n), 'complete', [])

    @stateful.rule(wait=seconds)
    def time_passes(self, wait):
        self.world.advance(wait)

    @stateful.rule(n=which, days=st.sampled_from((-400, -1, 1, 400)))
    def everybodys_clock_jumps(self, n, days):
        """Ages bear any jump; what is timed is let run out first."""
        self.world.advance(3600)
        for owner in list(self.world.grants):
            self.world.release(owner)
        self.world.finish_removals()
        self.world.pins.clear()
        self.old.clear()
        for box in self.world.shelf.entries.values():
            box.labels = {
                label
                for label in box.labels
                if label.startswith(('unused', 'hits'))
            }
        self.jumped += datetime.timedelta(days=days)
        for host in self.world.hosts:
            host.offset += datetime.timedelta(days=days)

    @stateful.rule(n=which)
    def a_sweep_is_its_plan_and_the_next_writes_nothing(self, n):
        self.world.finish_removals()
        host = self.host(n)
        plan = host.cache.plan(self.ask(host, 'complete'))
        report = self.sweep_with(host, 'complete', [])
        assert report.plan == plan
        assert {Did.EVICTED} >= {one.did for one in report.outcomes}
        assert [one.verdict for one in report.outcomes] == plan.evictions
        # With no minimum age, what was seen idle just now goes next.
        self.sweep_with(host, 'complete', [])
        written = self.world.tally['marks']
        again = self.sweep_with(host, 'complete', [])
        assert not again.outcomes
        assert self.world.tally['marks'] == written

    @stateful.invariant()
    def machines_have_their_disks(self):
        for vm, (_, location) in self.world.machines.items():
            assert vm in self.world.shelf.entries[location].users

    def teardown(self):
        if not hasattr(self, 'world'):
            return
        try:
            self.everybody_leaves()
        finally:
            # Other tests of this process want tokens of chance.
            self.tokens.__exit__(None, None, None)
        TALLY.update(self.world.tally)

    def everybody_leaves(self):
        """No lock is for ever: in the end every image can go."""
        world = self.world
        for owner in list(world.grants):
            world.release(owner)
        for vm in list(world.machines):
            world.stop(vm)
        world.finish_removals()
        world.pins.clear()
        for box in world.shelf.entries.values():
            box.unknown = box.busy = box.undeletable = None
            box.labels = {
                label for label in box.labels if not label.startswith('pin')
            }
        for host in world.hosts:
            host.offset = world.hosts[0].offset
        if world.rules.remove_unused:
            for _ in range(3):
                world.sweep(world.hosts[0])
                world.advance(1600)
            left = {box.image_id for box in world.shelf.entries.values()}
            protected = {
                one for one in left if world.rules.protected.match(one)
            }
            assert left == protected


def test_no_promise_is_broken():
    TALLY.clear()
    logging.disable()  # every fault would be told
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        stateful.run_state_machine_as_test(Hosts, settings=settings)
    finally:
        logging.disable(logging.NOTSET)
    for name, count in sorted(TALLY.items()):
        print(f'{count:>9} {name}')
    # Few examples tell less each: hypothesis begins with small ones, and what
    # happens comes in clumps.
    scale = (EXAMPLES / 2000) ** 1.5 if EXAMPLES < 2000 else EXAMPLES / 2000
    assert TALLY['removals'] >= int(5000 * scale)
    assert TALLY['faults'] >= int(5000 * scale)
    assert TALLY['stops'] >= int(500 * scale)
    assert TALLY['calls of evict_many'] >= int(2000 * scale)
    assert TALLY['stores left'] >= int(100 * scale)
    for reason in KEEPS:
        assert TALLY[f'kept {reason}'] >= int(500 * scale), reason
