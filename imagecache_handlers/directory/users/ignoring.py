"""Ignored: the disks and folders that an operator tells to ignore."""

from collections.abc import Iterable
import fnmatch
import os

_WILD = frozenset('*?[')


class Ignored:
    """Whole paths, and names, each perhaps with wildcards of the shell.

    A pattern without ``/`` is of names, wherever they lie; a folder that is
    ignored is not looked into.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain: set[str] = set()
        self._names: list[str] = []
        self._paths: list[list[str]] = []
        for pattern in patterns:
            if not _WILD & set(pattern):
                self._plain.add(pattern)
            elif '/' in pattern:
                self._paths.append(pattern.split('/'))
            else:
                self._names.append(pattern)
        self._is_empty = not (self._plain or self._names or self._paths)

    def ignores(self, path: str, name: str) -> bool:
        """Tell if an entry is ignored; its folder is not."""
        if self._is_empty:
            return False
        if path in self._plain or name in self._plain:
            return True
        if any(fnmatch.fnmatchcase(name, one) for one in self._names):
            return True
        parts = path.split('/') if self._paths else []
        return any(_parts_match(parts, one) for one in self._paths)

    def is_within(self, path: str) -> bool:
        """Tell if a file, or a folder that it lies in, is ignored."""
        if self._is_empty:
            return False
        path = os.path.normpath(path)
        while path != '/':
            above, name = os.path.split(path)
            if self.ignores(path, name):
                return True
            if above == path:
                break
            path = above
        return False


def _parts_match(parts: list[str], patterns: list[str]) -> bool:
    """Compare part by part: no wildcard reaches over a slash."""
    return len(parts) == len(patterns) and all(
        map(fnmatch.fnmatchcase, parts, patterns)
    )
