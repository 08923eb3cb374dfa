"""The replay counts rightly, and no order is worse than none."""

import gzip
import json
from typing import Any

import pytest

from benchmarks import replay
from imagecache_handlers.planning import policies
from tests.planning.values import MINUTE
from tests.planning.values import NOW


def requests(names):
    return [
        replay.Request(NOW + n * MINUTE, name) for n, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    ('how', 'hits'),
    [
        # a misses, b misses, a hits, c misses and one of the two goes.
        (replay.fifo, 1),
        (replay.ordered(policies.lru), 2),
        (replay.ordered(policies.age), 2),
        (replay.ordered(policies.popularity), 2),
        (replay.ordered(policies.gdsf), 2),
        (replay.belady, 2),
    ],
)
def test_hits_are_counted(how, hits):
    assert how(requests('abaca'), 2) == hits


def test_what_was_used_often_outlives_what_was_used_last():
    asked = requests('aaaaaabca')

    assert replay.ordered(policies.lru)(asked, 2) == 5
    assert replay.ordered(policies.popularity)(asked, 2) == 6


def test_hits_die_with_their_image_unless_they_are_kept():
    # a is popular, is pushed out by b and c, and comes back a stranger.
    asked = requests('aaaa' + 'bcbcbcbcbcbc' * 2 + 'adbada')
    order = policies.popularity

    forgetful = replay.ordered(order)(asked, 2)
    mindful = replay.ordered(order, keep_hits=True)(asked, 2)

    assert forgetful != mindful


def test_nothing_is_evicted_while_there_is_room():
    asked = requests('abcabcabc')

    assert {how(asked, 3) for how in replay.replays().values()} == {6}


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    trace, file = tmp_path / 'trace.csv.gz', tmp_path / 'replay.json'
    with gzip.open(trace, 'wt') as lines:
        lines.write('gmt_create,checkpoint_model_version_id\n')
        lines.write('2024-11-15 16:57:51,M1\n')
        lines.write('2024-11-15 16:57:50,M0\n')
        lines.write('2024-11-15 16:57:52,\n')

    replay.main([str(trace), '--json', str(file)])

    assert [one.name for one in replay.read(trace)] == ['M0', 'M1']
    assert 'belady' in capsys.readouterr().out
    rows = json.loads(file.read_text())['rows']
    assert {row['order'] for row in rows} == set(replay.replays())
    assert all(row['2'] == 0 for row in rows)


@pytest.mark.skipif(
    not replay.TRACE.exists(), reason=f'there is no {replay.TRACE}'
)
def test_no_order_is_below_fifo_or_above_belady():
    rows = replay.measure(replay.read(replay.TRACE))

    ratios: dict[Any, dict[str, Any]] = {
        row['order']: {slots: row[slots] for slots in row if slots != 'order'}
        for row in rows
    }
    for name, row in ratios.items():
        for slots, ratio in row.items():
            assert ratio >= ratios['fifo'][slots], (name, slots)
            assert ratio <= ratios['belady'][slots], (name, slots)
