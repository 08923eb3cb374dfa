"""Chains of files that lie below each other, and who uses all of them."""

from collections.abc import Iterable
from collections.abc import Sequence
import os

from imagecache_handlers.directory.system.bounded import Progress
from imagecache_handlers.directory.users import devices
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.leads import Leads
from imagecache_handlers.directory.users.leads import Led
from imagecache_handlers.directory.users.leads import OUTSIDE
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.walked_files import Met
from imagecache_handlers.directory.users.walked_files import Naming
from imagecache_handlers.directory.users.walked_files import NO_FORM
from imagecache_handlers.directory.users.walked_files import told_with_way

ENDLESS = 'more files lie below it than can be followed'

# Of files below each other, of all that one disk leads to, and all disks.
_DEEPEST = 200
_MOST = 1 << 16
_MOST_IN_ALL = 1 << 18
# A path counts once more for each so many letters.
_LONG = 128
_MOST_TOLD = 100

# A file, and the folder where it was found: its name, and what it is.
_Place = tuple[Identity, str, Identity | None]


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
        self.leads = Leads(met, progress)
        self._left = _MOST_IN_ALL
        # Raw by their owner's word, until another contradicts.
        self._raw = met.words.trusted()
        self._held: dict[Identity, list[Naming]] = {}
        self._doubted: list[Naming] = []

    def follow(self) -> None:
        """Follow all names that were met, then tell what is unknown."""
        met = self._met
        for one in met.naming:
            self._follow_naming(one)
        for user, path in met.links:
            self._follow_link(user, path)
        for user, path, device in met.devices:
            shows = [self._backing_at(file) for file in devices.shown(device)]
            self._follow_files(user, path, shows)
        for user, path in met.mentions:
            self._add_user(user, self.leads.of(path))
        for user, path, below in met.perhaps:
            self._follow_if_there(user, path, below)
        # It grows while what was taken for raw turns out not to be.
        for one in self._doubted:
            self._follow_naming(one)
        self._see_images()
        for file, (path, problems) in met.unknown.items():
            if not self._is_settled(file, problems):
                self.problems += [told_with_way(path, one) for one in problems]

    def _is_settled(self, file: Identity, problems: tuple[str, ...]) -> bool:
        if file in self._raw:
            return True
        # No word silences a header that is there.
        return problems == (NO_FORM,) and self._met.words.settles(file)

    def _follow_naming(self, one: Naming) -> None:
        """Follow what a disk names, if no guest wrote that."""
        if one.file is not None and one.file in self._raw:
            self._held.setdefault(one.file, []).append(one)
            return
        self._hint_at(one.user, one.header.hints)
        self._follow_files(
            one.user, one.path, _whole_paths(one.path, one.header.below)
        )

    def _doubt_raw(self, file: Identity) -> None:
        """Have a disk's header count, as somebody takes it for not raw."""
        self._raw.discard(file)
        self._doubted += self._held.pop(file, ())

    def _backing_at(self, path: str) -> Backing:
        """Give a file by a name that says nothing of its form."""
        return Backing(path, self.leads.of(path).file in self._raw)

    def _follow_if_there(self, user: str, path: str, below: Backing) -> None:
        """Follow what is a disk only if it is there."""
        led = self.leads.of(below.path)
        if led.is_missing or led.is_other:
            self._add_user(user, led)
        else:
            self._follow_files(user, path, [below])

    def _see_images(self) -> None:
        """Let a disk that is an image, by a mount, be a use of that."""
        met = self._met
        for user, file, seen in met.seen:
            if file in met.image_files:
                self._add_user(user, Led(file))
            elif seen in met.shapes:
                for image, _ in met.views(file, seen):
                    self._add_user(user, Led(image))

    def _follow_link(self, user: str, path: str) -> None:
        """Follow a symlink that lies where a disk may."""
        led = self.leads.of(path)
        if led.is_other and led.file is not None:
            if led.file not in self._met.folders:
                self._tell_problem(path, path, OUTSIDE)
        elif not led.is_other:
            self._follow_files(user, path, [self._backing_at(path)])

    def _follow_files(
        self, user: str, top: str, files: Iterable[Backing]
    ) -> None:
        """Make one the user of files, and of whatever lies below those.

        What cannot be followed does not keep the others from being; all of
        it comes to an end, whatever names itself in how many ways.
        """
        seen: set[_Place] = set()
        pending = [(below, 0) for below in files]
        told = len(self.problems)
        for (path, is_raw), depth in pending:
            self._left -= 1 + len(path) // _LONG
            is_endless = depth > _DEEPEST or len(pending) > _MOST
            if is_endless or self._left < 0:
                self._tell_problem(top, top, ENDLESS)
                return
            led = self.leads.of(path)
            self._add_user(user, led)
            pending += [(Backing(file, is_raw), depth) for file in led.on]
            if led.why and (led.even_raw or not is_raw):
                self._tell_problem(top, path, led.why)
                if len(self.problems) - told > _MOST_TOLD:
                    return
            if led.file is None:
                continue
            if is_raw:
                self._met.words.raw.add(led.file)
                continue
            for file in (led.file, *led.views):
                self._doubt_raw(file)
                inner = self._files_below(file, path, seen)
                self._left -= len(inner)
                pending += [(below, depth + 1) for below in inner]

    def _files_below(
        self, file: Identity, path: str, seen: set[_Place]
    ) -> list[Backing]:
        """Give what a file names, unless it was seen there before."""
        header = self._met.headers.get(file)
        if header is None or not header.below:
            return []
        # As QEMU does: from where it was found, by whatever names.  Two
        # mounts of one folder have two that it lies in.
        place = self.leads.place(os.path.dirname(path))
        if (file, *place) in seen:
            return []
        seen.add((file, *place))
        return _whole_paths(path, header.below)

    def _add_user(self, user: str, led: Led) -> None:
        if led.file is not None:
            self.users.setdefault(led.file, set()).add(user)
        for image in led.views:
            self.users.setdefault(image, set()).add(user)
        self._hint_at(user, led.names)

    def _hint_at(self, user: str, names: Iterable[str]) -> None:
        for name in names:
            self.named.setdefault(name, set()).add(user)

    def _tell_problem(self, top: str, path: str, why: str) -> None:
        """Tell of a problem below a disk, if that is there yet."""
        self._progress.step(top)
        if not os.path.lexists(top):
            return
        names = top, path, os.path.realpath(path)
        if any(map(self._ignored.is_within, names)):
            return
        below = '' if path == top else f'{shown(path)} below it '
        self.problems.append(told_with_way(top, f'{below}{why}'))


def _whole_paths(top: str, files: Sequence[Backing]) -> list[Backing]:
    """Give whole paths: of what is relative, from the folder of a file."""
    if all(below.path.startswith('/') for below in files):
        return list(files)
    folder = os.path.dirname(top)
    return [
        below
        if below.path.startswith('/')
        else Backing(f'{folder}/{below.path}', below.is_raw)
        for below in files
    ]
