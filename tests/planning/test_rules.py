"""What the operator wants cannot contradict itself."""

import datetime

import pytest

from imagecache_handlers.clocks import add_span
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from tests.planning.values import DAY
from tests.planning.values import HOUR
from tests.planning.values import image
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import SECOND
from tests.planning.values import stamp

END_OF_TIME = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ('given', 'why'),
    [
        ({'min_age': -SECOND}, 'min_age'),
        ({'resized_min_age': -SECOND}, 'resized_min_age'),
        ({'clock_skew': -SECOND}, 'clock_skew'),
        ({'evidence_ttl': 0 * SECOND}, 'evidence_ttl'),
        ({'evidence_ttl': -SECOND}, 'evidence_ttl'),
        ({'high_watermark': 101}, 'marks'),
        ({'low_watermark': -1}, 'marks'),
        ({'high_watermark': 79, 'low_watermark': 80}, 'marks'),
        ({'max_age': HOUR, 'min_age': DAY}, 'max_age'),
        ({'claim_ttl': 4 * MINUTE, 'clock_skew': MINUTE}, 'claim_ttl'),
        ({'claim_ttl': 0 * SECOND, 'clock_skew': 0 * SECOND}, 'claim_ttl'),
        ({'claim_ttl': -HOUR}, 'claim_ttl'),
        ({'claim_ttl': 6 * MINUTE - SECOND}, 'removal'),
        ({'removal': -SECOND}, 'removal'),
    ],
)
def test_a_contradiction_cannot_be_made(given, why):
    with pytest.raises(ValueError, match=why):
        Rules(**given)


@pytest.mark.parametrize(
    'given',
    [
        {},
        {'min_age': 0 * SECOND, 'resized_min_age': 0 * SECOND},
        {'high_watermark': 80, 'low_watermark': 80},
        {'high_watermark': 0, 'low_watermark': 0},
        {'high_watermark': 100, 'low_watermark': 100},
        {'max_age': DAY, 'min_age': DAY},
        {
            'claim_ttl': 4 * MINUTE + SECOND,
            'clock_skew': MINUTE,
            'removal': 2 * MINUTE,
        },
        {'claim_ttl': 6 * MINUTE},
        {
            'claim_ttl': SECOND,
            'clock_skew': 0 * SECOND,
            'removal': 0 * SECOND,
        },
    ],
)
def test_the_bounds_themselves_are_allowed(given):
    rules = Rules(**given)

    assert rules.claim_ttl > rules.deadline + 2 * rules.clock_skew


def test_the_defaults_are_those_of_nova_and_change_nothing_for_space():
    rules = Rules()

    assert rules.min_age == DAY
    assert rules.resized_min_age == HOUR
    assert rules.expire_at_min_age
    assert rules.remove_unused
    assert rules.high_watermark == 100
    assert not rules.protected


def test_variants_have_a_minimum_age_of_their_own():
    rules = Rules()

    assert rules.min_age_of(image()) == DAY
    assert rules.min_age_of(image(variant='20G')) == HOUR


@pytest.mark.parametrize(
    ('expire', 'max_age', 'idle', 'goes'),
    [
        (True, None, 0 * DAY, True),
        (True, 9 * DAY, DAY, True),
        (False, None, 999 * DAY, False),
        (False, 9 * DAY, 9 * DAY - SECOND, False),
        (False, 9 * DAY, 9 * DAY, True),
    ],
)
def test_what_goes_for_its_age_alone(expire, max_age, idle, goes):
    rules = Rules(expire_at_min_age=expire, max_age=max_age)
    found = image('a', f'unused.{stamp(NOW - idle)}')

    assert rules.expires(found, NOW) == goes


@pytest.mark.parametrize('skew', [0 * SECOND, MINUTE])
def test_an_expiry_counts_for_others_until_a_skew_after_it(skew):
    rules = Rules(clock_skew=skew)
    expiry = NOW - skew

    assert rules.is_live(expiry, NOW)
    assert not rules.is_live(expiry - SECOND, NOW)
    assert rules.counts_until(expiry) == NOW


def test_an_expiry_is_forgotten_once_no_evidence_can_count_it():
    rules = Rules(claim_ttl=10 * MINUTE, evidence_ttl=5 * MINUTE)

    assert not rules.is_forgotten(NOW - 15 * MINUTE, NOW)
    assert rules.is_forgotten(NOW - 15 * MINUTE - SECOND, NOW)


@pytest.mark.parametrize(
    ('age', 'fresh'),
    [
        (0 * SECOND, True),
        (5 * MINUTE, True),
        (5 * MINUTE + SECOND, False),
        # Ahead of us by no more than clocks may differ.
        (-MINUTE, True),
        (-MINUTE - SECOND, False),
    ],
)
def test_evidence_proves_absence_while_it_is_fresh_and_complete(age, fresh):
    rules = Rules(evidence_ttl=5 * MINUTE, clock_skew=MINUTE)
    whole = Evidence(complete=True, as_of=NOW - age)
    part = Evidence(complete=False, as_of=NOW - age)

    assert rules.is_fresh(whole, NOW) == rules.is_fresh(part, NOW) == fresh
    assert rules.proves_absence(whole, NOW) == fresh
    assert not rules.proves_absence(part, NOW)


def test_times_at_the_end_of_the_calendar_are_no_error():
    rules = Rules()
    first = datetime.datetime.min.replace(tzinfo=datetime.UTC)

    assert rules.is_live(END_OF_TIME, NOW)
    assert not rules.is_live(first, NOW)
    assert rules.is_live(NOW, first)
    assert rules.is_forgotten(first, NOW)
    assert not rules.is_forgotten(first, first)
    assert rules.counts_until(END_OF_TIME) > NOW + 365 * DAY
    assert add_span(NOW, datetime.timedelta.max) > NOW + 365 * DAY
    assert add_span(NOW, DAY) == NOW + DAY
