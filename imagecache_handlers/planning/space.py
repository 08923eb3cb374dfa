"""Space: what a pool wants freed, and what keeps it from that.

The arithmetic of the watermarks is the kubelet's: whole percent of use,
rounded up, and once above the high one enough is wanted to reach the low one.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Blocked
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Space
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers.planning.warned import Warned
from imagecache_handlers.planning.warned import WarningKind
from imagecache_handlers import units

_BY_HAND = frozenset({Reason.PINNED, Reason.PROTECTED})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Stores that share one free space, planned as one.

    ``read`` False: none of them could be read now.
    """

    name: str
    stores: frozenset[str]
    total: int | None
    free: int  # with what is being released, never above the total
    read: bool = True

    @property
    def usage(self) -> int | None:
        """Percent in use, rounded up; None where the size is not known."""
        return 100 - self.free * 100 // self.total if self.total else None

    def wanted(self, rules: Rules) -> int:
        """Bytes to free; 0 at or below the high watermark."""
        if self.total is None or (self.usage or 0) <= rules.high_watermark:
            return 0
        return max(
            0, -(-self.total * (100 - rules.low_watermark) // 100) - self.free
        )


def group_by_pool(stores: Iterable[Store]) -> list[Pool]:
    """Group stores by their pool, in their order."""
    groups: dict[str, list[Store]] = {}
    for store in stores:
        groups.setdefault(store.pool, []).append(store)
    return [_make_pool(name, members) for name, members in groups.items()]


def _make_pool(name: str, members: Collection[Store]) -> Pool:
    # Members measure one space, moments apart: the roomiest reading evicts
    # least.  What each is releasing is its own.
    sized = [
        (store.free, store.total)
        for store in members
        if store.total is not None and store.free is not None
    ]
    free, total = max(sized, default=(0, None))
    releasing = sum(store.releasing for store in members)
    return Pool(
        name=name,
        stores=frozenset(store.name for store in members),
        total=total,
        free=free + releasing
        if total is None
        else min(total, free + releasing),
        read=not all(store.problem for store in members),
    )


def by_store(pools: Iterable[Pool]) -> dict[str, str]:
    """Tell the name of the pool that each store belongs to."""
    return {store: pool.name for pool in pools for store in pool.stores}


def explain_shortages(
    pools: Collection[Pool], verdicts: Iterable[Verdict], rules: Rules
) -> Iterator[Space]:
    """Tell what is planned in each pool and, if that falls short, why."""
    pool_of = by_store(pools)
    planned = {pool.name: 0 for pool in pools}
    kept: dict[str, list[Verdict]] = {pool.name: [] for pool in pools}
    for verdict in verdicts:
        name = pool_of.get(verdict.image.store)
        if name is None:
            continue
        if verdict.evict:
            planned[name] += verdict.image.reclaimable
        elif verdict.blockers:
            kept[name].append(verdict)
    for pool in pools:
        wanted = pool.wanted(rules)
        short = wanted > planned[pool.name]
        yield Space(
            pool=pool.name,
            wanted=wanted,
            planned=planned[pool.name],
            blocked=tuple(_blocked_by_reason(kept[pool.name]))
            if short
            else (),
        )


def _blocked_by_reason(verdicts: Iterable[Verdict]) -> Iterator[Blocked]:
    kept: dict[Reason, list[Verdict]] = {}
    for verdict in verdicts:
        kept.setdefault(verdict.reason, []).append(verdict)
    for reason in sorted(kept, key=list(Reason).index):
        group = kept[reason]
        ends = [one.until for one in group if one.until is not None]
        yield Blocked(
            reason=reason,
            size=sum(one.image.reclaimable for one in group),
            who=frozenset().union(*(one.blockers[0].who for one in group)),
            first=min(ends, default=None),
        )


def warn_of_space(
    verdicts: Iterable[Verdict], pools: Iterable[Pool], rules: Rules
) -> Iterator[Warned]:
    """Warn where watermarks cannot work: no size, or too much by hand."""
    kept = _kept_by_hand(verdicts)
    for pool in pools:
        if not pool.read:
            continue
        if not pool.total:
            yield Warned.of(
                WarningKind.SIZE,
                f'pool {pool.name!r} does not say its size: '
                f'no watermarks there',
            )
            continue
        size = sum(kept.get(name, 0) for name in pool.stores)
        low = pool.total * rules.low_watermark // 100
        if size > low:
            yield Warned.of(
                WarningKind.BY_HAND,
                f'pins and patterns keep {units.size(size)} in pool '
                f'{pool.name!r}, more than its low watermark of '
                f'{units.size(low)}: no sweep can reach it',
            )


def _kept_by_hand(verdicts: Iterable[Verdict]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for verdict in verdicts:
        for blocker in verdict.blockers:
            if blocker.reason in _BY_HAND:
                name = verdict.image.store
                kept[name] = kept.get(name, 0) + verdict.image.reclaimable
                break
    return kept
