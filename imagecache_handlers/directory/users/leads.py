"""Leads: which file a name leads to, and whether that was met.

That is asked of the system, and nothing is opened: whatever counts was met
before, and what was not is nobody's to read.
"""

import errno
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.users import devices
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.walked_files import identity
from imagecache_handlers.directory.users.walked_files import Met
from imagecache_handlers.directory.users.walked_files import shape
from imagecache_handlers.directory.users.walked_files import SHORTEST

OUTSIDE = (
    'lies outside of what is looked at: give its folder in instance_paths, '
    'or name it in ignore'
)
_MISSING = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG])

# A folder: its name without links, and what it is.
Place = tuple[str, Identity | None]


class Led(NamedTuple):
    """Where a name leads: to a file, on to others, or to what is not ours.

    ``views`` are images that the file may be, seen by another mount;
    ``names`` are the file names that it has where it was not met, and
    ``why`` says what nobody knows then; if it is raw, ``even_raw``.
    """

    file: Identity | None = None
    views: tuple[Identity, ...] = ()
    on: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    why: str = ''
    even_raw: bool = False
    is_missing: bool = False
    is_other: bool = False


class Leads:
    """Where the names of one look lead, each asked for once."""

    def __init__(self, met: Met, progress: Progress) -> None:
        self._met = met
        self._progress = progress
        self._led: dict[str, Led] = {}
        self._places: dict[str, Place] = {}

    def of(self, path: str) -> Led:
        led = self._led.get(path)
        if led is None:
            self._progress.step(path)
            led = self._led[path] = self._asked(path)
        return led

    def lead_as_before(self, progress: Progress) -> bool:
        """Tell if every name leads where it did, as long as ``met`` holds."""
        for path, led in self._led.items():
            progress.step(path)
            if self._asked(path) != led:
                return False
        for folder, place in self._places.items():
            progress.step(folder)
            if (os.path.realpath(folder), _asked(folder)) != place:
                return False
        return True

    def place(self, folder: str) -> Place:
        """Tell which folder it is, by its names and by what it is.

        Two mounts of one folder have two that it lies in.
        """
        place = self._places.get(folder)
        if place is None:
            self._progress.step(folder)
            place = os.path.realpath(folder), _asked(folder)
            self._places[folder] = place
        return place

    def _asked(self, path: str) -> Led:
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            why = getattr(error, 'strerror', None) or str(error)
            names = _names(path)
            return Led(
                names=names,
                why=f'cannot be seen: {why}',
                # A raw one that has the name of an image is that image, as
                # a container has it; below another there may be more.
                even_raw=names.isdisjoint(self._met.images),
                is_missing=_is_missing(error),
            )
        file = identity(found)
        if stat.S_ISREG(found.st_mode):
            if file in self._met.headers:
                return Led(file)
            return self._lead_elsewhere(path, file, found)
        if stat.S_ISBLK(found.st_mode):
            on = tuple(devices.shown(found.st_rdev))
            is_met = file in self._met.headers
            is_known = is_met or devices.is_whole(found.st_rdev)
            return Led(file, on=on, why='' if is_known else OUTSIDE)
        return Led(
            file=file if stat.S_ISDIR(found.st_mode) else None,
            why='is not a disk',
            even_raw=True,
            is_other=True,
        )

    def _lead_elsewhere(
        self, path: str, file: Identity, found: os.stat_result
    ) -> Led:
        """Lead to what was not met, and may be an image.

        Its name tells nothing of what lies below it, but where all else
        says as well that it is that image.
        """
        names = _names(path)
        views = self._met.views(file, shape(found))
        # Images that came in one tick of the clock may look alike.
        named = [view for view in views if view[1] in names]
        is_short = found.st_size < SHORTEST
        return Led(
            file,
            views=tuple(image for image, _ in named or views),
            names=names,
            why='' if named or is_short else OUTSIDE,
        )


def _is_missing(error: Exception) -> bool:
    """Tell if nothing can be there, however much one may see."""
    number = error.errno if isinstance(error, OSError) else errno.ENAMETOOLONG
    return number in _MISSING


def _names(path: str) -> frozenset[str]:
    return frozenset(map(os.path.basename, (path, os.path.realpath(path))))


def _asked(path: str) -> Identity | None:
    try:
        return identity(os.stat(path))
    except (OSError, ValueError):
        return None
