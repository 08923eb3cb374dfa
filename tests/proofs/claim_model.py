"""The protocol of claims and leases as a machine, and a search of it all.

Sweepers evict, booters hold, an outsider removes and adds again, anybody
dies, time passes: ``explore`` visits every state that any order of these
steps can reach.  What the protocol demands is a switch of ``Protocol``, so
that a test can take one demand away and see what breaks.

Times are whole ticks and an expiry is stored as what is left of it by true
time, so a state does not know the date and the machine stays finite.  A
clock shows true time plus its own error.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import functools
import itertools
from typing import NamedTuple
from typing import TypeVar

T = TypeVar('T')

# Where a sweeper stands with one image.
TODO = 'todo'
LOOKED = 'looked'
CLAIMED = 'claimed'
WAITS = 'waits'
GO = 'go'
RENEWS = 'renews'
RENEWED = 'renewed'
KEEP = 'keep'
SENT = 'sent'
PENDING = 'pending'
DONE = 'done'

# Where a booter stands.
READY = 'ready'
CHECKED = 'checked'
LEASED = 'leased'
ASLEEP = 'asleep'
AWAKE = 'awake'
HELD = 'held'
BARE = 'bare'
USING = 'using'
QUITS = 'quits'
OVER = 'over'

GRANTED = (HELD, BARE)
IN_FLIGHT = (SENT, PENDING)
ENDLESS = -1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What the protocol demands; all True is the protocol."""

    # Of who evicts.
    claims_first: bool = True
    looks_again: bool = True
    needs_own_claim: bool = True
    heeds_users: bool = True
    heeds_leases: bool = True
    heeds_busy: bool = True
    heeds_claims: bool = True
    judges_at_once: bool = True
    keeps_deadline: bool = True
    own_ends_early: bool = True
    others_end_late: bool = True
    claims_end: bool = True
    never_takes_over: bool = True
    same_object: bool = True
    smallest_stays: bool = True
    others_withdraw: bool = True
    largest_withdraws: bool = True
    checks_each: bool = True
    asks_last: bool = True
    lost_keeps_claim: bool = True
    renewal_checked: bool = True
    forgets_dead_only: bool = True
    forgets_idle_only: bool = True
    # Of who holds.
    hold_marks_first: bool = True
    hold_needs_own: bool = True
    hold_heeds_claims: bool = True
    hold_heeds_busy: bool = True
    hold_judges_at_once: bool = True
    hold_needs_half: bool = True
    user_before_release: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations in ticks.

    ``slack`` is how long an eviction that has begun takes to reach the
    backend, ``boot`` how long a holder takes to become a user: both are
    what the protocol asks of others, not what it checks.
    """

    claim: int = 6
    deadline: int = 3
    skew: int = 1
    slack: int = 2
    lease: int = 6
    boot: int = 1
    timeout: int = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Who takes part, and how much may happen to them."""

    name: str
    times: Times = Times()
    sweepers: int = 2
    passes: int = 1
    rest: int = 1  # between two passes
    renewals: int = 0
    images: int = 1
    booters: tuple[int, ...] = (0,)  # the image that each wants
    clocks: tuple[int, ...] = (0,)  # the errors that a clock may have
    jumps: int = 0  # how often a clock may change its error
    delays: tuple[int, ...] = (0,)  # from reading the clock to a label
    crashes: int = 0
    removals: int = 0  # by the outsider
    additions: int = 0
    still: bool = False  # an evictor may stop inside evict, for any time
    together: bool = False  # an evictor hands over what a look let pass
    slow: bool = False  # a removal outlives its caller, and shows as busy
    forgets: bool = False  # sweeps remove claims that ended long ago
    lag: int | None = None  # ticks that somebody able to act may sit out
    must_free: bool = False  # whatever happens, the images go in the end


class Image(NamedTuple):
    """One location: its object (0: none), and what that object bears."""

    object: int
    claims: tuple[int | None, ...]
    leases: tuple[int | None, ...]
    used: bool = False


class Job(NamedTuple):
    """One sweeper's work on one image."""

    step: str = TODO
    object: int = 0
    flight: int = 0
    seen: Image | None = None


class Sweeper(NamedTuple):
    jobs: tuple[Job, ...]
    clock: int
    stamp: int  # the clock's error when the claim was written
    age: int = 0  # of the claim, on a monotonic clock
    fresh: int = 0  # the same of a renewed claim, while it is written
    passes: int = 0
    renewals: int = 0
    dead: bool = False
    lag: int = 0


class Booter(NamedTuple):
    clock: int
    step: str = READY
    object: int = 0
    waited: int = 0
    flight: int = 0
    seen: Image | None = None
    dead: bool = False
    lag: int = 0


class State(NamedTuple):
    images: tuple[Image, ...]
    sweepers: tuple[Sweeper, ...]
    booters: tuple[Booter, ...]
    crashes: int
    removals: int
    additions: int
    jumps: int
    bad: str = ''


Move = tuple[str, State]


class Machine:
    """Every step that may come next, in one setting under one protocol."""

    def __init__(self, setting: Setting, protocol: Protocol) -> None:
        self.setting = setting
        self.times = setting.times
        self.protocol = protocol
        error = max(map(abs, setting.clocks))
        self._floor = -(self.times.skew + error)
        if setting.forgets:
            self._floor = -(self.times.claim + error + 1)
        self._done = (Job(DONE),) * setting.images
        # Half of the time of a search would go into making these again.
        self._later_image = functools.cache(self._age_image)
        self._later_booter = functools.cache(self._age_booter)
        self._later_sweeper = functools.cache(self._age_sweeper)

    def starts(self) -> Iterator[State]:
        setting = self.setting
        sweepers, booters = setting.sweepers, len(setting.booters)
        blank = self._blank(1)
        for clocks in itertools.product(
            setting.clocks, repeat=sweepers + booters
        ):
            # Only how far clocks are apart can matter.
            if min(clocks) > setting.clocks[0] and not setting.jumps:
                continue
            yield State(
                images=(blank,) * setting.images,
                sweepers=tuple(map(self._sweeper, clocks[:sweepers])),
                booters=tuple(map(Booter, clocks[sweepers:])),
                crashes=setting.crashes,
                removals=setting.removals,
                additions=setting.additions,
                jumps=setting.jumps,
            )

    def _blank(self, number: int) -> Image:
        return Image(
            number,
            (None,) * self.setting.sweepers,
            (None,) * len(self.setting.booters),
        )

    def _sweeper(self, clock: int) -> Sweeper:
        return Sweeper(
            jobs=(Job(),) * self.setting.images,
            clock=clock,
            stamp=clock,
            passes=self.setting.passes,
            renewals=self.setting.renewals,
        )

    def moves(self, state: State) -> Iterator[Move]:
        if state.bad:
            return
        for n in range(len(state.sweepers)):
            yield from self._sweeps(state, n)
        for n in range(len(state.booters)):
            yield from self._boots(state, n)
        yield from self._outsider(state)
        if state.jumps:
            yield from self._jumps(state)
        later = self._tick(state)
        if later is not None and later != state:
            yield 'a tick', later

    # What a sweeper does.

    def _sweeps(self, state: State, n: int) -> Iterator[Move]:
        me = state.sweepers[n]
        if me.jobs == self._done:
            return
        who = f'sweeper {n}'
        if not me.dead:
            yield from self._tidies(state, n)
        for what, after in self._acts(state, n):
            yield f'{who} {what}', after
        if state.crashes and not me.dead and self._begun(me):
            dead = self._die(me)
            yield (
                f'{who} dies',
                _with(state, n, dead)._replace(crashes=state.crashes - 1),
            )

    def _begun(self, me: Sweeper) -> bool:
        return any(job.step not in (TODO, DONE) for job in me.jobs)

    def _die(self, me: Sweeper) -> Sweeper:
        jobs = tuple(
            job if job.step in IN_FLIGHT else Job(DONE) for job in me.jobs
        )
        return Sweeper(jobs, me.clock, me.clock, dead=True)

    def _acts(self, state: State, n: int) -> Iterator[Move]:
        me = state.sweepers[n]
        flying = [k for k, job in enumerate(me.jobs) if job.step in IN_FLIGHT]
        if flying:
            for k in flying:
                yield from self._flies(state, n, k)
            if self.setting.together and not me.dead:
                yield from self._begins_another(state, n)
            return
        if me.dead:
            return
        for k, job in enumerate(me.jobs):
            if job.step in (TODO, LOOKED) or self._unmarked(job):
                yield from self._claims(state, n, k)
                return
        for k, job in enumerate(me.jobs):
            if job.step in (GO, KEEP, RENEWS, RENEWED):
                yield from self._proceeds(state, n, k)
                return
        if any(job.step == CLAIMED for job in me.jobs):
            yield self._looks(state, n)

    def _begins_another(self, state: State, n: int) -> Iterator[Move]:
        """Begin what was handed over with what is under way."""
        for k, job in enumerate(state.sweepers[n].jobs):
            if job.step == GO:
                yield f'begins to evict {k} too', self._begins(state, n, k)

    def _unmarked(self, job: Job) -> bool:
        return job.step == CLAIMED and job.seen is not None

    def _claims(self, state: State, n: int, k: int) -> Iterator[Move]:
        job = state.sweepers[n].jobs[k]
        if self._unmarked(job):
            yield 'judges what it saw', self._judges(state, n, k, job.seen)
        elif job.step == TODO and self._looks_before():
            found = self._first_look(state, n, k)
            yield f'looks at {k} first', self._job(state, n, k, found)
        else:
            yield from self._marks(state, n, k)

    def _looks_before(self) -> bool:
        return not (
            self.protocol.claims_first and self.protocol.never_takes_over
        )

    def _first_look(self, state: State, n: int, k: int) -> Job:
        image = state.images[k]
        me = state.sweepers[n]
        if self._blocked(state, me, k, image) or self._rivals(n, me, image):
            return Job(DONE)
        return Job(LOOKED, image.object)

    def _marks(self, state: State, n: int, k: int) -> Iterator[Move]:
        image = state.images[k]
        me = state.sweepers[n]
        first = not self._begun(me) or me.jobs[k].step == LOOKED
        if not image.object:
            yield f'finds {k} gone', self._job(state, n, k, Job(DONE))
            return
        for delay in self.setting.delays if first else (0,):
            age = delay if first else me.age
            left = self.times.claim + me.clock - age
            rivals = image.claims
            if not self.protocol.never_takes_over:
                rivals = (None,) * len(rivals)
            marked = image._replace(claims=_put(rivals, n, left))
            claimer = me._replace(age=age, stamp=me.clock)
            after = _with(self._image(state, k, marked), n, claimer)
            step = CLAIMED
            if not (self.protocol.looks_again and self.protocol.claims_first):
                step = GO
            yield (
                f'claims {k}',
                self._job(after, n, k, Job(step, image.object)),
            )

    def _looks(self, state: State, n: int) -> Move:
        after = state
        for k, job in enumerate(state.sweepers[n].jobs):
            if job.step != CLAIMED:
                continue
            if self.protocol.judges_at_once:
                after = self._judges(after, n, k, state.images[k])
            else:
                seen = job._replace(seen=state.images[k])
                after = self._job(after, n, k, seen)
        return 'looks', after

    def _judges(
        self, state: State, n: int, k: int, image: Image | None
    ) -> State:
        """Decide by what a look showed, with the time that it is now."""
        assert image is not None
        me = state.sweepers[n]
        job = me.jobs[k]
        own = image.object == job.object and image.claims[n] is not None
        if not image.object or (self.protocol.needs_own_claim and not own):
            return self._job(state, n, k, Job(DONE))
        step = GO
        if self._blocked(state, me, k, image) or not self._alive(me):
            step = KEEP
        elif rivals := self._rivals(n, me, image):
            stays = self._stays(n, rivals) and self._in_time(me)
            step = WAITS if stays else KEEP
        return self._job(state, n, k, Job(step, image.object))

    def _blocked(
        self, state: State, me: Sweeper, k: int, image: Image
    ) -> bool:
        rules = self.protocol
        if image.used and rules.heeds_users:
            return True
        if rules.heeds_busy and self._busy(state, k, image):
            return True
        return rules.heeds_leases and any(
            self._live(left, me.clock) for left in image.leases
        )

    def _rivals(self, n: int, me: Sweeper, image: Image) -> list[int]:
        if not self.protocol.heeds_claims:
            return []
        return [
            rival
            for rival, left in enumerate(image.claims)
            if rival != n and self._live(left, me.clock)
        ]

    def _stays(self, n: int, rivals: list[int]) -> bool:
        rules = self.protocol
        if not rules.others_withdraw:
            return True
        if not rules.largest_withdraws and n > max(rivals):
            return True
        return rules.smallest_stays and n < min(rivals)

    def _live(self, left: int | None, clock: int) -> bool:
        """Tell if another's label counts for who has this clock."""
        if left is None:
            return False
        if not self.protocol.claims_end:
            return True
        grace = self.times.skew if self.protocol.others_end_late else 0
        return left > clock - grace

    def _busy(self, state: State, k: int, image: Image) -> bool:
        """Tell if a removal may be pending: known by the claim on it."""
        return any(left is not None for left in image.claims) and any(
            sweeper.jobs[k].step == PENDING
            and sweeper.jobs[k].object == image.object
            for sweeper in state.sweepers
        )

    def _alive(self, me: Sweeper) -> bool:
        grace = self.times.skew if self.protocol.own_ends_early else 0
        return self._within(me, self.times.claim - grace)

    def _in_time(self, me: Sweeper) -> bool:
        return self._within(me, self.times.deadline)

    def _within(self, me: Sweeper, limit: int) -> bool:
        shown = me.age + me.clock - me.stamp
        return me.age < limit and shown < limit

    def _proceeds(self, state: State, n: int, k: int) -> Iterator[Move]:
        step = state.sweepers[n].jobs[k].step
        if step == KEEP:
            yield f'withdraws from {k}', self._withdraws(state, n, k)
        elif step == GO:
            yield f'begins to evict {k}', self._begins(state, n, k)
            yield from self._renews(state, n, k)
        elif step == RENEWS:
            yield 'writes a renewed claim', self._rewrites(state, n, k)
        else:
            yield 'checks the renewal', self._rechecks(state, n, k)

    def _withdraws(self, state: State, n: int, k: int) -> State:
        image = state.images[k]
        after = self._job(state, n, k, Job(DONE))
        if image.object != state.sweepers[n].jobs[k].object:
            return after
        bare = image._replace(claims=_put(image.claims, n, None))
        return self._image(after, k, bare)

    def _begins(self, state: State, n: int, k: int) -> State:
        """Call evict, which checks the labels and then removes."""
        me = state.sweepers[n]
        job = me.jobs[k]
        image = state.images[k]
        if not self._may_begin(me, k):
            return self._job(state, n, k, job._replace(step=KEEP))
        if not image.object or not self._bears(image, job, n):
            return self._job(state, n, k, Job(DONE))
        twice = self._flying(state, k)
        after = self._job(state, n, k, job._replace(step=SENT))
        return self._bad(after, 'double', twice)

    def _flying(self, state: State, k: int) -> bool:
        here = state.images[k].object
        return any(
            me.jobs[k].step in IN_FLIGHT and me.jobs[k].object == here
            for me in state.sweepers
        )

    def _bears(self, image: Image, job: Job, n: int) -> bool:
        """Tell if an object bears the labels that the look showed."""
        if not self.protocol.same_object:
            return True
        claimed = image.claims[n] is not None
        shown = self.protocol.needs_own_claim
        return image.object == job.object and (claimed or not shown)

    def _may_begin(self, me: Sweeper, k: int) -> bool:
        if k and not self.protocol.checks_each:
            return True
        late = self.protocol.keeps_deadline and not self._in_time(me)
        return self._alive(me) and not late

    def _renews(self, state: State, n: int, k: int) -> Iterator[Move]:
        me = state.sweepers[n]
        if me.renewals and self._alive(me):
            job = me.jobs[k]._replace(step=RENEWS)
            after = _with(
                state, n, me._replace(fresh=0, renewals=me.renewals - 1)
            )
            yield 'stamps a new claim', self._job(after, n, k, job)

    def _rewrites(self, state: State, n: int, k: int) -> State:
        me = state.sweepers[n]
        image = state.images[k]
        job = me.jobs[k]
        if image.object != job.object:
            return self._job(state, n, k, Job(DONE))
        left = self.times.claim + me.clock - me.fresh
        marked = image._replace(claims=_put(image.claims, n, left))
        return self._job(
            self._image(state, k, marked), n, k, job._replace(step=RENEWED)
        )

    def _rechecks(self, state: State, n: int, k: int) -> State:
        """Go on only if the old claim outlived the writing of the new."""
        me = state.sweepers[n]
        held = self._alive(me) or not self.protocol.renewal_checked
        renewed = me._replace(age=me.fresh, stamp=me.clock, fresh=0)
        job = me.jobs[k]._replace(step=GO if held else KEEP)
        return self._job(_with(state, n, renewed), n, k, job)

    def _flies(self, state: State, n: int, k: int) -> Iterator[Move]:
        """What becomes of an eviction, with its caller or without."""
        me = state.sweepers[n]
        job = me.jobs[k]
        if job.step == SENT and self.setting.slow:
            arrived = Job(PENDING, job.object)
            yield 'is heard', self._job(state, n, k, arrived)
        else:
            yield f'removes {k}', self._removes(state, n, k)
        if me.dead or job.step == PENDING:
            ended = Job(DONE) if me.dead else job._replace(step=KEEP)
            yield 'fails to remove', self._job(state, n, k, ended)
        if job.step == PENDING and not me.dead:
            yield 'follows no longer', self._loses_track(state, n, k)

    def _loses_track(self, state: State, n: int, k: int) -> State:
        after = state
        if not self.protocol.lost_keeps_claim:
            image = state.images[k]
            bare = image._replace(claims=_put(image.claims, n, None))
            after = self._image(state, k, bare)
        return _with(after, n, self._die(state.sweepers[n]))

    def _removes(self, state: State, n: int, k: int) -> State:
        image = state.images[k]
        job = state.sweepers[n].jobs[k]
        after = self._job(state, n, k, Job(DONE))
        same = image.object == job.object or not self.protocol.same_object
        if not (image.object and same):
            return after
        if self._refuses(state.sweepers[n]):
            return self._job(state, n, k, job._replace(step=KEEP))
        after = self._image(after, k, self._blank(0))
        return self._bad(after, 'loss', self._needed(state, k))

    def _refuses(self, me: Sweeper) -> bool:
        """Tell if the handler, asking at its last step, hears of an end."""
        asks = self.setting.still and self.protocol.asks_last
        return asks and not me.dead and not self._alive(me)

    def _needed(self, state: State, k: int) -> bool:
        return state.images[k].used or any(
            booter.step in GRANTED and wanted == k and not booter.dead
            for booter, wanted in zip(
                state.booters, self.setting.booters, strict=True
            )
        )

    def _tidies(self, state: State, n: int) -> Iterator[Move]:
        me = state.sweepers[n]
        if not self.setting.forgets or self._begun(me):
            return
        if any(job.step == DONE for job in me.jobs):
            return
        rules = self.protocol
        limit = me.clock - self.times.claim
        if not rules.forgets_dead_only:
            limit = self.times.claim * 2
        for k, image in enumerate(state.images):
            if rules.forgets_idle_only and self._busy(state, k, image):
                continue
            claims = tuple(
                None if left is not None and left < limit else left
                for left in image.claims
            )
            if claims != image.claims:
                bare = image._replace(claims=claims)
                yield (
                    f'sweeper {n} forgets claims on {k}',
                    self._image(state, k, bare),
                )

    # What a booter does.

    def _boots(self, state: State, n: int) -> Iterator[Move]:
        me = state.booters[n]
        if me.dead or me.step == OVER:
            return
        for what, after in self._steps(state, n):
            yield f'booter {n} {what}', after
        if state.crashes and me.step != READY:
            dead = Booter(me.clock, OVER, dead=True)
            yield (
                f'booter {n} dies',
                self._booter(state, n, dead)._replace(
                    crashes=state.crashes - 1
                ),
            )

    def _steps(self, state: State, n: int) -> Iterator[Move]:
        me = state.booters[n]
        if me.step == READY and not self.protocol.hold_marks_first:
            yield 'looks first', self._checks(state, n)
        elif me.step in (READY, AWAKE, CHECKED):
            yield from self._leases(state, n)
        elif me.step == LEASED:
            yield self._asks(state, n)
        elif me.step == HELD and not self.protocol.user_before_release:
            yield 'releases early', self._releases(state, n, BARE)
        elif me.step in GRANTED:
            step = USING if me.step == HELD else OVER
            yield 'uses the image', self._uses(state, n, step)
        elif me.step in (USING, QUITS):
            yield 'removes its lease', self._releases(state, n, OVER)

    def _checks(self, state: State, n: int) -> State:
        me = state.booters[n]
        image = state.images[self.setting.booters[n]]
        free = image.object and not self._taken(state, n, image)
        step = CHECKED if free else OVER
        return self._booter(
            state, n, me._replace(step=step, object=image.object)
        )

    def _taken(self, state: State, n: int, image: Image) -> bool:
        rules = self.protocol
        k, clock = self.setting.booters[n], state.booters[n].clock
        if rules.hold_heeds_busy and self._busy(state, k, image):
            return True
        return rules.hold_heeds_claims and any(
            self._live(left, clock) for left in image.claims
        )

    def _leases(self, state: State, n: int) -> Iterator[Move]:
        me = state.booters[n]
        k = self.setting.booters[n]
        image = state.images[k]
        known = me.step == READY or image.object == me.object
        if not image.object or not known:
            yield 'finds it gone', self._ends(state, n)
            return
        for delay in self.setting.delays:
            left = self.times.lease + me.clock - delay
            marked = image._replace(leases=_put(image.leases, n, left))
            step = HELD if me.step == CHECKED else LEASED
            leased = me._replace(step=step, object=image.object)
            after = self._image(state, k, marked)
            yield 'writes a lease', self._booter(after, n, leased)

    def _asks(self, state: State, n: int) -> Move:
        """Look, and decide by what the look showed with the time then."""
        me = state.booters[n]
        image = state.images[self.setting.booters[n]]
        if self.protocol.hold_judges_at_once:
            return self._decides(state, n, image)
        if me.seen is None:
            return 'looks', self._booter(state, n, me._replace(seen=image))
        forgets = self._booter(state, n, me._replace(seen=None))
        return self._decides(forgets, n, me.seen)

    def _decides(self, state: State, n: int, image: Image) -> Move:
        me = state.booters[n]
        left = image.leases[n] if image.object == me.object else None
        if not image.object:
            return 'finds it gone', self._ends(state, n)
        if left is None and self.protocol.hold_needs_own:
            return 'finds another', self._ends(state, n)
        if not self._taken(state, n, image) and self._enough(left, me.clock):
            return 'is granted', self._grants(state, n, image)
        late = me.waited >= self.times.timeout
        waits = me._replace(step=QUITS if late else ASLEEP)
        return 'is refused', self._booter(state, n, waits)

    def _grants(self, state: State, n: int, image: Image) -> State:
        held = state.booters[n]._replace(
            step=HELD, object=image.object, waited=0
        )
        there = state.images[self.setting.booters[n]].object
        after = self._booter(state, n, held)
        return self._bad(after, 'loss', there != image.object)

    def _enough(self, left: int | None, clock: int) -> bool:
        if left is None:
            return True
        half = self.times.lease // 2
        least = half if self.protocol.hold_needs_half else 1
        return left - clock >= least

    def _uses(self, state: State, n: int, step: str) -> State:
        k = self.setting.booters[n]
        used = state.images[k]._replace(used=True)
        me = state.booters[n]._replace(step=step, flight=0)
        if step == OVER:
            me = Booter(me.clock, OVER)
        return self._booter(self._image(state, k, used), n, me)

    def _releases(self, state: State, n: int, step: str) -> State:
        k = self.setting.booters[n]
        image = state.images[k]
        me = state.booters[n]
        after = state
        if image.object == me.object:
            bare = image._replace(leases=_put(image.leases, n, None))
            after = self._image(state, k, bare)
        if step == OVER:
            return self._ends(after, n)
        return self._booter(after, n, me._replace(step=step))

    def _ends(self, state: State, n: int) -> State:
        return self._booter(state, n, Booter(state.booters[n].clock, OVER))

    # What happens to them all.

    def _outsider(self, state: State) -> Iterator[Move]:
        for k, image in enumerate(state.images):
            if not image.object and state.additions:
                number = 2 + self.setting.additions - state.additions
                after = self._image(state, k, self._blank(number))
                yield (
                    f'{k} is added again',
                    after._replace(additions=state.additions - 1),
                )
            elif (
                image.object and state.removals and not self._needed(state, k)
            ):
                after = self._image(state, k, self._blank(0))
                yield (
                    f'{k} is removed by an outsider',
                    after._replace(removals=state.removals - 1),
                )

    def _jumps(self, state: State) -> Iterator[Move]:
        after = state._replace(jumps=state.jumps - 1)
        for n, me in enumerate(state.sweepers):
            for clock in self.setting.clocks:
                if clock != me.clock and self._begun(me):
                    jumped = me._replace(clock=clock)
                    yield (
                        f"sweeper {n}'s clock jumps",
                        _with(after, n, jumped),
                    )
        for n, booter in enumerate(state.booters):
            for clock in self.setting.clocks:
                if clock != booter.clock and booter.step not in (READY, OVER):
                    yield (
                        f"booter {n}'s clock jumps",
                        self._booter(after, n, booter._replace(clock=clock)),
                    )

    def _tick(self, state: State) -> State | None:
        """Let time pass, unless somebody is bound to act before."""
        if any(
            job.step == SENT and job.flight >= self.times.slack
            for sweeper in state.sweepers
            if sweeper.dead or not self.setting.still
            for job in sweeper.jobs
        ):
            return None
        if any(
            booter.step in GRANTED and booter.flight >= self.times.boot
            for booter in state.booters
        ):
            return None
        lag = self.setting.lag
        if lag is not None and self._overdue(state, lag):
            return None
        cached = self.cached(state)
        return state._replace(
            images=tuple(map(self._later_image, state.images)),
            sweepers=tuple(
                self._later_sweeper(me, cached) for me in state.sweepers
            ),
            booters=tuple(map(self._later_booter, state.booters)),
        )

    def _overdue(self, state: State, lag: int) -> bool:
        return any(
            me.lag >= lag and self._can_act(me) for me in state.sweepers
        ) or any(me.lag >= lag and self._can_boot(me) for me in state.booters)

    def _can_act(self, me: Sweeper) -> bool:
        return any(job.step not in (WAITS, DONE) for job in me.jobs)

    def _can_boot(self, me: Booter) -> bool:
        return me.step not in (ASLEEP, OVER)

    def _age_image(self, image: Image) -> Image:
        if not image.object:
            return image
        return image._replace(
            claims=self._less(image.claims), leases=self._less(image.leases)
        )

    def _less(self, left: tuple[int | None, ...]) -> tuple[int | None, ...]:
        floor = self._floor
        return tuple(
            one if one is None or one <= floor else one - 1 for one in left
        )

    def _age_sweeper(self, me: Sweeper, cached: bool) -> Sweeper:
        if self.rests(me, cached):
            if me.age + 1 < self.setting.rest:
                return me._replace(age=me.age + 1)
            passes = me.passes if me.passes == ENDLESS else me.passes - 1
            return self._sweeper(me.clock)._replace(passes=passes)
        lag = me.lag
        if self.setting.lag is not None and self._can_act(me):
            lag += 1
        jobs = tuple(map(self._later_job, me.jobs))
        if not self._begun(me) or me.dead:
            return me._replace(jobs=jobs, lag=lag)
        most = self.times.claim
        renews = any(job.step in (RENEWS, RENEWED) for job in jobs)
        return me._replace(
            jobs=jobs,
            lag=lag,
            age=min(me.age + 1, most),
            fresh=min(me.fresh + renews, most),
        )

    def _later_job(self, job: Job) -> Job:
        if job.step == WAITS:
            return job._replace(step=CLAIMED)
        if job.step == SENT:
            # Nobody counts longer who may stand still.
            flight = min(job.flight + 1, self.times.slack)
            return job._replace(flight=flight)
        if job.seen is not None:
            return job._replace(seen=self._later_image(job.seen))
        return job

    def _age_booter(self, me: Booter) -> Booter:
        if me.step == OVER:
            return me
        lag = me.lag
        if self.setting.lag is not None and self._can_boot(me):
            lag += 1
        if me.step in GRANTED:
            return me._replace(flight=me.flight + 1, lag=lag)
        if me.step in (READY, USING, QUITS):
            return me._replace(lag=lag)
        step = AWAKE if me.step == ASLEEP else me.step
        waited = min(me.waited + 1, self.times.timeout)
        seen = me.seen and self._later_image(me.seen)
        return me._replace(step=step, waited=waited, seen=seen, lag=lag)

    # When it is over.

    def cached(self, state: State) -> bool:
        return any(image.object for image in state.images)

    def rests(self, me: Sweeper, cached: bool) -> bool:
        """Tell if a sweeper has ended one pass and will make another."""
        if me.dead or me.jobs != self._done:
            return False
        return cached if me.passes == ENDLESS else me.passes > 1

    def finished(self, state: State) -> bool:
        cached = self.cached(state)
        return all(booter.step == OVER for booter in state.booters) and all(
            me.jobs == self._done and not self.rests(me, cached)
            for me in state.sweepers
        )

    def bad_end(self, state: State) -> str:
        """Tell what is wrong if nothing can happen any more."""
        if not self.finished(state):
            return 'deadlock'
        kept = self.setting.must_free and self.cached(state)
        return 'starvation' if kept else ''

    def tidy(self, state: State) -> bool:
        """Tell if nobody who ended alive left a label behind."""
        for k, image in enumerate(state.images):
            for me, left in zip(state.sweepers, image.claims, strict=True):
                ended = me.jobs[k].step == DONE
                if left is not None and ended and not me.dead:
                    return False
            for booter, left in zip(state.booters, image.leases, strict=True):
                alive = booter.step == OVER and not booter.dead
                if left is not None and alive:
                    return False
        return True

    # How a state changes.

    def _bad(self, state: State, kind: str, found: bool) -> State:
        return state._replace(bad=kind) if found else state

    def _image(self, state: State, k: int, image: Image) -> State:
        return state._replace(images=_put(state.images, k, image))

    def _booter(self, state: State, n: int, me: Booter) -> State:
        if me.lag:
            me = me._replace(lag=0)
        return state._replace(booters=_put(state.booters, n, me))

    def _job(self, state: State, n: int, k: int, job: Job) -> State:
        me = state.sweepers[n]
        jobs = _put(me.jobs, k, job)
        if all(one.step == DONE for one in jobs):
            me = me._replace(age=0, fresh=0, stamp=me.clock, renewals=0)
            jobs = self._done
        return _with(state, n, me._replace(jobs=jobs))


def _with(state: State, n: int, me: Sweeper) -> State:
    if me.lag:
        me = me._replace(lag=0)
    return state._replace(sweepers=_put(state.sweepers, n, me))


def _put(values: tuple[T, ...], n: int, value: T) -> tuple[T, ...]:
    return (*values[:n], value, *values[n + 1 :])


class Violation(NamedTuple):
    kind: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return '\n  '.join((f'{self.kind}:', *self.trace))


class Graph:
    """Every state that can be reached, breadth first, until one is lost."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.states = list(machine.starts())
        self.next: list[list[int]] = []
        self._from: list[tuple[int, str]] = [(-1, '')] * len(self.states)
        self._number = {state: n for n, state in enumerate(self.states)}
        self.bad = self._explore()

    def _explore(self) -> int | None:
        moves, number = self.machine.moves, self._number
        n = 0
        while n < len(self.states):
            following = []
            for what, state in moves(self.states[n]):
                m = number.setdefault(state, len(self.states))
                if m == len(self.states):
                    self.states.append(state)
                    self._from.append((n, what))
                    if state.bad:
                        return m
                following.append(m)
            self.next.append(following)
            n += 1
        return None

    def trace(self, n: int) -> tuple[str, ...]:
        steps = []
        while n >= 0:
            n, what = self._from[n]
            steps.append(what)
        return tuple(reversed(steps[:-1]))

    def on_a_cycle(self) -> int | None:
        """Give a state from which one can go on for ever, if there is."""
        before = [0] * len(self.states)
        for following in self.next:
            for n in following:
                before[n] += 1
        free = [n for n, count in enumerate(before) if not count]
        for one in free:
            for m in self.next[one]:
                before[m] -= 1
                if not before[m]:
                    free.append(m)
        circle = {m for m, count in enumerate(before) if count}
        back = {m: one for one in circle for m in self.next[one]}
        at = min(circle, default=None)
        passed = set()
        while at is not None and at not in passed:
            passed.add(at)
            at = back[at]
        return at

    def first(self, holds: Callable[[State], bool]) -> int | None:
        return next(
            (n for n, one in enumerate(self.states) if holds(one)), None
        )


def violation(graph: Graph) -> Violation | None:
    """Find what must never be, or else what must not stay so for ever."""
    machine = graph.machine
    if graph.bad is not None:
        kind = graph.states[graph.bad].bad
        return Violation(kind, graph.trace(graph.bad))
    n = graph.on_a_cycle()
    if n is not None:
        return Violation('livelock', graph.trace(n))
    n = graph.first(lambda state: not machine.tidy(state))
    if n is not None:
        return Violation('litter', graph.trace(n))
    for n, following in enumerate(graph.next):
        if not following and (kind := machine.bad_end(graph.states[n])):
            return Violation(kind, graph.trace(n))
    return None
