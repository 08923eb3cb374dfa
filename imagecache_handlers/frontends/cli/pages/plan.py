"""Plan: as a page that is read at a glance."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import textwrap

from imagecache_handlers.frontends.cli.pages import bars
from imagecache_handlers.frontends.cli.pages import blindness
from imagecache_handlers.frontends.cli.pages.lines import Line
from imagecache_handlers.frontends.cli.pages.lines import line
from imagecache_handlers.frontends.cli.pages.lines import Span
from imagecache_handlers.frontends.cli.pages.lines import Tone
from imagecache_handlers.frontends.cli.pages.text import images
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.cli.pages.text import shortened
from imagecache_handlers.frontends.cli.pages.text import truncate
from imagecache_handlers.frontends import explain
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

COLUMNS = ('image', 'size', 'action', 'reason', 'until', 'detail')

# One of how much was looked at, the others of what cannot be told.
_MOST_REMARKS = 11

_HARDNESS = {reason: place for place, reason in enumerate(Reason)}


def render(plan: Plan, rules: Rules, width: int) -> Iterator[Line]:
    """Give the lines of a plan: its stores, images, and what is in the way."""
    now = plan.now.astimezone()
    rows = _Rows(plan.verdicts, now)
    if plan.verdicts:
        yield line(truncate(rows.head(), width), Tone.HEAD)
    by_store = _by_store(plan.verdicts)
    for store in plan.stores:
        verdicts = by_store.get(store.name, [])
        yield from heading(store, _heading_text(store, verdicts, plan), width)
        yield from _gauge_lines(store, plan, rules)
        yield from looked(store.name, plan, width)
        for verdict in verdicts:
            tone = Tone.GOES if verdict.evict else Tone.PLAIN
            yield line(truncate(printable(rows.row(verdict)), width), tone)
        yield line()
    if any(store.total for store in plan.stores):
        yield line(bars.LEGEND, Tone.FREE)
    for remark, tone in _all_remarks(plan, now):
        yield from wrapped(remark, width, tone)
    yield line(_sum_up(plan), Tone.HEAD)


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Put those that go first, in their order; then the most kept."""
    return sorted(verdicts, key=_sort_place)


def _sort_place(verdict: Verdict) -> tuple[bool, int, int, str]:
    rank = verdict.rank or 0
    hardness = _HARDNESS[verdict.reason]
    return not verdict.evict, rank, hardness, verdict.image.image_id


def _by_store(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    by_store: dict[str, list[Verdict]] = {}
    for verdict in in_order(verdicts):
        by_store.setdefault(verdict.image.store, []).append(verdict)
    return by_store


def heading(store: Store, told: str, width: int) -> Iterator[Line]:
    """Give the line, or lines, above what is said of a store."""
    text = printable(f'{store.name}: {told}' if told else store.name)
    if len(text) <= width:
        yield line(text, Tone.HEAD)
    else:
        # Of a long path every part may matter.
        yield line(printable(f'{store.name}:'), Tone.HEAD)
        yield from wrapped(told, width, Tone.HEAD)


def _heading_text(
    store: Store, verdicts: Collection[Verdict], plan: Plan
) -> str:
    if (problem := plan.problems.get(store.name)) is not None:
        return f'cannot be read: {problem}'
    held = units.size(sum(verdict.image.size for verdict in verdicts))
    text = f'{images(len(verdicts))}, {held}'
    if store.free is None or store.total is None:
        return text
    free, total = units.size(store.free), units.size(store.total)
    return f'{text}; {free} of {total} free'


def _gauge_lines(store: Store, plan: Plan, rules: Rules) -> Iterator[Line]:
    for pool in space.group_by_pool(plan.stores):
        if store.name in pool.stores and pool.total:
            planned = [one.planned for one in plan.spaces]
            names = [one.pool for one in plan.spaces]
            freed = dict(zip(names, planned, strict=True)).get(pool.name, 0)
            yield gauge(pool, freed, rules)


def looked(store: str, plan: Plan, width: int) -> Iterator[Line]:
    """Give the lines of what was looked at for users in a store."""
    said = plan.remarks.get(store, ())
    for remark in said[:_MOST_REMARKS]:
        for part in wrapped(remark, width - 2, Tone.FREE):
            yield line(f'  {part}', Tone.FREE)
    if (more := len(said) - _MOST_REMARKS) > 0:
        yield line(f'  and {more} more: add --debug', Tone.FREE)


def gauge(pool: space.Pool, freed: int, rules: Rules) -> Line:
    """Give the line of a pool's use, now and once that much is freed."""
    # What is less than half a percent shows in no bar, and by chance in a
    # percentage.
    seen = pool.total is not None and freed * 200 >= pool.total
    after = bars.usage(pool, freed if seen else 0)
    text = f'  used {pool.usage}%'
    if after != pool.usage:
        text += f', then {after}%'
    bar = bars.of_pool(pool, after, rules)
    marks = (
        f'  | at {rules.low_watermark}%, {rules.high_watermark}%'
        if rules.high_watermark < 100
        else ''
    )
    return Line((Span(f'{text:22}'), *bar, Span(marks)))


class _Rows:
    """One line for each image, its columns as wide as this plan needs."""

    def __init__(
        self, verdicts: Collection[Verdict], now: datetime.datetime
    ) -> None:
        self._now = now
        self._short = shortened([one.image.image_id for one in verdicts])
        cells = [COLUMNS, *map(self._row_cells, verdicts)]
        self._widths = [
            max(map(len, column)) for column in zip(*cells, strict=True)
        ]

    def head(self) -> str:
        return self._row_line(COLUMNS)

    def row(self, verdict: Verdict) -> str:
        return self._row_line(self._row_cells(verdict))

    def _row_cells(self, verdict: Verdict) -> tuple[str, ...]:
        until = verdict.until
        return (
            _name_of(self._short[verdict.image.image_id], verdict.image),
            units.size(verdict.image.size),
            'evict' if verdict.evict else 'keep',
            verdict.reason.value,
            explain.moment(until, self._now) if until else '',
            detail(verdict, self._now),
        )

    def _row_line(self, cells: Sequence[str]) -> str:
        image, size, *others, last = zip(cells, self._widths, strict=True)
        row = [f'  {image[0]:{image[1]}}', f'{size[0]:>{size[1]}}']
        row += [f'{text:{width}}' for text, width in others]
        return '  '.join([*row, last[0]]).rstrip()


def _name_of(name: str, image: CachedImage) -> str:
    return f'{name}/{image.variant}' if image.variant else name


def named(image: CachedImage) -> str:
    """Name an image at length, and what was derived from it apart."""
    return _name_of(image.image_id, image)


def detail(verdict: Verdict, now: datetime.datetime) -> str:
    """Give what there is to know beside the reason and its end."""
    told = explain.retired(verdict.retired) if verdict.retired else ''
    if verdict.blockers:
        first = verdict.blockers[0]
        who = explain.names(first.who) if first.who else ''
        return _join_words(told, first.detail or who)
    since = verdict.image.marks.unused_since
    idle = f'unused {explain.span(now - since)}' if since else ''
    return _join_words(told, idle)


def _join_words(*words: str) -> str:
    return ', '.join(filter(None, words))


def wrapped(text: str, width: int, tone: Tone = Tone.PLAIN) -> Iterator[Line]:
    """Break a sentence into lines."""
    # Names, of pools for one, are not to be broken.
    breaker = textwrap.TextWrapper(
        width, break_on_hyphens=False, break_long_words=False
    )
    for part in breaker.wrap(printable(text)):
        yield line(part, tone)


def _all_remarks(
    plan: Plan, now: datetime.datetime
) -> Iterator[tuple[str, Tone]]:
    for one in plan.spaces:
        if one.wanted:
            tone = Tone.TROUBLE if one.short else Tone.PLAIN
            yield f'{one.pool}: {explain.shortage(one, now)}', tone
    yield from remarks(plan)


def remarks(plan: Plan) -> Iterator[tuple[str, Tone]]:
    """Give what is to be told of a plan besides its images and spaces."""
    for warning in plan.warnings:
        yield f'warning: {warning}', Tone.TROUBLE
    for unseen in blindness.unseen(plan.verdicts):
        yield f'warning: {unseen}', Tone.TROUBLE
    yield from _tell_retired(plan.verdicts)
    for untold in blindness.untold(plan.verdicts):
        yield untold, Tone.PLAIN


def _tell_retired(
    verdicts: Iterable[Verdict],
) -> Iterator[tuple[str, Tone]]:
    """Count what Glance gives out no more, whatever becomes of it."""
    retired = [one for one in verdicts if one.retired is not None]
    if retired:
        held = units.size(sum(one.image.size for one in retired))
        count = images(len(retired))
        text = f'Deleted or deactivated in Glance: {count}, {held}.'
        yield text, Tone.PLAIN


def _sum_up(plan: Plan) -> str:
    count = len(plan.evictions)
    if not count:
        return 'Nothing would be evicted.'
    freed = sum(verdict.image.reclaimable for verdict in plan.evictions)
    return f'{images(count)} would be evicted, freeing {units.size(freed)}.'
