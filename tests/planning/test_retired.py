"""What the image service gives out no more: told, and the first to go."""

import dataclasses

import pytest

from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Retired
from imagecache_handlers.planning.policies import lru
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.verdicts import Reason
from tests.planning.values import DAY
from tests.planning.values import evidence
from tests.planning.values import going
from tests.planning.values import HOUR
from tests.planning.values import idle
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf
from tests.planning.values import stamp

SOON = stamp(NOW + HOUR)
KEEP = {'order': lru, 'expire_at_min_age': False}
# What keeps an image, however it is retired: image, rules, why.
BLOCKED = [
    (ready('a', users=frozenset({'vm'})), {}, Reason.IN_USE),
    (ready('a', busy='being copied'), {}, Reason.BUSY),
    (ready('a', f'claim.other.{SOON}'), {}, Reason.BUSY),
    (ready('a', unknown='no reply'), {}, Reason.UNKNOWN),
    (ready('a', f'lease.vm.{SOON}'), {}, Reason.LEASED),
    (ready('a', undeletable='read-only'), {}, Reason.UNDELETABLE),
    (ready('a', 'pin.ops'), {}, Reason.PINNED),
    (ready('a'), {'protected': Patterns.parse(['a'])}, Reason.PROTECTED),
    (ready('a'), {'remove_unused': False}, Reason.DISABLED),
    (ready('a'), {'min_age': 99 * DAY}, Reason.TOO_YOUNG),
    # Nothing goes in the sweep that first sees it unused.
    (image('a'), {'min_age': 0 * DAY}, Reason.TOO_YOUNG),
]


def retired(said=None, **how):
    """Evidence, and that those images are retired."""
    said = said or evidence()
    told = {name: Retired(word) for name, word in how.items()}
    return dataclasses.replace(said, retired=told)


@pytest.mark.parametrize('how', list(Retired))
@pytest.mark.parametrize(('one', 'rules', 'why'), BLOCKED)
def test_it_is_told_and_overrules_no_blocker(one, rules, why, how):
    said = retired(a=how)
    for drop in False, True:
        full = shelf(100, 0)
        plan = planned(
            one,
            said=said,
            stores=[full],
            drop_deleted=drop,
            high_watermark=90,
            **rules,
        )
        (only,) = plan.verdicts
        assert (only.evict, only.reason, only.retired) == (False, why, how)


def test_who_is_named_as_a_user_keeps_it():
    unseen = ready('a', users=None)
    for said, why in (
        (evidence(a=['vm']), Reason.IN_USE),
        (evidence(complete=False), Reason.UNKNOWN),
        (evidence(as_of=NOW - HOUR), Reason.UNKNOWN),
    ):
        plan = planned(unseen, said=retired(said, a='deleted'), **DROPPED)
        (only,) = plan.verdicts
        assert (only.evict, only.reason) == (False, why)


DROPPED = {'drop_deleted': True, **KEEP}


@pytest.mark.parametrize(
    ('how', 'rules', 'goes'),
    [
        ('deleted', DROPPED, True),
        ('deactivated', DROPPED, True),
        ('deleted', {'drop_deleted': False, **KEEP}, False),
        ('deactivated', KEEP, False),
        (None, DROPPED, False),
    ],
)
def test_only_where_that_is_wanted_it_goes_by_itself(how, rules, goes):
    said = evidence() if how is None else retired(a=how)
    (only,) = planned(ready(), said=said, **rules).verdicts
    assert only.evict == goes
    assert only.reason == ('expired' if goes else 'not-needed')
    assert only.retired == how


@pytest.mark.parametrize(
    ('idle_for', 'goes'),
    [(DAY - MINUTE, False), (DAY, True), (DAY + MINUTE, True)],
)
def test_it_goes_at_its_minimum_age_and_no_sooner(idle_for, goes):
    one = image('a', f'unused.{stamp(NOW - idle_for)}')
    plan = planned(one, said=retired(a='deleted'), min_age=DAY, **DROPPED)
    assert going(plan) == (['a'] if goes else [])


def many():
    """Ten, each idle for a day more than the next."""
    return [image(f'{at}', idle(20 - at)) for at in range(10)]


@pytest.mark.parametrize(
    ('rules', 'order'),
    [
        ({}, '0123456789'),
        ({'drop_deleted': True}, '5801234679'),
    ],
)
def test_it_is_the_first_to_go(rules, order):
    said = retired(**{'8': 'deleted', '5': 'deactivated'})
    assert going(planned(*many(), said=said, **rules)) == [*order]


@pytest.mark.parametrize(
    ('free', 'gone'),
    [
        # Below the high watermark it goes all the same, and alone.
        (50, '58'),
        (10, '58'),
        # What it frees is counted first: of 21, and of 30.
        (9, '580'),
        (0, '580'),
    ],
)
def test_what_it_frees_saves_others(free, gone):
    said = retired(**{'8': 'deleted', '5': 'deactivated'})
    plan = planned(
        *many(),
        said=said,
        stores=[shelf(100, free)],
        high_watermark=90,
        low_watermark=70,
        **DROPPED,
    )
    assert going(plan) == [*gone]
    assert [one.wanted for one in plan.spaces] == [
        30 - free if free < 10 else 0
    ]


def test_a_surplus_copy_goes_for_being_that():
    copies = [
        ready('a', location='1', cached_at=NOW - 9 * DAY),
        ready('a', location='2', cached_at=NOW - 8 * DAY),
    ]
    plan = planned(*copies, said=retired(a='deleted'), **DROPPED)
    told = {one.image.location: one.reason for one in plan.verdicts}
    assert told == {'1': Reason.EXPIRED, '2': Reason.DUPLICATE}


def test_what_is_retired_is_no_word_of_another_kind():
    with pytest.raises(ValueError, match='must be Retired'):
        Evidence(as_of=NOW, retired={'a': 'deleted'})  # type: ignore[dict-item]
