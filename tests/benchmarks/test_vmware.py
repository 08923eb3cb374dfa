"""The benchmark of the handler ``vmware`` runs, and measures that."""

import json

from benchmarks import vmware


def measure(tmp_path, how):
    file = tmp_path / 'vmware.json'
    vmware.main([*how.split(), '--json', str(file)])
    return json.loads(file.read_text())['rows']


def test_it_measures_passes_beside_a_loop_that_asks_for_each(tmp_path, capsys):
    first, unchanged, expiry = measure(tmp_path, 'passes --images 20')

    assert len(capsys.readouterr().out.splitlines()) == 4
    assert [first['writes'], unchanged['writes']] == [10, 0]
    assert unchanged['calls'] == first['calls'] - 10 <= 8
    assert unchanged['its calls'] == 40
    assert expiry['batches'] == 1
    assert expiry['calls'] <= 16 + 12 + 4 * 10
    assert all(one['cpu s'] > 0 for one in (first, unchanged, expiry))


def test_it_counts_what_single_acts_take(tmp_path):
    held, pinned = measure(tmp_path, 'calls --images 4')

    assert held['act'] == 'hold and release'
    assert pinned['act'] == 'pin and unpin'
    assert 0 < held['writes'] < held['calls'] <= 24
    assert 0 < pinned['writes'] < pinned['calls'] <= 26


def test_it_fetches_and_parses_the_same_bytes_for_nothing(tmp_path):
    [row] = measure(tmp_path, 'large --images 10 --machines 20')

    assert [row['images'], row['VMs']] == [10, 20]
    assert row['MB'] > 0
    assert 0 < row['floor cpu s'] < row['plan cpu s']


def test_it_sweeps_datastores_alone_and_together(tmp_path):
    how = 'stores --images 6 --stores 2 --latency 0.001'

    one, other, both = measure(tmp_path, how)

    assert [one['stores'], other['stores']] == ['datastore-0', 'datastore-1']
    # What is there is asked for at once, the rest of each.
    assert one['calls'] == other['calls'] < both['calls']
    assert both['calls'] <= one['calls'] + 5
