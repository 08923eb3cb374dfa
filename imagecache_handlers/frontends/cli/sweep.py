"""``imagecache sweep``: do what a plan shows."""

import argparse

from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.base import CacheCommand
from imagecache_handlers.frontends.cli import page
from imagecache_handlers.verdicts import Did
from imagecache_handlers.verdicts import Report

_FAILURES = frozenset({Did.FAILED, Did.UNCERTAIN})


class Sweep(CacheCommand):
    """Evict what may go, and note what is unused from now on."""

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.opened() as site:
            report = site.cache.sweep(site.ask)
        for line in page.report(report, self.width):
            self.say(line)
        return FAILED if _fell_short(report) else 0


def _fell_short(report: Report) -> bool:
    return (
        bool(report.plan.problems)
        or any(outcome.did in _FAILURES for outcome in report.outcomes)
        or any(
            page.freed_in(report, space.pool) < space.wanted
            for space in report.plan.spaces
        )
    )
