"""Second look: is all that an earlier look at the disks found still so?

It says what a full look would say, or that one is needed.  The times of every
folder and file that the earlier one met are asked for again; only what has
changed, or could have without a trace, is opened.
"""

from collections.abc import Mapping
import os

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.chains import Chains
from imagecache_handlers.directory.users.facts import Facts
from imagecache_handlers.directory.users.facts import is_same_state
from imagecache_handlers.directory.users.facts import ListedFolder
from imagecache_handlers.directory.users.files import Judge
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.known_files import is_small
from imagecache_handlers.directory.users.known_files import KnownFiles
from imagecache_handlers.directory.users.memory import is_clock_set
from imagecache_handlers.directory.users.memory import now_ns
from imagecache_handlers.directory.users.walk import HOSTILE
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met


class SecondLook:
    """An earlier look, to be held against what is there now; by one thread.

    What it finds still so it takes note of, for the one after it.
    """

    def __init__(
        self,
        facts: Facts,
        met: Met,
        chains: Chains,
        ignored: Ignored,
        stores: Mapping[str, Judge],
    ) -> None:
        self._facts = facts
        self._met = met
        self._chains = chains
        self._ignored = ignored
        self._stores = stores
        self._folders = {one.path: one for one in facts.folders}
        self._files = KnownFiles(facts, met, chains)
        self._is_possible = self._is_comparable() and self._are_all_timed()

    def _is_comparable(self) -> bool:
        """Tell if all that was looked at is among what was noted."""
        return self._facts.is_whole and not self._met.devices

    def _are_all_timed(self) -> bool:
        """Tell if each change shows at once in the times of files."""
        devices: dict[int, str] = {}
        for folder in self._folders.values():
            devices.setdefault(folder.found.st_dev, folder.path)
        if not self._files.list_devices() <= devices.keys():
            return False
        return all(map(_is_timed, devices.values()))

    def is_unchanged(self, progress: Progress) -> bool:
        """Tell if a full look would find the same users of everything."""
        try:
            return (
                self._is_possible
                and self._are_roots_same(progress)
                and self._are_folders_same(progress)
                and self._files.are_alike(progress)
                and self._chains.leads.lead_as_before(progress)
                # Last of all, so that it is of all times that were read.
                and not is_clock_set(self._facts.offset_ns)
            )
        except HOSTILE:
            return False

    def _are_roots_same(self, progress: Progress) -> bool:
        """Tell if folders that were given, or left out, are what they were."""
        facts = self._facts
        for path in facts.given:
            progress.step(path)
            if mounts.explain_absence(path):
                return False
        links = *facts.given.items(), *facts.above.items()
        return all(identity(os.stat(path)) == was for path, was in links) and (
            all(
                identity(os.stat(path, follow_symlinks=False)) == was
                for path, was in facts.apart.items()
            )
        )

    def _are_folders_same(self, progress: Progress) -> bool:
        for path, folder in list(self._folders.items()):
            progress.step(path)
            found = os.stat(path, follow_symlinks=path in self._facts.given)
            if identity(found) != identity(folder.found):
                return False
            # Who writes over a lock changes nothing of its folder, and none of
            # the files in it was noted.
            is_known = (
                not folder.is_shut
                and path not in self._files.unsettled
                and is_same_state(found, folder.found)
            )
            if not is_known and not self._is_list_same(folder):
                return False
        return True

    def _is_list_same(self, folder: ListedFolder) -> bool:
        """Read the names in a folder again, and judge what has changed."""
        at_ns = now_ns()
        with closing(safe_open.open_folder(folder.path)) as fd:
            found = os.fstat(fd)
            entries = _read_entries(fd)
            if identity(found) != identity(folder.found):
                return False
            if folder.is_shut:
                is_same = self._are_locks(fd, folder.path, entries)
            elif folder.is_store:
                is_same = self._is_store_same(fd, folder, entries)
            else:
                is_same = entries == folder.entries
        if is_same:
            new = folder._replace(found=found, entries=entries)
            self._folders[folder.path] = new
            self._files.settle(folder.path, found, at_ns)
        return is_same

    def _are_locks(
        self, fd: int, path: str, entries: Mapping[str, bool]
    ) -> bool:
        """Tell if all that lies among Nova's locks is without content."""
        return all(
            self._ignored.ignores(f'{path}/{name}', name)
            or is_small(os.stat(name, dir_fd=fd, follow_symlinks=False))
            for name in entries
        )

    def _is_store_same(
        self, fd: int, folder: ListedFolder, entries: Mapping[str, bool]
    ) -> bool:
        """Tell if images only went, and what is ours only changed."""
        judge, before = self._stores[folder.path], folder.entries
        for name in before.keys() - entries.keys():
            if before[name] or not self._files.forget_file(
                f'{folder.path}/{name}'
            ):
                return False
        for name in entries.keys() - before.keys():
            is_ours = judge(name, entries) is Part.OURS
            if entries[name] or not is_ours:
                return False
            if not self._files.adopt_file(fd, f'{folder.path}/{name}'):
                return False
        return all(
            entries[name] == before[name]
            and judge(name, entries) is judge(name, before)
            for name in entries.keys() & before.keys()
        )


def _is_timed(path: str) -> bool:
    try:
        with closing(safe_open.open_folder(path)) as fd:
            return mounts.is_timed(fd)
    except OSError:
        return False


def _read_entries(fd: int) -> dict[str, bool]:
    with os.scandir(fd) as listed:
        return {one.name: one.is_dir(follow_symlinks=False) for one in listed}
