"""Which image goes, and why: pure functions over values.

No I/O and no clock: ``now`` is an argument.  Silence is not absence: what
nobody can tell is unknown, and unknown is never unused.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Self

from imagecache_handlers import marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.orders import idle_since
from imagecache_handlers.rules import later
from imagecache_handlers.rules import Rules
from imagecache_handlers import space
from imagecache_handlers.verdicts import Blocker
from imagecache_handlers.verdicts import Change
from imagecache_handlers.verdicts import Plan
from imagecache_handlers.verdicts import Reason
from imagecache_handlers.verdicts import Verdict

# What nothing blocks, and why it goes whether or not space is short.
_Free = tuple[CachedImage, Reason | None]

_NOBODY: frozenset[str] = frozenset()
# Of these nobody can say that it lies idle, so its age does not start.
_UNCLEAR = frozenset({Reason.BUSY, Reason.UNKNOWN, Reason.LEASED})


def blockers(
    image: CachedImage,
    evidence: Evidence,
    now: datetime.datetime,
    rules: Rules,
    *,
    surplus: bool = False,
    own: Collection[str] = (),
) -> Iterator[Blocker]:
    """Give every reason to keep an image, hardest first.

    ``surplus``: another copy serves, so only what the backend itself sees
    of this one counts as use.  ``own``: tokens of one's own claims.
    """
    return iter(_Pass.at(evidence, now, rules, own).blockers(image, surplus))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """What holds for every image of one pass, worked out once."""

    evidence: Evidence
    now: datetime.datetime
    rules: Rules
    own: Collection[str]
    protects: bool
    # Why an image that the evidence does not name may have users all the
    # same; None: it has none.
    silence: str | None

    @classmethod
    def at(
        cls,
        evidence: Evidence,
        now: datetime.datetime,
        rules: Rules,
        own: Collection[str] = (),
    ) -> Self:
        proven = rules.proves_absence(evidence, now)
        return cls(
            evidence=evidence,
            now=now,
            rules=rules,
            own=own,
            protects=bool(rules.protected),
            silence=None if proven else _silence(evidence),
        )

    def blockers(self, image: CachedImage, surplus: bool) -> list[Blocker]:
        found = []
        labels = image.marks
        users = image.users or _NOBODY
        named = None if surplus else self.evidence.users.get(image.image_id)
        if users or named:
            who = users | named if named else users
            found.append(Blocker(reason=Reason.IN_USE, who=who))
        if image.busy is not None:
            found.append(Blocker(reason=Reason.BUSY, detail=image.busy))
        if labels.claims:
            found += self._claims(labels.claims)
        if image.unknown is not None:
            found.append(Blocker(reason=Reason.UNKNOWN, detail=image.unknown))
        elif image.users is None and self.silence is not None:
            found.append(Blocker(reason=Reason.UNKNOWN, detail=self.silence))
        if labels.leases:
            found += self._leases(image)
        if image.undeletable is not None:
            why = image.undeletable
            found.append(Blocker(reason=Reason.UNDELETABLE, detail=why))
        if labels.pins:
            found += self._pins(labels.pins)
        if self.protects:
            found += self._protected(image.image_id)
        if not self.rules.remove:
            found.append(Blocker(reason=Reason.DISABLED))
        if (until := self._young_until(image)) is not None:
            found.append(Blocker(reason=Reason.TOO_YOUNG, until=until))
        return found

    def _claims(
        self, claims: Mapping[str, datetime.datetime]
    ) -> list[Blocker]:
        live = {
            token: expiry
            for token, expiry in claims.items()
            if token not in self.own and self.rules.live(expiry, self.now)
        }
        if not live:
            return []
        until = self.rules.end(max(live.values()))
        return [
            Blocker(reason=Reason.BUSY, who=tuple(sorted(live)), until=until)
        ]

    def _leases(self, image: CachedImage) -> list[Blocker]:
        # Where only the control plane knows users, a lease lasts until that
        # was asked again: an older list cannot name who was made under it.
        asked = self.evidence.as_of if image.users is None else self.now
        live = {
            owner: expiry
            for owner, expiry in image.marks.leases.items()
            if self.rules.live(expiry, min(asked, self.now))
        }
        if not live:
            return []
        end = self.rules.end(max(live.values()))
        return [
            Blocker(
                reason=Reason.LEASED,
                who=tuple(sorted(live)),
                until=end if end > self.now else None,
            )
        ]

    def _pins(
        self, pins: Mapping[str, datetime.datetime | None]
    ) -> list[Blocker]:
        live = {
            owner: expiry
            for owner, expiry in pins.items()
            if expiry is None or self.rules.live(expiry, self.now)
        }
        if not live:
            return []
        ends = [expiry for expiry in live.values() if expiry is not None]
        until = self.rules.end(max(ends)) if len(ends) == len(live) else None
        return [
            Blocker(reason=Reason.PINNED, who=tuple(sorted(live)), until=until)
        ]

    def _protected(self, image_id: str) -> list[Blocker]:
        pattern = self.rules.protected.match(image_id)
        if pattern is None:
            return []
        return [Blocker(reason=Reason.PROTECTED, detail=pattern)]

    def _young_until(self, image: CachedImage) -> datetime.datetime | None:
        started = image.marks.unused_since
        since = idle_since(image, self.now)
        min_age = self.rules.min_age_of(image)
        # Nothing goes in the pass that first sees it unused, however young.
        if started is None or started > self.now or self.now - since < min_age:
            return later(since, min_age)
        return None


def _silence(evidence: Evidence) -> str:
    if evidence.complete:
        return 'the list of users is out of date'
    if evidence.users:
        return 'the list of users is not complete'
    return 'nobody was asked for users, and the backend cannot see them'


def surplus_copies(images: Iterable[CachedImage]) -> set[tuple[str, str]]:
    """Give the identities of copies that another in their store replaces.

    Which copy stays follows from facts that every host sees alike: users,
    pins, age, location.  A copy is surplus only if the backend knows that
    nobody uses it; a group that holds an unclear copy is left alone.
    """
    first: dict[tuple[str, str], CachedImage] = {}
    groups: dict[tuple[str, str], list[CachedImage]] = {}
    for image in images:
        if image.variant:
            continue
        key = (image.store, image.image_id)
        known = first.setdefault(key, image)
        if known is not image:
            groups.setdefault(key, [known]).append(image)
    return {
        copy.identity for group in groups.values() for copy in _spare(group)
    }


def _spare(group: Collection[CachedImage]) -> list[CachedImage]:
    if any(map(_unclear, group)):
        return []
    return [copy for copy in sorted(group, key=_keeping)[1:] if not copy.users]


def _unclear(image: CachedImage) -> bool:
    return (
        image.users is None
        or image.unknown is not None
        or image.busy is not None
    )


def _keeping(image: CachedImage) -> tuple[bool, bool, float, str]:
    arrived = image.cached_at
    return (
        not image.users,
        not image.marks.pins,
        arrived.timestamp() if arrived else float('inf'),
        image.location,
    )


def plan(
    images: Collection[CachedImage],
    stores: Collection[Store],
    evidence: Evidence,
    now: datetime.datetime,
    rules: Rules,
    *,
    problems: Mapping[str, str] | None = None,
    wants_seen: bool = False,
) -> Plan:
    """Decide on every image, and explain every shortage of space.

    ``problems`` names the stores that could not be read; ``wants_seen``
    asks to label each object that no sweep has seen before.
    """
    this = _Pass.at(evidence, now, rules)
    surplus = surplus_copies(images)
    free: list[_Free] = []
    kept: list[Verdict] = []
    for image in images:
        spare = bool(surplus) and image.identity in surplus
        why = this.blockers(image, spare)
        if why:
            kept.append(blocked(image, tuple(why)))
        else:
            free.append((image, _ground(image, spare, now, rules)))
    pools = space.pools(stores)
    verdicts = (*_rank(free, pools, now, rules), *kept)
    return Plan(
        now=now,
        stores=tuple(stores),
        verdicts=verdicts,
        changes=tuple(_changes(verdicts, now, rules, wants_seen)),
        spaces=tuple(space.explain(pools, verdicts, rules)),
        problems=problems or {},
        warnings=tuple(_warnings(verdicts, pools, rules, not problems)),
    )


def blocked(image: CachedImage, why: tuple[Blocker, ...]) -> Verdict:
    """Keep an image for the hardest of its blockers."""
    return Verdict(
        image=image, evict=False, reason=why[0].reason, blockers=why
    )


def _ground(
    image: CachedImage, surplus: bool, now: datetime.datetime, rules: Rules
) -> Reason | None:
    if surplus:
        return Reason.DUPLICATE
    return Reason.EXPIRED if rules.expires(image, now) else None


def _rank(
    free: Iterable[_Free],
    pools: Collection[space.Pool],
    now: datetime.datetime,
    rules: Rules,
) -> list[Verdict]:
    # Equals go by identity; of an order's values only "<" is asked.
    queue = sorted(free, key=lambda one: one[0].identity)
    queue.sort(key=lambda one: rules.order(one[0], now))
    chosen = _for_space(pools, queue, rules)
    verdicts = []
    for rank, (image, ground) in enumerate(queue):
        if rank in chosen:
            ground = Reason.SPACE
        verdicts.append(
            Verdict(
                image=image,
                evict=ground is not None,
                reason=ground or Reason.NOT_NEEDED,
                rank=rank,
            )
        )
    return verdicts


def _for_space(
    pools: Collection[space.Pool], queue: Iterable[_Free], rules: Rules
) -> set[int]:
    """Choose by rank what goes only because space is short."""
    short = {
        pool.name: wanted for pool in pools if (wanted := pool.wanted(rules))
    }
    pool_of = space.by_store(pool for pool in pools if pool.name in short)
    waiting = []
    for rank, (image, ground) in enumerate(queue):
        pool = pool_of.get(image.store)
        if pool is None:
            continue
        if ground is None:
            waiting.append((rank, pool, image.releases))
        else:
            short[pool] -= image.releases
    chosen = set()
    for rank, pool, frees in waiting:
        # What would free nothing is passed over.
        if frees and short[pool] > 0:
            short[pool] -= frees
            chosen.add(rank)
    return chosen


def _changes(
    verdicts: Iterable[Verdict],
    now: datetime.datetime,
    rules: Rules,
    wants_seen: bool,
) -> Iterator[Change]:
    seen = frozenset({marks.seen_label(now)})
    for verdict in verdicts:
        if verdict.evict:
            continue
        image = verdict.image
        labels = image.marks
        if relabel := _aged(verdict, now, rules):
            yield Change(
                image=image,
                add=relabel.add,
                remove=relabel.remove,
                used=verdict.reason is Reason.IN_USE,
            )
        if wants_seen and labels.seen is None:
            yield Change(image=image, add=seen)
        # On a busy image an old claim may be that of a pending removal.
        timed = labels.claims or labels.leases or labels.pins
        if timed and not image.busy:
            dead = _dead(labels, now, rules)
            if dead:
                yield Change(image=image, remove=dead)


def _aged(
    verdict: Verdict, now: datetime.datetime, rules: Rules
) -> marks.Relabel:
    labels = verdict.image.marks
    if verdict.reason is Reason.IN_USE:
        return marks.in_use(labels)
    if rules.remove and verdict.reason not in _UNCLEAR:
        return marks.idle(labels, now)
    return marks.NO_CHANGE


def _dead(
    labels: marks.Marks, now: datetime.datetime, rules: Rules
) -> frozenset[str]:
    timed = (
        ('claim', labels.claims),
        ('lease', labels.leases),
        ('pin', labels.pins),
    )
    return frozenset(
        label
        for kind, owners in timed
        for owner, expiry in owners.items()
        if expiry is not None and rules.forgotten(expiry, now)
        for label in labels.of(kind, owner)
    )


def _warnings(
    verdicts: Collection[Verdict],
    pools: Collection[space.Pool],
    rules: Rules,
    whole: bool,
) -> Iterator[str]:
    # What a store that was not read holds may match.
    if rules.protected and whole:
        names = {verdict.image.image_id for verdict in verdicts}
        for pattern in rules.protected.idle(names):
            yield f'protected pattern {pattern!r} matches no cached image'
    for verdict in verdicts:
        if not verdict.image.marks.unread:
            continue
        for label in sorted(verdict.image.marks.unread):
            yield (
                f'image {verdict.image.image_id!r}: label {label!r} is not '
                f'understood and protects nothing'
            )
    if rules.high < 100:
        yield from space.warnings(verdicts, pools, rules)
