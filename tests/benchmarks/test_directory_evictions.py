"""The benchmark of evictions runs, and measures that."""

import json
import sys

from benchmarks import directory_evictions


def test_it_prints_tables_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'evictions.json'

    directory_evictions.main(
        ['--sizes', '20', '--fsync-ms', '0', '1', '--json', str(file)]
    )

    rows = json.loads(file.read_text())['rows']
    assert len(capsys.readouterr().out.splitlines()) == 2 + 3
    assert [row['evicted'] for row in rows] == [10, 10]
    # One fsync for all, and none for a claim.
    assert all(row['fsyncs each'] <= 0.3 for row in rows)
    assert all(row['surveys'] <= row['batches'] for row in rows)
    assert rows[1]['floor ms'] >= 1


def test_nova_is_measured_where_it_is(tmp_path, monkeypatch):
    nova = tmp_path / 'nova.py'
    nova.write_text(
        'import json, os, sys\n'
        'base = os.path.join(sys.argv[1], "_base")\n'
        'told = {"seconds": 2.0, "cpu": 1.0, "removed": 5}\n'
        'print(json.dumps(told), len(os.listdir(base)), file=sys.stderr)\n'
        'print(json.dumps(told))\n'
    )
    monkeypatch.setattr(directory_evictions, 'NOVA', nova)

    with directory_evictions.built(10, 'nova', str(tmp_path)) as place:
        row = directory_evictions.measure_pass(place, sys.executable)

    assert row['nova s'] == row['spared s'] == 2.0
    assert row['to nova'] == row['pass s'] / 2
    assert row['surveys'] == 1
