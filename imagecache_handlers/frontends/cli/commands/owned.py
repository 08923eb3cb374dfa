"""Owners: the commands on what one says of an image."""

import argparse
from collections.abc import Iterable

from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import CacheCommand
from imagecache_handlers.frontends.cli.pages import plan
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.model import CachedImage


class OwnedCommand(CacheCommand):
    """A command on one image, in the name of an owner."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        arguments.add_image_to(parser)
        parser.add_argument(
            '--owner',
            required=True,
            type=arguments.owner,
            metavar='OWNER',
            help='in whose name: each owner speaks for itself',
        )
        return parser

    def say_of(self, images: Iterable[CachedImage], said: str) -> None:
        for image in images:
            where = f'{plan.named(image)} in {image.store}'
            self.say(f'{printable(where)} {said}')
