"""Walk: every file under the folders of instances, and in the stores.

It goes by descriptors and through no symlink: a folder that is swapped for a
link meanwhile leads nowhere.  Nothing but disks is opened, and of Nova's
files of locks not one: its locks are lost when any descriptor of such a file
is closed in Nova's own process.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Mapping
import contextlib
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory.closing import closing
from imagecache_handlers.directory import mounts
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory import safe_open
from imagecache_handlers.directory.users.bounded import Progress
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.met import identity
from imagecache_handlers.directory.users.met import Met
from imagecache_handlers.directory.users.met import SHORTEST
from imagecache_handlers.directory.users.reading import INFO
from imagecache_handlers.directory.users.reading import Reader
from imagecache_handlers.directory.users.values import shown
from imagecache_handlers.directory.users.values import Unresolved

# Tells what a name in a store's folder is, among all that lie there.
Judge = Callable[[str, Container[str]], Part]

# Of Nova, among the instances: never to be opened, whatever lies in it.
_LOCKS = 'locks'
# Also Nova's there: it names hosts, and no files.
_HOSTS = 'compute_nodes'
# A file system's own, which not everybody may read.
_LOST = 'lost+found'
# What the serial port of a guest said; libvirt's daemon writes it, and often
# only that may read it.
_CONSOLE = 'console.log'

# What Nova and libvirt write beside the disks of an instance, by their word.
_WRITTEN = frozenset({INFO, 'libvirt.xml', 'unrescue.xml'})

_DEEPEST = 16
_MOST_LISTS = 100


class _Folder(NamedTuple):
    """A folder that is open; ``user`` is None where each entry is one."""

    fd: int
    path: str
    user: str | None
    depth: int
    judge: Judge | None = None
    raw: Container[str] = ()


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
        self._met = met
        self._reader = reader
        self._ignored = ignored
        self._progress = progress
        self._stores = stores
        self._paths = paths
        self._apart: set[Identity] = set()
        # Where Nova has its folder of locks, by whatever way one comes there.
        self._above: set[Identity] = set()

    def look(self) -> None:
        """Look at the stores, and then at each instance."""
        above = [os.path.dirname(path) for path in self._stores]
        for path in (*self._paths, *above):
            self._progress.step(path)
            with contextlib.suppress(OSError):
                self._above.add(identity(os.stat(path)))
        for path, judge in self._stores.items():
            self._under(path, lambda fd: self._store(fd, path, judge))
        for path in self._paths:
            self._under(path, lambda fd: self._instances(fd, path))

    def _under(self, path: str, look: Callable[[int], None]) -> None:
        """Look at a folder that was given; what fails there is told."""
        self._progress.step(path)
        try:
            if why := mounts.absent(path):
                raise Unresolved(why)
            with closing(safe_open.open_folder(path)) as fd:
                look(fd)
        except (OSError, ValueError) as error:
            self._met.tell(path, error)

    def _store(self, fd: int, path: str, judge: Judge) -> None:
        self._apart.add(_folder(fd))
        self._met.folders.add(_folder(fd))
        self._list(_Folder(fd, path, None, 0, judge))

    def _instances(self, fd: int, path: str) -> None:
        if _folder(fd) in self._apart:
            return
        if not os.listdir(fd):
            # As it looks where nothing is mounted any more, and an overlay
            # that nobody sees is still an overlay.
            raise Unresolved('it is empty; is it mounted?')
        self._met.folders.add(_folder(fd))
        self._list(_Folder(fd, path, None, 0))

    def _list(self, folder: _Folder) -> None:
        """Look at what lies in a folder: of one instance, or of all."""
        if folder.depth > _DEEPEST:
            raise Unresolved('it lies too deep to be looked at')
        seen: set[str] = set()
        for _ in range(_MOST_LISTS):
            gone, new = self._entries(folder, seen)
            # What is gone may have another name by now.  A list that was
            # read while an instance was renamed may have neither name.
            if not gone and (folder.user is not None or not new):
                return
            self._progress.step(folder.path)
            seen.update(new)
            if seen.issuperset(os.listdir(folder.fd)):
                return
        raise Unresolved('it changes all the time')

    def _entries(
        self, folder: _Folder, seen: Collection[str]
    ) -> tuple[bool, list[str]]:
        """Look at the new ones; tell if one is gone, and which they are."""
        with os.scandir(folder.fd) as listed:
            entries = {one.name: one for one in listed}
        new = [one for one in entries if one not in seen] if seen else entries
        judge, gone = folder.judge, False
        if INFO in entries:
            folder = folder._replace(raw=self._raw(folder))
        for name in new:
            part = judge(name, entries) if judge else Part.FOREIGN
            if part is not Part.OURS:
                gone |= not self._entry(folder, entries[name], part)
        return gone, list(new)

    def _raw(self, folder: _Folder) -> frozenset[str]:
        path = f'{folder.path}/{INFO}'
        self._progress.step(path)
        try:
            return self._reader.raw(folder.fd)
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError) as error:
            self._met.tell(path, error)
            return frozenset()

    def _entry(
        self, folder: _Folder, entry: os.DirEntry[str], part: Part
    ) -> bool:
        """Look at one entry; False if it is gone."""
        name = entry.name
        path = f'{folder.path}/{name}'
        self._progress.step(path)
        try:
            if self._ignored.passes(path, name):
                return True
            if entry.is_dir(follow_symlinks=False):
                self._enter(folder, name, path)
            elif not (name == _HOSTS and self._has_locks(folder)):
                user = _user(folder, name, part)
                found = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
                self._file(folder, name, path, user, part, found)
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError) and _gone(folder, name):
                return False
            if not _is_closed(name, error):
                self._met.tell(path, error)
        return True

    def _enter(self, folder: _Folder, name: str, path: str) -> None:
        if name == _LOCKS and self._has_locks(folder):
            return
        user = shown(name) if folder.user is None else folder.user
        flags = os.O_RDONLY | os.O_DIRECTORY
        fd = safe_open.open_file(folder.fd, name, flags)
        # Thousands of times: a context costs as much as the calls in it.
        try:
            there = _folder(fd)
            if there not in self._apart:
                self._met.folders.add(there)
                self._list(_Folder(fd, path, user, folder.depth + 1))
        finally:
            close(fd)

    def _has_locks(self, folder: _Folder) -> bool:
        return _folder(folder.fd) in self._above

    def _file(
        self,
        folder: _Folder,
        name: str,
        path: str,
        user: str,
        part: Part,
        found: os.stat_result,
    ) -> None:
        met, file = self._met, identity(found)
        if stat.S_ISLNK(found.st_mode):
            met.links.append((user, path))
        elif stat.S_ISBLK(found.st_mode):
            met.disks += 1
            header = self._reader.device(folder.fd, name)
            met.add(file, user, path, header, part)
            met.devices.append((user, path, found.st_rdev))
        elif stat.S_ISREG(found.st_mode):
            if part is Part.IMAGE:
                met.images.add(name)
            if found.st_size < SHORTEST:
                met.blank(file)
                return
            if part is not Part.IMAGE:
                met.disks += 1
            if name in folder.raw or file in met.raw:
                met.raw.add(file)
                met.blank(file)
                return
            if name.startswith(_CONSOLE) or name in _WRITTEN:
                part = Part.NAMED
            header = self._reader.file(folder.fd, name, file, found)
            met.add(file, user, path, header, part)


def _folder(fd: int) -> Identity:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _user(folder: _Folder, name: str, part: Part) -> str:
    if part is Part.IMAGE:
        return f'image {shown(name)}'
    return shown(name) if folder.user is None else folder.user


def _gone(folder: _Folder, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def _is_closed(name: str, error: Exception) -> bool:
    """Tell if it is what only its owner may read, and what is not a disk."""
    may_be = name == _LOST or name.startswith(_CONSOLE)
    return may_be and isinstance(error, PermissionError)
