"""Timed log: each line of a service says when, and how bad it is."""

import datetime
import logging

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.cli.application import OneLine

_PROGRAM = 'imagecache: '


class TimedLine(OneLine):
    """What a library has to say, in one line that begins with when."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        level = record.levelname.lower()
        said = super().format(record).removeprefix(_PROGRAM)
        said = said.removeprefix(f'{level}: ')
        return f'{write_head(level, at)} {_PROGRAM}{said}'


def write_head(level: str, at: datetime.datetime | None = None) -> str:
    """Write the time, now unless one is given, and the level."""
    time = (at or utc_now()).astimezone().isoformat(timespec='seconds')
    return f'{time} {level}'


def use_times() -> None:
    """Have all that is logged from now on written so."""
    for handler in logging.getLogger().handlers:
        if type(handler.formatter) is OneLine:
            formatter = TimedLine()
            formatter.at_length = handler.formatter.at_length
            handler.setFormatter(formatter)
