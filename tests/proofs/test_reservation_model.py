"""In no order of steps is an image fetched twice, or lost as it comes."""

import dataclasses

import pytest

from tests.proofs.reservation_model import explore
from tests.proofs.reservation_model import Rules


@pytest.mark.parametrize(('count', 'hosts'), [(1, 1), (2, 1), (2, 2)])
def test_nothing_bad_happens_in_any_order(count, hosts):
    states, fault = explore(Rules(), count, hosts)
    assert fault is None
    print(f'{count} prefetchers on {hosts} hosts: {states:,} states')
    assert states > 10**count


@pytest.mark.parametrize(
    ('rule', 'hosts', 'fault'),
    [
        ('writes_first', 2, 'it was fetched again for nothing'),
        ('yields', 2, 'two fetch it at once'),
        ('looks_for_the_image', 2, 'it was fetched again for nothing'),
        ('leases_with_the_publish', 2, 'a sweep may take it'),
        ('keeps_until_published', 2, 'it was fetched again for nothing'),
        ('waits_empty_handed', 1, 'somebody waits for ever'),
    ],
)
def test_each_rule_is_needed(rule, hosts, fault):
    rules = dataclasses.replace(Rules(), **{rule: False})
    assert explore(rules, hosts=hosts)[1] == fault
