"""``imagecache hold`` and ``release``: images held while they are used."""

import argparse
import datetime

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.owned import OwnedCommand
from imagecache_handlers.frontends.cli import image_names
from imagecache_handlers.frontends import explain

_SPAN = datetime.timedelta(minutes=30)


class Hold(OwnedCommand):
    """Lend an image to what is made from it, such as a virtual machine.

    Within half of the time it must be seen as a user of the image, by the
    backend or by whoever tells who uses what.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--for',
            type=arguments.span,
            default=_SPAN,
            dest='ttl',
            metavar='SPAN',
            help='how long: 10m, 2h, 1d; 30m by default',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        owner, ttl = parsed_args.owner, parsed_args.ttl
        with self.opened() as site:
            if ttl <= 2 * site.rules.clock_skew:
                raise ConfigurationError(
                    f'--for must be longer than twice the clock skew of '
                    f'{site.rules.clock_skew}'
                )
            image_id = image_names.find_id(site, parsed_args.image)
            held = site.cache.hold(image_id, owner, ttl, store=site.store)
        if not held:
            raise ImageNotFound(image_id, 'nothing is held')
        now = utc_now().astimezone()
        end = explain.moment(now + ttl, now)
        self.say_of(held, f'is held by {owner} until {end}')


class Release(OwnedCommand):
    """End a hold: what was made from the image uses it now, or never will."""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        owner = parsed_args.owner
        with self.opened() as site:
            image_id = image_names.find_id(site, parsed_args.image)
            released = site.cache.release(image_id, owner, store=site.store)
        self.say_of(released, f'is not held by {owner} now')
        if not released:
            self.say(f'{image_id} was not held by {owner}')
