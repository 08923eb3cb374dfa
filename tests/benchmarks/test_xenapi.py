"""The benchmark of the handler ``xenapi`` runs, and measures that."""

import json

import pytest

from benchmarks import xenapi


def test_it_plans_and_tells_how_long_that_takes(tmp_path, capsys):
    file = tmp_path / 'xenapi.json'

    xenapi.main(['--sizes', '10', '50', '--repeat', '1', '--json', str(file)])

    rows = json.loads(file.read_text())['rows']
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert [row['images'] for row in rows] == [2, 10]
    assert all(row['plan s'] > 0 for row in rows)


@pytest.mark.alone
def test_it_evicts_in_several_srs_at_once(tmp_path):
    file = tmp_path / 'xenapi.json'
    how = '--evict --srs 1 4 --each 5 --destroy 0.4'

    xenapi.main([*how.split(), '--json', str(file)])

    one, four = json.loads(file.read_text())['rows']
    assert [one['evicted'], four['evicted']] == [5, 20]
    # One after the other they would take four times as long.
    assert four['seconds'] < 2.5 * one['seconds']
    assert four['calls/evicted'] < 10


@pytest.mark.alone
def test_it_counts_what_a_slow_line_and_foreign_disks_cost(tmp_path):
    file = tmp_path / 'xenapi.json'
    how = '--latency 0.02 --each 50 --foreign 300'

    xenapi.main([*how.split(), '--json', str(file)])

    slow, beside = json.loads(file.read_text())['rows']
    assert [slow['latency ms'], beside['foreign']] == [20, 300]
    assert slow['s/evicted in an SR'] > 0.04
    assert slow['calls/evicted'] < 6
    # A record has 1.1 kB: the foreign ones are read once.
    assert 0.3 < beside['MB read'] < 1.2
