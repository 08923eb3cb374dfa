"""``imagecache plan``: what a sweep would do now, and why."""

import argparse
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.commands.base import WitnessedCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import plan as plan_page
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import verdicts


class Plan(WitnessedCommand, Paged):
    """Show what a sweep would do now, and why each image stays or goes."""

    columns = fields.VERDICT

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
        return shown(plan, site.rules, self.width)


def shown(plan: verdicts.Plan, rules: Rules, width: int) -> Answer:
    """Give a plan as an answer, which fails if the plan falls short."""
    short = any(space.short for space in plan.spaces)
    return Answer(
        rows=_plan_rows(plan),
        page=plan_page.render(plan, rules, width),
        code=FAILED if short or plan.problems else 0,
    )


def _plan_rows(plan: verdicts.Plan) -> Iterator[tuple[Any, ...]]:
    ordered = plan_page.in_order(plan.verdicts)
    yield from fields.verdict_rows(ordered, plan.now.astimezone())
