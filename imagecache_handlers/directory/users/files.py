"""Files: what is noted of each file that the walk comes by."""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Mapping
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.parts import FOLDERS
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.users.facts import Facts
from imagecache_handlers.directory.users.facts import MetFile
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.reading import INFO
from imagecache_handlers.directory.users.reading import Reader
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met
from imagecache_handlers.directory.users.walked_files import shape
from imagecache_handlers.directory.users.walked_files import SHORTEST

# Tells what a name in a store's folder is, among all that lie there.
Judge = Callable[[str, Container[str]], Part]

# What the serial port of a guest said; libvirt's daemon writes it, and often
# only that may read it.
CONSOLE = 'console.log'
# A file system's own, which not everybody may read either.
_LOST = 'lost+found'

_MAY_BE_DISKS = frozenset({stat.S_IFREG, stat.S_IFBLK, stat.S_IFDIR})
_AMONG_LOCKS = (
    "lies in Nova's folder of locks and is not opened: move it, or name it "
    'in ignore'
)

# What Nova and libvirt write beside the disks of an instance, by their word.
_WRITTEN = frozenset({INFO, 'libvirt.xml', 'unrescue.xml'})


class Folder(NamedTuple):
    """A folder that is open; ``user`` is None where each entry is one.

    ``forms`` are those of the disks in it, by their owner's word; where it
    ``is_shut``, nothing in it is opened.
    """

    fd: int
    path: str
    user: str | None
    depth: int
    judge: Judge | None = None
    forms: Mapping[str, str] = {}
    is_shut: bool = False

    def user_of(self, name: str, part: Part) -> str:
        """Name who uses what a file in it names."""
        if part is Part.IMAGE:
            return f'image {shown(name)}'
        return shown(name) if self.user is None else self.user


class Files:
    """Notes files in ``met``, reading each that may be a disk."""

    def __init__(self, met: Met, reader: Reader, facts: Facts) -> None:
        self._met = met
        self._reader = reader
        self._facts = facts

    def note(self, folder: Folder, name: str, path: str, part: Part) -> None:
        """Note one file, whatever it is.

        :raises OSError: when it cannot be read, or is gone.
        """
        found = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        self._facts.files.append(MetFile(path, found, part))
        if stat.S_ISREG(found.st_mode):
            if part is Part.IMAGE:
                self._met.note_image(name, found)
            elif part is not Part.OURS:
                # A link of our own to an image does not use it.
                user = folder.user_of(name, part)
                file = found.st_dev, found.st_ino
                self._met.seen.append((user, file, shape(found)))
            self._note_regular(folder, name, part, found)
        elif part in (Part.IGNORED, Part.OURS):
            return
        elif stat.S_ISBLK(found.st_mode):
            self._note_device(folder, name, part, found)
        elif stat.S_ISLNK(found.st_mode):
            user = folder.user_of(name, part)
            self._met.links.append((user, f'{folder.path}/{name}'))

    def note_shut(self, folder: Folder, name: str) -> None:
        """Note what lies among Nova's locks, of which none has content.

        :raises OSError: when it is gone.
        """
        found = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        path, kind = f'{folder.path}/{name}', stat.S_IFMT(found.st_mode)
        is_small = kind == stat.S_IFREG and found.st_size < SHORTEST
        if kind == stat.S_IFLNK:
            self._met.links.append((folder.user_of(name, Part.FOREIGN), path))
        elif kind in _MAY_BE_DISKS and not is_small:
            self._met.say(path, [_AMONG_LOCKS])

    def _note_regular(
        self, folder: Folder, name: str, part: Part, found: os.stat_result
    ) -> None:
        met, file = self._met, (found.st_dev, found.st_ino)
        if found.st_size < SHORTEST:
            met.blank(file)
        else:
            # Whatever is said: another word may contradict.
            if name in folder.forms:
                met.words.hear(file, folder.forms[name])
            is_written = name.startswith(CONSOLE) or name in _WRITTEN
            if is_written and part is Part.FOREIGN:
                part = Part.NAMED
            header = self._reader.file(folder.fd, name, file, found)
            user, path = folder.user_of(name, part), f'{folder.path}/{name}'
            met.add(file, user, path, header, part)

    def _note_device(
        self, folder: Folder, name: str, part: Part, found: os.stat_result
    ) -> None:
        user, path = folder.user_of(name, part), f'{folder.path}/{name}'
        if name in folder.forms:
            self._met.words.hear(identity(found), folder.forms[name])
        header = self._reader.device(folder.fd, name)
        self._met.add(identity(found), user, path, header, part)
        self._met.devices.append((user, path, found.st_rdev))


def find_left_out(folder: Folder, name: str) -> os.stat_result | None:
    """Look at a folder of ours, which has no disks that anybody uses.

    None: it is another, and looked into.  In one that others may enter
    anything may lie.
    """
    if folder.judge is None or name not in FOLDERS:
        return None
    return own_folder.find_own(folder.fd, name)


def is_gone(folder: Folder, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def is_closed(name: str, is_folder: bool, error: Exception) -> bool:
    """Tell if it is what only its owner may read, and what is not a disk."""
    may_be = name == _LOST if is_folder else name.startswith(CONSOLE)
    return may_be and isinstance(error, PermissionError)
