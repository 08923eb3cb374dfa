"""Chains of files that lie below each other, and who uses all of them.

What a name leads to is asked of the system, and nothing is opened: whatever
counts was met before, and what was not is nobody's to read.
"""

from collections.abc import Iterable
import errno
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.users.bounded import Progress
from imagecache_handlers.directory.users import devices
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.met import identity
from imagecache_handlers.directory.users.met import Met
from imagecache_handlers.directory.users.met import Naming
from imagecache_handlers.directory.users.met import NO_FORM
from imagecache_handlers.directory.users.met import SHORTEST
from imagecache_handlers.directory.users.met import told_with_way
from imagecache_handlers.directory.users.values import Below
from imagecache_handlers.directory.users.values import shown

OUTSIDE = (
    'lies outside of what is looked at: give its folder in instance_paths, '
    'or name it in ignore'
)

_MISSING = frozenset([errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG])


class _Led(NamedTuple):
    """Where a name leads: to a file, on to others, or to what is not ours.

    ``names`` are the file names that it has where it was not met, and
    ``why`` says what nobody knows then; if it is raw, ``even_raw``.
    """

    file: Identity | None = None
    on: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    why: str = ''
    even_raw: bool = False
    is_missing: bool = False
    is_other: bool = False


class Chains:
    """The users of every file that lies below a disk.

    ``named`` are users by the file name of what they name, where that leads
    to no file that was met: it may have another path, or number, here.
    """

    def __init__(self, met: Met, ignored: Ignored, progress: Progress) -> None:
        self.users: dict[Identity, set[str]] = {}
        self.named: dict[str, set[str]] = {}
        self.problems: list[str] = []
        self._met = met
        self._ignored = ignored
        self._progress = progress
        self._led: dict[str, _Led] = {}
        # Raw by their owner's word, until another contradicts.
        self._raw = met.words.trusted()
        self._held: dict[Identity, list[Naming]] = {}
        self._doubted: list[Naming] = []

    def follow(self) -> None:
        """Follow all names that were met, then tell what is unknown."""
        met = self._met
        for one in met.naming:
            self._name(one)
        for user, path in met.links:
            self._link(user, path)
        for user, path, device in met.devices:
            shows = [self._there(file) for file in devices.shown(device)]
            self._go(user, path, shows)
        for user, path in met.mentions:
            self._use(user, self._lead(path))
        for user, path, below in met.perhaps:
            self._perhaps(user, path, below)
        # It grows while what was taken for raw turns out not to be.
        for one in self._doubted:
            self._name(one)
        for file, (path, problems) in met.unknown.items():
            if not self._is_settled(file, problems):
                self.problems += [told_with_way(path, one) for one in problems]

    def _is_settled(self, file: Identity, problems: tuple[str, ...]) -> bool:
        if file in self._raw:
            return True
        # No word silences a header that is there.
        return problems == (NO_FORM,) and self._met.words.settles(file)

    def _name(self, one: Naming) -> None:
        """Follow what a disk names, if no guest wrote that."""
        if one.file is not None and one.file in self._raw:
            self._held.setdefault(one.file, []).append(one)
            return
        self._hint(one.user, one.header.hints)
        self._go(one.user, one.path, _from(one.path, one.header.below))

    def _doubt(self, file: Identity) -> None:
        """Have a disk's header count, as somebody takes it for not raw."""
        self._raw.discard(file)
        self._doubted += self._held.pop(file, ())

    def _there(self, path: str) -> Below:
        """Give a file by a name that says nothing of its form."""
        return Below(path, self._lead(path).file in self._raw)

    def _perhaps(self, user: str, path: str, below: Below) -> None:
        """Follow what is a disk only if it is there."""
        led = self._lead(below.path)
        if led.is_missing or led.is_other:
            self._use(user, led)
        else:
            self._go(user, path, [below])

    def _link(self, user: str, path: str) -> None:
        """Follow a symlink that lies where a disk may."""
        led = self._lead(path)
        if led.is_other and led.file is not None:
            if led.file not in self._met.folders:
                self._tell(path, path, OUTSIDE)
        elif not led.is_other:
            self._go(user, path, [self._there(path)])

    def _go(self, user: str, top: str, pending: list[Below]) -> None:
        """Make one the user of files, and of whatever lies below those.

        What cannot be followed does not keep the others from being.
        """
        seen: set[tuple[Identity, str]] = set()
        for path, is_raw in pending:
            led = self._led.get(path) or self._lead(path)
            self._use(user, led)
            pending += [Below(file, is_raw) for file in led.on]
            if led.why and (led.even_raw or not is_raw):
                self._tell(top, path, led.why)
            if led.file is None:
                continue
            if is_raw:
                self._met.words.raw.add(led.file)
                continue
            self._doubt(led.file)
            header = self._met.headers.get(led.file)
            if header is not None and header.below:
                # As QEMU does: from where it was found.  A chain that bites
                # its tail has an end as well.
                at = led.file, os.path.normpath(os.path.dirname(path))
                if at not in seen:
                    seen.add(at)
                    pending += _from(path, header.below)

    def _use(self, user: str, led: _Led) -> None:
        if led.file is not None:
            self.users.setdefault(led.file, set()).add(user)
        self._hint(user, led.names)

    def _hint(self, user: str, names: Iterable[str]) -> None:
        for name in names:
            self.named.setdefault(name, set()).add(user)

    def _tell(self, top: str, path: str, why: str) -> None:
        """Tell of a problem below a disk, if that is there yet."""
        self._progress.step(top)
        if not os.path.lexists(top):
            return
        names = top, path, os.path.realpath(path)
        if any(map(self._ignored.is_within, names)):
            return
        below = '' if path == top else f'{shown(path)} below it '
        self.problems.append(told_with_way(top, f'{below}{why}'))

    def _lead(self, path: str) -> _Led:
        led = self._led.get(path)
        if led is None:
            self._progress.step(path)
            led = self._led[path] = self._asked(path)
        return led

    def _asked(self, path: str) -> _Led:
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            why = getattr(error, 'strerror', None) or str(error)
            return self._elsewhere(path, f'cannot be seen: {why}')._replace(
                even_raw=True, is_missing=_is_missing(error)
            )
        file = identity(found)
        if stat.S_ISREG(found.st_mode):
            if file in self._met.headers:
                return _Led(file)
            why = OUTSIDE if found.st_size >= SHORTEST else ''
            return self._elsewhere(path, why)._replace(file=file)
        if stat.S_ISBLK(found.st_mode):
            on = tuple(devices.shown(found.st_rdev))
            is_known = file in self._met.headers or devices.is_whole(
                found.st_rdev
            )
            return _Led(file, on, why='' if is_known else OUTSIDE)
        return _Led(
            file=file if stat.S_ISDIR(found.st_mode) else None,
            why='is not a disk',
            even_raw=True,
            is_other=True,
        )

    def _elsewhere(self, path: str, why: str) -> _Led:
        """Lead to what was not met, and may be an image by its name."""
        real = os.path.realpath(path)
        names = frozenset(map(os.path.basename, (path, real)))
        is_image = not names.isdisjoint(self._met.images)
        return _Led(names=names, why='' if is_image else why)


def _is_missing(error: Exception) -> bool:
    """Tell if nothing can be there, however much one may see."""
    number = error.errno if isinstance(error, OSError) else errno.ENAMETOOLONG
    return number in _MISSING


def _from(top: str, files: Iterable[Below]) -> list[Below]:
    """Give whole paths: of what is relative, from the folder of a file."""
    folder = os.path.dirname(top)
    return [
        below
        if below.path.startswith('/')
        else Below(f'{folder}/{below.path}', below.is_raw)
        for below in files
    ]
