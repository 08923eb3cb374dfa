"""``imagecache list``: what is cached, for people and programs."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.frontends.cli.commands.verdicts import VerdictCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

if TYPE_CHECKING:
    from imagecache_handlers.directory.strangers import Stranger

_MOST_NAMED = 5
_LONGEST = 40


class List(VerdictCommand):
    """List the cached images: what is known of each, and what is decided."""

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
            readable = [
                store.name
                for store in plan.stores
                if store.name not in plan.problems
            ]
            beside = _find_strangers(site, readable)
        self.complain(plan.problems)
        by_name = sorted(plan.verdicts, key=lambda one: one.image.identity)
        return Answer(
            rows=self.rows_of(by_name, plan.now.astimezone(), parsed_args),
            page=(
                *_page_lines(by_name, whole=not plan.problems),
                *_stranger_lines(beside),
            ),
            code=FAILED if plan.problems else 0,
        )


def _find_strangers(
    site: OpenedCache, stores: Iterable[str]
) -> dict[str, 'list[Stranger]']:
    """Give the files of each store that are no images, where there are any."""
    # Other handlers need none of it.
    from imagecache_handlers.directory import DirectoryHandler

    found: dict[str, list[Stranger]] = {}
    if isinstance(site.handler, DirectoryHandler):
        for store in stores:
            # What cannot be read was complained of, or will be.
            with contextlib.suppress(StoreUnavailable):
                found[store] = site.handler.strangers(store)
    return found


def _stranger_lines(
    found: Mapping[str, 'list[Stranger]'],
) -> Iterator[lines.Line]:
    for store, files in found.items():
        if files:
            size = units.size(sum(one.size for one in files))
            names = [_cut_name(one.name) for one in files[:_MOST_NAMED]]
            if len(files) > len(names):
                names.append('..')
            count = f'{len(files)} file{"" if len(files) == 1 else "s"}'
            yield lines.line(
                printable(f'Not managed in {store}: {count} ({size}):')
            )
            yield lines.line(f'  {", ".join(names)}')
            yield lines.line('  see imagecache adopt --all --dry-run')


def _cut_name(name: str) -> str:
    said = printable(name)
    return said if len(said) <= _LONGEST else f'{said[: _LONGEST - 2]}..'


def _page_lines(
    verdicts: Collection[Verdict], *, whole: bool
) -> Iterator[lines.Line]:
    """Give a line for each image: its id whole, and no more than fits."""
    if not verdicts:
        where = '' if whole else ' in what could be read'
        yield lines.line(f'No image is cached{where}.')
        return
    names = [printable(plan_page.named(one.image)) for one in verdicts]
    wide = max(map(len, names))
    head = (
        f'  {"image":{wide}}  {"size":>9}  {"state":8}  {"action":6}  reason'
    )
    yield lines.line(head, lines.Tone.HEAD)
    store = ''
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict.image.store != store:
            store = verdict.image.store
            yield lines.line(f'{printable(store)}:', lines.Tone.HEAD)
        yield lines.line(f'  {name:{wide}}  {_rest_of_line(verdict)}')


def _rest_of_line(verdict: Verdict) -> str:
    size = units.size(verdict.image.size)
    action = 'evict' if verdict.evict else 'keep'
    state = fields.state(verdict)
    return f'{size:>9}  {state:8}  {action:6}  {verdict.reason.value}'
