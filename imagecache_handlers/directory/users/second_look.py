"""Second look: is all that an earlier look at the disks found still so?

It says what a full look would say, or that one is needed.  The times of every
folder and file that the earlier one met are asked for again; only what has
changed, or could have without a trace, is opened.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import os
import stat

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.chains import Chains
from imagecache_handlers.directory.users.facts import Facts
from imagecache_handlers.directory.users.facts import is_same_kind
from imagecache_handlers.directory.users.facts import is_same_state
from imagecache_handlers.directory.users.facts import is_settled
from imagecache_handlers.directory.users.facts import ListedFolder
from imagecache_handlers.directory.users.facts import MetFile
from imagecache_handlers.directory.users.files import Judge
from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.memory import now_ns
from imagecache_handlers.directory.users.met import identity
from imagecache_handlers.directory.users.met import Met
from imagecache_handlers.directory.users.met import NOTHING
from imagecache_handlers.directory.users.met import shape
from imagecache_handlers.directory.users.met import SHORTEST
from imagecache_handlers.directory.users.reading import INFO
from imagecache_handlers.directory.users.walk import HOSTILE


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
        self._files = {one.path: one for one in facts.files}
        # Their times, or names, need not tell of each change since.
        self._unsettled = {
            path
            for path, found in _list_states(facts)
            if not is_settled(found, facts.began_ns)
        }
        self._is_possible = self._is_comparable() and self._are_all_local()

    def _is_comparable(self) -> bool:
        """Tell if all that was looked at is among what was noted."""
        return self._facts.is_whole and not self._met.devices

    def _are_all_local(self) -> bool:
        """Tell if each change shows at once in the times of files."""
        devices: dict[int, str] = {}
        for folder in self._folders.values():
            devices.setdefault(folder.found.st_dev, folder.path)
        for file in self._files.values():
            if file.found.st_dev not in devices:
                return False
        return all(map(_is_local, devices.values()))

    def is_unchanged(self, progress: Progress) -> bool:
        """Tell if a full look would find the same users of everything."""
        try:
            return (
                self._is_possible
                and self._are_roots_same(progress)
                and self._are_folders_same(progress)
                and self._are_files_same(progress)
                and self._chains.leads.lead_as_before(progress)
            )
        except HOSTILE:
            return False

    def _are_roots_same(self, progress: Progress) -> bool:
        """Tell if folders that were given, or left out, are what they were."""
        facts = self._facts
        for path in facts.given:
            progress.step(path)
            if mounts.absent(path):
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
            is_known = path not in self._unsettled and is_same_state(
                found, folder.found
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
            # What lies among locks is looked at each time, whatever it is.
            self._settle(folder.path, found, 0 if folder.is_shut else at_ns)
        return is_same

    def _settle(self, path: str, found: os.stat_result, at_ns: int) -> None:
        """Note if the times of a file tell of each change from now on."""
        if is_settled(found, at_ns):
            self._unsettled.discard(path)
        else:
            self._unsettled.add(path)

    def _are_locks(
        self, fd: int, path: str, entries: Mapping[str, bool]
    ) -> bool:
        """Tell if all that lies among Nova's locks is without content."""
        return all(
            self._ignored.ignores(f'{path}/{name}', name)
            or _is_small(os.stat(name, dir_fd=fd, follow_symlinks=False))
            for name in entries
        )

    def _is_store_same(
        self, fd: int, folder: ListedFolder, entries: Mapping[str, bool]
    ) -> bool:
        """Tell if images only went, and what is ours only changed."""
        judge, before = self._stores[folder.path], folder.entries
        for name in before.keys() - entries.keys():
            if before[name] or not self._may_be_gone(f'{folder.path}/{name}'):
                return False
        for name in entries.keys() - before.keys():
            is_ours = judge(name, entries) is Part.OURS
            if entries[name] or not is_ours:
                return False
            if not self._is_new_alike(fd, f'{folder.path}/{name}'):
                return False
        return all(
            entries[name] == before[name]
            and judge(name, entries) is judge(name, before)
            for name in entries.keys() & before.keys()
        )

    def _may_be_gone(self, path: str) -> bool:
        """Forget what named no file, and was nobody's."""
        file = self._files.get(path)
        if file is None or file.part not in (Part.IMAGE, Part.OURS):
            return False
        if self._is_used(file):
            return False
        del self._files[path]
        self._met.headers.pop(identity(file.found), None)
        return True

    def _is_new_alike(self, fd: int, path: str) -> bool:
        """Remember what is new of ours, unless it names a file."""
        name = os.path.basename(path)
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if not _names_none(fd, name, found):
            return False
        self._files[path] = MetFile(path, found, Part.OURS)
        self._unsettled.add(path)
        if stat.S_ISREG(found.st_mode):
            self._met.headers[identity(found)] = NOTHING
        return True

    def _is_used(self, file: MetFile) -> bool:
        """Tell if a file has users, or makes some of others."""
        which, name = identity(file.found), os.path.basename(file.path)
        return (
            which in self._chains.users
            or name in self._chains.named
            or self._met.headers.get(which, NOTHING) != NOTHING
        )

    def _are_files_same(self, progress: Progress) -> bool:
        unsettled = self._unsettled
        for path, file in list(self._files.items()):
            progress.step(path)
            found = os.stat(path, follow_symlinks=False)
            if path not in unsettled and is_same_state(found, file.found):
                continue
            if not self._is_file_alike(file, found):
                return False
        return True

    def _is_file_alike(self, file: MetFile, found: os.stat_result) -> bool:
        """Judge a file that has changed, or may have."""
        if not is_same_kind(found, file.found):
            return False
        if not stat.S_ISREG(found.st_mode):
            # Where a symlink leads to is asked for with all other names.
            return True
        at_ns = now_ns()
        if identity(found) != identity(file.found):
            # A sidecar is replaced, never written over.
            is_ours = file.part is Part.OURS and not self._is_used(file)
            return is_ours and self._is_replaced_alike(file.path)
        if not self._is_content_alike(file, found):
            return False
        self._files[file.path] = file._replace(found=found)
        self._settle(file.path, found, at_ns)
        return True

    def _is_replaced_alike(self, path: str) -> bool:
        with closing(safe_open.open_folder(os.path.dirname(path))) as fd:
            return self._is_new_alike(fd, path)

    def _is_content_alike(self, file: MetFile, found: os.stat_result) -> bool:
        if not self._is_shape_apart(file, found):
            return False
        if _is_small(found) or _is_small(file.found):
            return _is_small(found) and _is_small(file.found)
        folder, name = os.path.split(file.path)
        if name == INFO:
            return False
        with closing(safe_open.open_folder(folder)) as fd:
            header = _read_anew(fd, name, found)
        return header == self._met.headers.get(identity(found))

    def _is_shape_apart(self, file: MetFile, found: os.stat_result) -> bool:
        """Tell if no image is taken for that file, by its size and time."""
        if shape(found) == shape(file.found):
            return True
        shapes = self._met.shapes
        return file.part is not Part.IMAGE and not (
            shape(found) in shapes or shape(file.found) in shapes
        )


def _list_states(facts: Facts) -> Iterator[tuple[str, os.stat_result]]:
    for folder in facts.folders:
        yield folder.path, folder.found
    for file in facts.files:
        yield file.path, file.found


def _is_local(path: str) -> bool:
    try:
        with closing(safe_open.open_folder(path)) as fd:
            return mounts.is_local(fd)
    except OSError:
        return False


def _read_entries(fd: int) -> dict[str, bool]:
    with os.scandir(fd) as listed:
        return {one.name: one.is_dir(follow_symlinks=False) for one in listed}


def _is_small(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_size < SHORTEST


def _names_none(fd: int, name: str, found: os.stat_result) -> bool:
    """Tell if what is ours names no file."""
    if not stat.S_ISREG(found.st_mode) or found.st_size < SHORTEST:
        return True
    return _read_anew(fd, name, found) == NOTHING


def _read_anew(folder: int, name: str, found: os.stat_result) -> Header | None:
    """Read the header of a file; None: it was replaced meanwhile."""
    fd = safe_open.open_file(folder, name, os.O_RDONLY)
    try:
        opened = os.fstat(fd)
        if not os.path.samestat(found, opened):
            return None
        return known_formats.read_header(fd, opened.st_size)
    finally:
        close(fd)
