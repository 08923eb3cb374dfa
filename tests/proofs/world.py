"""Several hosts on one store, where anything may happen between two calls.

The world knows the truth (who uses which object, which holds and pins were
granted) and raises ``Loss`` at the moment a removal breaks a promise.
Every call that a host makes of its handler can be interrupted: by a fault,
by the host's death, or by anything that another host or the clock does.
"""

import collections
from collections.abc import Callable
import contextlib
import dataclasses
import datetime
from unittest import mock

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers import CachedImage
from imagecache_handlers import CacheError
from imagecache_handlers import Evidence
from imagecache_handlers.handler import always
from imagecache_handlers.handler import check_claimed
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageInUse
from imagecache_handlers.labels import pin_label
from imagecache_handlers import Marks
from imagecache_handlers import NotUnderstood
from imagecache_handlers import Rules
from imagecache_handlers import StoreBusy
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf
from imagecache_handlers import Uncertain
from imagecache_handlers import Unfinished

START = datetime.datetime(2026, 11, 22, 8, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
TTL = 5 * MINUTE
# Seconds that a handler waits for a removal before it gives up.
PATIENCE = 150


class Loss(BaseException):
    """A removal broke a promise; no handler of errors may swallow it."""


class Died(BaseException):
    """The host's process ended here; no handler of errors sees it."""


@dataclasses.dataclass(kw_only=True)
class Box(Entry):
    """An object of the store, with what its backend says of it."""

    unknown: str | None = None
    busy: str | None = None
    undeletable: str | None = None
    pending: bool = False  # a removal was accepted and not done yet


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interruption:
    """What happens before or after the nth call of a method."""

    method: str
    nth: int = 0
    after: bool = False
    act: Callable[[], object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Grant:
    """A hold that was granted: on which objects, and for how long."""

    host: 'Host'
    boxes: tuple[int, ...]
    expiry: datetime.datetime


class Boxes(dict[str, Box]):
    """The entries of a shelf, whose removals the world judges."""

    def __init__(self, judge: Callable[[str, Box], None]) -> None:
        super().__init__()
        self._judge = judge

    def __delitem__(self, location: str) -> None:
        self._judge(location, self[location])
        super().__delitem__(location)

    def pop(self, location: str) -> Box:
        box = self[location]
        del self[location]
        return box


class Wire(MemoryHandler):
    """A host's handler: its calls can be interrupted, and fail."""

    def __init__(self, shelf: Shelf, host: 'Host') -> None:
        super().__init__(shelf)
        self.host = host

    def enumerate(self, store, image_ids=None):
        return self.host.call(
            'enumerate', lambda: super(Wire, self).enumerate(store, image_ids)
        )

    def mark(self, image, add=(), remove=()):
        add, remove = set(add), set(remove)
        self.host.world.tally['marks'] += 1
        return self.host.call(
            'mark', lambda: super(Wire, self).mark(image, add, remove)
        )

    def evict(self, image, alive=always):
        return self.host.call('evict', lambda: self._evict(image, alive))

    def _evict(self, image, alive):
        if not self.host.world.one_step:
            return self._evict_in_two_steps(image, alive)
        # The last moment at which others get in: then the lock is taken.
        self.host.stand()
        if self.host.pend:
            self._accept(image, self._find(image), alive)
        with self.host.removes():
            return super().evict(image, alive)

    def _evict_in_two_steps(self, image, alive):
        """Look, and then ask a backend that knows nothing of labels."""
        entry = self._find(image)
        if entry is None:
            return 0
        if self.shelf.sees_users and entry.users:
            raise ImageInUse(image.image_id, entry.users)
        labels = frozenset(entry.labels)
        check_claimed(image, labels)
        self.host.stand()
        check_claimed(image, image.marks.labels, alive)
        if self.host.pend:
            self._accept(image, entry, alive)
        if self._find(image) is not entry:
            return 0
        with self.host.removes(labels):
            return self.shelf.entries.pop(image.location).size

    def _accept(self, image, entry, alive):
        """Take a removal on, to do it later."""
        self.host.pend = False
        if entry is not None:
            check_claimed(image, entry.labels, alive)
            entry.pending = True
        if self.host.patient:
            self.host.wait()
            raise Unfinished(image.image_id, 'the task does not end')
        raise Uncertain(image.image_id, 'the task was lost')

    def _image(self, location, image_id, entry):
        image = super()._image(location, image_id, entry)
        busy = 'a removal is pending' if entry.pending else entry.busy
        return dataclasses.replace(
            image,
            unknown=entry.unknown,
            busy=busy,
            undeletable=entry.undeletable,
        )


class ManyWire(Wire):
    """The same of a handler that labels and removes images together.

    What goes wrong with one image is told as its result or, where the world
    says so, raised: then it stands for all that follow.
    """

    def evict_many(self, images, in_time):
        self.host.world.tally['calls of evict_many'] += 1
        for image in images:
            if in_time():
                yield self._attempt(
                    lambda image=image: self.evict(image, in_time)
                )
            else:
                yield ImageBusy(image.image_id, 'it is too late for it')

    def mark_many(self, images, add=(), remove=()):
        self.host.world.tally['calls of mark_many'] += 1
        for image in images:
            yield self._attempt(
                lambda image=image: self.mark(image, add, remove)
            )

    def _attempt(self, work):
        try:
            return work()
        except CacheError as error:
            if self.host.world.raises:
                raise
            return error


class Host:
    """One host: a clock of its own, and what it was interrupted by."""

    def __init__(self, world: 'World', name: str) -> None:
        self.world = world
        self.name = name
        self.offset = datetime.timedelta(0)
        self.script: list[Interruption] = []
        self.calls: collections.Counter[str] = collections.Counter()
        self.fault: Callable[[], BaseException] | None = None
        self.pend = False
        self.patient = False
        self.removing = False
        self.looked_at: frozenset[str] | None = None
        self.forced: set[tuple[int, str]] | None = None  # pin labels
        handler = (ManyWire if world.many else Wire)(world.shelf, self)
        handler.batch = world.batch
        self.cache = ImageCache(
            handler,
            world.rules,
            clock=self.now,
            monotonic=lambda: world.seconds,
            sleep=self.sleep,
        )

    def now(self) -> datetime.datetime:
        return self.world.now() + self.offset

    def sleep(self, seconds: float) -> None:
        self.call('sleep', lambda: self.world.advance(seconds))

    def call(self, method, work):
        nth = self.calls[method]
        self.calls[method] += 1
        self._interrupt(method, nth, after=False)
        result = work()
        if (method, nth) == ('enumerate', 0) and self.forced is not None:
            self.forced = self.world.labelled_pins()
        self._interrupt(method, nth, after=True)
        return result

    def stand(self) -> None:
        """Be where nothing is left to look at, and nothing done yet."""
        self.call('last', lambda: None)

    def wait(self) -> None:
        """Wait in vain for a removal that the backend has taken on."""
        self.patient = False
        self.call('wait', lambda: self.world.advance(PATIENCE))

    @contextlib.contextmanager
    def removes(self, labels=None):
        """Remove an image that had those labels when it was last looked at.

        None: nothing can come between that look and the removal.
        """
        self.removing, self.looked_at = True, labels
        try:
            yield
        finally:
            self.removing, self.looked_at = False, None

    def _interrupt(self, method: str, nth: int, *, after: bool) -> None:
        for one in list(self.script):
            if (one.method, one.nth, one.after) == (method, nth, after):
                self.script.remove(one)
                one.act()

    @contextlib.contextmanager
    def operation(self, *script: Interruption):
        """Run one operation, interrupted as the script says."""
        saved = self.script, self.calls, self.forced
        self.script, self.calls = list(script), collections.Counter()
        try:
            yield
        except Died:
            self.world.tally['deaths'] += 1
        finally:
            self.script, self.calls, self.forced = saved
            self.pend = self.patient = False

    # What a script may do to this host's call.

    def unavailable(self) -> None:
        self.world.tally['faults'] += 1
        raise StoreUnavailable('shelf', 'no answer')

    def lost(self) -> None:
        self.world.tally['faults'] += 1
        raise Uncertain('somebody', 'the reply was lost')

    def bug(self) -> None:
        self.world.tally['faults'] += 1
        raise RuntimeError('a bug of the handler')

    def die(self) -> None:
        self.world.tally['faults'] += 1
        raise Died

    def lose_the_task(self) -> None:
        self.world.tally['faults'] += 1
        self.pend = True

    def wait_in_vain(self) -> None:
        self.lose_the_task()
        self.patient = True

    def take_none(self) -> None:
        self.world.tally['faults'] += 1
        raise StoreBusy('somebody', 'it is busy with something else')

    def babble(self) -> None:
        self.world.tally['faults'] += 1
        raise NotUnderstood('somebody', 'no field error_info')


class World:
    """The store, its hosts, and the truth about both."""

    def __init__(
        self,
        rules: Rules,
        *,
        sees_users: bool = True,
        batch: int = 1,
        hosts: int = 2,
        one_step: bool = True,
        many: bool = False,
        raises: bool = False,
    ) -> None:
        self.rules = rules
        # Whether nobody labels an image between the last look and its end.
        self.one_step = one_step
        self.batch = batch
        # Whether handlers remove images together, and how they tell.
        self.many = many
        self.raises = raises
        self.seconds = 0.0
        self.tally: collections.Counter[str] = collections.Counter()
        self.shelf = Shelf(sees_users=sees_users)
        self.shelf.entries = Boxes(self._judge)
        self.grants: dict[str, Grant] = {}
        self.forced_away: set[str] = set()
        self.pins: dict[tuple[int, str], tuple[Host, object]] = {}
        self.machines: dict[str, tuple[Host, str]] = {}  # vm: host, location
        self.hosts = [Host(self, f'host{n}') for n in range(hosts)]
        self._tokens = 0
        self._made: list[Box] = []  # kept, so that no id() comes twice

    def now(self) -> datetime.datetime:
        return START + self.seconds * SECOND

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def token(self, size: int) -> str:
        """Tokens that come in no order, and always the same."""
        self._tokens += 1
        return f'{self._tokens * 7919 % 9973:016x}'

    @contextlib.contextmanager
    def tokens(self):
        with mock.patch('secrets.token_hex', self.token):
            yield self

    # What an outsider does.

    def add(self, image_id: str, location: str | None = None, **say) -> str:
        location = location or f'file-{len(self._made)}'
        box = Box(image_id=image_id, size=10, cached_at=self.now(), **say)
        self._made.append(box)
        self.shelf.entries[location] = box
        return location

    def lose(self, location: str, *, rudely: bool = False) -> bool:
        """Remove an object behind everybody's back.

        A polite outsider leaves alone what somebody is about to rely on.
        """
        box = self.shelf.entries[location]
        marks = Marks.read(box.labels)
        asked_for = marks.leases or marks.pins
        if self._relied_on(box) or (asked_for and not rudely):
            return False
        dict.__delitem__(self.shelf.entries, location)
        return True

    def finish_removals(self) -> None:
        """Do what backends accepted and did not do yet."""
        for location, box in list(self.shelf.entries.items()):
            if box.pending:
                self._judge_use(box)
                dict.__delitem__(self.shelf.entries, location)

    # What a booting host does: hold, create, release.

    def hold(self, host: Host, image_id: str, owner: str) -> list[CachedImage]:
        try:
            held = host.cache.hold(image_id, owner, TTL)
        except (CacheError, RuntimeError):
            return []
        if held:
            expiry = min(image.marks.leases[owner] for image in held)
            boxes = tuple(self._box(image.location) for image in held)
            self.grants[owner] = Grant(host=host, boxes=boxes, expiry=expiry)
            self.tally['holds'] += 1
        return held

    def _box(self, location: str) -> int:
        box = self.shelf.entries.get(location)
        if box is None:
            raise Loss(f'{location} was granted and is gone')
        return id(box)

    def create(self, owner: str) -> bool:
        """Make a machine from a held image, if its lease lasts."""
        grant = self.grants.get(owner)
        if grant is None or not self._lasts(grant.host, grant.expiry):
            return False
        location, box = self._held(grant)
        box.users.add(owner)
        self.machines[owner] = (grant.host, location)
        self.tally['boots'] += 1
        return True

    def _held(self, grant: Grant) -> tuple[str, Box]:
        for location, box in self.shelf.entries.items():
            if id(box) in grant.boxes:
                return location, box
        raise Loss('a held image is gone')

    def release(self, owner: str) -> None:
        grant = self.grants.pop(owner, None)
        if grant is None:
            return
        for box in self.shelf.entries.values():
            if id(box) in grant.boxes:
                with contextlib.suppress(CacheError, RuntimeError):
                    grant.host.cache.release(box.image_id, owner)
                return

    def stop(self, owner: str) -> None:
        _, location = self.machines.pop(owner)
        self.shelf.entries[location].users.discard(owner)

    def pin(
        self,
        host: Host,
        image_id: str,
        owner: str,
        until: datetime.datetime | None = None,
    ) -> list[CachedImage]:
        try:
            pinned = host.cache.pin(image_id, owner, until)
        except (CacheError, RuntimeError):
            return []
        finally:
            # However it ends: what the owner has replaced counts no more.
            self._forget_replaced(owner)
        for image in pinned:
            # Force may pass a pin that it saw, even before it was granted.
            if (
                image.location in self.forced_away
                and image.location not in self.shelf.entries
            ):
                continue
            self.pins[self._box(image.location), owner] = (host, until)
            self.tally['pins'] += 1
        return pinned

    def _forget_replaced(self, owner: str) -> None:
        there = {id(box): box for box in self.shelf.entries.values()}
        for (pinned, who), (_, until) in list(self.pins.items()):
            box = there.get(pinned)
            if who == owner and box is not None:
                mine = Marks.read(box.labels).labels_of('pin', owner)
                if mine and pin_label(owner, until) not in mine:
                    del self.pins[pinned, who]

    def unpin(self, host: Host, image_id: str, owner: str) -> None:
        # From here on nobody relies on it, whatever becomes of the call.
        for location, box in self.shelf.entries.items():
            if box.image_id == image_id:
                self.pins.pop((self._box(location), owner), None)
        with contextlib.suppress(CacheError, RuntimeError):
            host.cache.unpin(image_id, owner)

    # What a sweeping host does.

    def evidence(self, host: Host, kind: str = 'complete') -> Evidence:
        users: dict[str, set[str]] = {}
        for vm, (home, location) in self.machines.items():
            if kind in ('complete', 'partial') or home is host:
                image_id = self.shelf.entries[location].image_id
                users.setdefault(image_id, set()).add(vm)
        if kind == 'partial':
            users = dict(list(users.items())[::2])
        if kind == 'nobody':
            users = {}
        return Evidence(
            users={key: frozenset(who) for key, who in users.items()},
            complete=kind == 'complete',
            as_of=host.now(),
        )

    def sweep(
        self, host: Host, *script: Interruption, ask=None
    ) -> Report | None:
        report = None
        with host.operation(*script):
            report = host.cache.sweep(ask or (lambda: self.evidence(host)))
            self._count(report.plan.verdicts, report.outcomes)
            self.tally['stores left'] += len(report.left)
        return report

    def evict(
        self, host: Host, image_id: str, *script: Interruption, force=False
    ) -> list[Outcome]:
        outcomes = []
        with host.operation(*script), contextlib.suppress(CacheError):
            host.forced = set() if force else None
            outcomes = host.cache.evict(
                image_id, self.evidence(host), force=force
            )
            self._count([], outcomes)
        return outcomes

    def _count(self, verdicts, outcomes) -> None:
        for verdict in verdicts:
            if not verdict.evict:
                self.tally[f'kept {verdict.reason}'] += 1
        for outcome in outcomes:
            self.tally[str(outcome.did)] += 1
            if outcome.did is Did.KEPT:
                self.tally[f'kept {outcome.verdict.reason}'] += 1

    def labelled_pins(self) -> set[tuple[int, str]]:
        """Give what a first look shows: a forced evict may pass these."""
        return {
            (id(box), label)
            for box in self.shelf.entries.values()
            for label in box.labels
        }

    # The judge.

    def _lasts(self, host: Host, expiry: datetime.datetime | None) -> bool:
        skew = self.rules.clock_skew
        return expiry is None or host.now() < expiry - skew

    def _relied_on(self, box: Box) -> str | None:
        if box.users:
            return f'in use by {box.users}'
        for owner, grant in self.grants.items():
            if id(box) in grant.boxes and self._lasts(
                grant.host, grant.expiry
            ):
                return f'held by {owner}'
        for (pinned, owner), (host, until) in self.pins.items():
            if pinned == id(box) and self._lasts(host, until):
                return f'pinned by {owner}'
        return None

    def _judge_use(self, box: Box) -> None:
        self.tally['removals'] += 1
        if box.users or any(
            id(box) in grant.boxes and self._lasts(grant.host, grant.expiry)
            for grant in self.grants.values()
        ):
            raise Loss(f'{box} was removed: {self._relied_on(box)}')

    def _judge(self, location: str, box: Box) -> None:
        self._judge_use(box)
        host = next(one for one in self.hosts if one.removing)
        for say in (box.unknown, box.busy, box.undeletable):
            if say is not None:
                raise Loss(f'{box} was removed: {say}')
        if box.image_id is None:
            raise Loss(f'{box} is foreign')
        self._judge_pins(box, host)
        if host.forced is None:
            self._judge_age(box, host)
        else:
            self.forced_away.add(location)

    def _judge_pins(self, box: Box, host: Host) -> None:
        for (pinned, owner), (home, until) in self.pins.items():
            label = pin_label(owner, until)
            passed = host.forced and (pinned, label) in host.forced
            if pinned == id(box) and self._lasts(home, until) and not passed:
                raise Loss(f'{box} was removed, pinned by {owner}')

    def _judge_age(self, box: Box, host: Host) -> None:
        # A hold that is not granted restarts the age all the same; where the
        # removal is not one step, that may come after the last look.
        labels = box.labels if host.looked_at is None else host.looked_at
        since = Marks.read(labels).unused_since
        if since is None or host.now() - since < self.rules.min_age:
            raise Loss(f'{box} was removed too young')
        if (
            self.rules.protected.match(box.image_id)
            or not self.rules.remove_unused
        ):
            raise Loss(f'{box} was removed though it is protected')
