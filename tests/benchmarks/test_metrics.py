"""The benchmark of scrapes and pages runs, and measures what it says."""

import json

from benchmarks import metrics


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'metrics.json'

    words = ['--sizes', '0', '2000', '--scrapes', '3', '--json', str(file)]
    metrics.main(words)

    assert len(capsys.readouterr().out.splitlines()) == 3
    none, many = json.loads(file.read_text())['rows']
    assert (none['images'], many['images']) == (0, 2000)
    # Of a store that is a pool of its own.
    assert none['series'] == many['series'] <= 60 + 100
    assert none['page MB'] < many['page MB'] < 3
    assert many['scrape ms'] > 0


def test_what_is_left_is_counted():
    kept = []
    grown = metrics.count_grown(lambda: kept.append(bytes(1000)), 100)
    assert 100_000 <= grown < 200_000
    assert metrics.count_grown(lambda: bytes(1000), 100) < 10_000
