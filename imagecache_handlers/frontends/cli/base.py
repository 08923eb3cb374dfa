"""What every command is made of."""

import argparse
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import shutil
from typing import TYPE_CHECKING

import cliff.command

from imagecache_handlers.frontends.cli import app
from imagecache_handlers.frontends.cli import blindness
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli import stopping
from imagecache_handlers.frontends import evidence
from imagecache_handlers.rules import Rules
from imagecache_handlers.verdicts import Plan
from imagecache_handlers.verdicts import Report
from imagecache_handlers.witness import Ask

if TYPE_CHECKING:
    from imagecache_handlers.frontends.cli.options import Opened


class Command(cliff.command.Command):
    """A command; its docstring is its help."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        # cliff looks through all of what is installed to name the
        # distribution of a command; nobody here needs to know.
        return app.Parser(
            prog=prog_name,
            description=self.get_description(),
            allow_abbrev=False,
        )

    @property
    def width(self) -> int:
        return shutil.get_terminal_size((80, 24)).columns

    def say(self, text: str = '') -> None:
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
    def opened(self) -> 'Iterator[Opened]':
        """Open the cache; whatever ends the command closes it."""
        with (
            stopping.terminable() as close_at_once,
            options.opened(self.app.options) as site,
        ):
            close_at_once(site.close)
            yield site


class WitnessedCommand(CacheCommand):
    """A command that has to know who uses what."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options.add_evidence_to(parser)
        return parser

    def asking(self, parsed_args: argparse.Namespace) -> Ask:
        return options.asking(parsed_args)

    def planned(self, site: 'Opened', ask: Ask) -> Plan:
        """Make a plan, unless the list of users calls images by half."""
        said = ask()
        plan = site.cache.plan(said, site.stores)
        image_ids = {verdict.image.image_id for verdict in plan.verdicts}
        evidence.check_whole(said, image_ids)
        return plan

    def complain_of_blindness(self, report: Report, rules: Rules) -> bool:
        """Tell if nothing could be known, and what to do about it."""
        is_blind = blindness.is_blind(report, rules)
        if is_blind:
            self.app.LOG.error('%s', blindness.complaint(report))
        return is_blind
