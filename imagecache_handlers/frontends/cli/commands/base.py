"""Bases: what every command is made of."""

import abc
import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import shutil
from typing import Any
from typing import TYPE_CHECKING

import cliff.columns
import cliff.command
import cliff.lister
import stevedore

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.report import Report
from imagecache_handlers.actions.retiring import Retirements
from imagecache_handlers.actions.slow_calls import TellEnd
from imagecache_handlers.entry_points import Installed
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import application
from imagecache_handlers.frontends.cli import in_use_options
from imagecache_handlers.frontends.cli import interrupt
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli import output
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import blindness
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli import retired_options
from imagecache_handlers.frontends import in_use_list
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan

if TYPE_CHECKING:
    from imagecache_handlers.frontends.cli.options import OpenedCache


# Columns: what is indented must be left some, whatever a terminal says.
_NARROWEST = 20

_NOBODY_ASKED = (
    'drop_deleted is set, and nobody is asked what is deleted: add '
    '--retired-from glance'
)


class Command(cliff.command.Command):
    """A command; its docstring is its help."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        # cliff looks through all of what is installed to name the
        # distribution of a command; nobody here needs to know.
        return application.Parser(
            prog=prog_name,
            description=self.get_description(),
            allow_abbrev=False,
        )

    @property
    def width(self) -> int:
        said = shutil.get_terminal_size((80, 24)).columns
        return max(_NARROWEST, said)

    def say(self, text: str = '') -> None:
        with output.naming_loss():
            self.app.stdout.write(f'{text}\n')

    def complain(self, problems: Mapping[str, str]) -> None:
        """Name the stores that could not be read."""
        for store, problem in problems.items():
            self.app.LOG.error('%s cannot be read: %s', store, problem)


class CacheCommand(Command):
    """A command on a cache."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        # To show them: it is the application that takes them.
        options.add_to(parser)
        return parser

    @contextlib.contextmanager
    def opened(
        self, tell_end: TellEnd | None = None
    ) -> 'Iterator[OpenedCache]':
        """Open the cache; whatever ends the command closes it."""
        with (
            interrupt.terminable() as leave_at_once,
            options.opened(self.app.options, tell_end) as site,
        ):
            leave_at_once(site)
            yield site


class InUseCommand(CacheCommand):
    """A command that has to know who uses what."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        in_use_options.add_evidence_to(parser)
        return parser

    def asking(self, parsed_args: argparse.Namespace) -> Ask:
        return in_use_options.asking(parsed_args, self.app.options)


class PlanningCommand(InUseCommand):
    """A command that makes a plan."""

    _retirements: Retirements | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        retired_options.add_retired_to(parser)
        return parser

    def asking(self, parsed_args: argparse.Namespace) -> Ask:
        self._retirements = retired_options.retirements(
            parsed_args, self.app.options, self.await_answer
        )
        return super().asking(parsed_args)

    def await_answer(
        self, ask: Callable[[], retired_options.Said]
    ) -> retired_options.Said:
        """Ask who knows of retired images, and wait for what they say."""
        return ask()

    def planned(self, site: 'OpenedCache', ask: Ask) -> Plan:
        """Make a plan, unless the list of users calls images by half."""
        if site.rules.drop_deleted and self._retirements is None:
            self.app.LOG.warning('%s', _NOBODY_ASKED)
        said = ask()
        plan = site.cache.plan(
            said, site.stores, retirements=self._retirements
        )
        image_ids = {verdict.image.image_id for verdict in plan.verdicts}
        in_use_list.check_whole(said, image_ids)
        return plan

    def complain_of_blindness(self, report: Report, rules: Rules) -> bool:
        """Tell if nothing could be known, and what to do about it."""
        is_blind = blindness.is_blind(report, rules)
        if is_blind:
            self.app.LOG.error('%s', blindness.complaint(report))
        return is_blind


PAGE = 'page'


class Listing(cliff.lister.Lister, CacheCommand):
    """A command whose answer is rows of the same columns."""

    columns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ('csv', 'json', 'table', 'value', 'yaml')

    @property
    def formatter_namespace(self) -> str:
        return 'imagecache.formatter'

    def _load_formatter_plugins(self) -> stevedore.ExtensionManager[Any]:
        return Installed(
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
        with output.naming_loss():
            super().run(parsed_args)
        return self._answer.code

    def _check_columns(self, parsed_args: argparse.Namespace) -> None:
        unknown = {*parsed_args.columns, *parsed_args.sort_columns}
        known = self.columns_of(parsed_args)
        for name in sorted(unknown.difference(known)):
            raise ConfigurationError(
                f'{name} is not a column: name some of {", ".join(known)}'
            )

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        rows = _fill_empty_cells(self._answer.rows, parsed_args.formatter)
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


def _fill_empty_cells(
    rows: Iterable[Sequence[Any]], formatter: str
) -> Iterator[Sequence[Any]]:
    """Write what stands for no value in a format."""
    for row in rows:
        if formatter in ('json', 'yaml'):
            yield row
        else:
            yield ['' if cell is None else cell for cell in row]
