"""``imagecache plan``: what a sweep would do now, and why."""

import argparse

from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.base import CacheCommand
from imagecache_handlers.frontends.cli import page


class Plan(CacheCommand):
    """Show what a sweep would do now, and why each image stays or goes."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.opened() as site:
            plan = site.cache.plan(site.ask())
        for line in page.plan(plan, self.width):
            self.say(line)
        short = any(space.short for space in plan.spaces)
        return FAILED if short or plan.problems else 0
