"""Programs of their own: orders go in as lines of JSON, results come out.

What they take is not taken by who measures, and is measured by themselves.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import json
import os
import subprocess
import sys
import traceback
from typing import Any


class Program:
    """A program that runs, and does what it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, order: str, **arguments: Any) -> Any:
        """Have an order done, and give its result."""
        if self._process.stdin is None:
            raise RuntimeError('the program cannot be told anything')
        print(json.dumps([order, arguments]), file=self._process.stdin)
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> Any:
        """Give what it says next."""
        if self._process.stdout is None:
            raise RuntimeError('the program cannot be heard')
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError('the program has ended before its time')
        told = json.loads(line)
        if 'error' in told:
            raise RuntimeError(told['error'])
        return told['result']


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a program that ends with ``serve_orders``, until it is ready."""
    with subprocess.Popen(  # noqa: S603 -- our own program
        command,
        env=os.environ | dict(environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            program = Program(process)
            program.hear()
            yield program
        finally:
            process.kill()


def serve_orders(orders: object) -> None:
    """Do what standard input says: each order is a method by its name."""
    _tell(result='ready')
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            _tell(result=getattr(orders, name)(**arguments))
        except Exception as error:
            traceback.print_exception(error)
            _tell(error=f'{type(error).__name__}: {error}')


def _tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)
