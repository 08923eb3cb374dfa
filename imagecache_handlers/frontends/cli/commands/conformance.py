"""``imagecache conformance``: runs a kit, and shows what it has proved."""

import argparse
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import importlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING
import unittest
import warnings

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli import exit_codes
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.plan import wrapped
from imagecache_handlers.frontends.cli.pages.text import printable

if TYPE_CHECKING:
    from imagecache_handlers.testing.conformance import HandlerConformance
    from imagecache_handlers.testing.conformance.reporting import Report


class Conformance(Paged):
    """Run the conformance kits of a module; show what each has proved."""

    columns = ('kit', 'ability', 'promise', 'state', 'why')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'module',
            help='as Python imports it from here, such as tests.test_handler',
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        reports = [run_kit(kit) for kit in find_kits(parsed_args.module)]
        return Answer(
            rows=list(_rows_of(reports)),
            page=list(_page_lines(reports, self.width)),
            code=0
            if all(one.is_kept for one in reports)
            else exit_codes.FAILED,
        )


def find_kits(module: str) -> 'list[type[HandlerConformance]]':
    """Import a module, and give the kits that it has.

    :raises ConfigurationError: when it cannot be imported, or has none.
    """
    from imagecache_handlers.testing.conformance import HandlerConformance

    # As "python -m" does, which a command of its own does not.
    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except (ImportError, SyntaxError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f'{printable(module)} cannot be imported from here: {error}'
        ) from error
    kits = [
        one
        for one in vars(found).values()
        if isinstance(one, type)
        and issubclass(one, HandlerConformance)
        and issubclass(one, unittest.TestCase)
    ]
    if not kits:
        raise ConfigurationError(
            f'{module} has no kit: a TestCase that is a HandlerConformance'
        )
    return kits


def run_kit(kit: 'type[HandlerConformance]') -> 'Report':
    """Run all of its tests; what they say and warn of is in the report."""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(kit)
    # What the kit breaks on purpose is nobody's to read.
    logging.disable()
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter('ignore')
            suite.run(unittest.TestResult())
    finally:
        logging.disable(logging.NOTSET)
    return kit.report()


def _rows_of(reports: 'Collection[Report]') -> Iterator[tuple[str, ...]]:
    for report in reports:
        for one in report.findings:
            promise = one.promise
            told = promise.ability, promise.text, one.state.value, one.why
            yield report.kit, *map(printable, told)


def _page_lines(
    reports: 'Collection[Report]', width: int
) -> Iterator[lines.Line]:
    for report in reports:
        yield lines.line(report.kit, lines.Tone.HEAD)
        yield from _matrix_lines(report)
        for told in report.broken():
            for one in told.splitlines():
                yield from _indent(one, width, lines.Tone.TROUBLE)
        for told in report.unproved():
            yield from _indent(told, width, lines.Tone.FREE)
        yield lines.line()


def _indent(text: str, width: int, tone: lines.Tone) -> Iterator[lines.Line]:
    for one in wrapped(text, width - 2, tone):
        yield lines.line(f'  {one}', tone)


def _matrix_lines(report: 'Report') -> Iterator[lines.Line]:
    from imagecache_handlers.testing.conformance.reporting import count_text

    for ability in report.abilities():
        told = count_text(report.count(ability))
        yield lines.line(f'  {ability:14}{told}')
    yield lines.line(f'  {"in all":14}{count_text(report.count())}')
