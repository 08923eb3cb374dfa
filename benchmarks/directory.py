"""Measure the handler ``directory`` on folders of images and overlays.

Beside enumerating stands what no reader can do without: a bare scandir, a
stat of every image and disk, and one read of 512 bytes of each overlay.
Beside a pass that changes nothing stands enumerating.  Half of the images
have two overlays each, the others lie idle, too young to go; at last they
are old enough, and evicted.  Each look at a store counts, and each label
that is written.
"""

from collections.abc import Callable
from collections.abc import Sequence
import datetime
import itertools
import pathlib
import tempfile
import time

from benchmarks.directory_floor import bare
from benchmarks.directory_floor import read_same
from benchmarks.directory_place import Counting
from benchmarks.directory_place import LAYOUTS
from benchmarks.directory_place import NOW
from benchmarks.directory_place import Place
from benchmarks import output
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules

LATER = NOW + datetime.timedelta(days=2)
SIZES = (1_000, 10_000)


def sweep(handler: Counting, now: datetime.datetime) -> Report:
    cache = ImageCache(handler, Rules(), clock=lambda: now)
    # The disks tell who uses what; nobody has anything to add.
    return cache.sweep(lambda: Evidence(as_of=now))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(place: Place, repeat: int) -> output.Row:
    """Give the row of one size; the place is not fit for another."""
    handler = place.handler()
    acts = (
        lambda: bare(place),
        lambda: place.handler().enumerate(place.images),
        lambda: sweep(handler, NOW),
    )
    # In turns, and the quickest of each: other work disturbs all alike.
    rounds = [[_seconds(act) for act in acts] for _ in range(repeat + 1)]
    floor, listed, passed = map(min, zip(*rounds[1:], strict=True))
    return {
        'layout': place.layout,
        'images': place.count,
        'overlays': place.count,
        'bare s': floor,
        'enumerate s': listed,
        'to bare': listed / floor,
        'cpu to same bytes': compare_cpu(place, repeat),
        'pass s': passed,
        'to enumerate': passed / listed,
        'writes': handler.writes,
        **evicting(place),
    }


def compare_cpu(place: Place, repeat: int) -> float:
    """Hold the processor's time of a first list against reading alone."""
    acts = (
        lambda: read_same(place),
        lambda: place.handler().enumerate(place.images),
    )
    rounds = [[_cpu_seconds(act) for act in acts] for _ in range(repeat)]
    floor, listed = map(min, zip(*rounds, strict=True))
    return float(listed / floor)


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def evicting(place: Place) -> dict[str, int | float]:
    """Evict the idle half, when its time has come."""
    handler = place.handler()
    started = time.perf_counter()
    report = sweep(handler, LATER)
    taken = time.perf_counter() - started
    did = [one.did for one in report.outcomes]
    evicted = did.count(Did.EVICTED)
    if evicted != place.count // 2 or evicted != len(did):
        raise RuntimeError(f'evicted {evicted} of {place.count // 2}')
    return {
        'evicted': evicted,
        # The first is that of the plan.
        'fresh looks': handler.looks - 1,
        'evict s': taken,
        'ms/evicted': taken / evicted * 1e3,
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', nargs='+', type=int, default=SIZES)
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument(
        '--folder', help='where to make the images; default: for temporaries'
    )
    args = parser.parse_args(argv)
    rows = []
    for count, layout in itertools.product(args.sizes, LAYOUTS):
        with tempfile.TemporaryDirectory(dir=args.folder) as root:
            place = Place(root=pathlib.Path(root), count=count, layout=layout)
            place.build()
            rows.append(measure(place, args.repeat))
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
