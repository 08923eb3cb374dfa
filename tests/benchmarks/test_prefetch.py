"""The benchmark of prefetching runs, and measures what it says."""

import json

import pytest

from benchmarks import prefetch


def test_it_prints_a_table_and_writes_json(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / 'prefetch.json'

    prefetch.main(['--size', '4', '--rounds', '1', '--json', str(file)])

    rows = json.loads(file.read_text())['rows']
    assert [one['row'] for one in rows] == ['beside a shell', 'four at once']
    assert len(capsys.readouterr().out.splitlines()) == 3
    for row in rows:
        assert row['MiB'] == 4
        ratio = row['prefetch s'] / row['measure s']
        assert row['ratio'] == pytest.approx(ratio)
    assert [one.name for one in tmp_path.iterdir()] == ['prefetch.json']
