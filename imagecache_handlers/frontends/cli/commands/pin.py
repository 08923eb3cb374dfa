"""``imagecache pin`` and ``unpin``: what an operator keeps by hand."""

import argparse

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.owned import OwnedCommand
from imagecache_handlers.frontends.cli import image_names
from imagecache_handlers.frontends import explain


class Pin(OwnedCommand):
    """Keep an image from going, until its owner unpins it or a time."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--until',
            type=arguments.later,
            metavar='TIME',
            help='2026-12-01T12:00, or +3d from now (m, h, d, w); without '
            'it for good',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        owner, until = parsed_args.owner, parsed_args.until
        with self.opened() as site:
            image_id = image_names.find_id(site, parsed_args.image)
            pinned = site.cache.pin(image_id, owner, until, store=site.store)
        if not pinned:
            raise ImageNotFound(image_id, 'nothing was pinned')
        now = utc_now().astimezone()
        end = f' until {explain.moment(until, now)}' if until else ''
        self.say_of(pinned, f'is pinned by {owner}{end}')


class Unpin(OwnedCommand):
    """Remove the pin of an owner; the pins of others stay."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        owner = parsed_args.owner
        with self.opened() as site:
            image_id = image_names.find_id(site, parsed_args.image)
            unpinned = site.cache.unpin(image_id, owner, store=site.store)
        self.say_of(unpinned, f'is not pinned by {owner} now')
        if not unpinned:
            self.say(f'{image_id} had no pin of {owner}')
