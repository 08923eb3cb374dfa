"""``imagecache plan``: what a sweep would do now, and why."""

import argparse

from imagecache_handlers.frontends.cli.commands.verdicts import Rows
from imagecache_handlers.frontends.cli.commands.verdicts import VerdictCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import verdicts


class Plan(VerdictCommand):
    """Show what a sweep would do now, and why each image stays or goes."""

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
        rows = rows_of(self, plan, parsed_args)
        return shown(plan, rows, site.rules, self.width)


def shown(plan: verdicts.Plan, rows: Rows, rules: Rules, width: int) -> Answer:
    """Give a plan as an answer, which fails if the plan falls short."""
    short = any(space.short for space in plan.spaces)
    return Answer(
        rows=rows,
        page=plan_page.render(plan, rules, width),
        code=FAILED if short or plan.problems else 0,
    )


def rows_of(
    command: VerdictCommand,
    plan: verdicts.Plan,
    parsed_args: argparse.Namespace,
) -> Rows:
    """Give the rows of a plan, in its order."""
    ordered = plan_page.in_order(plan.verdicts)
    return command.rows_of(ordered, plan.now.astimezone(), parsed_args)
