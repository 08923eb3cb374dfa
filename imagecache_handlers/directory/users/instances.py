"""The folders of instances, and every disk that lies in them."""

from collections.abc import Mapping
import os
import stat

from imagecache_handlers.directory import mounts
from imagecache_handlers.directory.users import chains
from imagecache_handlers.directory.users.chains import Identity
from imagecache_handlers.directory.users import qcow2

# A file system's own, which not everybody may read.
_NO_INSTANCE = 'lost+found'
# Written by libvirt's own daemon, and only that may read them.
_NO_DISK = 'console.log'

_DEEPEST = 16
_MOST_LISTS = 100


class Instances:
    """One look at the disks of all instances, each opened once.

    The folders in ``apart``, with their names, are not looked into.
    Instances may come, go and be renamed meanwhile: one that was there all
    the time is seen.
    """

    def __init__(
        self, found: chains.Chains, apart: Mapping[Identity, str]
    ) -> None:
        self.disks = 0
        self.folders = 0
        self._chains = found
        self._apart = apart
        # Where one is mounted, only its name tells it in a list.
        self._hints = {inode for _, inode in apart} | {*apart.values()}
        self._linked: set[Identity] = set()

    def under(self, path: str) -> None:
        """Look at each instance that has its folder, or disk, there."""
        try:
            if why := mounts.absent(path):
                raise qcow2.Unresolved(why)
            self._folder(path, None, 0)
        except (OSError, ValueError) as error:
            self._chains.tell(path, error)

    def _folder(self, path: str, user: str | None, depth: int) -> None:
        """Look at what lies in a folder: of one instance, or of all."""
        if depth > _DEEPEST:
            raise qcow2.Unresolved('it lies too deep to be looked at')
        self.folders += 1
        seen: set[str] = set()
        for _ in range(_MOST_LISTS):
            with os.scandir(path) as entries:
                new = [entry for entry in entries if entry.name not in seen]
            gone = False
            for entry in new:
                if not self._entry(path, entry, user, depth):
                    gone = True
            # What is gone may have another name by now.  A list that was
            # read while an instance was renamed may have neither name.
            if not gone and (user is not None or not new):
                return
            seen.update([entry.name for entry in new])
        raise qcow2.Unresolved('it changes all the time')

    def _entry(
        self,
        folder: str,
        entry: os.DirEntry[str],
        user: str | None,
        depth: int,
    ) -> bool:
        """Look at one entry; False if it is gone."""
        path = entry.path
        who = qcow2.shown(entry.name) if user is None else user
        try:
            if entry.is_symlink():
                self._link(folder, entry, who, depth)
            elif entry.is_dir(follow_symlinks=False):
                if not self._is_apart(entry):
                    self._folder(path, who, depth + 1)
            elif entry.is_file(follow_symlinks=False):
                self._disk(folder, entry, who)
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError) and _gone(path):
                return False
            self._chains.tell(path, error)
        return True

    def _is_apart(self, entry: os.DirEntry[str]) -> bool:
        if entry.name == _NO_INSTANCE:
            return True
        hints = self._hints
        if entry.inode() not in hints and entry.name not in hints:
            return False
        found = os.stat(entry.path, follow_symlinks=False)
        return chains.identity(found) in self._apart

    def _link(
        self, folder: str, entry: os.DirEntry[str], user: str, depth: int
    ) -> None:
        found = os.stat(entry.path)
        if chains.is_disk(found):
            self._disk(folder, entry, user)
        elif stat.S_ISDIR(found.st_mode):
            there = chains.identity(found)
            # Once: links may lead round in a circle.
            if there not in self._linked and there not in self._apart:
                self._linked.add(there)
                self._folder(entry.path, user, depth + 1)

    def _disk(self, folder: str, entry: os.DirEntry[str], user: str) -> None:
        if entry.name.startswith(_NO_DISK):
            return
        self.disks += 1
        if files := chains.below(entry.path):
            self._chains.add(user, folder, files)


def _gone(path: str) -> bool:
    """Tell if an entry is gone, and not only what it links to."""
    try:
        os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False
