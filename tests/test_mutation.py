"""Mutants die of their killers, or else of any other test, or not at all."""

import pytest

from tests import mutation
from tests.mutation import Copy
from tests.mutation import Mutant

TESTS = """
from adding import add


def test_small():
    assert add(1, 1) == 2


def test_large():
    assert add(2, 3) == 5
"""


@pytest.fixture
def copy(tmp_path, monkeypatch, fork_server):
    sources = tmp_path / 'sources'
    (sources / 'adding').mkdir(parents=True)
    (sources / 'adding' / '__init__.py').write_text(
        'from adding.sums import add as add\n'
    )
    (sources / 'adding' / 'sums.py').write_text(
        'def add(one, two):\n    return one + two\n'
    )
    for name in (*mutation.BESIDE, '__init__.py'):
        (sources / name).write_text('')
    (sources / 'test_sums.py').write_text(TESTS)
    monkeypatch.setattr(mutation, 'TESTS', sources)
    folder = tmp_path / 'copy'
    return Copy.of(sources / 'adding', ['test_sums.py'], folder, fork_server)


def mutant(new='one * two', killer='', old='one + two'):
    return Mutant(name='x', module='sums', old=old, new=new, killer=killer)


def ran(copy):
    """Tell how the tests ended that were run last."""
    return (copy.package.parent / 'output').read_text().splitlines()[-1]


@pytest.mark.parametrize('name', ['test_small', 'test_large'])
def test_one_dies_of_its_killer_alone(copy, name):
    copy.kill(mutant(killer=f'test_sums.py::{name}'))
    assert ran(copy).startswith('1 failed in')


@pytest.mark.parametrize('killer', ['', 'test_sums.py::test_small', 'gone.py'])
def test_one_without_a_killer_or_with_a_wrong_one_dies_of_another(
    copy, killer
):
    copy.kill(mutant('one * two + (two < 2)', killer))
    assert ran(copy).startswith('1 failed, 1 passed in')


def test_one_that_lives_is_told(copy):
    with pytest.raises(AssertionError, match='2 passed'):
        copy.kill(mutant('two + one', 'test_sums.py::test_small'))


@pytest.mark.parametrize('new', ['one +', 'one + two\nraise ValueError'])
def test_one_that_cannot_be_imported_is_not_dead(copy, new):
    with pytest.raises(AssertionError, match='1 error'):
        copy.kill(mutant(new))


@pytest.mark.parametrize('old', ['one', 'three'])
def test_one_that_applies_nowhere_or_twice_is_told(copy, old):
    with pytest.raises(AssertionError, match='does not apply'):
        copy.kill(mutant(old=old))


def test_the_unbroken_copy_passes_before_and_after_its_own_mutant(
    copy, tmp_path, fork_server
):
    assert copy.test().returncode == 0
    copy.kill(mutant())
    again = Copy.of(
        tmp_path / 'sources' / 'adding',
        ['test_sums.py'],
        tmp_path / 'again',
        fork_server,
    )
    assert again.test().returncode == 0
