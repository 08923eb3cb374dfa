"""Every mutant of the core is killed by the proofs of the protocol."""

import pathlib
import shutil
import subprocess
import sys

import pytest

import imagecache_handlers
from tests.proofs.core_mutants import MUTANTS

PACKAGE = pathlib.Path(imagecache_handlers.__file__).parent
TESTS = pathlib.Path(__file__).parents[1]
KILLERS = (
    'proofs/test_protocol.py',
    'proofs/world.py',
    'unit/test_cache.py',
    'unit/test_rules.py',
    'unit/values.py',
)


def run(folder: pathlib.Path) -> subprocess.CompletedProcess:
    """Run the protocol's tests on the copy of the package in a folder."""
    return subprocess.run(  # noqa: S603
        [sys.executable, '-m', 'pytest', '-x', '-q', 'tests'],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def copy(tmp_path):
    skip = shutil.ignore_patterns('__pycache__')
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=skip)
    for name in KILLERS:
        place = tmp_path / 'tests' / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / name, place)
    return tmp_path


def test_the_unchanged_copy_passes(copy):
    done = run(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('mutant', MUTANTS, ids=lambda one: one.name)
def test_it_is_killed(mutant, copy):
    module = copy / PACKAGE.name / f'{mutant.module}.py'
    source = module.read_text()
    assert source.count(mutant.old) == 1, 'the mutant does not apply'
    module.write_text(source.replace(mutant.old, mutant.new))
    done = run(copy)
    # 1: a test failed; anything else, such as a syntax error, is no kill.
    assert done.returncode == 1, done.stdout
    assert 'SyntaxError' not in done.stdout
