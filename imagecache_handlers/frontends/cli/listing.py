"""``imagecache list``: what is cached, for people and programs."""

import argparse

from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.base import WitnessedCommand
from imagecache_handlers.frontends.cli import fields
from imagecache_handlers.frontends.cli.paged import Answer
from imagecache_handlers.frontends.cli.paged import Listing


class List(WitnessedCommand, Listing):
    """List the cached images: what is known of each, and what is decided."""

    columns = fields.VERDICT

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = site.cache.plan(ask(), site.stores)
        self.complain(plan.problems)
        by_name = sorted(plan.verdicts, key=lambda one: one.image.identity)
        return Answer(
            rows=fields.of_verdicts(by_name, plan.now.astimezone()),
            code=FAILED if plan.problems else 0,
        )
