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
import struct

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users import words

# Where libvirt has them, if nobody says otherwise.
USUAL = '/etc/libvirt/qemu'
_ENDING = '.xml'
# Of qcow2, big-endian: its version, how many snapshots are in it, what QEMU
# has to know of it before it opens it, and what it need not know.
_QCOW2 = struct.Struct('>4sI52xI8xQ8xQ')
_MAGIC = b'QFI\xfb'
_DIRTY, _CORRUPT = 1, 2
_BITMAPS = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Machines:
    """What libvirt has defined; without a folder, where it usually is."""

    folders: tuple[str, ...]
    ignored: Ignored

    def explain_own(
        self, fd: int, name: str, *, is_renamed: bool = False
    ) -> str | None:
        """Say which machine writes to an open file; None: none does.

        Of one that is to be renamed, which machine names it at all.  ``name``
        is what it is called in its folder.
        """
        found = os.fstat(fd)

        @functools.cache
        def is_away(folder: str) -> bool:
            return mounts.may_be_away(fd, folder)

        try:
            for machine, disks in self._list_machines():
                paths = disks.named if is_renamed else disks.written
                if any(_is_file(path, name, found, is_away) for path in paths):
                    told = shown(machine)
                    if is_renamed:
                        return f'the machine {told} has it by its name'
                    return f'it is a disk of the machine {told}, and no image'
        except (OSError, ValueError) as error:
            return f'it may be a disk of some machine: {error}'
        return None

    def _list_machines(self) -> Iterator[tuple[str, words.Disks]]:
        usual = [USUAL] if os.path.isdir(USUAL) else []
        for folder in self.folders or usual:
            with closing(safe_open.open_folder(folder)) as fd:
                yield from self._read_folder(fd, folder)

    def _read_folder(
        self, fd: int, folder: str
    ) -> Iterator[tuple[str, words.Disks]]:
        for name in sorted(os.listdir(fd)):
            path = f'{folder}/{name}'
            is_ignored = self.ignored.ignores(path, name)
            if name.endswith(_ENDING) and not is_ignored:
                machine = name.removesuffix(_ENDING)
                yield machine, _read_machine(fd, name, path)


def _read_machine(fd: int, name: str, path: str) -> words.Disks:
    """Give the disks of a machine; one that was undefined has none.

    :raises ValueError: when they cannot be told.
    """
    try:
        with closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file:
            return words.read_disks(os.pread(file, words.MOST + 1, 0))
    except FileNotFoundError:
        return words.Disks(frozenset(), frozenset())
    except (OSError, ValueError) as error:
        raise ValueError(f'{shown(path)}: {error}') from error


def _is_file(
    path: str,
    name: str,
    found: os.stat_result,
    is_away: Callable[[str], bool],
) -> bool:
    """Tell if a disk is that very file; by its name where none leads there.

    Nor do we look into a folder whose server may be away.
    """
    folder, base = os.path.split(path)
    if os.path.isabs(path) and not is_away(folder):
        with contextlib.suppress(OSError, ValueError):
            return os.path.samestat(os.stat(path), found)
    return base == name


def explain_written(fd: int) -> str | None:
    """Say by what an open qcow2 shows that a machine wrote in it."""
    head = os.pread(fd, _QCOW2.size, 0)
    if len(head) < _QCOW2.size or not head.startswith(_MAGIC):
        return None
    _, version, snapshots, features, more = _QCOW2.unpack(head)
    if snapshots:
        return f"it has {snapshots} snapshots inside: it is some machine's"
    if version > 2 and more & _BITMAPS:
        return "it has bitmaps for backups inside: it is some machine's"
    if version > 2 and features & (_DIRTY | _CORRUPT):
        return 'it was not closed well by whoever wrote to it: qemu-img check'
    return None
