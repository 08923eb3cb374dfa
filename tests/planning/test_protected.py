"""What protects by name: an exact id, prefix* or *word*, and nothing else."""

import pytest

from imagecache_handlers.planning.protected import Patterns
from tests.planning.values import NEVER_A_NAME


@pytest.mark.parametrize(
    ('pattern', 'name', 'protects'),
    [
        ('golden', 'golden', True),
        ('golden', 'golden-1', False),
        ('golden', 'a-golden', False),
        ('golden', 'Golden', False),
        ('golden-*', 'golden-1', True),
        ('golden-*', 'golden-', True),
        ('golden-*', 'a-golden-1', False),
        ('golden-*', 'Golden-1', False),
        ('*gold*', 'gold', True),
        ('*gold*', 'a-gold-b', True),
        ('*gold*', 'GOLD', False),
        ('*gold*', 'go-ld', False),
        ('*.old*', 'a.old', True),
        ('*-*', 'a-b', True),
        # A dot is a dot: nothing is a regular expression.
        ('a.c', 'abc', False),
        ('a.*', 'abc', False),
        ('*.c*', 'abc', False),
    ],
)
def test_a_pattern_is_anchored_and_minds_its_case(pattern, name, protects):
    found = Patterns.parse([pattern]).match(name)

    assert found == (pattern if protects else None)


def test_the_pattern_that_protects_is_named_hardest_first():
    known = Patterns.parse(['*b*', 'a*', 'ab'])

    assert known.match('ab') == 'ab'
    assert known.match('abc') == 'a*'
    assert known.match('cb') == '*b*'
    assert known.match('c') is None


@pytest.mark.parametrize('pattern', ['', '*', '**'])
def test_no_pattern_protects_everything(pattern):
    with pytest.raises(ValueError, match='protects every image'):
        Patterns.parse([pattern])


@pytest.mark.parametrize(
    'pattern',
    [
        *(name for name in NEVER_A_NAME if name.strip('*')),
        *(f'{name}*' for name in NEVER_A_NAME if name.strip('*')),
        '***',
        '*a',
        'a**',
        'a*b*',
        '*a*b*',
        '*a/b*',
        '*a\0*',
        '* *',
        '*' + 'x' * 300 + '*',
    ],
)
def test_a_pattern_that_can_match_no_image_is_refused(pattern):
    with pytest.raises(ValueError, match='can match no image'):
        Patterns.parse([pattern])


def test_what_protects_nothing_now_is_told():
    known = Patterns.parse(['a', 'b', 'c*', 'd*', '*e*', '*f*'])

    assert known.find_unmatched({'a', 'cx', 'xex'}) == ['b', 'd*', '*f*']
    assert known.find_unmatched(set()) == ['a', 'b', 'c*', 'd*', '*e*', '*f*']


def test_no_patterns_protect_nothing():
    assert not Patterns()
    assert not Patterns.parse([])
    assert Patterns.parse(['a'])
    assert Patterns.parse(['a*'])
    assert Patterns.parse(['*a*'])
    assert Patterns().match('a') is None


def test_patterns_are_a_set():
    assert Patterns.parse(['a*', 'b*', 'a*']) == Patterns.parse(['b*', 'a*'])


def test_exact_ids_are_looked_for_as_the_backend_lists_them():
    known = Patterns.parse(['a', 'b*', '*c*']).keyed(str.upper)

    # What is told is what the operator wrote.
    assert known.match('A') == 'a'
    assert known.find_unmatched(['A']) == []
    assert known.find_unmatched(['a']) == ['a']
    assert known.match('a') is None
    assert known.match('bx') == 'b*'
    assert known.match('xcx') == '*c*'


def test_wildcards_of_ids_with_another_name_are_blind():
    known = Patterns.parse(['a', 'b*', '*c*', '1*', '*.2*'])

    assert known.blind == set()
    assert known.keyed(str).blind == set()
    # Digits have no other case: those are what a backend lists.
    assert known.keyed(str.upper).blind == {'b*', '*c*'}
    assert known.keyed(str.upper).find_unmatched(()) == ['a', '1*', '*.2*']
