"""The benchmark of the command runs, and measures what it says."""

import json

from benchmarks import cli


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'cli.json'

    cli.main(['--size', '20', '--repeat', '1', '--json', str(file)])

    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(file.read_text())['rows']
    assert len(lines) == 5
    assert [row['command'] for row in rows] == [
        'its libraries',
        '--version',
        'list 0',
        'list 20',
    ]
    assert all(row['ratio'] > 0 for row in rows)


def test_all_images_are_listed(tmp_path):
    conf = cli.furnish(tmp_path, 5)

    cli.listing(conf)

    listed = json.loads(conf.with_suffix('.json').read_text())
    assert len({row['image'] for row in listed}) == 5
