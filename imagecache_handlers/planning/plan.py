"""Plan: which image goes, and why; pure functions over values.

No I/O and no clock: ``now`` is an argument.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime

from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import restart_age
from imagecache_handlers.labels import seen_label
from imagecache_handlers.labels import start_age
from imagecache_handlers.labels import was_seen
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.planning.blockers import Judge
from imagecache_handlers.planning.duplicates import surplus_copies
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import blocked
from imagecache_handlers.planning.verdicts import Change
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

# What nothing blocks, and why it goes whether or not space is short.
_Free = tuple[CachedImage, Reason | None]

# Of these nobody can say that it lies idle, so its age does not start.
_UNCLEAR = frozenset({Reason.BUSY, Reason.UNKNOWN, Reason.LEASED})


def make_plan(
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
    this = Judge.at(evidence, now, rules)
    surplus = surplus_copies(images)
    free: list[_Free] = []
    kept: list[Verdict] = []
    for image in images:
        spare = bool(surplus) and image.identity in surplus
        why = this.blockers(image, spare)
        if why:
            kept.append(blocked(image, tuple(why)))
        else:
            free.append((image, _ground_of(image, spare, now, rules)))
    pools = space.pools(stores)
    verdicts = (*_rank_free(free, pools, now, rules), *kept)
    return Plan(
        now=now,
        stores=tuple(stores),
        verdicts=verdicts,
        changes=tuple(_changes_of(verdicts, now, rules, wants_seen)),
        spaces=tuple(space.shortages(pools, verdicts, rules)),
        problems=problems or {},
        warnings=(
            *_collect_warnings(verdicts, pools, rules, not problems),
            *_warn_of_strangers(verdicts, evidence),
        ),
    )


def _ground_of(
    image: CachedImage, surplus: bool, now: datetime.datetime, rules: Rules
) -> Reason | None:
    if surplus:
        return Reason.DUPLICATE
    return Reason.EXPIRED if rules.expires(image, now) else None


def _rank_free(
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
            waiting.append((rank, pool, image.reclaimable))
        else:
            short[pool] -= image.reclaimable
    chosen = set()
    for rank, pool, frees in waiting:
        # What would free nothing is left out.
        if frees and short[pool] > 0:
            short[pool] -= frees
            chosen.add(rank)
    return chosen


def _changes_of(
    verdicts: Iterable[Verdict],
    now: datetime.datetime,
    rules: Rules,
    wants_seen: bool,
) -> Iterator[Change]:
    seen = frozenset({seen_label(now)})
    for verdict in verdicts:
        if verdict.evict:
            continue
        image = verdict.image
        labels = image.marks
        if relabel := _change_of_age(verdict, now, rules):
            yield Change(
                image=image,
                add=relabel.add,
                remove=relabel.remove,
                used=verdict.reason is Reason.IN_USE,
            )
        if wants_seen and not was_seen(labels, now):
            yield Change(
                image=image, add=seen, remove=labels.labels_of('seen') - seen
            )
        # On a busy image an old claim may be that of a pending removal.
        timed = labels.claims or labels.leases or labels.pins
        if timed and image.busy is None:
            dead = _dead_labels(labels, now, rules)
            if dead:
                yield Change(image=image, remove=dead)


def _change_of_age(
    verdict: Verdict, now: datetime.datetime, rules: Rules
) -> Relabel:
    labels = verdict.image.marks
    if verdict.reason is Reason.IN_USE:
        return restart_age(labels)
    if rules.remove_unused and verdict.reason not in _UNCLEAR:
        return start_age(labels, now)
    return NO_CHANGE


def _dead_labels(
    labels: Marks, now: datetime.datetime, rules: Rules
) -> frozenset[str]:
    timed = (
        ('claim', labels.claims),
        ('lease', labels.leases),
        ('pin', labels.pins),
    )
    dead = {
        (kind, owner)
        for kind, owners in timed
        for owner, expiry in owners.items()
        if expiry is not None and rules.is_forgotten(expiry, now)
    }
    if not dead:
        return frozenset()
    return frozenset(
        label for label in labels.labels if tuple(label.split('.')[:2]) in dead
    )


def _warn_of_strangers(
    verdicts: Collection[Verdict], evidence: Evidence
) -> Iterator[str]:
    """Warn of a list that is believed and yet knows nothing of this cache."""
    cached = {verdict.image.image_id for verdict in verdicts}
    named = evidence.users.keys()
    if evidence.complete and named and cached and cached.isdisjoint(named):
        example = min(named)
        yield (
            f'none of the {len(named)} images that are said to be in use is '
            f'cached here, such as {example!r}: are these image ids?'
        )


def _of_patterns(
    verdicts: Iterable[Verdict], protected: Patterns, whole: bool
) -> Iterator[str]:
    # What a store that was not read holds may match.
    if whole:
        names = {verdict.image.image_id for verdict in verdicts}
        for pattern in protected.idle(names):
            yield f'protected pattern {pattern!r} matches no cached image'
    for pattern in sorted(protected.blind):
        yield (
            f'protected pattern {pattern!r} cannot be tested: images are '
            f'listed here by other names than their ids; protect each by '
            f'its exact image id'
        )


def _collect_warnings(
    verdicts: Collection[Verdict],
    pools: Collection[space.Pool],
    rules: Rules,
    whole: bool,
) -> Iterator[str]:
    if rules.protected:
        yield from _of_patterns(verdicts, rules.protected, whole)
    for verdict in verdicts:
        if not verdict.image.marks.malformed:
            continue
        for label in sorted(verdict.image.marks.malformed):
            yield (
                f'image {verdict.image.image_id!r}: label {label!r} is not '
                f'understood and protects nothing'
            )
    if rules.high_watermark < 100:
        yield from space.warnings(verdicts, pools, rules)
