"""Nova 34, its own API and two cells: what it tells of who uses what."""

import os
import pathlib
import subprocess
import sys

PROGRAM = pathlib.Path(__file__).with_name('api_cells.py')
ROOT = str(PROGRAM.parents[3])


def test_nova_is_asked_as_it_answers():
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, str(PROGRAM)],
        env=os.environ
        | {'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true', 'PYTHONPATH': ROOT},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert 'Ran 1 test' in done.stderr
