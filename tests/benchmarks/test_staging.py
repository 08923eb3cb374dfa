"""The benchmark of stages runs, and measures what it says."""

import json

from benchmarks import staging


def test_it_prints_a_table_and_writes_json(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / 'staging.json'

    staging.main(['--size', '2', '--rounds', '1', '--json', str(file)])

    [row] = json.loads(file.read_text())['rows']
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert row['MiB'] == 2
    assert row['shell s'] > 0
    assert row['stage s'] > 0
    assert [one.name for one in tmp_path.iterdir()] == ['staging.json']
