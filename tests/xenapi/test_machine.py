"""Two hosts sweep one SR while Nova spawns there; anything may fail.

Faults, deaths and what others do are steered to a drawn call of XAPI of the
very operation that runs.  ``World`` raises ``Loss`` when a promise breaks.
"""

import collections
import datetime
import logging
import secrets

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from imagecache_handlers import Rules
from imagecache_handlers_xenapi.disks import WRITABLE
from tests.profile import NEW
from tests.profile import PROFILE
from tests.xenapi.world import DESTROY
from tests.xenapi.world import FIND
from tests.xenapi.world import Interruption
from tests.xenapi.world import KINDS
from tests.xenapi.world import REFS
from tests.xenapi.world import SECOND
from tests.xenapi.world import World

pytestmark = pytest.mark.long

EXAMPLES = PROFILE.xenapi_examples
# Hypothesis varies what it has tried already, but for the first ten.
BATCH = 10
STEPS = 50

IMAGES = ('debian', 'alpine', 'golden')
OWNERS = ('vm-1', 'vm-2', 'vm-3')
FAULTS = (
    'away',
    'lost',
    'die',
    'VDI_IN_USE OpaqueRef:x destroy',
    'OTHER_OPERATION_IN_PROGRESS VDI OpaqueRef:x clone OpaqueRef:y',
    'SR_BACKEND_FAILURE_46 x y z',
    'SR_BACKEND_FAILURE_80 x y z',
    'HANDLE_INVALID VDI OpaqueRef:x',
    'RBAC_PERMISSION_DENIED vdi.destroy no',
    'SESSION_INVALID OpaqueRef:x',
    'HOST_IS_SLAVE 10.0.0.2',
)
# These alone can come once a call was made.
AFTERWARDS = ('lost', 'die')
# What asks after a task.
ASKING = ('event.from', 'task.get_record')
TASKS = 'task.get_all_records_where'
KEEPS = (
    'in-use',
    'busy',
    'unknown',
    'leased',
    'pinned',
    'too-young',
    'newborn',
)

TALLY = collections.Counter()

which = st.integers(0, 5)
ADD, REMOVE = 'VDI.add_to_other_config', 'VDI.remove_from_other_config'
points = st.tuples(
    st.sampled_from(
        (
            *((FIND, n) for n in (0, 1, 1, 2, 2, 3, 4)),
            *((ADD, n) for n in (0, 0, 1, 2)),
            *((REMOVE, n) for n in (0, 1)),
            *((DESTROY, n) for n in (0, 0, 0, 0, 1, 2)),
            *((method, n) for method in ASKING for n in (0, 0, 1)),
            *((TASKS, n) for n in (0, 1)),
            ('task.destroy', 0),
            ('task.cancel', 0),
            ('VDI.get_uuid', 0),
            *((REFS, n) for n in (0, 0, 1)),
            ('SR.get_all_records', 0),
            ('sleep', 0),
            ('sleep', 1),
        )
    ),
    st.booleans(),
)
deeds = st.tuples(
    st.sampled_from(
        ('fault',) * 24
        + ('hold', 'boot')
        + (
            'boot',
            'hold',
            'ask_and_die',
            'release',
            'pin',
            'unpin',
            'clone',
            'clone',
            'untag',
            'spawn',
            'end',
            'attach',
            'detach',
            'vouch',
            'snapshot',
            'coalesce',
            'copy',
            'lose',
            'lose_parent',
            'lose_parent',
            'scan',
            'sleep',
            'wake',
            'keep',
            'cache_again',
            'log_out',
            'late',
            'late',
            'sweep',
            'evict',
            'wait',
            'stand_still',
            'stand_still',
            'lose_tasks',
            'run_tasks',
        )
    ),
    which,
    st.integers(0, len(FAULTS) - 1),
)
scripts = st.lists(st.tuples(points, deeds), max_size=4)


class Hosts(stateful.RuleBasedStateMachine):
    """The rules are what hosts, Nova, operators and clocks do."""

    make_world = World

    @stateful.initialize(
        batch=st.sampled_from((1, 3)),
        min_age=st.sampled_from((0, 900)),
        delay=st.sampled_from((0, 0, 0, 1, 100, 300, 5000, 5000)),
        skew=st.integers(0, 5),
        may_block=st.booleans(),
        kind=st.sampled_from(KINDS),
    )
    def start(self, batch, min_age, delay, skew, may_block, kind):
        rules = Rules(min_age=min_age * SECOND)
        self.world = self.make_world(
            rules, batch=batch, delay=delay, may_block=may_block, kind=kind
        )
        self.world.hosts[1].offset = datetime.timedelta(seconds=skew * 11)
        self.tokens = self.world.tokens()
        self.tokens.__enter__()
        for image_id in IMAGES:
            self.world.cache_image(image_id)

    # What others do, also between two calls.

    def do(self, host, deed):
        name, one, two = deed
        if name == 'fault':
            host.fault(FAULTS[two], (0, 0, 0, 1, 10, 59)[one])
        elif name == 'trouble':
            self.world.trouble.append(FAULTS[two].split())
        else:
            self.act(name, self.peer(host), one, two)

    def act(self, name, host, one, two):
        getattr(self, f'_{name}')(host, one, two)

    def peer(self, host):
        return next(one for one in self.world.hosts if one is not host)

    def script(self, host, drawn):
        def interrupt(method, nth, after, deed):
            deed, after = _bearable(method, deed, after)
            return _come(method, nth, lambda: self.do(host, deed), after=after)

        return [
            interrupt(method, nth, after, deed)
            for ((method, nth), after), deed in drawn
        ]

    def image(self, one):
        """Choose an image: often one that is about to go."""
        images = sorted(self.world.images)
        if one % 2:
            images = self.world.claimed() or images
        return images[one % len(images)] if images else None

    def some(self, one, two):
        """Choose an image, or all that are about to go."""
        images = self.world.claimed() if two % 2 else []
        return images or [ref for ref in [self.image(one)] if ref]

    def _hold(self, host, one, two):
        owner = OWNERS[two % 3]
        self.world.forget_what_ended()
        if owner not in self.world.grants:
            self.world.hold(host, IMAGES[one % 3], owner)

    def _boot(self, host, one, two):
        self._hold(host, one, two)
        self.world.boot(OWNERS[two % 3])
        self._release(host, one, two)

    def _ask_and_die(self, host, one, two):
        """Leave a pin or a lease that was never granted."""
        with host.operation(
            _come(ADD, two % 2, lambda: host.fault('die'), after=True)
        ):
            self.act(('pin', 'hold')[two % 2], host, one, two)

    def _release(self, host, one, two):
        self.world.release(OWNERS[two % 3])

    def _pin(self, host, one, two):
        self.world.pin(host, IMAGES[one % 3], 'ops')

    def _unpin(self, host, one, two):
        self.world.unpin(host, IMAGES[one % 3], 'ops')

    def _clone(self, host, one, two):
        ref = self.image(one)
        if ref and len(self.world.machines) + len(self.world.open) < 6:
            self.world.clone(ref)

    def _untag(self, host, one, two):
        for ref in list(self.world.open)[:1]:
            self.world.untag(ref)

    def _spawn(self, host, one, two):
        self._clone(host, one, two)
        self._untag(host, one, two)

    def _end(self, host, one, two):
        for vm in list(self.world.machines)[: 1 + two % 3]:
            self.world.end(vm)

    def _attach(self, host, one, two):
        for ref in self.some(one, two):
            self.world.attach(ref)

    def _detach(self, host, one, two):
        self.world.detach()

    def _vouch(self, host, one, two):
        self.world.vouch()

    def _sleep(self, host, one, two):
        for ref in self.some(one, two):
            self.world.sleep(ref)

    def _wake(self, host, one, two):
        self.world.wake()

    def _lose_parent(self, host, one, two):
        self.world.lose_parent(one + 6 * two)

    def _scan(self, host, one, two):
        self.world.scan()

    def _snapshot(self, host, one, two):
        for disk in list(self.world.machines.values())[:1]:
            if len(self.world.disks.volumes) < 20:
                new = self.world.actors.snapshot(disk)
                self.world.born[self.world.uuid(new)] = self.world.reads

    def _coalesce(self, host, one, two):
        self.world.actors.coalesce()

    def _copy(self, host, one, two):
        ref = self.image(one)
        if ref and len(self.world.images) < 5:
            self.world.copy(ref)

    def _lose(self, host, one, two):
        ref = self.image(one)
        if ref:
            self.world.lose(ref)

    def _keep(self, host, one, two):
        for ref in self.some(one, two):
            if not self.world.relied_on(ref):
                self.world.keep(ref, only_name=two > 2)

    def _late(self, host, one, two):
        self.world.late = (10, 30, 59, 61, 90, 119)[one]

    def _log_out(self, host, one, two):
        self.world.actors.end_sessions()

    def _cache_again(self, host, one, two):
        if len(self.world.images) < 5:
            self.world.cache_image(IMAGES[one % 3])

    def _sweep(self, host, one, two):
        self.world.sweep(host)

    def _evict(self, host, one, two):
        self.world.evict(host, IMAGES[one % 3])

    def _wait(self, host, one, two):
        self.world.advance((1, 30, 61, 301, 541, 700)[one])

    def _stand_still(self, host, one, two):
        """Have a host stop for longer than it may; the other goes on."""
        self.world.tally['stops'] += 1
        self.world.advance((301, 541, 601, 661, 721, 1300)[one])
        acts = self._hold, self._boot, self._pin
        for number in range(len(IMAGES)):
            acts[two % 3](host, number, number)

    def _lose_tasks(self, host, one, two):
        self.world.tally['tasks lost'] += 1
        self.world.lose_tasks(done=one % 2)

    def _run_tasks(self, host, one, two):
        self.world.run_tasks()

    # The rules.

    @stateful.rule(n=which, drawn=scripts, complete=st.booleans())
    def sweep(self, n, drawn, complete):
        host = self.world.hosts[n % 2]
        script = self.script(host, drawn)
        self.world.sweep(host, *script, complete=complete)

    @stateful.rule(n=which, drawn=scripts)
    def sweep_what_lay_idle(self, n, drawn):
        """The common case: seen, no newborn any more, old enough, swept."""
        host = self.world.hosts[n % 2]
        self.ripen(self.peer(host), n)
        self.world.sweep(host, *self.script(host, drawn))

    @stateful.rule(n=which, one=which, drawn=scripts)
    def sweep_what_is_held(self, n, one, drawn):
        """A lease is what stands against the sweep, and nothing else."""
        host = self.world.hosts[n % 2]
        self._cache_again(host, one, one)
        self.world.sweep(host)
        self.world.advance(601)
        self._hold(self.peer(host), one, n)
        self.world.sweep(host, *self.script(host, drawn))

    @stateful.rule(n=which, one=which)
    def a_clone_whose_image_goes(self, n, one):
        """Nobody shares its bytes any more, and it still looks cached."""
        ref = self.image(one)
        if ref and len(self.world.open) < 3:
            self.world.clone(ref)
            self.world.lose(ref)
            self.world.actors.coalesce()
            for _ in range(3):
                self.world.sweep(self.world.hosts[n % 2])
                self.world.advance(100)

    def ripen(self, host, one, used=False):
        """Let an image be there that the next sweep evicts."""
        self._cache_again(host, one, one)
        if used:
            self.world.use(self.image(2 * one))
        for wait in 601, self.world.rules.min_age / SECOND + 1:
            self.world.sweep(host)
            self.world.advance(wait)

    @stateful.rule(n=which, one=which, nth=which)
    def a_removal_that_outlives_its_host(self, n, one, nth):
        """The claim expires, and the destroy is still in xapi's queue.

        It may be done between the looks at the disks and at the tasks.
        """
        host = self.world.hosts[n % 2]
        peer = self.peer(host)
        self.ripen(host, one)
        die = _come(DESTROY, 0, lambda: host.fault('die'), after=True)
        self.world.sweep(host, die)
        self.world.advance(max(700, self.world.delay - 60))
        with peer.operation(_come(TASKS, nth, self.world.run_tasks)):
            for image in range(3):
                self._hold(peer, image, image)
        self.world.advance(61)

    @stateful.rule(
        n=which,
        one=which,
        kind=st.sampled_from(FAULTS[:1] * 3 + FAULTS[1:2] * 3 + FAULTS[3:]),
        nth=st.integers(0, 3),
        times=st.sampled_from((2, 5, 20, 100, 1000)),
        name=st.sampled_from(('hold', 'boot', 'sweep', 'lose_tasks', 'pin')),
        drawn=scripts,
    )
    def a_removal_that_nobody_can_follow(
        self, n, one, kind, nth, times, name, drawn
    ):
        """Whoever asks after the task has no answer, for a while."""
        host = self.world.hosts[n % 2]
        self.ripen(host, one)
        deaf = [
            _come(method, nth, lambda: host.fault(kind), times=times)
            for method in ASKING
        ]
        other = _come('sleep', nth, lambda: self.act(name, host, one, n))
        script = *deaf, other, *self.script(host, drawn)
        self.world.sweep(self.world.hosts[n % 2], *script)
        for image in range(3):
            self._hold(self.peer(host), image, image)

    @stateful.rule(
        n=which,
        one=which,
        late=which,
        nth=st.integers(1, 6),
        spent=st.sampled_from((0, 300, 340, 355, 359, 535)),
        away=st.booleans(),
        dies=st.booleans(),
        wait=st.sampled_from((1, 5, 30, 200, 541, 600)),
    )
    def a_request_that_arrives_late(
        self, n, one, late, nth, spent, away, dies, wait
    ):
        """Nobody knows that it is on its way, and the claim grows old."""
        host = self.world.hosts[n % 2]
        peer = self.peer(host)
        self.ripen(host, one)
        script = [
            _come(FIND, nth, lambda: self.world.advance(spent)),
            _come(DESTROY, away, lambda: self._late(host, late, one)),
        ]
        if away:
            script.append(_come(DESTROY, 0, lambda: host.fault('away', 59)))
        if dies:
            die = _come('VDI.get_uuid', 0, lambda: host.fault('die'))
            script.append(die)
        self.world.sweep(host, *script)
        self._hold(peer, one, n)
        self.world.advance(wait)
        for image in range(3):
            self._hold(peer, image, image)
        self.world.advance(61)

    @stateful.rule(
        n=which,
        name=st.sampled_from(
            (
                'clone',
                'spawn',
                *('attach',) * 3,
                *('sleep',) * 2,
                'lose_parent',
                'boot',
                'hold',
                'pin',
                'copy',
                *('keep',) * 3,
                'untag',
                'ask_and_die',
            )
        ),
        nth=st.sampled_from((1, 2, 3, 3, 4, 4, 5, 6)),
        after=st.booleans(),
        two=which,
        used=st.booleans(),
        spent=st.sampled_from((0, 0, 0, 541, 700)),
    )
    def a_user_that_comes_in_an_eviction(
        self, n, name, nth, after, two, used, spent
    ):
        """In the moments between claim, look, last look and destroy.

        They may be long enough for the claim to run out.
        """
        host = self.world.hosts[n % 2]
        peer = self.peer(host)
        self.ripen(peer, n, used)

        def act():
            self.world.advance(spent)
            # Odd, so an image that is about to go; and that same one.
            self.act(name, peer, (3, 1, 5)[n % 3], two)

        self.world.sweep(host, _come(FIND, nth, act, after=after))

    @stateful.rule(n=which, one=which, lost=st.integers(0, 5))
    def a_copy_by_hand(self, n, one, lost):
        """Nobody has labelled the image yet, and it may go meanwhile."""
        if len(self.world.images) + len(self.world.twins) > 4:
            return
        ref = self.world.cache_image(IMAGES[one % 3])
        self.world.copy(ref)
        for turn, wait in enumerate((601, 901, 601, 1)):
            self.world.sweep(self.world.hosts[(n + turn) % 2])
            self.world.advance(wait)
            if turn == lost:
                self.world.lose(ref)

    @stateful.rule(n=which, one=which)
    def an_image_that_was_written_to(self, n, one):
        """Whoever had it has it no more, and nothing tells."""
        for ref in self.some(one, n)[:1]:
            self.world.attach(ref)
            self.world.sweep(self.world.hosts[n % 2])
            self.world.detach()
        for wait in 601, 901, 1:
            self.world.sweep(self.world.hosts[n % 2])
            self.world.advance(wait)

    @stateful.rule(n=which, one=which, drawn=scripts)
    def evict(self, n, one, drawn):
        host = self.world.hosts[n % 2]
        self.world.evict(host, IMAGES[one % 3], *self.script(host, drawn))

    @stateful.rule(
        n=which,
        name=st.sampled_from(('hold', 'boot', 'pin')),
        one=which,
        two=which,
        drawn=scripts,
    )
    def take(self, n, name, one, two, drawn):
        host = self.world.hosts[n % 2]
        with host.operation(*self.script(host, drawn)):
            self.act(name, host, one, two)

    @stateful.rule(
        n=which,
        name=st.sampled_from(
            (
                'release',
                'unpin',
                'clone',
                'untag',
                'spawn',
                'end',
                'attach',
                'detach',
                'vouch',
                'snapshot',
                'coalesce',
                'copy',
                'lose',
                *('lose_parent',) * 3,
                'scan',
                'sleep',
                'wake',
                'keep',
                'cache_again',
                'log_out',
                'wait',
                'run_tasks',
            )
        ),
        one=which,
        two=which,
    )
    def others(self, n, name, one, two):
        self.act(name, self.world.hosts[n % 2], one, two)

    @stateful.invariant()
    def machines_have_their_disks(self):
        if hasattr(self, 'world'):
            for disk in self.world.machines.values():
                assert self.world.rows.find('VDI', disk), disk

    def teardown(self):
        if not hasattr(self, 'world'):
            return
        try:
            if not self.world.broken:
                self.everybody_leaves()
        finally:
            # Other tests of this process sleep, and want tokens of chance.
            self.tokens.__exit__(None, None, None)
        TALLY.update(self.world.tally)
        TALLY['examples'] += 1

    def everybody_leaves(self):
        """No lock is for ever: in the end every image can go."""
        world = self.world
        host = world.hosts[0]
        for owner in list(world.grants):
            world.release(owner)
        for image_id in IMAGES:
            world.unpin(host, image_id, 'ops')
        world.hurry()
        world.detach()
        world.wake()
        world.look_into_copies()
        world.vouch()
        for ref in list(world.open):
            world.untag(ref)
        for vm in list(world.machines):
            world.end(vm)
        for ref, row in world.rows.rows('VDI').items():
            if row['is_a_snapshot'] or ref in world.kept:
                world.actors.delete(ref)
        world.actors.coalesce()
        world.scan()
        # By then whatever was set aside is tried again.
        world.advance(86400)
        for _ in range(5):
            world.sweep(host)
            world.advance(1600)
        left = [world.rows.get('VDI', ref) for ref in world.images]
        # A look at a batch may have seen who could write to it.
        assert not [row for row in left if not _bears(row, WRITABLE)]


def _bears(row, label):
    return any(key.endswith(f'/{label}') for key in row['other_config'])


def _come(method, nth, act, *, after=False, times=1):
    return Interruption(
        method=method, nth=nth, after=after, act=act, times=times
    )


def _bearable(method, deed, after):
    """Make of what was drawn what can be: a deed, and if after the call."""
    name, one, two = deed
    if name == 'late':
        # Only a destroy is followed on its way.
        return deed, after or method != DESTROY
    if name != 'fault':
        return deed, after
    if method == 'sleep':
        # Nobody's sleep fails, but a host may die in it.
        return ('fault', 0, FAULTS.index('die')), after
    if method in (ADD, REMOVE) and FAULTS[two].startswith('HANDLE_INVALID'):
        # They touch no other disk that could be gone.
        return ('fault', one, FAULTS.index('away')), False
    if FAULTS[two] in AFTERWARDS:
        return deed, after
    if method == DESTROY and one % 2 and ' ' in FAULTS[two]:
        return ('trouble', one, two), False
    return deed, False


def _seeds():
    """Give where each batch begins: told, so that it is found again."""
    first = secrets.randbelow(10**9) if NEW else 0
    print(f'seeds from {first}')
    return range(first, first + -(-EXAMPLES // BATCH))


def test_no_promise_is_broken():
    TALLY.clear()
    logging.disable()  # every fault would be told
    settings = hypothesis.settings(
        max_examples=BATCH + 1,  # the first one is the empty one
        stateful_step_count=STEPS,
        database=None,
        derandomize=True,
        # Not shrunk: what is found is printed, and found again.
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        for seed in _seeds():
            stateful.run_state_machine_as_test(
                hypothesis.seed(seed)(Hosts), settings=settings
            )
    finally:
        logging.disable(logging.NOTSET)
    for name, count in sorted(TALLY.items()):
        print(f'{count:>9} {name}')
    check_that_much_happened()


def check_that_much_happened():
    """The same examples always do; of others, few hang more on chance."""
    scale = int(EXAMPLES * 0.8)
    if NEW or EXAMPLES < 500:
        scale = int(EXAMPLES * min(1, EXAMPLES / 500) ** 0.5 / 2)
    assert TALLY['removals'] >= 10 * scale
    assert TALLY['late requests'] >= scale / 2
    assert TALLY['tasks lost'] >= scale / 4
    assert TALLY['stops'] >= scale / 4
    assert TALLY['parents lost'] >= scale / 2
    for kind in FAULTS:
        assert TALLY[f'fault {kind}'] >= scale, kind
    for reason in KEEPS:
        assert TALLY[f'kept {reason}'] >= 5 * scale, reason
