"""``imagecache evict``: one image, now."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import datetime

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import InUseCommand
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.confirm import agreed
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli import image_names
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages import report
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends import in_use_list
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.verdicts import FORCEABLE
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers import units

_GONE = frozenset({Did.EVICTED, Did.GONE})


class Evict(InUseCommand, Paged):
    """Evict every copy of an image now, unless something keeps it."""

    columns = fields.OUTCOME

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_image_to(parser)
        parser.add_argument(
            '--force',
            action='store_true',
            help='overrule pins, patterns, the minimum age and switched off '
            'removal; never an image in use, or of which that is not known',
        )
        parser.add_argument(
            '--yes', action='store_true', help='take it as confirmed'
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            copies = image_names.find_copies(site, parsed_args.image)
            said = ask()
            in_use_list.check_whole(said, {one.image_id for one in copies})
            if not agreed(_question_about(copies), yes=parsed_args.yes):
                told = lines.line('Nothing was evicted.')
                return Answer(rows=(), page=[told], code=FAILED)
            done = site.cache.evict(
                copies[0].image_id,
                said,
                store=site.store,
                force=parsed_args.force,
            )
        now = utc_now().astimezone()
        return Answer(
            rows=fields.outcome_rows(done, now),
            page=_page_lines(done, now, self.width, forced=parsed_args.force),
            code=0 if all(one.did in _GONE for one in done) else FAILED,
        )


def _question_about(copies: Collection[CachedImage]) -> str:
    size = units.size(sum(image.size for image in copies))
    stores = ', '.join(sorted({image.store for image in copies}))
    image_id = next(iter(copies)).image_id
    return printable(f'Evict {image_id} ({size}) from {stores}?')


def _page_lines(
    done: Iterable[Outcome],
    now: datetime.datetime,
    width: int,
    *,
    forced: bool,
) -> Iterator[lines.Line]:
    for outcome in done:
        yield from report.outcomes([outcome], now, width)
        if outcome.did is Did.KEPT and outcome.verdict.blockers:
            yield lines.line(f'    {_advise(outcome, forced=forced)}')


def _advise(outcome: Outcome, *, forced: bool) -> str:
    """Say what would let an image go that was kept."""
    verdict = outcome.verdict
    if all(one.reason in FORCEABLE for one in verdict.blockers):
        return (
            'That is new: run it again.'
            if forced
            else 'Add --force to evict it.'
        )
    if verdict.reason is Reason.UNKNOWN and verdict.image.unknown is None:
        return 'Tell who uses what: --in-use, --in-use-complete.'
    return 'No option overrules that.'
