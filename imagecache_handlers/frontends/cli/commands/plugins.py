"""``imagecache handlers`` and ``policies``: what is installed."""

import argparse
from collections.abc import Collection
from collections.abc import Iterator

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
    """List the installed handlers; [imagecache] handler chooses one."""

    columns = COLUMNS

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        return _make_answer(plugins(HANDLERS), self.width)


class Policies(Paged):
    """List the installed policies; [imagecache] policy chooses one."""

    columns = COLUMNS

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        found = [*plugins(POLICIES), _PROTECTED]
        return _make_answer(
            sorted(found, key=lambda one: one.name), self.width
        )


def _make_answer(found: Collection[Plugin], width: int) -> Answer:
    return Answer(
        rows=[
            tuple(map(printable, (one.name, one.summary, one.origin, why)))
            for one in found
            for why in [one.problem]
        ],
        page=_page_lines(found, width),
    )


def _page_lines(found: Collection[Plugin], width: int) -> Iterator[lines.Line]:
    for one in found:
        yield lines.line(printable(one.name), lines.Tone.HEAD)
        yield from _indent(one.summary, width)
        yield from _indent(one.origin and f'from {one.origin}', width)
        tone = lines.Tone.TROUBLE
        yield from _indent(one.problem, width, tone)


def _indent(
    text: str, width: int, tone: lines.Tone = lines.Tone.PLAIN
) -> Iterator[lines.Line]:
    for one in wrapped(text, width - 2, tone):
        yield lines.line(f'  {one}', tone)
