"""The benchmark of planning runs, and measures what it says."""

import json

from benchmarks import plan
from imagecache_handlers.planning.verdicts import Reason


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'plan.json'

    plan.main(['--sizes', '10', '200', '--repeat', '1', '--json', str(file)])

    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(file.read_text())['rows']
    assert len(lines) == 3
    assert [row['images'] for row in rows] == [10, 200]
    assert all(row['ratio'] > 0 for row in rows)
    assert all(row['images MiB'] > 0 for row in rows)


def test_the_inventory_holds_something_of_everything():
    made = plan.inventory(1000)

    reasons = {one.reason for one in made.plan().verdicts}

    assert len(made.images) == 1000
    assert reasons > {
        Reason.IN_USE,
        Reason.BUSY,
        Reason.LEASED,
        Reason.PINNED,
        Reason.PROTECTED,
        Reason.TOO_YOUNG,
        Reason.EXPIRED,
        Reason.SPACE,
    }
    assert plan.inventory(1000) == made


def test_both_arms_make_the_same_verdicts():
    made = plan.inventory(300).plan()

    assert tuple(plan.remade(made)) == made.verdicts


def test_memory_is_that_of_the_inventory_and_of_the_plan():
    held, added = plan.memory(1000)

    assert held > 1000 * 100
    assert 0 < added < 2 * held
