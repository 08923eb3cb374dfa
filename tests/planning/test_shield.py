"""The label that other cleaners respect: on what is kept for good."""

import dataclasses

import pytest

from imagecache_handlers.labels import Marks
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from tests.planning.values import changed
from tests.planning.values import evidence
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import ready
from tests.planning.values import stamp

RULES = Rules(min_age=HOUR)
KEPT = Rules(min_age=HOUR, remove_unused=False)
GOLDEN = Rules(min_age=HOUR, protected=Patterns.parse(['a*']))
PAST = f'pin.ops.{stamp(NOW - 99 * HOUR)}'
ENDED = f'pin.ops.{stamp(NOW - HOUR / 5)}'
SOON = f'pin.ops.{stamp(NOW + HOUR)}'
VM = frozenset({'vm'})


def planned(one, rules, *, wants=True):
    return make_plan([one], [], evidence(), NOW, rules, wants_shield=wants)


@pytest.mark.parametrize(
    ('one', 'rules', 'shielded'),
    [
        (ready('a', 'pin.ops'), RULES, True),
        (ready('a', SOON), RULES, True),
        (ready('a'), GOLDEN, True),
        (ready('a'), KEPT, True),
        # Whatever else keeps it: that may end before the pin does.
        (ready('a', 'pin.ops', users=VM), RULES, True),
        (ready('a', 'pin.ops', busy='a copy'), RULES, True),
        (ready('a', 'pin.ops', unknown='no reply'), RULES, True),
        (ready('a', undeletable='linked'), GOLDEN, True),
        # What is kept for now is for others to judge, too.
        (ready('a', users=VM), RULES, False),
        (ready('a', f'lease.vm.{stamp(NOW + HOUR)}'), RULES, False),
        (ready('a', undeletable='linked'), RULES, False),
        (ready('b', busy='a copy'), GOLDEN, False),
        (ready('a', ENDED, users=VM), RULES, False),
        (ready('a', PAST, users=VM), RULES, False),
    ],
)
def test_it_is_on_what_is_pinned_protected_or_not_to_be_removed(
    one, rules, shielded
):
    def shields(*labels, wants=True):
        marks = Marks.read({*one.marks.labels, *labels})
        plan = planned(
            dataclasses.replace(one, marks=marks), rules, wants=wants
        )
        found = [change for change in plan.changes if change.used is None]
        return [
            (sorted(change.add), sorted(change.remove))
            for change in found
            if 'shield' in {*change.add, *change.remove}
        ]

    assert shields() == ([(['shield'], [])] if shielded else [])
    assert shields('shield') == ([] if shielded else [([], ['shield'])])
    assert shields(wants=False) == []
    assert shields('shield', wants=False) == []


def test_what_goes_takes_its_shield_along():
    plan = planned(ready('a', 'shield'), RULES)
    assert [one.image.image_id for one in plan.evictions] == ['a']
    assert plan.changes == ()


def test_a_shield_that_says_more_is_malformed_and_taken_off():
    plan = planned(image('a', 'shield.x', 'pin.ops'), RULES)
    assert changed(plan)['a'] == (['shield'], ['shield.x'])
    assert 'shield.x' in plan.warnings[0]


def test_a_shield_is_a_label_that_is_understood():
    assert Marks.read({'shield'}).malformed == frozenset()
    assert Marks.read({'shield.x', 'shield'}).malformed == {'shield.x'}
