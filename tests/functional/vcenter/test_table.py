"""The table of the interface is what its tool makes of its sources now."""

import pathlib
import subprocess
import sys

from vcenter_simulator import schema

TOOL = pathlib.Path(__file__).parents[3] / 'simulators' / 'tools'


def test_the_table_is_up_to_date():
    done = subprocess.run(  # noqa: S603
        [sys.executable, TOOL / 'make_vim_table.py'],
        capture_output=True,
        check=True,
        text=True,
    )
    kept = pathlib.Path(schema.__file__).with_name('vim.txt')
    assert done.stdout == kept.read_text()
