"""``imagecache usage``: where the bytes are."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.commands.base import PlanningCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import bars
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

DEBRIS = 'debris'
_EVICTABLE = 'evictable'
_KINDS = {
    Reason.IN_USE: 'in use',
    Reason.BUSY: 'in use',
    Reason.LEASED: 'in use',
    Reason.UNKNOWN: 'unknown',
    Reason.UNDELETABLE: 'undeletable',
    Reason.PINNED: 'pinned',
    Reason.PROTECTED: 'pinned',
    Reason.DISABLED: 'kept',
    Reason.TOO_YOUNG: 'young',
}
_ORDER = (*dict.fromkeys(_KINDS.values()), _EVICTABLE, DEBRIS)
_WIDTH = 36


@dataclasses.dataclass(slots=True)
class Part:
    """What one kind of image, or debris, holds in a store."""

    count: int = 0
    size: int = 0


class Usage(PlanningCommand, Paged):
    """Show where the bytes of every store are, and what could be freed."""

    columns = (
        *('store', 'kind', 'count', 'size'),
        *('total', 'free', 'high_watermark', 'low_watermark'),
    )

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
            debris = _debris_of(site)
        self.complain(plan.problems)
        return Answer(
            rows=rows(plan, debris, site.rules),
            page=page(plan, debris, site.rules, self.width),
            code=FAILED if plan.problems else 0,
        )


def _debris_of(site: OpenedCache) -> Collection[Debris]:
    try:
        return site.cache.debris(site.stores).items
    except NotSupported:
        # What cannot tell of debris has none to show.
        return ()


def _parts_of_store(
    store: Store, verdicts: Iterable[Verdict], debris: Iterable[Debris]
) -> dict[str, Part]:
    parts = {kind: Part() for kind in _ORDER}
    held = [
        (_KINDS.get(one.reason, _EVICTABLE), one.image.size)
        for one in verdicts
        if one.image.store == store.name
    ]
    held += [(DEBRIS, one.size) for one in debris if one.store == store.name]
    for kind, size in held:
        parts[kind].count += 1
        parts[kind].size += size
    return parts


def _by_store(
    plan: Plan, debris: Iterable[Debris]
) -> Iterator[tuple[Store, dict[str, Part]]]:
    for store in plan.stores:
        if store.name not in plan.problems:
            yield store, _parts_of_store(store, plan.verdicts, debris)


def rows(
    plan: Plan, debris: Iterable[Debris], rules: Rules
) -> Iterator[tuple[object, ...]]:
    """Give the row of each kind in each store, those of nothing too.

    With each stand the bytes of its store, None if it tells none, and the
    watermarks that hold for it, in percent.
    """
    marks = rules.high_watermark, rules.low_watermark
    for store, parts in _by_store(plan, debris):
        space_of_store = _size_or_none(store.total), _size_or_none(store.free)
        for kind, part in parts.items():
            held = printable(store.name), kind, part.count, Size(part.size)
            yield (*held, *space_of_store, *marks)


def _size_or_none(size: int | None) -> Size | None:
    return None if size is None else Size(size)


def page(
    plan: Plan, debris: Iterable[Debris], rules: Rules, width: int
) -> Iterator[lines.Line]:
    """Give the lines of a page, with a bar for each kind that there is."""
    pools = space.group_by_pool(plan.stores)
    for store, parts in _by_store(plan, debris):
        yield from _store_lines(store, parts, pools, rules, width)
    if any(pool.total for pool in pools):
        yield lines.line(bars.LEGEND, lines.Tone.FREE)


def _store_lines(
    store: Store,
    parts: dict[str, Part],
    pools: Collection[space.Pool],
    rules: Rules,
    width: int,
) -> Iterator[lines.Line]:
    held = sum(part.size for part in parts.values())
    told = f'the cache holds {units.size(held)}'
    if store.free is not None and store.total is not None:
        free, total = units.size(store.free), units.size(store.total)
        told += f'; {free} of {total} free'
    yield from plan_page.heading(store, told, width)
    freed = parts[_EVICTABLE].size
    for pool in pools:
        if store.name in pool.stores and pool.total:
            yield plan_page.gauge(pool, freed, rules)
    for kind, part in parts.items():
        if part.count:
            yield _part_line(kind, part, held)
    yield lines.line()


def _part_line(kind: str, part: Part, held: int) -> lines.Line:
    tone = (
        lines.Tone.GOES if kind in (_EVICTABLE, DEBRIS) else lines.Tone.STAYS
    )
    size = units.size(part.size)
    bar = bars.of_part(part.size, held, _WIDTH)
    counted = f'  {kind:11}  {part.count:>6}  {size:>10}  '
    return lines.Line((lines.Span(counted), lines.Span(bar, tone)))
