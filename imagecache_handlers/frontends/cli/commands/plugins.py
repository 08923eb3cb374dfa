"""Plug-ins that are installed: ``imagecache handlers``, ``policies``."""

import argparse
from collections.abc import Collection
from collections.abc import Iterator
import dataclasses

from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.plan import wrapped
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.loader import HANDLERS
from imagecache_handlers.loader import Plugin
from imagecache_handlers.loader import plugins
from imagecache_handlers.loader import POLICIES

COLUMNS = ('name', 'summary', 'from', 'problem')

# No order, so no plug-in: see the option.
_PROTECTED = Plugin(
    name='protected', origin='', summary='Nothing goes by itself.'
)


class Handlers(Paged):
    """List the installed handlers; [imagecache] handler chooses one.

    The contract is the edition of the handlers' contract that a handler was
    written for.
    """

    columns = (*COLUMNS, 'contract')

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        # Only these need the options, which are not loaded in no time.
        from imagecache_handlers.config import groups

        found = [
            one
            if one.problem
            else dataclasses.replace(one, problem=groups.problem_of(one.name))
            for one in plugins(HANDLERS)
        ]
        return Answer(
            rows=[(*_common_cells(one), one.contract) for one in found],
            page=_page_lines(found, self.width),
        )


class Policies(Paged):
    """List the installed policies; [imagecache] policy chooses one."""

    columns = COLUMNS

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        found = sorted(
            [*plugins(POLICIES), _PROTECTED], key=lambda one: one.name
        )
        return Answer(
            rows=[_common_cells(one) for one in found],
            page=_page_lines(found, self.width),
        )


def _common_cells(one: Plugin) -> tuple[str, ...]:
    cells = one.name, one.summary, one.origin, one.problem
    return tuple(map(printable, cells))


def _page_lines(found: Collection[Plugin], width: int) -> Iterator[lines.Line]:
    for one in found:
        yield lines.line(printable(one.name), lines.Tone.HEAD)
        yield from _indent(one.summary, width)
        yield from _indent(_origin_text(one), width)
        tone = lines.Tone.TROUBLE
        yield from _indent(one.problem, width, tone)


def _origin_text(one: Plugin) -> str:
    text = f'from {one.origin}' if one.origin else ''
    if one.contract is None:
        return text
    return f'{text}, for contract {one.contract}'


def _indent(
    text: str, width: int, tone: lines.Tone = lines.Tone.PLAIN
) -> Iterator[lines.Line]:
    for one in wrapped(text, width - 2, tone):
        yield lines.line(f'  {one}', tone)
