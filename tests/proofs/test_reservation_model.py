"""In no order of steps is an image fetched twice, or lost as it comes."""

import dataclasses

import pytest

from tests.proofs.reservation_model import explore
from tests.proofs.reservation_model import Rules


@pytest.mark.parametrize('count', [1, 2])
def test_nothing_bad_happens_in_any_order(count):
    states, fault = explore(Rules(), count)
    assert fault is None
    print(f'{count} prefetchers: {states:,} states')
    assert states > 10**count


@pytest.mark.parametrize(
    ('rule', 'fault'),
    [
        ('writes_first', 'it was fetched again for nothing'),
        ('yields', 'two fetch it at once'),
        ('looks_for_the_image', 'it was fetched again for nothing'),
        ('leases_with_the_publish', 'a sweep may take it'),
        ('keeps_until_published', 'it was fetched again for nothing'),
    ],
)
def test_each_rule_is_needed(rule, fault):
    rules = dataclasses.replace(Rules(), **{rule: False})
    assert explore(rules)[1] == fault
