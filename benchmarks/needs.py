"""Needs of a benchmark: if one is not met, a line says so, with code 2."""

import importlib.util
import pathlib
import shutil
import subprocess
import sys
from typing import NoReturn


def end_without(what: str) -> NoReturn:
    """End the program, and say what it lacks and what to do about it."""
    name = pathlib.Path(sys.argv[0]).stem
    print(f'{name}: {what}', file=sys.stderr)
    raise SystemExit(2)


def need_nova() -> None:
    """Go on only in a Python that has Nova."""
    if importlib.util.find_spec('nova') is None:
        end_without(
            f'{sys.executable} has no Nova: install nova>=34,<35 beside it, '
            f'or take .tox/nova/bin/python'
        )


def need_nova_of(python: str | None) -> None:
    """Go on only if the Python that was named, if one was, has Nova."""
    if python is None:
        return
    try:
        subprocess.run(  # noqa: S603 -- the other one to be measured
            [python, '-c', 'import nova'], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        end_without(f'--nova {python} has no Nova: name a Python that has')


def need_program(name: str) -> None:
    """Go on only where a program is installed."""
    if shutil.which(name) is None:
        end_without(f'there is no {name} here: install it')
