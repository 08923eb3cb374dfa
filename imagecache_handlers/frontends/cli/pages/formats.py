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
    """Lists of objects, laid out as ever but many times as quickly.

    The encoder of the standard library is slow where it indents.  So it is
    told to break lines only, and the layout is made of the breaks: there are
    no others, for within texts they are written ``\\n``.
    """

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        rows = [[_plain_value(cell) for cell in row] for row in data]
        if not rows or parsed_args.noindent or _has_nested(rows):
            super().emit_list(column_names, rows, stdout, parsed_args)
            return
        objects = [dict(zip(column_names, row, strict=True)) for row in rows]
        text = json.dumps(objects, separators=(',\n    ', ': '))
        text = text[2:-2].replace('},\n    {', '\n  },\n  {\n    ')
        stdout.write(f'[\n  {{\n    {text}\n  }}\n]\n')


def _plain_value(cell: Any) -> Any:
    if isinstance(cell, cliff.columns.FormattableColumn):
        return cell.machine_readable()
    return cell


def _has_nested(rows: Iterable[Sequence[Any]]) -> bool:
    return any(isinstance(cell, (list, dict)) for row in rows for cell in row)
