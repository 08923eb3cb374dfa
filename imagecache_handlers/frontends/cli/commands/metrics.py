"""``imagecache metrics``: the metrics as they are now, once."""

import argparse
from collections.abc import Mapping

from imagecache_handlers.frontends.cli.commands.base import PlanningCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli import metering
from imagecache_handlers.frontends.cli import metrics_options
from imagecache_handlers.frontends.metrics.record import Record


class Metrics(PlanningCommand):
    """Show the metrics of the cache as it is now, or write them to a file.

    It plans and sweeps nothing: of sweeps it tells what that file holds.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        metrics_options.add_textfile_to(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        metrics_options.need_prometheus()
        from imagecache_handlers.frontends.metrics import collector

        record = Record()
        textfile = metrics_options.open_textfile(parsed_args, record)
        problems = self._look(parsed_args, metering.Meter(record))
        if textfile is None:
            self.app.stdout.write(collector.write_text(record))
        else:
            textfile.write()
        self.complain(problems)
        return FAILED if problems else 0

    def _look(
        self, parsed_args: argparse.Namespace, meter: metering.Meter
    ) -> Mapping[str, str]:
        """Have a plan kept; give what is wrong with stores."""
        ask = meter.noting(self.asking(parsed_args))
        with self.opened(meter.record.note_call) as site:
            meter.narrow_to(site)
            plan = self.planned(site, ask)
            meter.note_plan(plan, site)
        return plan.problems
