"""Plan: which image goes, and why; pure functions over values.

No I/O and no clock: ``now`` is an argument.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import datetime

from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Retired
from imagecache_handlers.model import Store
from imagecache_handlers.planning.blockers import Judge
from imagecache_handlers.planning.changes import changes_of
from imagecache_handlers.planning.duplicates import surplus_copies
from imagecache_handlers.planning.plan_warnings import collect_warnings
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import keep_blocked
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

# What nothing blocks, and why it goes whether or not space is short.
_Free = tuple[CachedImage, Reason | None]


def make_plan(
    images: Collection[CachedImage],
    stores: Collection[Store],
    evidence: Evidence,
    now: datetime.datetime,
    rules: Rules,
    *,
    problems: Mapping[str, str] | None = None,
    wants_seen: bool = False,
    wants_shield: bool = False,
) -> Plan:
    """Decide on every image, and explain every shortage of space.

    ``problems`` names the stores that could not be read; ``wants_seen``
    asks to label each object that no sweep has seen before, ``wants_shield``
    each that is pinned, protected or not to be removed at all.
    """
    judge = Judge.at(evidence, now, rules)
    free, kept = _judge_images(images, judge)
    pools = space.group_by_pool(stores)
    verdicts = (*_rank_free(free, pools, judge), *kept)
    changes = changes_of(
        verdicts, now, rules, wants_seen=wants_seen, wants_shield=wants_shield
    )
    warnings = collect_warnings(
        verdicts, pools, evidence, rules, whole=not problems
    )
    return Plan(
        now=now,
        stores=tuple(stores),
        verdicts=verdicts,
        changes=tuple(changes),
        spaces=tuple(space.explain_shortages(pools, verdicts, rules)),
        problems=problems or {},
        warnings=tuple(warnings),
    )


def _judge_images(
    images: Collection[CachedImage], judge: Judge
) -> tuple[list[_Free], list[Verdict]]:
    """Tell apart what nothing blocks, and what stays."""
    surplus = surplus_copies(images)
    free: list[_Free] = []
    kept: list[Verdict] = []
    for image in images:
        is_surplus = bool(surplus) and image.identity in surplus
        why = judge.find_blockers(image, is_surplus)
        retired = judge.evidence.retired.get(image.image_id)
        if why:
            kept.append(keep_blocked(image, tuple(why), retired))
        else:
            ground = _find_ground(image, is_surplus, retired, judge)
            free.append((image, ground))
    return free, kept


def _find_ground(
    image: CachedImage,
    is_surplus: bool,
    retired: Retired | None,
    judge: Judge,
) -> Reason | None:
    """Say why it goes whether or not space is short; None: it does not."""
    if is_surplus:
        return Reason.DUPLICATE
    rules = judge.rules
    # Nothing blocks it, so it has reached its minimum age.
    if rules.drops(retired) or rules.expires(image, judge.now):
        return Reason.EXPIRED
    return None


def _rank_free(
    free: Iterable[_Free], pools: Collection[space.Pool], judge: Judge
) -> list[Verdict]:
    """Decide on what nothing blocks, the first to go first."""
    retired = judge.evidence.retired
    queue = _order_free(free, judge)
    chosen = _choose_for_space(pools, queue, judge.rules)
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
                retired=retired.get(image.image_id),
            )
        )
    return verdicts


def _order_free(free: Iterable[_Free], judge: Judge) -> list[_Free]:
    """Order it as the policy does; what is retired, if it is to go, first."""
    retired, rules, now = judge.evidence.retired, judge.rules, judge.now
    # Equals go by identity; of an order's values only "<" is asked.
    queue = sorted(free, key=lambda one: one[0].identity)
    queue.sort(key=lambda one: rules.order(one[0], now))
    queue.sort(key=lambda one: not rules.drops(retired.get(one[0].image_id)))
    return queue


def _choose_for_space(
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
