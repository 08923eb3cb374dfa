"""Answers that are a page for people, and rows for programs."""

import abc
import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

import cliff.columns
import cliff.lister
import stevedore

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.base import CacheCommand
from imagecache_handlers.frontends.cli import lines
from imagecache_handlers.frontends.cli.lines import Line
from imagecache_handlers import units

PAGE = 'page'


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


class Listing(cliff.lister.Lister, CacheCommand):
    """A command whose answer is rows of the same columns."""

    columns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ('csv', 'json', 'table', 'value', 'yaml')

    @property
    def formatter_namespace(self) -> str:
        return 'imagecache.formatter'

    def _load_formatter_plugins(self) -> stevedore.ExtensionManager[Any]:
        return stevedore.NamedExtensionManager(
            self.formatter_namespace, list(self.formats), invoke_on_load=True
        )

    def columns_of(self, parsed_args: argparse.Namespace) -> tuple[str, ...]:
        """Give the columns of the rows that these options ask for."""
        return self.columns

    @abc.abstractmethod
    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        """Do what the command is for, and give what it has to say."""

    def run(self, parsed_args: argparse.Namespace) -> int:
        self._check_columns(parsed_args)
        self._answer = self.answer(parsed_args)
        super().run(parsed_args)
        return self._answer.code

    def _check_columns(self, parsed_args: argparse.Namespace) -> None:
        unknown = {*parsed_args.columns, *parsed_args.sort_columns}
        known = self.columns_of(parsed_args)
        for name in sorted(unknown.difference(known)):
            raise ConfigurationError(
                f'{name} is no column: name some of {", ".join(known)}'
            )

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        rows = _filled(self._answer.rows, parsed_args.formatter)
        return self.columns_of(parsed_args), rows

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        rows = list(data)
        if not rows and parsed_args.formatter == 'table':
            self.say('There is nothing to list.')
            return 0
        return super().produce_output(parsed_args, column_names, rows)


class Paged(Listing):
    """A command whose answer is a page unless a format is named."""

    formats = (PAGE, *Listing.formats)

    @property
    def formatter_default(self) -> str:
        return PAGE

    def _check_columns(self, parsed_args: argparse.Namespace) -> None:
        super()._check_columns(parsed_args)
        named = parsed_args.columns or parsed_args.sort_columns
        if named and parsed_args.formatter == PAGE:
            raise ConfigurationError(
                'a page has no columns to choose: name a format, too, as in '
                '-f table'
            )

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Any],
    ) -> int:
        if parsed_args.formatter == PAGE:
            lines.write(self._answer.page, self.app.stdout)
            return 0
        return super().produce_output(parsed_args, column_names, data)


def _filled(
    rows: Iterable[Sequence[Any]], formatter: str
) -> Iterator[Sequence[Any]]:
    """Write what stands for no value in a format."""
    for row in rows:
        if formatter in ('json', 'yaml'):
            yield row
        else:
            yield ['' if cell is None else cell for cell in row]
