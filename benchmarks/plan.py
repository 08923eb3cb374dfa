"""Measure how long ``make_plan`` takes, and how much memory.

Beside it stands what no planner can do without: making one verdict for each
image from ready fields, with the blockers that it really carries.  In both
arms the inventory is frozen out of the garbage collector, as it is the
caller's; what the arms make themselves is collected as usual.  Memory is
what tracemalloc sees in a process of its own: the inventory, and the most
that planning adds to it.
"""

from collections.abc import Callable
from collections.abc import Sequence
from concurrent import futures
import dataclasses
import datetime
import functools
import gc
import multiprocessing
import random
import time
import tracemalloc

from benchmarks import output
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import hits_label
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Verdict

NOW = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
RULES = Rules(
    high_watermark=85,
    low_watermark=70,
    max_age=datetime.timedelta(days=30),
    expire_at_min_age=False,
    protected=Patterns.parse(['golden-*', 'image-7']),
)
GIB = 2**30
PER_STORE = 1_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    images: list[CachedImage]
    stores: list[Store]
    evidence: Evidence

    def plan(self) -> Plan:
        return make_plan(self.images, self.stores, self.evidence, NOW, RULES)


def inventory(count: int) -> Inventory:
    """Make a cache in its daily state, the same on every run.

    Of ten images four are in use, one was not seen unused before and five
    lie idle; a few are pinned, leased, claimed, resized or there twice.
    """
    chance = random.Random(count)
    images = [_image(n, chance) for n in range(count)]
    names = sorted({image.store for image in images})
    total = PER_STORE * 10 * GIB
    return Inventory(
        images=images,
        stores=[Store(name=one, total=total, free=GIB) for one in names],
        evidence=Evidence(
            users={
                f'image-{n}': frozenset({f'instance-{n}'})
                for n in range(0, count, 5)
            },
            complete=True,
            as_of=NOW,
        ),
    )


def _image(n: int, chance: random.Random) -> CachedImage:
    twin = n % 100 == 99
    return CachedImage(
        image_id=f'image-{n - 1 if twin else n}',
        store=f'store-{n // PER_STORE}',
        location=f'location-{n}',
        variant='20G' if n % 20 == 19 else '',
        size=chance.randrange(1, 20) * GIB,
        cached_at=NOW - datetime.timedelta(hours=chance.randrange(1, 2000)),
        users=frozenset({f'vm-{n}'} if n % 5 == 1 else ()),
        marks=Marks.read(_labels(n, chance)),
    )


def _labels(n: int, chance: random.Random) -> set[str]:
    labels = set()
    idle = datetime.timedelta(hours=chance.randrange(0, 1000))
    soon = NOW + datetime.timedelta(minutes=chance.randrange(1, 60))
    if n % 5 > 1 and n % 10 != 2:
        labels |= {unused_label(NOW - idle), hits_label(n % 7)}
    if n % 50 == 3:
        labels.add(pin_label('ops', soon if n % 100 == 3 else None))
    if n % 100 == 4:
        labels.add(lease_label(f'vm-{n}', soon))
    if n % 200 == 8:
        labels.add(claim_label('5f0c', soon))
    return labels


def remade(plan: Plan) -> list[Verdict]:
    """Make the verdicts of a plan once more, from ready fields."""
    return [
        Verdict(
            image=one.image,
            evict=one.evict,
            reason=one.reason,
            blockers=tuple([_remade(blocker) for blocker in one.blockers]),
            rank=one.rank,
        )
        for one in plan.verdicts
    ]


def _remade(blocker: Blocker) -> Blocker:
    return Blocker(
        reason=blocker.reason,
        who=blocker.who,
        detail=blocker.detail,
        until=blocker.until,
    )


def _seconds(work: Callable[[], object]) -> float:
    """Time one run in processor time; its result is freed unmeasured."""
    gc.collect()
    gc.freeze()
    try:
        started = time.process_time()
        made = work()
        taken = time.process_time() - started
    finally:
        gc.unfreeze()
    del made
    return taken


def memory(count: int) -> tuple[int, int]:
    """Give the bytes of an inventory, and the most that its plan adds."""
    tracemalloc.start()
    cached = inventory(count)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    cached.plan()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held, peak - held


def _memory_apart(count: int) -> tuple[int, int]:
    with futures.ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context('spawn')
    ) as child:
        return child.submit(memory, count).result()


def measure(count: int, repeat: int) -> output.Row:
    """Give the row of one size."""
    cached = inventory(count)
    made = cached.plan()
    # In turns, and the quickest of each: other work disturbs both alike.
    rounds = [
        (_seconds(functools.partial(remade, made)), _seconds(cached.plan))
        for _ in range(repeat)
    ]
    floor, taken = map(min, zip(*rounds, strict=True))
    held, added = _memory_apart(count)
    return {
        'images': count,
        'plan s': taken,
        'us/image': taken / count * 1e6,
        'verdicts us/image': floor / count * 1e6,
        'ratio': taken / floor,
        'images MiB': held / 2**20,
        'plan MiB': added / 2**20,
        'memory ratio': added / held,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', nargs='+', type=int, default=SIZES)
    parser.add_argument('--repeat', type=int, default=5)
    args = parser.parse_args(argv)
    rows = [measure(count, args.repeat) for count in args.sizes]
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
