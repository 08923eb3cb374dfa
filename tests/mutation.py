"""Packages broken on purpose, one edit of one module each, and their tests.

``old`` must stand in the module exactly once, so that no mutant can rot
into one that changes nothing.
"""

from collections.abc import Iterable
import dataclasses
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mutant:
    name: str
    module: str
    old: str
    new: str


@dataclasses.dataclass(frozen=True)
class Copy:
    """A package of its own in a folder, beside the tests that try it."""

    package: pathlib.Path

    @classmethod
    def of(
        cls, package: pathlib.Path, tests: Iterable[str], folder: pathlib.Path
    ) -> 'Copy':
        skip = shutil.ignore_patterns('__pycache__')
        shutil.copytree(package, folder / package.name, ignore=skip)
        for name in tests:
            place = folder / 'tests' / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TESTS / name, place)
        return cls(folder / package.name)

    def test(self, *names: str) -> subprocess.CompletedProcess:
        """Run some tests on it, or all that came with it."""
        where = [f'tests/{name}' for name in names] or ['tests']
        return subprocess.run(  # noqa: S603
            [sys.executable, '-m', 'pytest', '-x', '-q', *where],
            cwd=self.package.parent,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def kill(self, mutant: Mutant, *names: str) -> None:
        """Break it, and make sure that tests fail of it."""
        module = self.package / f'{mutant.module}.py'
        source = module.read_text()
        assert source.count(mutant.old) == 1, 'the mutant does not apply'
        module.write_text(source.replace(mutant.old, mutant.new))
        done = self.test(*names)
        # 1: a test failed; anything else, such as a syntax error, is no kill.
        assert done.returncode == 1, done.stdout
        assert 'SyntaxError' not in done.stdout
