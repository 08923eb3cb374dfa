"""Mutants die of their killers, or not at all."""

import pytest

from tests import mutation
from tests.mutation import Copy
from tests.mutation import Mutant

# For the declarations: pytest inside of pytest.
pytest_plugins = ['pytester']

TESTS = """
from adding import add


def test_small():
    assert add(1, 1) == 2


def test_large():
    assert add(2, 3) == 5
"""


FILE = 'test_sums.py'
DECLARED = """
import email

from tests import mutation


class TestMutants(mutation.Trials):
    package = email
    mutants = [
        mutation.Mutant(
            name=name, killer=killer, module='x', old='old', new='new'
        )
        for name, killer in (('two', 'b/test_x.py::two'), ('one', 'a.py'))
    ]
    beside = ('a/beside.py', 'a.py')
"""
# In place of copies, what is asked of them.
COPIES = """
import pathlib
import subprocess

import email
import pytest


class Copy:
    def test(self, *names):
        assert names == ('a.py', 'b/test_x.py::two')
        return subprocess.CompletedProcess(names, 0)

    def kill(self, mutant):
        assert mutant.name in ('one', 'two')


@pytest.fixture
def copies():
    def copy(package, tests):
        assert package == pathlib.Path(email.__file__).parent
        assert tests == ('a.py', 'a/beside.py', 'b/test_x.py')
        return Copy()

    return copy
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


def mutant(new='one * two', killer=FILE, old='one + two'):
    return Mutant(name='x', module='sums', old=old, new=new, killer=killer)


def ran(copy):
    """Tell how the tests ended that were run last."""
    return (copy.package.parent / 'output').read_text().splitlines()[-1]


@pytest.mark.parametrize('name', ['test_small', 'test_large'])
def test_one_dies_of_its_killer_alone(copy, name):
    copy.kill(mutant(killer=f'{FILE}::{name}'))
    assert ran(copy).startswith('1 failed in')


def test_one_that_lives_is_told(copy):
    with pytest.raises(AssertionError, match='2 passed'):
        copy.kill(mutant('two + one'))


def test_so_is_one_that_another_would_kill(copy):
    with pytest.raises(AssertionError, match='1 passed'):
        copy.kill(mutant('one * two + (two < 2)', f'{FILE}::test_small'))


@pytest.mark.parametrize(
    'new', ['one +', 'one + two\n  one', 'one + two\nraise ValueError']
)
def test_one_that_cannot_be_imported_is_not_dead(copy, new):
    with pytest.raises(AssertionError, match='1 error'):
        copy.kill(mutant(new))


@pytest.mark.parametrize('old', ['one', 'three'])
def test_one_that_applies_nowhere_or_twice_is_told(copy, old):
    with pytest.raises(AssertionError, match='does not apply'):
        copy.kill(mutant(old=old))


@pytest.mark.parametrize('killer', ['gone.py::test_small', f'{FILE}::gone'])
def test_one_whose_killer_is_not_there_is_told(copy, killer):
    with pytest.raises(AssertionError, match='not found'):
        copy.kill(mutant(killer=killer))


def test_one_after_the_other_is_made_of_the_unbroken_copy(copy):
    # All of one size, and of one second: what tells them is no bytecode.
    for new in 'one * two', 'one - two', 'one / two', 'one * two':
        assert copy.test(FILE).returncode == 0
        copy.kill(mutant(new))
        assert ran(copy).startswith('1 failed')
    assert copy.test(FILE).returncode == 0


def test_after_one_that_lives_it_is_unbroken_too(copy, tmp_path):
    with pytest.raises(AssertionError, match='2 passed'):
        copy.kill(mutant('two + one'))
    source = tmp_path / 'sources' / 'adding' / 'sums.py'
    mended = copy.package / 'sums.py'
    assert mended.read_bytes() == source.read_bytes()
    assert mended.stat().st_mtime == source.stat().st_mtime


def test_what_is_declared_is_tried_with_the_files_of_its_killers(pytester):
    pytester.makepyfile(DECLARED)
    pytester.makeconftest(COPIES)
    pytester.runpytest('-p', 'no:xdist').assert_outcomes(passed=3)
