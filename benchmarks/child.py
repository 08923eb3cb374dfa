"""A command as a child: how it ended, how long and how much it took."""

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
from typing import IO

MIB = 2**20
_LOOK = 0.01
_PEAK = re.compile(r'^VmHWM:\s+(\d+) kB$', re.MULTILINE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """When a child is killed; ``interrupt``: when it is asked to end."""

    seconds: float
    bytes: int = 1024 * MIB
    interrupt: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ending:
    """How a child ended, after how many seconds, and its peak of memory.

    ``said`` is its last line of complaint, or where it had none, of all.
    """

    how: str
    seconds: float
    peak: int
    said: str


def run(command: Sequence[str], limits: Limits) -> Ending:
    """Run a command until it ends, or is ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 -- our own program
            command,
            stdout=out,
            stderr=errors,
            env=os.environ | {'COLUMNS': '200'},
        )
        killed, peak = _watch(process, limits, started)
        seconds = time.monotonic() - started
        said = _last(errors) or _last(out)
    how = killed or f'exit {process.returncode}'
    return Ending(how=how, seconds=seconds, peak=peak, said=said)


def _last(file: IO[bytes]) -> str:
    """Give the last line that says anything."""
    file.seek(0)
    lines = file.read().decode(errors='replace').split('\n')
    return next((line.strip() for line in lines[::-1] if line.strip()), '')


def _watch(
    process: subprocess.Popen[bytes], limits: Limits, started: float
) -> tuple[str, int]:
    """Wait for its end; gives why it was killed, and its peak of memory."""
    peak, interrupted = 0, limits.interrupt is None
    while process.poll() is None:
        peak = max(peak, _peak(process.pid))
        passed = time.monotonic() - started
        if not interrupted and passed > (limits.interrupt or 0):
            process.send_signal(signal.SIGTERM)
            interrupted = True
        if why := _excess(passed, peak, limits):
            process.kill()
            process.wait()
            return why, peak
        time.sleep(_LOOK)
    return '', peak


def _excess(seconds: float, peak: int, limits: Limits) -> str:
    if peak > limits.bytes:
        return f'killed at {limits.bytes // MIB} MiB'
    if seconds > limits.seconds:
        return f'killed after {limits.seconds:g} s'
    return ''


def _peak(pid: int) -> int:
    """Read what the child itself took: not what its parent did before it."""
    try:
        status = pathlib.Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return 0
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else 0
