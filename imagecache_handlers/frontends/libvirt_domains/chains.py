"""Chains: the files that lie below a disk, as far as headers name them.

A raw disk ends a chain, for its bytes are a guest's and would name whatever
that likes.
"""

from collections.abc import Callable
from collections.abc import Iterable
import os

from imagecache_handlers.directory.users import disk_headers
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.frontends.libvirt_domains import files


class Chains:
    """Follows chains, each file once; ``doubts`` say where that failed.

    ``step`` is told each path before it is looked at, which may hang.
    """

    def __init__(self, step: Callable[[str], object]) -> None:
        self._step = step
        self._found: dict[str, files.Found | str] = {}
        self._headers: dict[files.Identity, Header] = {}
        self._told: set[str] = set()

    @property
    def doubts(self) -> list[str]:
        return sorted(self._told)

    def list_names(self, path: str) -> frozenset[str]:
        """Give the names of a file, if it is there."""
        found = self._find_once(path)
        return frozenset() if isinstance(found, str) else found.names

    def list_below(self, disks: Iterable[Backing]) -> set[str]:
        """Give the names of these disks, and of all that lie below."""
        names: set[str] = set()
        seen = set()
        waiting = list(disks)
        while waiting:
            path, is_raw = waiting.pop()
            names.add(os.path.basename(path))
            found = self._find_once(path)
            if isinstance(found, str):
                self._told.add(found)
                continue
            names |= found.names
            # The path grows with each way up, and the file stays the same.
            known = found.folder, found.file, is_raw
            if known in seen:
                continue
            seen.add(known)
            if not is_raw:
                header = self._read_once(found)
                names.update(map(os.path.basename, header.hints))
                waiting += [_place_below(path, one) for one in header.below]
        return names

    def _find_once(self, path: str) -> files.Found | str:
        if path not in self._found:
            self._step(path)
            try:
                self._found[path] = files.find_file(path)
            except (OSError, ValueError) as error:
                self._found[path] = _tell_failure(path, error)
        return self._found[path]

    def _read_once(self, found: files.Found) -> Header:
        if found.file not in self._headers:
            self._step(found.path)
            try:
                header = disk_headers.read_header(found.path, found.file)
            except (OSError, ValueError) as error:
                header = Header()
                self._told.add(_tell_failure(found.path, error))
            self._headers[found.file] = header
            self._told |= {
                f'{shown(found.path)}: {why}' for why in header.problems
            }
        return self._headers[found.file]


def _tell_failure(path: str, error: Exception) -> str:
    why = getattr(error, 'strerror', None) or str(error)
    return f'{shown(path)}: it cannot be read: {why}'


def _place_below(path: str, below: Backing) -> Backing:
    # As QEMU does, and no shorter: behind a link ".." leads elsewhere.
    folder = os.path.dirname(path)
    return Backing(os.path.join(folder, below.path), below.is_raw)
