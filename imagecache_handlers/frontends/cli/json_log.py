"""Json log: one line of JSON for each thing that happens, for programs."""

from collections.abc import Callable
import datetime
import json
import logging
import threading
from typing import Any

from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.cli.output import Sink
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends import explain
from imagecache_handlers.planning.verdicts import Space

LOG = 'log'


class JsonLine(logging.Formatter):
    """What a library has to say, with when and how bad it is."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {'message': record.getMessage()}
        if record.exc_info:
            told['traceback'] = self.formatException(record.exc_info)
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        level = record.levelname.lower()
        return write_event(LOG, at, level, logger=record.name, **told)


def write_event(
    event: str, at: datetime.datetime, level: str = 'info', **told: Any
) -> str:
    """Write one line, whatever is in the texts that are told."""
    head = {'time': at.isoformat(), 'level': level, 'event': event}
    return json.dumps(head | told)


def use_json() -> None:
    """Have all that is logged written as JSON, too."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLine())


class Events:
    """Writes events to a stream, whichever thread tells them."""

    def __init__(
        self,
        stream: Sink,
        clock: Callable[[], datetime.datetime] = utc_now,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def write(self, event: str, level: str = 'info', **told: Any) -> None:
        line = write_event(event, self._clock(), level, **told)
        with self._lock:
            self._stream.write(f'{line}\n')
            self._stream.flush()

    def write_outcome(self, outcome: Outcome) -> None:
        """Tell what became of one image, and why."""
        [row] = fields.outcome_rows([outcome], self._clock())
        told = dict(zip(fields.OUTCOME, row, strict=True))
        told['size'] = outcome.verdict.image.size
        self.write('outcome', **told)

    def write_sweep(self, report: Report, result: str) -> None:
        """Tell how a sweep ended, and what is in the way of more."""
        now = report.plan.now
        self.write(
            'sweep',
            result=result,
            images=len(report.plan.verdicts),
            evictions=len(report.plan.evictions),
            freed=report.freed,
            problems=dict(report.plan.problems),
            warnings=list(report.plan.warnings),
            left=[str(one) for one in report.left],
            pools=[_describe_pool(one, now) for one in report.plan.spaces],
        )


def _describe_pool(one: Space, now: datetime.datetime) -> dict[str, Any]:
    return {
        'pool': one.pool,
        'wanted': one.wanted,
        'planned': one.planned,
        'explanation': explain.shortage(one, now),
    }
