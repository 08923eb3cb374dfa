"""The benchmark of the simulated vCenter runs, and holds its targets."""

import json

import pytest

from benchmarks import vcenter_simulator

pytestmark = pytest.mark.alone


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'vcenter.json'

    vcenter_simulator.main(['--images', '1000', '--json', str(file)])

    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(file.read_text())['rows']
    assert len(lines) == 5
    assert [row['what'] for row in rows] == list(vcenter_simulator.TARGETS)
    for row in rows:
        assert row['CPU s'] <= row['target s'], row
    assert rows[1]['MB'] > 0.5
    assert rows[2]['MB'] > 2
