"""Packages broken on purpose, one edit of one module each, and their tests.

``old`` must stand in the module exactly once, so that no mutant can rot
into one that changes nothing.  ``killer`` is the test it dies of; no other
is run.

A module of tests declares its mutants so::

    class TestMutants(mutation.Trials):
        package = imagecache_handlers
        mutants = MUTANTS
        beside = ('directory/disks.py',)
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import os
import pathlib
import shutil
import subprocess
import types

import pytest

from tests.fork_server import ForkServer

TESTS = pathlib.Path(__file__).parent
# What the fork server has loaded is not rewritten, and need not be.
QUIET = '-Wignore::pytest.PytestAssertRewriteWarning'
# Python's own way to print where a test failed reads no sources again.
PLAIN = '--tb=native'
# What is said of one that is no Python: then no test has tried it.
NOT_TRIED = 'ERROR collecting', 'IndentationError', 'SyntaxError'
# What all tests need.
BESIDE = 'conftest.py', 'fork_server.py', 'profile.py'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mutant:
    name: str
    killer: str
    module: str
    old: str
    new: str

    @property
    def file(self) -> str:
        """The file of its killer."""
        return self.killer.partition('::')[0]


@dataclasses.dataclass(frozen=True)
class Copy:
    """A package of its own in a folder, beside the tests that try it."""

    package: pathlib.Path
    server: ForkServer

    @classmethod
    def of(
        cls,
        package: pathlib.Path,
        tests: Iterable[str],
        folder: pathlib.Path,
        server: ForkServer,
    ) -> 'Copy':
        # With the bytecode, which fits as long as the times are the same.
        shutil.copytree(package, folder / package.name)
        for name in (*tests, *BESIDE):
            _copy_test(name, folder / 'tests')
        return cls(folder / package.name, server)

    def test(self, *names: str) -> subprocess.CompletedProcess:
        """Run some of the tests that came with it."""
        folder = self.package.parent
        where = [f'tests/{name}' for name in names]
        options = '-x', '-q', QUIET, PLAIN, f'--basetemp={folder}/temporary'
        return self.server.run(folder, [*options, *where])

    def kill(self, mutant: Mutant) -> None:
        """Break it, make sure that its killer fails of it, and mend it."""
        module = self.package / f'{mutant.module}.py'
        source = module.read_text()
        times = module.stat().st_atime, module.stat().st_mtime
        assert source.count(mutant.old) == 1, 'the mutant does not apply'
        _write_module(module, source.replace(mutant.old, mutant.new))
        try:
            done = self.test(mutant.killer)
        finally:
            _write_module(module, source)
            os.utime(module, times)
        assert _is_killed(done), done.stdout


class Trials:
    """The tests of a package's mutants; one copy of it serves them all."""

    package: types.ModuleType
    mutants: Sequence[Mutant]
    # Files that those of the killers need.
    beside: Iterable[str] = ()

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        if 'mutant' in metafunc.fixturenames:
            names = [one.name for one in cls.mutants]
            metafunc.parametrize('mutant', cls.mutants, ids=names)

    @pytest.fixture
    def copy(self, copies: Callable[..., Copy]) -> Copy:
        files = {one.file for one in self.mutants}
        package = pathlib.Path(str(self.package.__file__)).parent
        return copies(package, tuple(sorted({*files, *self.beside})))

    def test_the_unchanged_copy_passes(self, copy: Copy) -> None:
        done = copy.test(*sorted({one.killer for one in self.mutants}))
        assert done.returncode == 0, done.stdout

    def test_it_is_killed(self, mutant: Mutant, copy: Copy) -> None:
        copy.kill(mutant)


def _copy_test(name: str, tests: pathlib.Path) -> None:
    """Copy a file, and what makes its folders packages."""
    (tests / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(TESTS / name, tests / name)
    for folder in pathlib.PurePath(name).parents:
        shutil.copy2(TESTS / folder / '__init__.py', tests / folder)


def _write_module(module: pathlib.Path, source: str) -> None:
    # It may have the size and the second of what its bytecode was made of.
    for stale in module.parent.glob(f'__pycache__/{module.stem}.*'):
        stale.unlink()
    module.write_text(source)


def _is_killed(done: subprocess.CompletedProcess) -> bool:
    # 1: a test failed, or could not be collected, which is no kill.
    return done.returncode == 1 and not any(
        what in done.stdout for what in NOT_TRIED
    )
