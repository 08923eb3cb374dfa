"""The formats of answers beside cliff's: a page, and JSON in its speed."""

import argparse
from collections.abc import Iterable
from collections.abc import Mapping
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
    """A list of objects, row by row.

    The encoder of the standard library is slow when it is to indent: here
    it is not, for no more than its separators make the lines.
    """

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        if parsed_args.noindent:
            super().emit_list(column_names, data, stdout, parsed_args)
            return
        encoder = json.JSONEncoder(separators=(',\n    ', ': '))
        written = '['
        for row in data:
            fields = dict(zip(column_names, map(_plain, row), strict=True))
            text = _told(fields) or encoder.encode(fields)[1:-1]
            stdout.write(f'{written}\n  {{\n    {text}\n  }}')
            written = ','
        stdout.write('[]\n' if written == '[' else '\n]\n')


def _told(fields: Mapping[str, Any]) -> str:
    """Write fields one by one, if there is a value that has parts."""
    if not any(isinstance(one, (list, dict)) for one in fields.values()):
        return ''
    return ',\n    '.join(
        f'{json.dumps(name)}: {json.dumps(value)}'
        for name, value in fields.items()
    )


def _plain(cell: Any) -> Any:
    if isinstance(cell, cliff.columns.FormattableColumn):
        return cell.machine_readable()
    return cell
