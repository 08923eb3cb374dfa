"""What a benchmark measured: a table to read and JSON to compare."""

import argparse
from collections.abc import Mapping
from collections.abc import Sequence
import json
import pathlib
import platform

Row = Mapping[str, str | int | float]


def parser(description: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument(
        '--json',
        type=pathlib.Path,
        metavar='FILE',
        help='write the rows to this file too',
    )
    return made


def table(rows: Sequence[Row]) -> str:
    """Align rows of the same columns; numbers to the right."""
    names = list(rows[0])
    lines = [names, *([_text(row[name]) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numeric = [not isinstance(rows[0][name], str) for name in names]
    return '\n'.join(_line(line, widths, numeric) for line in lines)


def _line(
    cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]
) -> str:
    aligned = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return '  '.join(aligned).rstrip()


def _text(value: str | float) -> str:
    return f'{value:.3f}' if isinstance(value, float) else str(value)


def write(rows: Sequence[Row], path: pathlib.Path | None) -> None:
    """Show the rows, and keep them in a file where one is given."""
    print(table(rows))
    if path is not None:
        kept = {'python': platform.python_version(), 'rows': list(rows)}
        path.write_text(json.dumps(kept, indent=2) + '\n')
