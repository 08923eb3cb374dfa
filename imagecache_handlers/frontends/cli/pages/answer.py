"""Answers that are a page for people, and rows for programs."""

from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

import cliff.columns
import cliff.lister

from imagecache_handlers.frontends.cli.pages.lines import Line
from imagecache_handlers import units


class Size(cliff.columns.FormattableColumn[int]):
    """Bytes for programs, a size for people."""

    def human_readable(self) -> str:
        return units.size(self._value)


class Several(cliff.columns.FormattableColumn[Any]):
    """Several of something: a list, or a mapping, for programs."""

    def human_readable(self) -> str:
        return ', '.join(map(str, self._value))


def iso(at: datetime.datetime | None) -> str | None:
    """Write a time, if there is one, as programs read it."""
    return None if at is None else at.isoformat(timespec='seconds')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command has to say, either way, and its exit code."""

    rows: Iterable[Sequence[Any]]
    page: Iterable[Line] = ()
    code: int = 0
