"""``imagecache add``: a local file becomes a cached image."""

import argparse

from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import CacheCommand
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.source import LocalFile
from imagecache_handlers import units


class Add(CacheCommand):
    """Copy a file of this host into the cache, as an image of that id."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'image',
            type=arguments.image,
            metavar='IMAGE',
            help='the id that the image has in the image service',
        )
        parser.add_argument(
            'file', metavar='FILE', help='the file with its content'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        given = parsed_args.image
        source = LocalFile(parsed_args.file)
        with self.opened() as site:
            image = site.cache.add(given, source, store=site.store)
        size = units.size(image.size)
        store = printable(image.store)
        # Some backends list it by another name.
        name = image.image_id
        listed = f' as {name}' if name != given else ''
        self.say(f'{given} is cached in {store}{listed} ({size})')
