"""Packages broken on purpose, one edit of one module each, and their tests.

``old`` must stand in the module exactly once, so that no mutant can rot
into one that changes nothing.  ``killer`` is the test that is run first: it
saves time, and a mutant that names none, or a wrong one, dies of another.
"""

from collections.abc import Iterable
import dataclasses
import pathlib
import shutil
import subprocess

from tests.fork_server import ForkServer

TESTS = pathlib.Path(__file__).parent
# What the fork server has loaded is not rewritten, and need not be.
QUIET = '-Wignore::pytest.PytestAssertRewriteWarning'
# What all tests need.
BESIDE = 'conftest.py', 'fork_server.py', 'profile.py'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mutant:
    name: str
    killer: str = ''
    module: str
    old: str
    new: str


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
        """Run some tests on it, or all that came with it."""
        folder = self.package.parent
        where = [f'tests/{name}' for name in names] or ['tests']
        options = '-x', '-q', QUIET, f'--basetemp={folder}/temporary'
        return self.server.run(folder, [*options, *where])

    def kill(self, mutant: Mutant, *names: str) -> None:
        """Break it, and make sure that tests fail of it."""
        self._break(mutant)
        if mutant.killer and _is_killed(self.test(mutant.killer)):
            return
        done = self.test(*names)
        assert _is_killed(done), done.stdout

    def _break(self, mutant: Mutant) -> None:
        module = self.package / f'{mutant.module}.py'
        source = module.read_text()
        assert source.count(mutant.old) == 1, 'the mutant does not apply'
        # A new file: it may have the size of the old one, and its bytecode.
        for stale in module.parent.glob(f'__pycache__/{module.stem}.*'):
            stale.unlink()
        module.write_text(source.replace(mutant.old, mutant.new))


def _copy_test(name: str, tests: pathlib.Path) -> None:
    """Copy a file, and what makes its folders packages."""
    (tests / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(TESTS / name, tests / name)
    for folder in pathlib.PurePath(name).parents:
        shutil.copy2(TESTS / folder / '__init__.py', tests / folder)


def _is_killed(done: subprocess.CompletedProcess) -> bool:
    # 1: a test failed; anything else, such as a syntax error, is no kill.
    return done.returncode == 1 and 'SyntaxError' not in done.stdout
