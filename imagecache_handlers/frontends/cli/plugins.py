"""``imagecache handlers`` and ``policies``: what is installed."""

import argparse
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.frontends.cli.paged import Answer
from imagecache_handlers.frontends.cli.paged import Listing
from imagecache_handlers.frontends.cli.text import printable
from imagecache_handlers.loader import HANDLERS
from imagecache_handlers.loader import plugins
from imagecache_handlers.loader import POLICIES

COLUMNS = ('name', 'summary', 'from', 'problem')


class Handlers(Listing):
    """List the installed handlers; [imagecache] handler chooses one."""

    columns = COLUMNS

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        return Answer(rows=_rows(HANDLERS))


class Policies(Listing):
    """List the installed policies; [imagecache] policy chooses one."""

    columns = COLUMNS

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        # No order, so no plug-in: see the option.
        protected = ('protected', 'Nothing goes by itself.', '', '')
        return Answer(rows=sorted([protected, *_rows(POLICIES)]))


def _rows(namespace: str) -> Iterator[tuple[Any, ...]]:
    for one in plugins(namespace):
        told = one.name, one.summary, one.origin, one.problem
        yield tuple(map(printable, told))
