"""Replay a trace of requests against each policy's order.

Each request of the trace names one of 86 large objects of one size: the
nearest public stand-in for VM images.  A cache of a few slots evicts one
object per miss, chosen by the library's own orders.  Hits are labels, so they
die with their object; the rows ``hits kept`` show what it would bring to keep
them across evictions, which the library cannot do.
"""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import csv
import datetime
import gzip
import pathlib
from typing import NamedTuple

from benchmarks.needs import end_without
from benchmarks import output
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Order
from imagecache_handlers.planning import policies

TRACE = (
    pathlib.Path(__file__).parents[2]
    / 'shared'
    / 'data'
    / 'gentd26-requests.csv.gz'
)
SLOTS = (2, 4, 8, 12, 20, 30)
ORDERS: dict[str, Order] = {
    'age': policies.age,
    'lru': policies.lru,
    'popularity': policies.popularity,
    'gdsf': policies.gdsf,
}


class Request(NamedTuple):
    at: datetime.datetime
    name: str


# Counts the hits that a cache of so many slots gives.
Replay = Callable[[Sequence[Request], int], int]


def read(path: pathlib.Path) -> list[Request]:
    """Give the requests of a trace, oldest first."""
    with gzip.open(path, 'rt', newline='') as lines:
        requests = [
            Request(
                datetime.datetime.fromisoformat(f'{row["gmt_create"]}+00:00'),
                row['checkpoint_model_version_id'],
            )
            for row in csv.DictReader(lines)
            # A request that never started names nothing.
            if row['checkpoint_model_version_id']
        ]
    return sorted(requests, key=lambda request: request.at)


def fifo(requests: Sequence[Request], slots: int) -> int:
    """Evict what came first."""
    cached: collections.deque[str] = collections.deque(maxlen=slots)
    hits = 0
    for request in requests:
        if request.name in cached:
            hits += 1
        else:
            cached.append(request.name)
    return hits


def belady(requests: Sequence[Request], slots: int) -> int:
    """Evict what is needed last: nothing does better, and nobody can."""
    cached: dict[str, int] = {}
    hits = 0
    for request, again in zip(requests, _next_uses(requests), strict=True):
        if request.name in cached:
            hits += 1
        elif len(cached) == slots:
            del cached[max(cached, key=cached.__getitem__)]
        cached[request.name] = again
    return hits


def _next_uses(requests: Sequence[Request]) -> list[int]:
    found: dict[str, int] = {}
    uses = []
    for n in range(len(requests) - 1, -1, -1):
        name = requests[n].name
        uses.append(found.get(name, len(requests)))
        found[name] = n
    return uses[::-1]


def ordered(order: Order, *, keep_hits: bool = False) -> Replay:
    """Evict what an order puts first among the images of the cache."""

    def replay(requests: Sequence[Request], slots: int) -> int:
        cached: dict[str, CachedImage] = {}
        kept: dict[str, int] = {}
        hits = 0
        for at, name in requests:
            image = cached.get(name)
            if image is not None:
                hits += 1
                added = image.cached_at or at
                cached[name] = _cached(name, added, at, image.marks.hits + 1)
                continue
            if len(cached) == slots:
                gone = _first(order, cached.values(), at)
                del cached[gone.location]
                if keep_hits:
                    kept[gone.location] = gone.marks.hits + 1
            cached[name] = _cached(name, at, at, kept.get(name, 0))
        return hits

    return replay


def _first(
    order: Order,
    cached: Collection[CachedImage],
    now: datetime.datetime,
) -> CachedImage:
    return min(cached, key=lambda one: (order(one, now), one.location))


def _cached(
    name: str, added: datetime.datetime, used: datetime.datetime, hits: int
) -> CachedImage:
    return CachedImage(
        image_id=name,
        store='trace',
        location=name,
        size=8 * 2**30,
        cached_at=added,
        users=frozenset(),
        marks=Marks(hits=hits, unused_since=used),
    )


def replays() -> dict[str, Replay]:
    """Name every way to choose that is compared."""
    real = {name: ordered(order) for name, order in ORDERS.items()}
    kept = {
        f'{name}, hits kept': ordered(ORDERS[name], keep_hits=True)
        for name in ('popularity', 'gdsf')
    }
    return {'fifo': fifo, **real, **kept, 'belady': belady}


def measure(
    requests: Sequence[Request], slots: Sequence[int] = SLOTS
) -> list[output.Row]:
    """Give the hit ratio of each way to choose, for each cache size."""
    return [
        {
            'order': name,
            **{str(n): replay(requests, n) / len(requests) for n in slots},
        }
        for name, replay in replays().items()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('trace', nargs='?', type=pathlib.Path, default=TRACE)
    args = parser.parse_args(argv)
    if not args.trace.exists():
        end_without(f'there is no trace {args.trace}: name the file of one')
    output.write(measure(read(args.trace)), args.json)


if __name__ == '__main__':
    main()
