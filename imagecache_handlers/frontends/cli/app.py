"""App: the start of the program, its streams, and how it ends.

0: done; 1: something failed or fell short; 2: it was asked or configured
wrongly; 3: none of several things came about; 130: it was interrupted.
"""

from collections.abc import Sequence
import io
import os
import signal
import sys
from typing import TextIO

from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.exit_codes import INTERRUPTED
from imagecache_handlers.frontends.cli.exit_codes import MISUSED
from imagecache_handlers.frontends.cli.exit_codes import NONE
from imagecache_handlers.version import VERSION

NAME = 'imagecache'

_CODES = frozenset({0, FAILED, MISUSED, NONE, INTERRUPTED})


def _open_what_is_closed() -> None:
    """Have all three standard streams: what is done must not be lost.

    Standard input that was closed stays None, so that a list from it is
    refused and not taken for an empty one.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, 'w', encoding='utf-8')  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, 'w', encoding='utf-8')  # noqa: SIM115


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give its exit code."""
    try:
        return _run_program(argv)
    except KeyboardInterrupt:
        return _say_interrupted()
    finally:
        _leave_interrupts()


def _run_program(argv: Sequence[str] | None) -> int:
    _open_what_is_closed()
    for stream in sys.stdout, sys.stderr:
        # A name that the terminal cannot show must not stop us.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')
    code = _run_app(list(sys.argv[1:] if argv is None else argv))
    return code if _all_written() else code or FAILED


def _run_app(argv: list[str]) -> int:
    if argv == ['--version']:
        # The same words as the parser's, without waiting for all the rest.
        sys.stdout.write(f'{NAME} {VERSION}\n')
        return 0
    from cliff.help import HelpExit

    from imagecache_handlers.frontends.cli.application import App

    app = App()
    try:
        code = app.run(argv)
    except HelpExit:
        return 0
    except SystemExit as end:
        # Of argparse, which ends itself after a help or a refusal.
        return _exit_code(end.code)
    # cliff tells of Ctrl-C by that code, and who took the signal in an error
    # that has a text; Python's own has none.
    if code == INTERRUPTED and not getattr(app.error, 'args', ()):
        return _say_interrupted()
    # A closed pipe has another code of cliff's.
    return code if code in _CODES else FAILED


def _say_interrupted() -> int:
    _leave_interrupts()
    sys.stderr.write(f'{NAME}: interrupted\n')
    return INTERRUPTED


def _leave_interrupts() -> None:
    """Have another Ctrl-C end the program as it is, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _exit_code(code: object) -> int:
    """Give the code of a program that was ended; by no number: it failed."""
    if isinstance(code, int):
        return code if code in _CODES else FAILED
    sys.stderr.write(f'{NAME}: the program was ended: {ascii(code)}\n')
    return FAILED


def _all_written() -> bool:
    """Write what is still held back, while its loss can be told."""
    return all([_is_written(stream) for stream in (sys.stdout, sys.stderr)])


def _is_written(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError as error:
        # Python would try again at its end, and complain at length.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        # Whoever closed a pipe has seen enough.
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            said = f'cannot write the output: {error.strerror}'
            sys.stderr.write(f'{NAME}: {said}\n')
        return False
    return True
