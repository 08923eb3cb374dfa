"""Walked files: those that one walk came by, and what they say."""

from collections.abc import Iterable
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.memory import Identity

# The header of a qcow, the shortest of those that name a file, has as much;
# what is shorter names none, and is not opened: many a file of locks is.
SHORTEST = 48

NOTHING = Header()

NO_FORM = (
    'nobody can tell which files it names, if any: if it is raw, have '
    'disk.info or a definition of libvirt say so, or name it in ignore'
)

# Size, and the time of the last change of the content: what a file keeps by
# whatever mount it is seen.
Shape = tuple[int, int]

# What all devices of blocks have for theirs; their own number is no other's.
_DEVICE = -1


def identity(found: os.stat_result) -> Identity:
    """Tell which file, or device of blocks, something is."""
    if stat.S_ISBLK(found.st_mode):
        return _DEVICE, found.st_rdev
    return found.st_dev, found.st_ino


def shape(found: os.stat_result) -> Shape:
    return found.st_size, found.st_mtime_ns


def told_with_way(path: str, why: str) -> str:
    """Say what nobody can tell of a disk, and the way out."""
    way = '' if 'ignore' in why else ': mend that, or name it in ignore'
    return f'{shown(path)}: {why}{way}'


def reason(error: Exception) -> str:
    """Say what keeps the users of some file from being known."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


class Naming(NamedTuple):
    """Who names files, where that stands, and if it is a file: which."""

    user: str
    path: str
    header: Header
    file: Identity | None = None


class Said:
    """What is said of the forms of files: by their owners, by disks above.

    ``raw`` are all of which anybody says it: that settles what no first
    bytes tell, and no more than that.
    """

    def __init__(self) -> None:
        self.raw: set[Identity] = set()
        self._owned: set[Identity] = set()
        self._others: set[Identity] = set()

    def hear(self, file: Identity, form: str) -> None:
        """Note what an owner says in so many words."""
        if form == 'raw':
            self.raw.add(file)
            self._owned.add(file)
        else:
            self._others.add(file)

    def has(self, file: Identity) -> bool:
        return file in self._owned or file in self._others

    def trusted(self) -> set[Identity]:
        """Give the raw ones: what their guests write in them is nothing."""
        return self._owned - self._others

    def settles(self, file: Identity) -> bool:
        """Tell if what no first bytes tell is raw."""
        return file in self.raw and file not in self._others


class Met:
    """What was met, by identity; and whatever names other files.

    ``naming`` are the disks that name others, with user and path, and the
    machines (which are not files); ``links``, ``devices``, ``mentions`` and
    ``perhaps`` lead to others, too.  ``unknown`` are those of which nobody
    can tell what they name, and why, but if they are raw by ``words``.
    ``disks`` were met in all, and ``under`` each of the folders that were
    given as many.  ``seen`` are the files of all but images, each with its
    user and its shape: the image itself may be among them by a mount.
    """

    def __init__(self) -> None:
        self.headers: dict[Identity, Header] = {}
        self.folders: set[Identity] = set()
        self.images: set[str] = set()
        self.image_files: set[Identity] = set()
        self.shapes: dict[Shape, list[tuple[Identity, str]]] = {}
        self.seen: list[tuple[str, Identity, Shape]] = []
        self.naming: list[Naming] = []
        self.links: list[tuple[str, str]] = []
        self.devices: list[tuple[str, str, int]] = []
        self.mentions: list[tuple[str, str]] = []
        self.perhaps: list[tuple[str, str, Backing]] = []
        self.words = Said()
        self.unknown: dict[Identity, tuple[str, tuple[str, ...]]] = {}
        self.problems: list[str] = []
        self.disks = 0
        self.under: dict[str, int] = {}

    def note_image(self, name: str, found: os.stat_result) -> None:
        file = identity(found)
        self.images.add(name)
        self.image_files.add(file)
        self.shapes.setdefault(shape(found), []).append((file, name))

    def views(self, file: Identity, seen: Shape) -> list[tuple[Identity, str]]:
        """Give the images, with their names, that a file may be a view of.

        Another mount gives it another device, and often another number.
        """
        alike = self.shapes.get(seen, ())
        return [(one, name) for one, name in alike if one[0] != file[0]]

    def tell(self, path: str, error: Exception) -> None:
        """Tell of a folder that was given."""
        self.problems.append(f'{shown(path)}: {reason(error)}')

    def tell_with_way(self, path: str, error: Exception) -> None:
        """Tell of what lies in one, and may be ignored."""
        self.problems.append(told_with_way(path, reason(error)))

    def say(self, path: str, problems: Iterable[str]) -> None:
        self.problems += [told_with_way(path, one) for one in problems]

    def blank(self, file: Identity) -> None:
        """Note a file that names none, by its size."""
        self.headers.setdefault(file, NOTHING)

    def count_disk(self, part: Part) -> None:
        """Count a disk of somebody's that was looked at."""
        if part not in (Part.IMAGE, Part.IGNORED):
            self.disks += 1

    def add(
        self,
        file: Identity,
        user: str,
        path: str,
        header: Header,
        part: Part,
    ) -> None:
        """Note a file by its header."""
        self.headers[file] = header
        why = () if part is Part.IGNORED else header.problems
        # What only its name tells not to be a disk proves no look.
        if header.form or part is Part.FOREIGN or self.words.has(file):
            self.count_disk(part)
        if not header.form:
            if part is Part.FOREIGN:
                why += (NO_FORM,)
            else:
                # By its other links as well.
                self.words.raw.add(file)
        if why:
            self.unknown.setdefault(file, (path, why))
        if header.below or header.hints:
            self.naming.append(Naming(user, path, header, file))
