"""Claims and leases suffice: every order of everybody's steps is tried.

``pytest -s`` prints how many states that is.  Each demand of the protocol
is then taken away in turn, and each must be missed; so is each promise that
the protocol asks of clocks, backends and callers.
"""

from collections.abc import Callable
import dataclasses

import pytest

from tests.proofs import claim_model as model
from tests.proofs.claim_model import ENDLESS
from tests.proofs.claim_model import Graph
from tests.proofs.claim_model import Machine
from tests.proofs.claim_model import Protocol
from tests.proofs.claim_model import Setting
from tests.proofs.claim_model import State
from tests.proofs.claim_model import Times
from tests.proofs.claim_model import Violation

SKEWED = (-1, 1)
# The fewest ticks in which the protocol can work: with clocks that agree,
# the same with time to wait for others, and with clocks that do not agree.
SHORT = Times(claim=2, deadline=1, skew=0, slack=1, lease=2, boot=0, timeout=1)
PATIENT = dataclasses.replace(SHORT, claim=4, deadline=2, slack=2)
TIGHT = Times(claim=5, deadline=2, skew=1, slack=2, lease=4, boot=0, timeout=1)

ONE_EACH = Setting(name='one sweeper', sweepers=1, clocks=SKEWED)
OUTSIDER = Setting(
    name='outsider', times=TIGHT, sweepers=1, removals=1, additions=1
)
BATCH = Setting(name='batch', sweepers=1, images=2, booters=(1,))
TOGETHER = Setting(
    name='a batch removed together, two booters, a death',
    times=PATIENT,
    sweepers=1,
    images=2,
    booters=(0, 1),
    crashes=1,
    together=True,
)
RENEWAL = Setting(
    name='renewal', times=TIGHT, sweepers=1, clocks=SKEWED, renewals=1
)
SLOW = Setting(
    name='slow removals, claims forgotten',
    times=SHORT,
    slow=True,
    forgets=True,
)
TAKEOVER = Setting(name='takeover', times=SHORT, crashes=1, additions=1)
PAIR = Setting(name='two in step', booters=(), lag=0, must_free=True)
THREE = dataclasses.replace(PAIR, name='three in step', sweepers=3)
STILL = Setting(
    name='stands still', times=TIGHT, sweepers=1, clocks=SKEWED, still=True
)
SURVIVOR = Setting(
    name='death, then pass after pass',
    booters=(),
    clocks=SKEWED,
    lag=0,
    passes=ENDLESS,
    rest=6,
    crashes=1,
    must_free=True,
)

SETTINGS = (
    ONE_EACH,
    OUTSIDER,
    BATCH,
    TOGETHER,
    RENEWAL,
    SLOW,
    TAKEOVER,
    PAIR,
    THREE,
    SURVIVOR,
    STILL,
    Setting(
        name='three sweepers, a booter, a death, an addition',
        times=SHORT,
        sweepers=3,
        crashes=1,
        additions=1,
    ),
    Setting(
        name='two sweepers that wait, a death, an addition',
        times=PATIENT,
        crashes=1,
        additions=1,
    ),
    Setting(name='two sweepers, skewed', times=TIGHT, clocks=SKEWED),
    Setting(name='two booters', times=SHORT, booters=(0, 0)),
    Setting(
        name='skewed, a death, an outsider',
        sweepers=1,
        clocks=SKEWED,
        crashes=1,
        removals=1,
        additions=1,
    ),
    Setting(
        name='clocks that jump twice, a death',
        times=TIGHT,
        sweepers=1,
        clocks=SKEWED,
        jumps=2,
        crashes=1,
    ),
    Setting(
        name='labels written late',
        times=TIGHT,
        sweepers=1,
        clocks=SKEWED,
        delays=(0, 1, 3),
    ),
    Setting(
        name='slow removals, skewed',
        times=TIGHT,
        sweepers=1,
        clocks=SKEWED,
        slow=True,
        forgets=True,
    ),
    Setting(
        name='two batches, a booter, a death',
        times=SHORT,
        images=2,
        booters=(1,),
        crashes=1,
    ),
    Setting(
        name='a batch, two booters',
        times=PATIENT,
        sweepers=1,
        images=2,
        booters=(0, 1),
        crashes=1,
    ),
    dataclasses.replace(THREE, name='three batches in step', images=2),
    Setting(
        name='two batches removed together, slowly',
        times=SHORT,
        images=2,
        booters=(1,),
        slow=True,
        together=True,
    ),
    dataclasses.replace(
        THREE,
        name='three nearly in step',
        times=Times(claim=18, deadline=9),
        clocks=SKEWED,
        lag=1,
    ),
)

# Each demand with a setting that misses it, and what happens there.
DEMANDS = (
    ('claims_first', ONE_EACH, 'loss'),
    ('looks_again', ONE_EACH, 'loss'),
    ('needs_own_claim', OUTSIDER, 'loss'),
    ('heeds_users', ONE_EACH, 'loss'),
    ('heeds_leases', ONE_EACH, 'loss'),
    ('heeds_busy', SLOW, 'double'),
    ('heeds_claims', PAIR, 'double'),
    ('judges_at_once', ONE_EACH, 'loss'),
    ('keeps_deadline', ONE_EACH, 'loss'),
    ('own_ends_early', RENEWAL, 'loss'),
    ('others_end_late', ONE_EACH, 'loss'),
    ('claims_end', SURVIVOR, 'livelock'),
    ('never_takes_over', TAKEOVER, 'double'),
    ('same_object', OUTSIDER, 'loss'),
    ('smallest_stays', PAIR, 'starvation'),
    ('others_withdraw', PAIR, 'starvation'),
    ('largest_withdraws', THREE, 'starvation'),
    ('checks_each', BATCH, 'loss'),
    ('asks_last', STILL, 'loss'),
    ('lost_keeps_claim', SLOW, 'loss'),
    ('renewal_checked', RENEWAL, 'loss'),
    ('forgets_dead_only', SLOW, 'double'),
    ('forgets_idle_only', SLOW, 'loss'),
    ('hold_marks_first', ONE_EACH, 'loss'),
    ('hold_needs_own', OUTSIDER, 'loss'),
    ('hold_heeds_claims', ONE_EACH, 'loss'),
    ('hold_heeds_busy', SLOW, 'loss'),
    ('hold_judges_at_once', ONE_EACH, 'loss'),
    ('hold_needs_half', ONE_EACH, 'loss'),
    ('user_before_release', ONE_EACH, 'loss'),
)

# What is asked of others, one tick beyond what they may take.
BEYOND = (
    ('clocks further apart', {'clocks': (-2, 2)}),
    ('an eviction stalled', {'times': Times(slack=3)}),
    ('a boot past half its lease', {'times': Times(boot=2)}),
)


def boots_without(state: State) -> bool:
    return state.booters[0].step == model.QUITS and not state.sweepers[0].dead


def is_claimed_by_the_dead(state: State) -> bool:
    owners = zip(state.sweepers, state.images[0].claims, strict=True)
    return any(me.dead and claim is not None for me, claim in owners)


def has_an_orphan(state: State) -> bool:
    return any(
        me.dead and me.jobs[0].step == model.PENDING for me in state.sweepers
    )


def removes_two_at_once(state: State) -> bool:
    steps = [job.step for job in state.sweepers[0].jobs]
    return steps == [model.SENT, model.SENT]


def acts_on_a_renewed_claim(state: State) -> bool:
    me = state.sweepers[0]
    return not me.renewals and me.jobs[0].step == model.SENT


# What a setting must come across, or it would prove nothing.
SIGHTS: tuple[tuple[Setting, Callable[[State], bool]], ...] = (
    (ONE_EACH, lambda state: not state.images[0].object),
    (ONE_EACH, lambda state: state.images[0].used),
    (ONE_EACH, boots_without),
    (SURVIVOR, is_claimed_by_the_dead),
    (
        OUTSIDER,
        lambda state: state.images[0].object == 2 and state.images[0].used,
    ),
    (SLOW, has_an_orphan),
    (PAIR, lambda state: state.sweepers[0].jobs[0].step == model.WAITS),
    (
        BATCH,
        lambda state: not state.images[0].object and state.images[1].used,
    ),
    (TOGETHER, removes_two_at_once),
    (RENEWAL, acts_on_a_renewed_claim),
)


def search(
    setting: Setting, protocol: Protocol | None = None
) -> tuple[Graph, Violation | None]:
    graph = Graph(Machine(setting, protocol or Protocol()))
    return graph, model.violation(graph)


@pytest.mark.parametrize('setting', SETTINGS, ids=lambda one: one.name)
def test_no_order_of_steps_is_bad(setting):
    graph, bad = search(setting)
    print(f'{len(graph.states):>7,} states: {setting.name}')
    assert bad is None, str(bad)
    for shown, sight in SIGHTS:
        assert shown is not setting or graph.first(sight) is not None


@pytest.mark.parametrize(
    ('demand', 'setting', 'kind'), DEMANDS, ids=[one[0] for one in DEMANDS]
)
def test_every_demand_is_needed(demand, setting, kind):
    graph, bad = search(setting, Protocol(**{demand: False}))
    print(f'{len(graph.states):>7,} states without {demand}: {bad}')
    assert bad is not None
    assert bad.kind == kind


def test_what_is_removed_together_is_checked_each_by_itself():
    _, bad = search(TOGETHER, Protocol(checks_each=False))
    assert bad is not None
    assert bad.kind == 'loss'


def test_the_table_of_demands_is_complete():
    demands = [field.name for field in dataclasses.fields(Protocol)]
    assert [one[0] for one in DEMANDS] == demands


@pytest.mark.parametrize(
    ('what', 'change'), BEYOND, ids=[one[0] for one in BEYOND]
)
def test_beyond_what_is_asked_of_others_nothing_is_promised(what, change):
    _, bad = search(dataclasses.replace(ONE_EACH, **change))
    print(f'{what}: {bad}')
    assert bad is not None
    assert bad.kind == 'loss'
