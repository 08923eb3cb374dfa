"""Walk: every file under the folders of instances, and in the stores.

It goes by descriptors and through no symlink: a folder that is swapped for a
link meanwhile leads nowhere.  Nothing but disks is opened, and of Nova's
files of locks not one: its locks are lost when any descriptor of such a file
is closed in Nova's own process.
"""

from collections.abc import Collection
from collections.abc import Mapping
import contextlib
import os

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.facts import Facts
from imagecache_handlers.directory.users.facts import ListedFolder
from imagecache_handlers.directory.users.files import Files
from imagecache_handlers.directory.users.files import find_left_out
from imagecache_handlers.directory.users.files import Folder
from imagecache_handlers.directory.users.files import is_closed
from imagecache_handlers.directory.users.files import is_gone
from imagecache_handlers.directory.users.files import Judge
from imagecache_handlers.directory.users.formats.values import Unresolved
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.reading import INFO
from imagecache_handlers.directory.users.reading import Reader
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met

# Of Nova, among the instances: never to be opened, whatever lies in it.
_LOCKS = 'locks'
# Also Nova's there: it names hosts, and no files.
_HOSTS = 'compute_nodes'
_DEEPEST = 16
# Of one folder, and of all: at each depth they would multiply.
_MOST_LISTS = 100
_MOST_IN_ALL = 300
# What a disk may make whoever reads it say.
HOSTILE = OSError, ValueError, OverflowError, RecursionError


class Walk:
    """One look at all folders, noted in ``met``.

    Instances may come, go and be renamed meanwhile: one that was there all
    the time is seen.
    """

    def __init__(
        self,
        met: Met,
        reader: Reader,
        ignored: Ignored,
        progress: Progress,
        stores: Mapping[str, Judge],
        paths: Collection[str],
    ) -> None:
        self.facts = Facts()
        self._met = met
        self._reader = reader
        self._files = Files(met, reader, self.facts)
        self._ignored = ignored
        self._progress = progress
        self._stores = stores
        self._paths = paths
        self._apart: set[Identity] = set()
        self._lists = _MOST_IN_ALL
        # Where Nova has its folder of locks, by whatever way one comes there.
        self._above: set[Identity] = set()

    def look(self) -> None:
        """Look at the stores, and then at each instance."""
        parents = [os.path.dirname(path) for path in self._stores]
        for path in (*self._paths, *parents):
            self._progress.step(path)
            with contextlib.suppress(OSError):
                above = self.facts.above[path] = identity(os.stat(path))
                self._above.add(above)
        for path, judge in self._stores.items():
            self._look_under(path, judge)
        for path in self._paths:
            before = self._met.disks
            self._look_under(path)
            self._met.under[path] = self._met.disks - before

    def _look_under(self, path: str, judge: Judge | None = None) -> None:
        """Look at a folder that was given; what fails there is told."""
        self._progress.step(path)
        try:
            if why := mounts.explain_absence(path):
                raise Unresolved(why)
            with closing(safe_open.open_folder(path)) as fd:
                self._begin_folder(Folder(fd, path, None, 0, judge))
        except (OSError, ValueError) as error:
            self._met.tell(path, error)

    def _begin_folder(self, folder: Folder) -> None:
        found = os.fstat(folder.fd)
        there = identity(found)
        self.facts.given[folder.path] = there
        if folder.judge is not None:
            self._apart.add(there)
        elif there in self._apart:
            return
        self._met.folders.add(there)
        self._look_at_folder(folder, found)

    def _look_at_folder(self, folder: Folder, found: os.stat_result) -> None:
        """Look at what lies in a folder: of one instance, or of all."""
        if folder.depth > _DEEPEST:
            raise Unresolved('it lies too deep to be looked at')
        seen: set[str] = set()
        for _ in range(_MOST_LISTS):
            gone, new = self._look_at_entries(folder, seen, found)
            # What is gone may have another name by now.  A list that was
            # read while an instance was renamed may have neither name.
            if not gone and (folder.user is not None or not new):
                return
            self._progress.step(folder.path)
            self.facts.is_whole &= not gone
            seen.update(new)
            if not self._has_more(folder, seen):
                return
            self.facts.is_whole = False
            self._lists -= 1
            if self._lists < 0:
                break
        raise Unresolved('it changes all the time')

    def _has_more(self, folder: Folder, seen: Collection[str]) -> bool:
        names, judge = set(os.listdir(folder.fd)), folder.judge
        more = names.difference(seen)
        if judge is None:
            return bool(more)
        # What is ours is replaced all the time.
        return any(judge(name, names) is not Part.OURS for name in more)

    def _look_at_entries(
        self, folder: Folder, seen: Collection[str], found: os.stat_result
    ) -> tuple[bool, list[str]]:
        """Look at the new ones; tell if one is gone, and which they are."""
        with os.scandir(folder.fd) as listed:
            entries = {one.name: one for one in listed}
        self.facts.folders.append(
            ListedFolder(
                folder.path,
                found,
                _kinds(entries),
                folder.judge is not None,
                folder.is_shut,
            )
        )
        new = [one for one in entries if one not in seen] if seen else entries
        judge, gone = folder.judge, False
        if INFO in entries:
            folder = folder._replace(forms=self._told_forms(folder))
        for name in new:
            part = judge(name, entries) if judge else Part.FOREIGN
            gone |= not self._look_at_entry(folder, entries[name], part)
        return gone, list(new)

    def _told_forms(self, folder: Folder) -> Mapping[str, str]:
        path = f'{folder.path}/{INFO}'
        self._progress.step(path)
        try:
            return self._reader.forms(folder.fd)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._met.tell_with_way(path, error)
            return {}

    def _look_at_entry(
        self, folder: Folder, entry: os.DirEntry[str], part: Part
    ) -> bool:
        """Look at one entry; False if it is gone."""
        name = entry.name
        path = f'{folder.path}/{name}'
        self._progress.step(path)
        is_ignored = self._ignored.ignores(path, name)
        is_ours = part is Part.OURS
        if is_ignored and part is not Part.IMAGE:
            part = Part.IGNORED
        is_folder = False
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            if folder.is_shut:
                if not is_ignored:
                    self._files.note_shut(folder, name)
            elif is_folder:
                if not is_ignored:
                    self._enter_folder(folder, name, path)
            else:
                if name == _HOSTS and self._is_of_hosts(folder, part):
                    part = Part.NAMED
                self._files.note(folder, name, path, part)
        except HOSTILE as error:
            self.facts.is_whole = False
            if isinstance(error, FileNotFoundError) and is_gone(folder, name):
                return is_ours
            is_quiet = part is Part.IGNORED or (is_ours and not is_folder)
            if not is_quiet and not is_closed(name, is_folder, error):
                self._met.tell_with_way(path, error)
        return True

    def _enter_folder(self, folder: Folder, name: str, path: str) -> None:
        if (found := find_left_out(folder, name)) is not None:
            self.facts.apart[path] = identity(found)
            return
        is_shut = name == _LOCKS and self._has_locks(folder)
        user = folder.user_of(name, Part.FOREIGN)
        flags = os.O_RDONLY | os.O_DIRECTORY
        fd = safe_open.open_file(folder.fd, name, flags)
        # Thousands of times: a context costs as much as the calls in it.
        try:
            found = os.fstat(fd)
            there = identity(found)
            if there in self._apart:
                self.facts.apart[path] = there
            else:
                if not is_shut:
                    self._met.folders.add(there)
                deeper = folder.depth + 1
                self._look_at_folder(
                    Folder(fd, path, user, deeper, is_shut=is_shut), found
                )
        finally:
            close(fd)

    def _is_of_hosts(self, folder: Folder, part: Part) -> bool:
        return part is Part.FOREIGN and self._has_locks(folder)

    def _has_locks(self, folder: Folder) -> bool:
        return identity(os.fstat(folder.fd)) in self._above


def _kinds(entries: Mapping[str, os.DirEntry[str]]) -> dict[str, bool]:
    """Tell which entries are folders."""
    return {
        name: one.is_dir(follow_symlinks=False)
        for name, one in entries.items()
    }
