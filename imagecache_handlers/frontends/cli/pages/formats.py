"""Formats of answers beside cliff's: a page, and JSON at its speed."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import json
from typing import Any
from typing import TextIO

import cliff.columns
import cliff.formatters.base
import cliff.formatters.json_format


class Page(cliff.formatters.base.ListFormatter):
    """The format of people; what is written, the command itself knows."""

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        pass

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        pass


class Json(cliff.formatters.json_format.JSONFormatter):
    """A list of objects, each in a line of its own.

    So it is the quick encoder of the standard library that writes them: it
    does not indent.
    """

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        rows = [_row_text(column_names, row) for row in data]
        if not rows or parsed_args.noindent:
            stdout.write(f'[{", ".join(rows)}]\n')
        else:
            body = ',\n  '.join(rows)
            stdout.write(f'[\n  {body}\n]\n')


def _row_text(names: Sequence[str], row: Sequence[Any]) -> str:
    cells = map(_plain_value, row)
    return json.dumps(dict(zip(names, cells, strict=True)))


def _plain_value(cell: Any) -> Any:
    if isinstance(cell, cliff.columns.FormattableColumn):
        return cell.machine_readable()
    return cell
