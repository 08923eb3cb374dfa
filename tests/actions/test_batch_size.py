"""How many images share one look, as a table of what looks cost."""

import pytest

from imagecache_handlers.actions.batch_size import BatchSize
from imagecache_handlers.actions.batch_size import Cost


def cost(shared, each, *, done, batches=1):
    return Cost(
        batches=batches,
        shared=shared * batches,
        removals=done,
        removing=each * done,
    )


@pytest.mark.parametrize(
    ('largest', 'first'), [(-1, 1), (0, 1), (1, 1), (9, 9), (64, 64), (99, 64)]
)
def test_it_begins_within_bounds(largest, first):
    assert BatchSize(largest).current == first


@pytest.mark.parametrize(
    ('shared', 'each', 'sizes'),
    [
        # A look that costs nothing is taken for each.
        (0.0, 1.0, [1, 1, 1]),
        # As dear as a removal: a twentieth of twenty.
        (1.0, 1.0, [20, 20, 20]),
        (99.0, 1.0, [128, 256, 500]),
        (0.25, 1.0, [5, 5, 5]),
        # Dear ones are shared by more, step by step.
        (9.0, 1.0, [128, 180, 180]),
        # Removals that take no time at all.
        (1.0, 0.0, [128, 256, 500]),
        (0.0, 0.0, [128, 256, 500]),
        # Too much for a number.
        (1.0, 5e-324, [128, 256, 500]),
    ],
)
def test_a_look_takes_a_twentieth_of_the_time(shared, each, sizes):
    size = BatchSize(500)
    for expected in sizes:
        done = size.current
        size.learn_from(done, 0, cost(shared, each, done=done))
        assert size.current == expected


def test_what_was_measured_before_counts_on():
    size = BatchSize(100)
    size.learn_from(64, 0, cost(1.0, 1.0, done=64))
    assert size.current == 20
    size.learn_from(20, 0, cost(0.0, 1.0, done=20))
    # Half a second a look.
    assert size.current == 10


def test_where_nothing_was_removed_nothing_is_known():
    size = BatchSize(100)
    size.learn_from(64, 0, cost(1.0, 1.0, done=0))
    assert size.current == 100


def test_after_one_that_was_too_large_it_is_what_fitted():
    size = BatchSize(100)
    size.learn_from(3, 61, cost(9.0, 100.0, done=3))
    assert size.current == 3
    size.learn_from(0, 3, cost(9.0, 100.0, done=0))
    assert size.current == 1
