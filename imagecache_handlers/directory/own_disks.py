"""Own disks: files that are a machine's, so that nobody takes them for images.

A machine that is shut down has its disk open no more, and nothing is made of
that: only its definition knows.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import os

from imagecache_handlers.directory.system.bounded import Bounded
from imagecache_handlers.directory.system.bounded import Hangs
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users import disk_headers
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users import words

# Where libvirt has them, if nobody says otherwise.
USUAL = '/etc/libvirt/qemu'
_ENDING = '.xml'
_WRITES = 'may write to it, so it is not an image'
# What lies below the disks of a machine is looked at by one who may hang.
_BOUNDED = Bounded[str | None]()
# Of files below the disks of one machine.
_MOST_BELOW = 1 << 12


@dataclasses.dataclass(frozen=True, slots=True)
class Machines:
    """What libvirt has defined; without a folder, where it usually is."""

    folders: tuple[str, ...]
    ignored: Ignored

    def explain_own(
        self, fd: int, name: str, *, is_renamed: bool = False
    ) -> str | None:
        """Say which machine writes to an open file; None: none does.

        Of one that is to be renamed, which machine names it at all, or, by
        definitions that no look at all disks reads, has it below a disk.
        ``name`` is what it is called in its folder.
        """
        found = os.fstat(fd)

        @functools.cache
        def is_away(folder: str) -> bool:
            return mounts.may_be_away(fd, folder)

        try:
            for machine, path, content in self._list_machines():
                with _naming(path):
                    disks = words.read_disks(content)
                paths = disks.named if is_renamed else disks.written
                if any(_is_file(path, name, found, is_away) for path in paths):
                    what = 'has it by its name' if is_renamed else _WRITES
                    return f'the machine {shown(machine)} {what}'
            if is_renamed and not self.folders:
                return self._explain_below(name, found)
        except (OSError, ValueError) as error:
            return f'it may be a disk of some machine: {error}'
        return None

    def _explain_below(self, name: str, found: os.stat_result) -> str | None:
        """Say which machine has a file below one of its disks.

        :raises ValueError: when that cannot be told of all of them.
        """

        def look(progress: Progress) -> str | None:
            for machine, path, content in self._list_machines():
                with _naming(path):
                    domain = words.read_domain(content)
                    if domain.problems:
                        raise ValueError(domain.problems[0])
                    below = _list_below(domain, self.ignored, progress)
                    if any(_is_file(one, name, found) for one in below):
                        return f'the machine {shown(machine)} has it below'
            return None

        try:
            return _BOUNDED.run(look)
        except Hangs as error:
            raise ValueError(f'{shown(str(error))} does not answer') from error

    def _list_machines(self) -> Iterator[tuple[str, str, bytes]]:
        """Give the name of each, the path of its definition, and that."""
        usual = [USUAL] if os.path.isdir(USUAL) else []
        for folder in self.folders or usual:
            with closing(safe_open.open_folder(folder)) as fd:
                yield from self._read_folder(fd, folder)

    def _read_folder(
        self, fd: int, folder: str
    ) -> Iterator[tuple[str, str, bytes]]:
        for name in sorted(os.listdir(fd)):
            path = f'{folder}/{name}'
            is_ignored = self.ignored.ignores(path, name)
            if not name.endswith(_ENDING) or is_ignored:
                continue
            content = _read_definition(fd, name, path)
            if content is not None:
                yield name.removesuffix(_ENDING), path, content


def _read_definition(fd: int, name: str, path: str) -> bytes | None:
    """Give what defines a machine; None: it was undefined meanwhile."""
    with (
        _naming(path),
        contextlib.suppress(FileNotFoundError),
        closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file,
    ):
        return os.pread(file, words.MOST + 1, 0)
    return None


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Have what keeps a definition from being understood name it."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ValueError(f'{shown(path)}: {error}') from error


def _list_below(
    domain: words.Domain, ignored: Ignored, progress: Progress
) -> Iterator[str]:
    """Give the paths of all that lies below the disks of a machine.

    A raw disk ends a chain, for its bytes are a guest's.

    :raises ValueError: when there may be more.
    :raises OSError: when one of them cannot be read.
    """
    waiting = [one.path for one in domain.disks if one.form != 'raw']
    waiting += _list_perhaps(domain, progress)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or ignored.is_within(path):
            continue
        seen.add(path)
        if len(seen) > _MOST_BELOW:
            raise ValueError('more lies below its disks than is followed')
        progress.step(path)
        header = _read_header(path)
        # As the kernel takes it: where a link leads .. is another folder.
        folder = os.path.dirname(path)
        for below in header.below:
            place = os.path.join(folder, below.path)
            yield place
            if not below.is_raw:
                waiting.append(place)
        yield from header.hints
        if header.problems:
            raise ValueError(f'{shown(path)}: {header.problems[0]}')


def _list_perhaps(domain: words.Domain, progress: Progress) -> Iterator[str]:
    """Give what may be a disk, as an argument of QEMU's, if it can be one."""
    for path, form, _ in domain.perhaps:
        progress.step(path)
        if form != 'raw' and _is_disk(path):
            yield path


def _is_disk(path: str) -> bool:
    try:
        return disk_headers.is_disk(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _read_header(path: str) -> Header:
    """Tell what a file names, or a device of blocks."""
    if not _is_disk(path):
        raise ValueError(f'{shown(path)} is not there, or is not a disk')
    return disk_headers.read_header(path)


def _is_file(
    path: str,
    name: str,
    found: os.stat_result,
    is_away: Callable[[str], bool] = lambda folder: False,
) -> bool:
    """Tell if a disk is that very file; by its name where none leads there.

    Nor do we look into a folder whose server may be away.
    """
    folder, base = os.path.split(path)
    if os.path.isabs(path) and not is_away(folder):
        with contextlib.suppress(OSError, ValueError):
            return os.path.samestat(os.stat(path), found)
    return base == name
