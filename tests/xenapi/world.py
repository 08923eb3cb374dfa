"""Hosts on one simulated pool, where anything may happen between two calls.

Calls go straight into the simulator, without sockets, so that thousands of
examples can be tried and each is the same again; time passes only when it is
told to.  The world knows the truth from the disks themselves, not from what
the database says of them, and raises ``Loss`` when a promise breaks.
"""

import collections
from collections.abc import Callable
import contextlib
import dataclasses
import datetime
import functools
from unittest import mock

from imagecache_handlers.actions.report import Did
from imagecache_handlers import CachedImage
from imagecache_handlers import CacheError
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers_xenapi import disks
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import DOUBTS
from imagecache_handlers_xenapi.disks import IMAGE
from imagecache_handlers_xenapi.disks import WRITABLE
from imagecache_handlers_xenapi.handler import XenAPIHandler
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from tests.xenapi.direct import Direct
from xapi_simulator import Scenario
from xapi_simulator import Simulator
from xapi_simulator.tasks import When
from xapi_simulator import Timing
from xapi_simulator.values import NULL
from xapi_simulator import XapiError

START = datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
TTL = datetime.timedelta(minutes=5)

FIND = 'VDI.get_all_records_where'
REFS = 'SR.get_VDIs'
ASLEEP = 'VM.get_all_records_where'
DESTROY = 'Async.VDI.destroy'

# The drivers of these keep chains, each in its own way or name.
KINDS = ('nfs', 'lvm', 'zfs', 'largeblock', 'linstor', 'xfs', 'cephfs')

# Nova takes its marks off a clone at once; one that was slow, by then.
WINDOW = 500
# No operation of ours sleeps so often: it would not have ended.
SLEEPS = 1000
# The first sleeps of a kind last as long as they are to; later ones longer,
# up to this: a host that is busy wakes late, and there is more to try.
EXACT, LONGER, LONGEST = 5, 1.25, 15.0


class Loss(BaseException):
    """A promise broke; no handler of errors may swallow it."""


class Died(BaseException):
    """The host's process ended here."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interruption:
    """What happens before or after the nth call of a method, and later."""

    method: str
    nth: int
    after: bool
    act: Callable[[], object]
    times: int = 1

    def meets(self, method, nth, after):
        return (
            method == self.method
            and after == self.after
            and 0 <= nth - self.nth < self.times
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grant:
    """A hold that was granted: on which VDIs, and until when."""

    host: 'Host'
    refs: frozenset[str]
    expiry: datetime.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """What a host saw last of an SR or a disk, and when: after which reads.

    ``others`` is when it saw which disks there are beside that one, and
    ``asleep`` which machines sleep on it.
    """

    at: int
    others: int
    asleep: int
    records: dict

    def sharers_seen(self, ref):
        """Tell when it saw who shares a disk: without a parent, nobody."""
        row = self.records.get(ref)
        alone = row is not None and Disk(ref, row).parent is None
        return self.at if alone else self.others


class Host:
    """One host: a clock of its own, and what its calls are interrupted by."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.offset = datetime.timedelta(0)
        self.script = []
        self.counts = collections.Counter()
        self.look = Look(at=0, others=0, asleep=0, records={})
        self.restart()

    def restart(self):
        """Be a new process: whatever the old one remembered is gone."""
        clocks = Clocks(
            now=self.now,
            monotonic=lambda: self.world.seconds,
            sleep=self.sleep,
        )
        port = Direct(self, may_block=self.world.may_block)
        handler = XenAPIHandler(port, clocks=clocks)
        handler.parallel = 1
        handler.batch = self.world.batch
        self.cache = ImageCache(
            handler,
            self.world.rules,
            clock=self.now,
            monotonic=clocks.monotonic,
            sleep=self.sleep,
        )

    def now(self):
        return self.world.now() + self.offset

    def sleep(self, seconds):
        self.counts['sleeps'] += 1
        if self.counts['sleeps'] > SLEEPS:
            raise Loss('this operation does not end')
        self.counts[seconds] += 1
        surplus = max(0, self.counts[seconds] - EXACT)
        seconds = max(seconds, min(seconds * LONGER**surplus, LONGEST))
        self.call('sleep', (), lambda: self.world.advance(seconds))

    def call(self, method, params, work, leave=at_any_time):
        nth = self.counts[method]
        self.counts[method] += 1
        began = self.world.seconds
        self._interrupt(method, nth, after=False)
        # As the request leaves; it may arrive much later.
        leave()
        if method == DESTROY:
            if self.world.seconds - began > Direct.timeout:
                raise ReplyLost('it was not sent in time')
            work = functools.partial(self.world.begin, self, params[0], work)
        result = work()
        if method in (FIND, REFS, ASLEEP):
            self.world.reads += 1
            self._see(method, params, result)
        self._interrupt(method, nth, after=True)
        return result

    def _see(self, method, params, result):
        now = self.world.reads
        if method == REFS:
            self.look = dataclasses.replace(self.look, others=now)
        elif method == ASLEEP:
            self.look = dataclasses.replace(self.look, asleep=now)
        else:
            # Of some images nobody is told what there is beside them.
            is_all = params[0].startswith('(field "SR"')
            others = now if is_all else self.look.others
            self.look = dataclasses.replace(
                self.look, at=now, others=others, records=result
            )

    def _interrupt(self, method, nth, *, after):
        for one in list(self.script):
            if one.meets(method, nth, after):
                one.act()

    @contextlib.contextmanager
    def operation(self, *script):
        """Run one operation, interrupted as the script says.

        Another may be running: what that saw is not what this one sees.
        """
        saved = self.script, self.counts, self.look
        self.script, self.counts = list(script), collections.Counter()
        try:
            yield
        except Died:
            self.world.tally['deaths'] += 1
            self.restart()
        finally:
            self.script, self.counts, self.look = saved

    def fault(self, kind, seconds=0):
        """Break the call that runs, after some time."""
        self.world.advance(seconds)
        self.world.tally['faults'] += 1
        self.world.tally[f'fault {kind}'] += 1
        if kind == 'away':
            raise Unreachable('nobody answers')
        if kind == 'lost':
            raise ReplyLost('the answer was lost')
        if kind == 'die':
            raise Died
        raise XapiFailure('a call', kind.split())


class World:
    """The pool, its hosts, and the truth about both."""

    def __init__(
        self, rules=None, *, batch=1, delay=0, may_block=False, kind='nfs'
    ):
        self.rules = rules or Rules()
        self.batch = batch
        self.delay = delay
        self.may_block = may_block
        self.seconds = 0.0
        self.reads = 0
        self.tally = collections.Counter()
        self.pool = Simulator(
            Scenario(seed=1, kinds=(kind,)),
            timing=Timing(collect=None, statistics=None),
            tasks=When.TOLD if delay else When.AT_ONCE,
        )
        self.actors = self.pool.actors
        self.rows = self.pool.world.records
        self.sr = self.actors.default_sr()
        self.disks = self.pool.world.disks[self.sr]
        self.images = set()  # refs: these may go, and nothing else
        self.copies = set()  # refs of those known for copies, of all time
        self.twins = {}  # ref of a copy that looks like its image: that one
        self.born = {}  # uuid of a clone, or a VBD: the reads before it
        self.open = {}  # clones that still wear their image's marks: when
        self.machines = {}  # vm: its disk
        self.asleep = {}  # vm: the image that it sleeps on
        self.grants = {}
        self.pins = {}  # (ref, owner): host, until
        self.asked = {}  # ref: the last look before its destroy was asked
        self.kept = {}  # ref: the reads before somebody made it their own
        self.waiting = []  # when tasks are to be done, in their order
        self.late = 0  # how long the next destroy is on its way
        self.requests = []  # those on their way: when they arrive, and they
        self.trouble = []  # what our next destroys fail with, at their work
        self.broken = False
        self._ours = False
        self._delete = self.rows.delete
        self.rows.delete = self._deleted
        self.pool.world.steering.reach = self._reach
        self._torn = set()  # VBDs that went just now, with their disk
        self._tokens = 0
        self.hosts = [Host(self, f'host{n}') for n in range(2)]

    def now(self):
        return START + self.seconds * SECOND

    def advance(self, seconds):
        end = self.seconds + seconds
        while (due := self._next_due()) <= end:
            self.seconds = max(self.seconds, due)
            self._do_due()
        self.seconds = max(self.seconds, end)

    def _next_due(self):
        return min(
            (
                *self.waiting[:1],
                *(when for when, _ in self.requests[:1]),
                *(since + WINDOW for since in self.open.values()),
            ),
            default=float('inf'),
        )

    def _do_due(self):
        for ref, since in list(self.open.items()):
            if since + WINDOW <= self.seconds:
                self.untag(ref)
        if self.requests and self.requests[0][0] <= self.seconds:
            self.requests.pop(0)[1]()
        if self.waiting and self.waiting[0] <= self.seconds:
            self.run_tasks()

    def token(self, size):
        """Tokens that come in no order, and always the same."""
        self._tokens += 1
        return f'{self._tokens * 7919 % 9973:016x}'

    @contextlib.contextmanager
    def tokens(self):
        # The simulator sleeps for no time at many calls, which costs some.
        still = mock.patch('time.sleep', lambda seconds: None)
        with mock.patch('secrets.token_hex', self.token), still:
            yield self

    # Destroys that our hosts asked for.

    def begin(self, host, ref, work):
        """Let a request for a destroy arrive, at once or later."""
        self._judge_request(host, ref)
        self.asked[ref] = host.look
        late, self.late = self.late, 0
        if late <= Direct.timeout:
            self.advance(late)
            return self._begin(work)
        self.requests.append(
            (self.seconds + late, functools.partial(self._unheard, work))
        )
        self.requests.sort(key=lambda one: one[0])
        self.tally['late requests'] += 1
        self.advance(Direct.timeout)
        raise ReplyLost('no answer in time')

    def _unheard(self, work):
        with contextlib.suppress(XapiFailure):
            self._begin(work)

    def _begin(self, work):
        with self._as_ours(now=not self.delay):
            task = work()
        if self.delay:
            self.waiting.append(self.seconds + self.delay)
        return task

    @contextlib.contextmanager
    def _as_ours(self, now=True):
        before, self._ours = self._ours, now
        try:
            yield
        finally:
            self._ours = before

    def _reach(self, when, method):
        """Let the work of our own destroys fail; nobody else's."""
        if method == 'VDI.destroy#begun' and self._ours and self.trouble:
            raise XapiError(*self.trouble.pop())

    def run_tasks(self):
        self.waiting.clear()
        with self._as_ours():
            self.actors.run_tasks()

    def hurry(self):
        """Do what waits, and from now on all work at once."""
        self.trouble.clear()
        while self.requests:
            self.requests.pop(0)[1]()
        self.run_tasks()
        self.delay = 0
        self.pool.world.tasks.when = When.AT_ONCE

    def lose_tasks(self, done):
        """Let xapi forget what it was told; the work is done or dropped."""
        if done:
            self.run_tasks()
        self.waiting.clear()
        self.pool.world.tasks.drop_waiting()
        for ref in list(self.rows.rows('task')):
            self.actors.lose_task(ref)

    # What outsiders do.

    def cache_image(self, image_id):
        ref = self.actors.cache(image_id, cached_at=self.now().timestamp())
        self.images.add(ref)
        return ref

    def clone(self, ref):
        """Do what an unmodified Nova does first: the clone looks cached."""
        new = self.actors.clone(ref)
        self.born[self.uuid(new)] = self.reads
        self.open[new] = self.seconds
        return new

    def untag(self, ref):
        if self.open.pop(ref, None) is None:
            return
        self.actors.untag(ref)
        self.machines[self.actors.attach(ref)] = ref

    def use(self, ref):
        """Make a machine and end it; the base copy is not collected yet."""
        self.untag(self.clone(ref))
        self.end(list(self.machines)[-1])

    def end(self, vm):
        del self.machines[vm]
        self.actors.end(vm)

    def attach(self, ref):
        """Give an image itself to a machine that is halted."""
        vm = self.actors.attach(ref)
        self.pool.do('VM.hard_shutdown', vm)
        for vbd in self.rows.get('VDI', ref)['VBDs']:
            self.born.setdefault(vbd, self.reads)
        return vm

    def detach(self):
        for ref in sorted(self.images):
            for vbd in self.rows.get('VDI', ref)['VBDs']:
                self.pool.do('VBD.destroy', vbd)

    def sleep(self, ref):
        """Have somebody let a machine sleep on an image."""
        vm = self.pool.do('VM.create', {'name_label': 'asleep'})
        self.actors.set('VM', vm, power_state='Suspended', suspend_VDI=ref)
        self.born[vm] = self.reads
        self.asleep[vm] = ref

    def wake(self):
        for vm in self.asleep:
            self.actors.set('VM', vm, suspend_VDI=NULL)
        self.asleep.clear()

    def lose_parent(self, number):
        """Lose what the drivers wrote down of a disk, or a base copy."""
        rows = self.rows.rows('VDI')
        told = sorted(ref for ref in rows if rows[ref]['sm_config'])
        if told:
            self.tally['parents lost'] += 1
            ref = told[number % len(told)]
            self.actors.set('VDI', ref, sm_config={})

    def scan(self):
        """Have the drivers write down anew what lies on the disks."""
        self.pool.do('SR.scan', self.sr)

    def copy(self, ref):
        """Copy an image by hand, for somebody who writes to the copy.

        One that bore labels is known by the copy's; of another nobody can
        tell the copy, and neither may go.
        """
        marked = Disk(ref, self.rows.get('VDI', ref)).labels
        new = self.pool.do('VDI.copy', ref, self.sr)
        if marked:
            self.copies.add(new)
        else:
            self.tally['twins'] += 1
            self.twins[new] = ref

    def _part(self, ref):
        """Let a copy be alone: it is what it looks like, unless labelled."""
        self.twins.pop(ref, None)
        for new in [new for new, of in self.twins.items() if of == ref]:
            del self.twins[new]
            known = self._doubts(self.rows.get('VDI', new))
            (self.copies if known else self.images).add(new)

    def _doubts(self, row):
        return Disk('', row).labels & DOUBTS

    def look_into_copies(self):
        """Do what an operator is asked to do with copies of images."""
        for ref in sorted({*self.copies, *self.twins, *self._surplus()}):
            with contextlib.suppress(XapiError):
                self.actors.delete(ref)
        self.copies.clear()

    def _surplus(self):
        """Give images that two hosts cached in one second, but for one."""
        met = set()
        for ref in sorted(self.images):
            disk = Disk(ref, self.rows.get('VDI', ref))
            alike = disk.image_id, disk.cached_at
            if alike in met:
                yield ref
            met.add(alike)

    def vouch(self):
        """Do what an operator does who knows the images for what they are."""
        for ref in sorted(self.images):
            row = self.rows.get('VDI', ref)
            for label in DOUBTS:
                name = disks.key(row['uuid'], label)
                self.pool.do('VDI.remove_from_other_config', ref, name)

    def keep(self, ref, *, only_name):
        """Make an image a disk of somebody's own."""
        if only_name:
            self.actors.set('VDI', ref, name_label='mine')
        else:
            self.actors.untag(ref)
        self.images.discard(ref)
        self.kept[ref] = self.reads
        self._part(ref)

    def lose(self, ref):
        """Remove an image behind everybody's back, but what is relied on."""
        labels = Disk(ref, self.rows.get('VDI', ref)).marks
        if self.relied_on(ref) or labels.leases or labels.pins:
            return
        with contextlib.suppress(XapiError):
            self.actors.delete(ref)

    def claimed(self):
        """Give the images that somebody is about to evict."""
        return sorted(
            ref
            for ref in self.images
            if Disk(ref, self.rows.get('VDI', ref)).marks.claims
        )

    # What hosts do with the library.

    def evidence(self, host, complete=True):
        return Evidence(complete=complete, as_of=host.now())

    def sweep(self, host, *script, complete=True):
        report = None
        written = set() if script else self._attached()
        with host.operation(*script), contextlib.suppress(CacheError):
            report = host.cache.sweep(lambda: self.evidence(host, complete))
            self._count(report.plan.verdicts, report.outcomes)
            self._judge_labels(written)
        return report

    def _attached(self):
        return {
            ref for ref in self.images if self.rows.get('VDI', ref)['VBDs']
        }

    def _judge_labels(self, written):
        """Whom a sweep saw attached, it labels for all time."""
        for ref in written & self.images:
            row = self.rows.get('VDI', ref)
            if Disk(ref, row).image_id and WRITABLE not in self._doubts(row):
                raise Loss(f'{row} was not labelled')

    def evict(self, host, image_id, *script):
        with host.operation(*script), contextlib.suppress(CacheError):
            outcomes = host.cache.evict(image_id, self.evidence(host))
            self._count([], outcomes)

    def _count(self, verdicts, outcomes):
        for verdict in verdicts:
            if not verdict.evict:
                self.tally[f'kept {verdict.reason}'] += 1
                if any('newborn' in one.detail for one in verdict.blockers):
                    self.tally['kept newborn'] += 1
        for outcome in outcomes:
            self.tally[str(outcome.did)] += 1
            if outcome.did is Did.KEPT:
                self.tally[f'kept {outcome.verdict.reason}'] += 1
            elif outcome.did in (Did.EVICTED, Did.GONE):
                self._judge_success(outcome.verdict.image.location)

    def hold(self, host, image_id, owner) -> list[CachedImage]:
        try:
            held = host.cache.hold(image_id, owner, TTL)
        except CacheError:
            return []
        if held:
            expiry = min(image.marks.leases[owner] for image in held)
            refs = frozenset(self._there(one.location) for one in held)
            self.grants[owner] = Grant(host=host, refs=refs, expiry=expiry)
            self.tally['holds'] += 1
        return held

    def _there(self, uuid):
        if not self.rows.has_uuid('VDI', uuid):
            raise Loss(f'{uuid} was granted and is gone')
        return self.rows.by_uuid('VDI', uuid)

    def boot(self, owner):
        """Make a machine from a held image, if its lease lasts."""
        grant = self.grants.get(owner)
        if grant is None or not self._lasts(grant.host, grant.expiry):
            return
        for ref in sorted(grant.refs & self.images):
            self.untag(self.clone(ref))
            self.tally['boots'] += 1
            return

    def forget_what_ended(self):
        for owner, grant in list(self.grants.items()):
            if not self._lasts(grant.host, grant.expiry):
                del self.grants[owner]

    def release(self, owner):
        grant = self.grants.pop(owner, None)
        if grant is None:
            return
        for ref in sorted(grant.refs & self.images):
            image_id = self.rows.get('VDI', ref)['other_config'].get(IMAGE)
            with grant.host.operation(), contextlib.suppress(CacheError):
                grant.host.cache.release(image_id, owner)
            return

    def pin(self, host, image_id, owner):
        for key in [key for key in self.pins if key[1] == owner]:
            if self._named(key[0]) == image_id:
                del self.pins[key]
        try:
            with contextlib.suppress(CacheError):
                for image in host.cache.pin(image_id, owner):
                    self.pins[self._there(image.location), owner] = host
                    self.tally['pins'] += 1
        finally:
            self._forget_taken(owner)

    def unpin(self, host, image_id, owner):
        for key in [key for key in self.pins if key[1] == owner]:
            if self._named(key[0]) == image_id:
                del self.pins[key]
        try:
            with contextlib.suppress(CacheError):
                host.cache.unpin(image_id, owner)
        finally:
            self._forget_taken(owner)

    def _forget_taken(self, owner):
        """Forget what an owner took off, who pinned meanwhile elsewhere."""
        for ref, who in list(self.pins):
            row = self.rows.find('VDI', ref)
            if who == owner and row and owner not in Disk(ref, row).marks.pins:
                del self.pins[ref, who]

    def _named(self, ref):
        row = self.rows.find('VDI', ref)
        return row and row['other_config'].get(IMAGE)

    # The judge.

    def uuid(self, ref):
        return self.rows.get('VDI', ref)['uuid']

    def _deleted(self, cls, ref):
        """Judge a disk as its row goes: its bytes are there until after."""
        if cls == 'VBD' and self._ours:
            self._torn.add(ref)
        elif cls == 'VDI':
            if self._ours:
                self.broken = True
                self._judge(ref, self.rows.get('VDI', ref))
                self.broken = False
            self._torn.clear()
            self.images.discard(ref)
            self._part(ref)
            self.open.pop(ref, None)
        self._delete(cls, ref)

    def _judge_request(self, host, ref):
        """Judge what a host asks for by what it saw last."""
        row = host.look.records.get(ref)
        if row is None:
            raise Loss(f'{ref} was not looked at')
        marks = Disk(ref, row).marks
        leased = any(
            self.rules.is_live(expiry, host.now())
            for expiry in marks.leases.values()
        )
        if marks.pins or leased:
            raise Loss(f'{row} was asked for')
        if self._doubts(row) or ref in self.twins.values():
            raise Loss(f'{row} may be a disk that somebody wrote to')
        # A hold that is refused then, or a use, ends the age all the same.
        if marks.unused_since is None:
            raise Loss(f'{row} did not lie idle')

    def _judge(self, ref, row):
        self.tally['removals'] += 1
        look = self.asked[ref]
        # Whoever came after our last look, nobody could have seen.
        if ref not in self.images and self.kept.get(ref, 0) < look.at:
            raise Loss(f'{row} is no image of ours')
        sharers = self.sharers(row['uuid'])
        sleepers = [vm for vm, image in self.asleep.items() if image == ref]
        for users, seen in (
            (self._torn, look.at),
            (sleepers, look.asleep),
            (sharers, look.sharers_seen(ref)),
        ):
            for user in users:
                if self.born.get(user, 0) < seen:
                    raise Loss(f'{row} is in use by {user}')
        if why := self.relied_on(ref):
            raise Loss(f'{row} is {why}')

    def _judge_success(self, uuid):
        if self.rows.has_uuid('VDI', uuid):
            ref = self.rows.by_uuid('VDI', uuid)
            if ref in self.images:
                raise Loss(f'{uuid} was said to be gone and is there')

    def sharers(self, uuid):
        """Give the disks that share bytes with one, as they really lie."""
        volumes = self.disks.volumes
        chain = {one.uuid for one in self.disks.chain(uuid)}
        return {
            other.uuid
            for other in volumes.values()
            if not other.hidden
            and other.uuid != uuid
            and chain & {one.uuid for one in self.disks.chain(other.uuid)}
        }

    def relied_on(self, ref):
        for owner, grant in self.grants.items():
            if ref in grant.refs and self._lasts(grant.host, grant.expiry):
                return f'held by {owner}'
        for pinned, owner in self.pins:
            if pinned == ref:
                return f'pinned by {owner}'
        return None

    def _lasts(self, host, expiry):
        return host.now() < expiry - self.rules.clock_skew
