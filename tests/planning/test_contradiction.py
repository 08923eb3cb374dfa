"""A contradiction is told in the words of whoever asks."""

import pytest

from imagecache_handlers.planning.contradiction import Contradiction
from imagecache_handlers.planning.contradiction import Term
from imagecache_handlers.planning.rules import Rules
from tests.planning.values import DAY
from tests.planning.values import HOUR
from tests.planning.values import MINUTE
from tests.planning.values import SECOND


def caught(**given) -> Contradiction:
    with pytest.raises(Contradiction) as error:
        Rules(**given)
    return error.value


def test_by_itself_it_names_the_fields_of_the_rules():
    assert str(caught(max_age=HOUR, min_age=DAY)) == (
        'max_age 1:00:00 is below min_age 1 day, 0:00:00, which keeps every '
        'image longer: raise max_age'
    )


def test_other_terms_stand_wherever_the_fields_would():
    error = caught(max_age=HOUR, min_age=DAY)
    assert error.fields == {'max_age', 'min_age'}
    terms = {'max_age': Term('most', '1h'), 'min_age': Term('{least}', '%s')}
    assert error.say_with(terms) == (
        'most 1h is below {least} %s, which keeps every image longer: raise '
        'most'
    )


def test_a_field_without_a_term_is_told_as_it_is():
    error = caught(max_age=HOUR, min_age=DAY)
    assert 'most 1h is below min_age 1 day' in error.say_with(
        {'max_age': Term('most', '1h')}
    )


@pytest.mark.parametrize(
    ('given', 'fields'),
    [
        ({'min_age': -SECOND}, {'min_age'}),
        ({'evidence_ttl': 0 * SECOND}, {'evidence_ttl'}),
        ({'low_watermark': 101}, {'low_watermark', 'high_watermark'}),
        ({'claim_ttl': 4 * MINUTE}, {'claim_ttl', 'clock_skew'}),
        ({'claim_ttl': 5 * MINUTE}, {'claim_ttl', 'removal'}),
    ],
)
def test_each_names_the_fields_that_it_is_about(given, fields):
    assert caught(**given).fields == fields
