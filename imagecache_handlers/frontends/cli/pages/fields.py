"""Fields: what programs are told of an image, in every format."""

from collections.abc import Iterable
from collections.abc import Iterator
import datetime
from typing import Any

from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends import explain
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

VERDICT = (
    'image',
    'store',
    'size',
    'state',
    'action',
    'reason',
    'until',
    'detail',
)
# A column more, where somebody is asked for that.
RETIRED = 'retired'
OUTCOME = ('image', 'store', 'size', 'did', 'freed', 'reason', 'detail')

_STATES = (Reason.IN_USE, Reason.BUSY, Reason.UNKNOWN, Reason.LEASED)


def verdict_rows(
    verdicts: Iterable[Verdict], now: datetime.datetime
) -> Iterator[tuple[Any, ...]]:
    """Give the row of each verdict; times in words are in the zone of now."""
    for verdict in verdicts:
        image = verdict.image
        yield (
            image.image_id,
            printable(image.store),
            Size(image.size),
            state(verdict),
            'evict' if verdict.evict else 'keep',
            verdict.reason.value,
            iso(verdict.until),
            printable(explain.sentence(verdict, now)),
        )


def add_retired(
    rows: Iterable[tuple[Any, ...]], verdicts: Iterable[Verdict]
) -> Iterator[tuple[Any, ...]]:
    """Add to the row of each verdict how its image is retired, if it is."""
    for row, verdict in zip(rows, verdicts, strict=True):
        yield *row, verdict.retired and verdict.retired.value


def outcome_rows(
    outcomes: Iterable[Outcome], now: datetime.datetime
) -> Iterator[tuple[Any, ...]]:
    """Give the row of each outcome; freed is empty if it comes later."""
    for outcome in outcomes:
        image = outcome.verdict.image
        yield (
            image.image_id,
            printable(image.store),
            Size(image.size),
            outcome.did.value,
            outcome.freed,
            outcome.verdict.reason.value,
            printable(outcome.why or explain.sentence(outcome.verdict, now)),
        )


def state(verdict: Verdict) -> str:
    """Say what an image is now, whatever was decided."""
    for blocker in verdict.blockers:
        if blocker.reason in _STATES:
            return blocker.reason.value
    return 'unused'
