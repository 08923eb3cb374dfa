"""``imagecache debris list`` and ``debris clean``: what broke, and is left."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any

from imagecache_handlers.actions.stores import Found
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.commands.base import Listing
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.confirm import agreed
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.model import Debris
from imagecache_handlers import units

_LEFT = 'left alone'


class DebrisList(Listing):
    """List what broken operations left behind."""

    columns = ('store', 'location', 'size', 'since', 'why')

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        with self.opened() as site:
            found = site.cache.debris(site.stores)
        self.complain(found.problems)
        return Answer(
            rows=[
                (*_place_of(one), iso(one.since), printable(one.why))
                for one in found.items
            ],
            code=FAILED if found.problems else 0,
        )


def _place_of(debris: Debris) -> tuple[Any, ...]:
    location = printable(debris.location)
    return printable(debris.store), location, Size(debris.size)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What became of debris; ``why``, if it could not be removed."""

    debris: Debris
    freed: int | None = 0
    why: str = ''

    @property
    def did(self) -> str:
        if self.why:
            return 'failed'
        return _LEFT if self.freed == 0 and self.debris.size else 'removed'


class DebrisClean(Paged):
    """Remove what broken operations left, each after another look."""

    columns = ('store', 'location', 'size', 'did', 'freed', 'detail')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'locations',
            nargs='*',
            metavar='LOCATION',
            help='only what lies there, as "debris list" names it',
        )
        parser.add_argument(
            '--yes', action='store_true', help='take it as confirmed'
        )
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        with self.opened() as site:
            found = site.cache.debris(site.stores)
            self.complain(found.problems)
            chosen = _choose_debris(found, parsed_args.locations)
            if not chosen:
                told = lines.line('There is no debris.')
                code = FAILED if found.problems else 0
                return Answer(rows=(), page=[told], code=code)
            if not agreed(_question_about(chosen), yes=parsed_args.yes):
                told = lines.line('Nothing was removed.')
                return Answer(rows=(), page=[told], code=FAILED)
            done = [_clean_one(site.cache, one) for one in chosen]
        failed = found.problems or any(one.why for one in done)
        return Answer(
            rows=_cleaned_rows(done),
            page=_page_lines(done),
            code=FAILED if failed else 0,
        )


def _choose_debris(
    found: Found[Debris], locations: Collection[str]
) -> list[Debris]:
    there = {one.location for one in found.items}
    for location in locations:
        if location not in there:
            raise ConfigurationError(
                f'there is no debris at {location}: see imagecache debris list'
            )
    return [
        one
        for one in found.items
        if not locations or one.location in locations
    ]


def _question_about(chosen: Collection[Debris]) -> str:
    size = units.size(sum(one.size for one in chosen))
    what = 'piece' if len(chosen) == 1 else 'pieces'
    return f'Remove {len(chosen)} {what} of debris ({size})?'


def _clean_one(cache: ImageCache, debris: Debris) -> Cleaned:
    try:
        return Cleaned(debris=debris, freed=cache.clean(debris))
    except CacheError as error:
        return Cleaned(debris=debris, why=str(error))


def _cleaned_rows(done: Iterable[Cleaned]) -> Iterator[tuple[Any, ...]]:
    for one in done:
        why = printable(one.why or one.debris.why)
        yield (*_place_of(one.debris), one.did, one.freed, why)


def _page_lines(done: Collection[Cleaned]) -> Iterator[lines.Line]:
    for one in done:
        size = units.size(one.debris.size)
        where = f'{one.debris.location} in {one.debris.store}'
        text = f'  {one.did:10}  {size:>10}  {where}  {one.why}'
        tone = lines.Tone.TROUBLE if one.why else lines.Tone.PLAIN
        yield lines.line(printable(text.rstrip()), tone)
    freed = units.size(sum(one.freed or 0 for one in done))
    removed = [one.did for one in done].count('removed')
    yield lines.line(f'Removed {removed} of {len(done)}, freed {freed}.')
