"""A plan and a report as pages that are read at a glance."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import textwrap

from imagecache_handlers import explain
from imagecache_handlers.frontends.cli.text import fit
from imagecache_handlers.frontends.cli.text import printable
from imagecache_handlers.frontends.cli.text import shortened
from imagecache_handlers.model import Store
from imagecache_handlers.verdicts import Did
from imagecache_handlers.verdicts import Outcome
from imagecache_handlers.verdicts import Plan
from imagecache_handlers.verdicts import Reason
from imagecache_handlers.verdicts import Report
from imagecache_handlers.verdicts import Space
from imagecache_handlers.verdicts import Verdict

COLUMNS = ('image', 'size', 'action', 'reason', 'until', 'detail')

_HARDNESS = {reason: place for place, reason in enumerate(Reason)}


def plan(plan: Plan, width: int) -> Iterator[str]:
    """Give the lines of a plan: its stores, images, and what is in the way."""
    now = plan.now.astimezone()
    rows = _Rows(plan.verdicts, now)
    by_store: dict[str, list[Verdict]] = {}
    for verdict in sorted(plan.verdicts, key=_place):
        by_store.setdefault(verdict.image.store, []).append(verdict)
    if plan.verdicts:
        yield fit(rows.head(), width)
    for store in plan.stores:
        verdicts = by_store.get(store.name, [])
        yield from _heading(store, verdicts, plan.problems, width)
        for verdict in verdicts:
            yield fit(printable(rows.row(verdict)), width)
        yield ''
    for remark in _remarks(plan, now):
        yield from textwrap.wrap(printable(remark), width) or ['']
    yield _sum_up(plan)


def _place(verdict: Verdict) -> tuple[bool, int, int, str]:
    rank = verdict.rank or 0
    hardness = _HARDNESS[verdict.reason]
    return not verdict.evict, rank, hardness, verdict.image.image_id


def _heading(
    store: Store,
    verdicts: list[Verdict],
    problems: Mapping[str, str],
    width: int,
) -> Iterator[str]:
    told = _state(store, verdicts, problems.get(store.name))
    line = printable(f'{store.name}: {told}')
    if len(line) <= width:
        yield line
    else:
        # Of a long path every part may matter.
        yield printable(f'{store.name}:')
        yield from textwrap.wrap(printable(told), width)


def _state(store: Store, verdicts: list[Verdict], problem: str | None) -> str:
    if problem is not None:
        return f'cannot be read: {problem}'
    held = explain.size(sum(verdict.image.size for verdict in verdicts))
    text = f'{_images(len(verdicts))}, {held}'
    if store.free is None or store.total is None:
        return text
    free, total = explain.size(store.free), explain.size(store.total)
    return f'{text}; {free} of {total} free'


def _images(count: int) -> str:
    return f'{count} image' if count == 1 else f'{count} images'


class _Rows:
    """One line for each image, its columns as wide as this plan needs."""

    def __init__(
        self, verdicts: Collection[Verdict], now: datetime.datetime
    ) -> None:
        self._now = now
        self._short = shortened([one.image.image_id for one in verdicts])
        cells = [COLUMNS, *map(self._cells, verdicts)]
        self._widths = [
            max(map(len, column)) for column in zip(*cells, strict=True)
        ]

    def head(self) -> str:
        return self._line(COLUMNS)

    def row(self, verdict: Verdict) -> str:
        return self._line(self._cells(verdict))

    def _cells(self, verdict: Verdict) -> tuple[str, ...]:
        until = verdict.until
        return (
            self._short[verdict.image.image_id],
            explain.size(verdict.image.size),
            'evict' if verdict.evict else 'keep',
            verdict.reason.value,
            explain.moment(until, self._now) if until else '',
            detail(verdict, self._now),
        )

    def _line(self, cells: Sequence[str]) -> str:
        image, size, *others, last = zip(cells, self._widths, strict=True)
        row = [f'  {image[0]:{image[1]}}', f'{size[0]:>{size[1]}}']
        row += [f'{text:{width}}' for text, width in others]
        return '  '.join([*row, last[0]]).rstrip()


def detail(verdict: Verdict, now: datetime.datetime) -> str:
    """Give what there is to know beside the reason and its end."""
    if verdict.blockers:
        first = verdict.blockers[0]
        return first.detail or (explain.names(first.who) if first.who else '')
    since = verdict.image.marks.unused_since
    return f'unused since {explain.moment(since, now)}' if since else ''


def _remarks(plan: Plan, now: datetime.datetime) -> Iterator[str]:
    for space in plan.spaces:
        if space.wanted:
            yield f'{space.pool}: {explain.shortage(space, now)}'
    for warning in plan.warnings:
        yield f'warning: {warning}'
    yield from _silence(plan.verdicts)


def _silence(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """Say what only the word of the control plane can set free."""
    blind = [
        one.image
        for one in verdicts
        if one.reason is Reason.UNKNOWN and one.image.unknown is None
    ]
    if blind:
        held = explain.size(sum(image.releases for image in blind))
        yield (
            f'{_images(len(blind))} ({held}) cannot go, for nobody has said '
            f'that they are unused: name the images in use with --in-use '
            f'FILE, and add --in-use-complete if the list names every one, '
            f'on all hosts that share the stores.'
        )


def _sum_up(plan: Plan) -> str:
    count = len(plan.evictions)
    if not count:
        return 'Nothing would be evicted.'
    freed = sum(verdict.image.releases for verdict in plan.evictions)
    return f'{_images(count)} would be evicted, freeing {explain.size(freed)}.'


def report(report: Report, width: int) -> Iterator[str]:
    """Give the lines of a report: what was done, and freed against wanted."""
    now = report.plan.now.astimezone()
    for store in report.before:
        done = [
            outcome
            for outcome in report.outcomes
            if outcome.verdict.image.store == store.name
        ]
        problem = report.plan.problems.get(store.name)
        if done or problem:
            told = f' cannot be read: {problem}' if problem else ''
            yield printable(f'{store.name}:{told}')
        for outcome in done:
            yield printable(_done(outcome, now))
    for space in report.plan.spaces:
        if space.wanted:
            said = printable(_against(report, space, now))
            yield from textwrap.wrap(said, width)
    yield _sum_up_report(report)


def _sum_up_report(report: Report) -> str:
    did = [outcome.did for outcome in report.outcomes]
    evicted, gone = did.count(Did.EVICTED), did.count(Did.GONE)
    troubled = did.count(Did.FAILED) + did.count(Did.UNCERTAIN)
    stayed = len(report.plan.verdicts) - evicted - gone - troubled
    failed = f'{troubled} failed, ' if troubled else ''
    freed = explain.size(report.freed)
    return (
        f'Evicted {_images(evicted)}, freed {freed}; {failed}{stayed} stayed.'
    )


def _done(outcome: Outcome, now: datetime.datetime) -> str:
    verdict = outcome.verdict
    image = verdict.image
    gone = outcome.did in (Did.EVICTED, Did.GONE)
    why = detail(verdict, now) if gone else explain.sentence(verdict, now)
    size = explain.size(image.size)
    why = outcome.why or why
    return f'  {outcome.did:9}  {image.image_id}  {size:>10}  {why}'.rstrip()


def _against(report: Report, space: Space, now: datetime.datetime) -> str:
    freed = explain.size(freed_in(report, space.pool))
    return f'{space.pool}: freed {freed}, {explain.shortage(space, now)}'


def freed_in(report: Report, pool: str) -> int:
    """Give the bytes of a pool that are free now or surely later."""
    stores = {one.name for one in report.before if one.pool == pool}
    return sum(
        outcome.verdict.image.releases
        if outcome.freed is None
        else outcome.freed
        for outcome in report.outcomes
        if outcome.verdict.image.store in stores
    )
