"""Verdicts: as the rows of commands that tell what a plan says of images."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
import datetime
from typing import Any

from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.commands.base import PlanningCommand
from imagecache_handlers.frontends.cli.pages import fields
from imagecache_handlers.planning.verdicts import Verdict

Rows = Iterable[tuple[Any, ...]]


class VerdictCommand(PlanningCommand, Paged):
    """A command whose rows are verdicts.

    They have one column more if somebody is asked what is retired.
    """

    columns: tuple[str, ...] = fields.VERDICT

    def columns_of(self, parsed_args: argparse.Namespace) -> tuple[str, ...]:
        if parsed_args.retired_from is None:
            return self.columns
        return (*self.columns, fields.RETIRED)

    def rows_of(
        self,
        verdicts: Collection[Verdict],
        now: datetime.datetime,
        parsed_args: argparse.Namespace,
    ) -> Rows:
        """Give the row of each verdict, with those columns."""
        rows = self.common_rows(verdicts, now)
        if parsed_args.retired_from is None:
            return rows
        return fields.add_retired(rows, verdicts)

    def common_rows(
        self, verdicts: Collection[Verdict], now: datetime.datetime
    ) -> Rows:
        """Give those rows without the column that is asked for."""
        return fields.verdict_rows(verdicts, now)
