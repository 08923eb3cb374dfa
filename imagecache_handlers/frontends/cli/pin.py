"""``imagecache pin`` and ``unpin``: what an operator keeps by hand."""

import argparse
import datetime
import re

from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers import explain
from imagecache_handlers.frontends.cli.base import CacheCommand
from imagecache_handlers.frontends.cli.options import utc_now
from imagecache_handlers.frontends.cli.text import printable
from imagecache_handlers.marks import check_owner
from imagecache_handlers.model import check_image_id

_SPAN = re.compile(r'\+([1-9][0-9]{0,5})([mhdw])')
_UNITS = {'m': 'minutes', 'h': 'hours', 'd': 'days', 'w': 'weeks'}


def later(said: str) -> datetime.datetime:
    """Read a time to come: ISO 8601, or ``+3d`` from now.

    A time without a zone is meant as the host's clock shows it.
    """
    now = utc_now()
    try:
        if span := _SPAN.fullmatch(said):
            unit = {_UNITS[span[2]]: int(span[1])}
            return now + datetime.timedelta(**unit)
        at = datetime.datetime.fromisoformat(said).astimezone(datetime.UTC)
    except (OverflowError, ValueError):
        raise argparse.ArgumentTypeError(
            f'{said!r} is no time: write 2026-12-01T12:00, or +3d from now '
            f'(m, h, d, w)'
        ) from None
    if at <= now:
        raise argparse.ArgumentTypeError(f'{said} is over already')
    return at


def owner(said: str) -> str:
    try:
        return check_owner(said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def image_id(said: str) -> str:
    try:
        return check_image_id(said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _PinCommand(CacheCommand):
    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', type=image_id, metavar='IMAGE')
        parser.add_argument(
            '--owner',
            required=True,
            type=owner,
            metavar='OWNER',
            help='whose pin it is: each owner has one of their own',
        )
        return parser


class Pin(_PinCommand):
    """Keep an image from going, until its owner unpins it or a time."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--until',
            type=later,
            metavar='TIME',
            help='2026-12-01T12:00, or +3d from now (m, h, d, w); without '
            'it for good',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        image_id, owner = parsed_args.image, parsed_args.owner
        until = parsed_args.until
        with self.opened() as site:
            pinned = site.cache.pin(image_id, owner, until)
        if not pinned:
            raise ImageNotFound(image_id, 'nothing was pinned')
        now = utc_now().astimezone()
        end = f' until {explain.moment(until, now)}' if until else ''
        for image in pinned:
            store = printable(image.store)
            self.say(f'{image_id} in {store} is pinned by {owner}{end}')


class Unpin(_PinCommand):
    """Remove the pin of an owner; the pins of others stay."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        image_id, owner = parsed_args.image, parsed_args.owner
        with self.opened() as site:
            unpinned = site.cache.unpin(image_id, owner)
            if not unpinned and not site.cache.find(image_id):
                raise ImageNotFound(image_id, 'nothing was unpinned')
        for image in unpinned:
            store = printable(image.store)
            self.say(f'{image_id} in {store} is not pinned by {owner} now')
        if not unpinned:
            self.say(f'{image_id} had no pin of {owner}')
