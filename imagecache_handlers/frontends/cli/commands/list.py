"""``imagecache list``: what is cached, for people and programs."""

import argparse
from collections.abc import Collection
from collections.abc import Iterator

from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.commands.base import WitnessedCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units


class List(WitnessedCommand, Paged):
    """List the cached images: what is known of each, and what is decided."""

    columns = fields.VERDICT

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
        self.complain(plan.problems)
        by_name = sorted(plan.verdicts, key=lambda one: one.image.identity)
        return Answer(
            rows=fields.verdict_rows(by_name, plan.now.astimezone()),
            page=_page_lines(by_name, whole=not plan.problems),
            code=FAILED if plan.problems else 0,
        )


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
