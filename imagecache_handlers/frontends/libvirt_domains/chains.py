"""Chains: the files that lie below a disk, as far as headers name them.

A raw disk ends a chain, for its bytes are a guest's and would name whatever
that likes.
"""

from collections.abc import Iterable
import os
import stat

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import shown


class Chains:
    """Follows chains, each file once; ``doubts`` say where that failed."""

    def __init__(self) -> None:
        self._known: dict[str, Header] = {}
        self.doubts: list[str] = []

    def list_below(self, disks: Iterable[Backing]) -> set[str]:
        """Give the paths of these disks, and of all that lie below."""
        found: set[str] = set()
        seen: set[Backing] = set()
        waiting = list(disks)
        while waiting:
            path, is_raw = waiting.pop()
            disk = Backing(os.path.normpath(path), is_raw)
            if disk in seen:
                continue
            seen.add(disk)
            found.add(disk.path)
            if not is_raw:
                header = self._read_once(disk.path)
                found.update(header.hints)
                waiting += [
                    _place_below(disk.path, one) for one in header.below
                ]
        return found

    def _read_once(self, path: str) -> Header:
        if path not in self._known:
            self._known[path] = header = self._read_header(path)
            self.doubts += [f'{shown(path)}: {why}' for why in header.problems]
        return self._known[path]

    def _read_header(self, path: str) -> Header:
        try:
            return _read_file(path)
        except (OSError, ValueError) as error:
            why = getattr(error, 'strerror', None) or str(error)
            return Header(problems=(f'it cannot be read: {why}',))


def _place_below(path: str, below: Backing) -> Backing:
    folder = os.path.dirname(path)
    return Backing(os.path.join(folder, below.path), below.is_raw)


def _read_file(path: str) -> Header:
    folder, name = os.path.split(os.path.realpath(path))
    with (
        closing(safe_open.open_folder(folder)) as fd,
        closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file,
    ):
        mode = os.fstat(file).st_mode
        if stat.S_ISREG(mode):
            return known_formats.read_header(file, os.fstat(file).st_size)
        if stat.S_ISBLK(mode):
            size = os.lseek(file, 0, os.SEEK_END)
            return known_formats.read_header(file, size)
    raise ValueError('it is neither a file nor a device of blocks')
