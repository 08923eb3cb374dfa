"""Users: which machines name the files of which image.

A machine names every file of every disk that it may read, those of its
snapshots and of the disks below a linked clone included; an ISO only as
what is in its drive.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections import defaultdict
import dataclasses

from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import is_unclear
from imagecache_handlers_vmware.paths import may_be_below
from imagecache_handlers_vmware.paths import read_path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A virtual machine as vCenter tells of it.

    ``files`` are written as datastore paths.  None: they cannot be read,
    and it may use any image of its datastores.  ``datastore`` is what those
    paths call the datastore that was asked about: in another datacenter it
    may have another name.  ``is_stale``: none of its files is there, and
    some are where no datastore is, so that they may be anywhere.
    """

    name: str
    files: frozenset[str] | None
    datastore: str
    is_stale: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who uses what in which folders.

    ``by_folder`` has the machines that name a file there, or in a folder
    below it; ``unreadable`` names machines that may use anything, and
    ``stale`` those of which only what once was is told.
    """

    by_folder: Mapping[DatastorePath, frozenset[str]]
    unreadable: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()

    def of_folder(self, folder: DatastorePath) -> frozenset[str]:
        return self.by_folder.get(folder, frozenset())

    def call_folders(
        self, named: DatastorePath, base: DatastorePath
    ) -> 'Users':
        """Tell what is in a folder by another path of that folder, too."""
        by_folder = dict(self.by_folder)
        for folder, who in self.by_folder.items():
            if folder == named.join(folder.name):
                called = base.join(folder.name)
                by_folder[called] = self.of_folder(called) | who
        return dataclasses.replace(self, by_folder=by_folder)

    @property
    def why_unknown(self) -> str | None:
        """Say why what has no known user may have one."""
        if not self.unreadable:
            return self._why_stale
        count, name = len(self.unreadable), self.unreadable[0]
        machines = 'machine' if count == 1 else 'machines'
        return (
            f'{count} {machines} of this datastore cannot be read, such as '
            f'{name!r}: repair or unregister it, or name it in ignore_vms'
        )

    @property
    def _why_stale(self) -> str | None:
        if not self.stale:
            return None
        return (
            f'machine {self.stale[0]!r} of this datastore names files only '
            'where no datastore is: reconnect its host, or name it in '
            'ignore_vms'
        )


def find_users(
    machines: Iterable[Machine],
    bases: Iterable[DatastorePath],
    ignored: Iterable[str] = (),
) -> Users:
    """Tell who uses which of the folders that lie directly in the bases.

    ``ignored`` names machines that the operator has written off: one that
    cannot be read then counts for nothing, one that can counts as ever.
    What is named by a path that does not say where it ends may be anything.
    """
    chosen = tuple(bases)
    found: dict[DatastorePath, set[str]] = defaultdict(set)
    written_off = frozenset(ignored)
    unreadable = []
    stale = []
    for machine in machines:
        if machine.files is not None:
            for folder in _folders_of(machine, chosen):
                found[folder].add(machine.name)
        if machine.name in written_off:
            continue
        if machine.is_stale:
            stale.append(machine.name)
        if _is_unreadable(machine, chosen):
            unreadable.append(machine.name)
    return Users(
        by_folder={one: frozenset(who) for one, who in found.items()},
        unreadable=tuple(sorted(set(unreadable))),
        stale=tuple(sorted(set(stale))),
    )


def _is_unreadable(machine: Machine, bases: Iterable[DatastorePath]) -> bool:
    """Tell if a machine may use what it is not seen to use."""
    return machine.files is None or any(
        may_be_below(text, base.path)
        for text in filter(is_unclear, machine.files)
        for base in bases
    )


def _folders_of(
    machine: Machine, bases: Iterable[DatastorePath]
) -> set[DatastorePath]:
    folders = set()
    for text in machine.files or ():
        path = read_path(text, machine.datastore)
        for base in bases:
            begin = f'{base.path}/' if base.path else ''
            if path is not None and path.startswith(begin):
                name = path.removeprefix(begin).partition('/')[0]
                folders.add(base.join(name))
    return folders
