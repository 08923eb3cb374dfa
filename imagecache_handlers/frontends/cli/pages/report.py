"""Report: as a page, with what was done, and freed against wanted."""

from collections.abc import Iterable
from collections.abc import Iterator
import datetime

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.cli.pages.lines import Line
from imagecache_handlers.frontends.cli.pages.lines import line
from imagecache_handlers.frontends.cli.pages.lines import Tone
from imagecache_handlers.frontends.cli.pages import plan
from imagecache_handlers.frontends.cli.pages.plan import wrapped
from imagecache_handlers.frontends.cli.pages.text import images
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends import explain
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Space
from imagecache_handlers import units

_TROUBLE = frozenset({Did.FAILED, Did.UNCERTAIN})
_GONE = frozenset({Did.EVICTED, Did.GONE})


def render(report: Report, rules: Rules, width: int) -> Iterator[Line]:
    """Give the lines of a report: its stores, and what became of images."""
    now = report.plan.now.astimezone()
    for store in report.before:
        yield from _store_lines(report, rules, store, width)
    for one in report.plan.spaces:
        if one.wanted:
            yield from wrapped(_freed_against_wanted(report, one, now), width)
    for remark, tone in plan.remarks(report.plan):
        yield from wrapped(remark, width, tone)
    for left in report.left:
        yield from wrapped(printable(str(left)), width, Tone.TROUBLE)
    if began := _count_begun(report):
        yield line(f'The age of {images(began)} began.')
    if report.stopped:
        yield line(
            'Stopped: the rest of the plan was not carried out.', Tone.TROUBLE
        )
    yield line(_sum_up(report), Tone.HEAD)


def _store_lines(
    report: Report, rules: Rules, store: Store, width: int
) -> Iterator[Line]:
    """Give the lines of a store, if there is anything to say of it."""
    done = [
        one for one in report.outcomes if one.verdict.image.store == store.name
    ]
    problem = report.plan.problems.get(store.name)
    if done or problem or report.plan.remarks.get(store.name):
        told = f'cannot be read: {problem}' if problem else ''
        yield from plan.heading(store, told, width)
        for pool in space.group_by_pool(report.after):
            if store.name in pool.stores and pool.total:
                yield plan.gauge(pool, 0, rules)
        yield from plan.looked(store.name, report.plan, width)
    now = report.plan.now.astimezone()
    for outcome in done:
        yield from _outcome_lines(outcome, now, width)


def outcomes(
    done: Iterable[Outcome], now: datetime.datetime, width: int
) -> Iterator[Line]:
    """Give the lines of images that somebody asked to evict."""
    for outcome in done:
        yield from _outcome_lines(outcome, now, width)
        for blocker in outcome.overruled:
            yield line(f'    although {explain.why(blocker, now)}')


def _outcome_lines(
    outcome: Outcome, now: datetime.datetime, width: int
) -> Iterator[Line]:
    verdict = outcome.verdict
    image = verdict.image
    gone = outcome.did in _GONE
    known = plan.detail if gone else explain.sentence
    why = printable(outcome.why or known(verdict, now))
    size = units.size(image.size)
    text = printable(f'  {outcome.did:9}  {plan.named(image)}  {size:>10}')
    tone = Tone.TROUBLE if outcome.did in _TROUBLE else Tone.PLAIN
    tone = Tone.GOES if gone else tone
    if len(text) + 2 + len(why) <= width:
        yield line(f'{text}  {why}'.rstrip(), tone)
    else:
        yield line(text, tone)
        for part in wrapped(why, width - 4, tone):
            yield line(f'    {part}', tone)


def _count_begun(report: Report) -> int:
    """Count the images that were found unused for the first time."""
    if report.stopped:
        return 0  # how far it came is not told
    failed = {
        one.verdict.image.identity
        for one in report.outcomes
        if one.did is Did.FAILED
    }
    return sum(
        change.used is False and change.image.identity not in failed
        for change in report.plan.changes
    )


def _freed_against_wanted(
    report: Report, one: Space, now: datetime.datetime
) -> str:
    freed = units.size(freed_in(report, one.pool))
    return f'{one.pool}: freed {freed}, {explain.shortage(one, now)}'


def freed_in(report: Report, pool: str) -> int:
    """Give the bytes of a pool that are free now or surely later."""
    stores = {one.name for one in report.before if one.pool == pool}
    return sum(
        outcome.verdict.image.reclaimable
        if outcome.freed is None
        else outcome.freed
        for outcome in report.outcomes
        if outcome.verdict.image.store in stores
    )


def fell_short(report: Report) -> bool:
    """Tell if anything that was to be done was not."""
    return (
        report.stopped
        or bool(report.plan.problems)
        or bool(report.left)
        or any(outcome.did in _TROUBLE for outcome in report.outcomes)
        or any(
            freed_in(report, one.pool) < one.wanted
            for one in report.plan.spaces
        )
    )


def _sum_up(report: Report) -> str:
    did = [outcome.did for outcome in report.outcomes]
    evicted, gone = did.count(Did.EVICTED), did.count(Did.GONE)
    troubled = did.count(Did.FAILED) + did.count(Did.UNCERTAIN)
    stayed = len(report.plan.verdicts) - evicted - gone - troubled
    failed = f'{troubled} failed, ' if troubled else ''
    freed = units.size(report.freed)
    return (
        f'Evicted {images(evicted)}, freed {freed}; {failed}{stayed} stayed.'
    )
