"""Marks: what each low watermark would free, if it were set; pure."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from imagecache_handlers.model import Store
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Verdict

# Percent of a pool in use.
TRIED = (95, 90, 85, 80, 70, 60, 50)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What would go, in bytes, to come down to ``percent`` in use.

    ``is_reached`` False: all that may go would not be enough.
    """

    percent: int
    count: int
    frees: int
    is_reached: bool


def try_marks(store: Store, plan: Plan) -> Iterator[Mark]:
    """Try marks on the pool of a store; none where its size is unknown.

    What is blocked stays, as in any sweep; what would free nothing, too.
    """
    for pool in space.group_by_pool(plan.stores):
        if store.name in pool.stores and pool.total:
            queue = _line_up(plan.verdicts, pool)
            for percent in TRIED:
                yield _try_mark(percent, pool.total, pool.free, queue)


def _line_up(verdicts: Iterable[Verdict], pool: space.Pool) -> list[int]:
    """Give what each that may go would free, in the order of the policy."""
    free = [
        one
        for one in verdicts
        if one.rank is not None
        and one.image.store in pool.stores
        and one.image.reclaimable
    ]
    # What goes anyway goes first.
    free.sort(key=lambda one: (not one.evict, one.rank))
    return [one.image.reclaimable for one in free]


def _try_mark(
    percent: int, total: int, free: int, queue: Iterable[int]
) -> Mark:
    wanted = -(-total * (100 - percent) // 100) - free
    count = frees = 0
    for size in queue:
        if frees >= wanted:
            break
        count += 1
        frees += size
    return Mark(
        percent=percent,
        count=count,
        frees=frees,
        is_reached=frees >= wanted,
    )
