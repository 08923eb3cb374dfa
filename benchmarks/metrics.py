"""Measure what operators wait for: a scrape, and the page of a report.

A scrape reads what is kept, so it takes as long for many images as for few;
what it leaves in memory is what tracemalloc sees after so many ``scrapes``.
The page has a line for each image that is kept for a reason of its own.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import gc
import time
import tracemalloc

from benchmarks import output
from benchmarks import plan as plans
from imagecache_handlers.frontends.html.hosts import describe_plan
from imagecache_handlers.frontends.html.page import render_page
from imagecache_handlers.frontends.metrics.collector import write_text
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import Plan

SIZES = (0, 10_000, 100_000)
SCRAPES = 10_000
_TRIES = 9
_MILLION = 1e6


def measure(count: int, scrapes: int) -> output.Row:
    plan = make_plan(count)
    record = Record()
    record.note_plan(plan)
    host = describe_plan('host', plan, plans.RULES)
    page = render_page([host], plans.NOW)
    lines = write_text(record).splitlines()
    return {
        'images': count,
        'series': sum(not line.startswith('#') for line in lines),
        'scrape ms': 1000 * best(lambda: write_text(record)),
        'grown B': count_grown(lambda: write_text(record), scrapes),
        'page MB': len(page.encode()) / _MILLION,
        'page s': best(lambda: render_page([host], plans.NOW), 1),
    }


def make_plan(count: int) -> Plan:
    """Plan for a cache in its daily state, all of it in one store."""
    cache = plans.inventory(count)
    name = 'store'
    return dataclasses.replace(
        cache,
        images=[dataclasses.replace(one, store=name) for one in cache.images],
        stores=[Store(name=name, total=count * 10 * plans.GIB, free=1)],
    ).plan()


def best(act: Callable[[], object], tries: int = _TRIES) -> float:
    """Give the seconds of the quickest."""
    return min(_time_once(act) for _ in range(tries))


def _time_once(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def count_grown(act: Callable[[], object], times: int) -> int:
    """Give the bytes that are there in addition after so many times."""
    act()
    tracemalloc.start()
    try:
        before = _count_bytes()
        for _ in range(times):
            act()
        return _count_bytes() - before
    finally:
        tracemalloc.stop()


def _count_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', type=int, nargs='+', default=SIZES)
    parser.add_argument('--scrapes', type=int, default=SCRAPES)
    args = parser.parse_args(argv)
    rows = [measure(size, args.scrapes) for size in args.sizes]
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
