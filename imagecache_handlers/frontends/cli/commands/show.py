"""``imagecache show``: all that is known of one image."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import Any

from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.verdicts import Rows
from imagecache_handlers.frontends.cli.commands.verdicts import VerdictCommand
from imagecache_handlers.frontends.cli import image_names
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.answer import Several
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends import explain
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

COLUMNS = (
    *fields.VERDICT,
    'location',
    'variant',
    'frees',
    'cached_at',
    'unused_since',
    'users',
    'pins',
    'leases',
    'hits',
    'blockers',
)


class Show(VerdictCommand):
    """Show all that is known of an image: each copy, each reason to stay."""

    columns = COLUMNS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_image_to(parser)
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            copies = image_names.find_copies(site, parsed_args.image)
            # The whole plan: whether a copy goes depends on the others.
            plan = self.planned(site, ask)
        wanted = {image.identity for image in copies}
        shown = [one for one in plan.verdicts if one.image.identity in wanted]
        if not shown:
            raise ImageNotFound(parsed_args.image, 'it went just now')
        now = plan.now.astimezone()
        return Answer(
            rows=self.rows_of(shown, now, parsed_args),
            page=_page_lines(shown, now),
        )

    def common_rows(
        self, verdicts: Collection[Verdict], now: datetime.datetime
    ) -> Rows:
        return _copy_rows(verdicts, now)


def _copy_rows(
    verdicts: Iterable[Verdict], now: datetime.datetime
) -> Iterator[tuple[Any, ...]]:
    verdicts = list(verdicts)
    common = fields.verdict_rows(verdicts, now)
    for verdict, row in zip(verdicts, common, strict=True):
        image, marks = verdict.image, verdict.image.marks
        users = image.users
        yield (
            *row,
            printable(image.location),
            image.variant,
            Size(image.reclaimable),
            iso(image.cached_at),
            iso(marks.unused_since),
            None if users is None else Several(sorted(users)),
            _ends_by_owner(marks.pins),
            _ends_by_owner(marks.leases),
            marks.hits,
            Several([explain.why(one, now) for one in verdict.blockers]),
        )


def _ends_by_owner(owners: Mapping[str, datetime.datetime | None]) -> Several:
    return Several({owner: iso(end) for owner, end in owners.items()})


def _page_lines(
    verdicts: Iterable[Verdict], now: datetime.datetime
) -> Iterator[lines.Line]:
    for place, verdict in enumerate(verdicts):
        if place:
            yield lines.line()
        image_id = printable(verdict.image.image_id)
        yield lines.line(image_id, lines.Tone.HEAD)
        for name, told in _facts_of(verdict, now):
            yield lines.line(f'  {name:13} {printable(told)}'.rstrip())
        for blocker in verdict.blockers:
            why = printable(explain.why(blocker, now))
            yield lines.line(f'  {"stays, for":13} {why}')
        if not verdict.blockers:
            goes = 'would go' if verdict.evict else 'would stay'
            why = printable(explain.sentence(verdict, now))
            yield lines.line(f'  {goes:13} {why}')


def _facts_of(
    verdict: Verdict, now: datetime.datetime
) -> Iterator[tuple[str, str]]:
    image, marks = verdict.image, verdict.image.marks
    yield 'store', image.store
    if image.location != image.image_id:
        yield 'location', image.location
    if image.variant:
        yield 'variant', image.variant
    yield 'size', units.size(image.size)
    if image.frees is not None and image.frees != image.size:
        yield 'frees', units.size(image.frees)
    if image.cached_at:
        yield 'cached', explain.moment(image.cached_at, now)
    yield 'users', _users_text(image)
    if not image.users:
        yield 'unused since', _since_text(marks.unused_since, now)
    if marks.hits:
        yield 'used again', f'{marks.hits} times'
    if verdict.rank is not None:
        yield 'turn', f'{verdict.rank + 1}, of those that may go'


def _since_text(
    since: datetime.datetime | None, now: datetime.datetime
) -> str:
    if since is None:
        return 'no sweep has found it so'
    return explain.moment(since, now)


def _users_text(image: CachedImage) -> str:
    if image.users is None:
        return 'not seen by this backend'
    if not image.users:
        return 'not known' if image.unknown else 'none'
    return explain.names(image.users)
