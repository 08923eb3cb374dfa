"""``imagecache sweep``: do what a plan shows."""

import argparse

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.cli.commands import plan as plan_command
from imagecache_handlers.frontends.cli.commands.verdicts import VerdictCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.interrupt import stoppable
from imagecache_handlers.frontends.cli import metering
from imagecache_handlers.frontends.cli import metrics_options
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.frontends.cli.pages import report as report_page
from imagecache_handlers.frontends.cli import progress
from imagecache_handlers.planning.verdicts import Plan


class Sweep(VerdictCommand):
    """Evict what may go, and note what is unused from now on."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--dry-run',
            action='store_true',
            help='only show the plan, as the command plan does',
        )
        metrics_options.add_textfile_to(parser)
        return parser

    def columns_of(self, parsed_args: argparse.Namespace) -> tuple[str, ...]:
        if not parsed_args.dry_run:
            return fields.OUTCOME
        return super().columns_of(parsed_args)

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        if parsed_args.dry_run:
            return self._show_plan(parsed_args)
        with metering.metered(parsed_args) as meter:
            ask = meter.noting(self.asking(parsed_args))
            with (
                self.opened(meter.record.note_call) as site,
                meter.sweeping(site.rules) as count,
            ):
                meter.narrow_to(site)
                plan = self.planned(site, ask)
                meter.note_plan(plan, site)
                report = _carry_out(site, plan, ask)
                count(report)
        now = plan.now.astimezone()
        short = report_page.fell_short(report)
        blind = self.complain_of_blindness(report, site.rules)
        return Answer(
            rows=fields.outcome_rows(report.outcomes, now),
            page=report_page.render(report, site.rules, self.width),
            code=FAILED if short or blind else 0,
        )

    def _show_plan(self, parsed_args: argparse.Namespace) -> Answer:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
        rows = plan_command.rows_of(self, plan, parsed_args)
        return plan_command.shown(plan, rows, site.rules, self.width)


def _carry_out(site: OpenedCache, plan: Plan, ask: Ask) -> Report:
    """Do what the plan says, seen as it goes, until somebody stops it."""
    with stoppable(site) as stop, progress.shown(plan) as tell:
        return site.cache.apply(plan, ask, on_outcome=tell, should_stop=stop)
