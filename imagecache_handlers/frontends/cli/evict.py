"""``imagecache evict``: one image, now."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
import datetime

from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli import asking
from imagecache_handlers.frontends.cli.base import WitnessedCommand
from imagecache_handlers.frontends.cli import fields
from imagecache_handlers.frontends.cli import lines
from imagecache_handlers.frontends.cli import naming
from imagecache_handlers.frontends.cli.options import utc_now
from imagecache_handlers.frontends.cli.paged import Answer
from imagecache_handlers.frontends.cli.paged import Paged
from imagecache_handlers.frontends.cli import report_page
from imagecache_handlers.frontends.cli.text import printable
from imagecache_handlers.frontends.cli import words
from imagecache_handlers.model import CachedImage
from imagecache_handlers import units
from imagecache_handlers.verdicts import Did
from imagecache_handlers.verdicts import FORCEABLE
from imagecache_handlers.verdicts import Outcome
from imagecache_handlers.verdicts import Reason

_GONE = frozenset({Did.EVICTED, Did.GONE})


class Evict(WitnessedCommand, Paged):
    """Evict every copy of an image now, unless something keeps it."""

    columns = fields.OUTCOME

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'image',
            type=words.image,
            metavar='IMAGE',
            help='the id of an image, or its beginning',
        )
        parser.add_argument(
            '--force',
            action='store_true',
            help='pass pins, patterns, the minimum age and switched off '
            'removal; never an image in use, or of which that is not known',
        )
        parser.add_argument(
            '--yes', action='store_true', help='do not ask on a terminal'
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            copies = naming.copies(site, parsed_args.image)
            if not asking.agreed(_question(copies), yes=parsed_args.yes):
                told = lines.line('Nothing was evicted.')
                return Answer(rows=(), page=[told], code=FAILED)
            done = site.cache.evict(
                copies[0].image_id,
                ask(),
                store=site.store,
                force=parsed_args.force,
            )
        now = utc_now().astimezone()
        return Answer(
            rows=fields.of_outcomes(done, now),
            page=_page(done, now, forced=parsed_args.force),
            code=0 if all(one.did in _GONE for one in done) else FAILED,
        )


def _question(copies: Collection[CachedImage]) -> str:
    size = units.size(sum(image.size for image in copies))
    stores = ', '.join(sorted({image.store for image in copies}))
    image_id = next(iter(copies)).image_id
    return printable(f'Evict {image_id} ({size}) from {stores}?')


def _page(
    done: Collection[Outcome], now: datetime.datetime, *, forced: bool
) -> Iterable[lines.Line]:
    yield from report_page.outcomes(done, now)
    kept = [one for one in done if one.did is Did.KEPT]
    reasons = {b.reason for one in kept for b in one.verdict.blockers}
    if reasons and reasons <= FORCEABLE and not forced:
        yield lines.line('Add --force to evict it all the same.')
    elif any(one.verdict.reason is Reason.UNKNOWN for one in kept):
        yield lines.line('Tell who uses what: --in-use, --in-use-complete.')
    elif reasons - FORCEABLE:
        yield lines.line('No option passes that.')
