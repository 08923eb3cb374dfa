"""Checking aside: whether the time of what lies there is over, and why not."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime

from imagecache_handlers.labels import Marks
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.label_folders import SHIELD_FOLDER
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import is_below
from imagecache_handlers_vmware.users import Users

# What an eviction has not done by then it does not do any more: moves, disks
# and folders are waited for, each for three minutes, and so are two looks.
LONGEST = datetime.timedelta(minutes=20)

# Nobody is in a hurry here, and the skew that others are told of is not seen.
_MARGIN = datetime.timedelta(minutes=4)

IsOver = Callable[[datetime.datetime], bool]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """Tells what is over on every host, whose clocks differ by ``skew``."""

    now: datetime.datetime
    skew: datetime.timedelta

    def is_over(self, end: datetime.datetime) -> bool:
        return self.now - end > self.skew + _MARGIN

    def is_distant(self, end: datetime.datetime) -> bool:
        """Tell if no eviction that has begun, on any host, may end so late."""
        return end - self.now > LONGEST + self.skew + _MARGIN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An image that lies aside, and what is where it was moved from.

    ``filled`` names its labels that hold something, which no label does.
    """

    image: ImageFolder
    own: ImageFolder | None = None
    filled: tuple[str, ...] = ()

    @property
    def is_torn(self) -> bool:
        """Whether only both places together hold the whole image."""
        if self.own is None or self.own.is_whole:
            return False
        here, there = self.image.folder, self.own.folder
        both = dataclasses.replace(here, files=here.files + there.files)
        return ImageFolder(image_id=self.image.image_id, folder=both).is_whole

    @property
    def is_replaced(self) -> bool:
        """Whether its image is there again, whole."""
        return self.own is not None and self.own.is_whole

    @property
    def colliding(self) -> tuple[str, ...]:
        """The files that are in both places, by name."""
        there = self.own.folder.files if self.own is not None else ()
        names = {one.name for one in there}
        files = sorted(one.name for one in self.image.folder.files)
        return tuple(one for one in files if one in names)


def find_images(
    aside: DatastorePath, folders: Iterable[Folder]
) -> Iterator[ImageFolder]:
    """Give the folders that bear the name of an eviction."""
    for one in folders:
        name = AsideName.read(one.path.name)
        if name is not None and one.path == aside.join(one.path.name):
            yield ImageFolder(image_id=name.image_id, folder=one)


def is_abandoned(found: ImageFolder, is_over: IsOver) -> bool:
    """Tell if a folder is of an eviction that runs nowhere any more."""
    name = AsideName.read(found.path.name)
    if name is None:
        return False
    claims = Marks.read(found.labels).claims.values()
    return all(map(is_over, (name.until, *claims)))


def explain_wait(found: ImageFolder, time: Hindsight) -> str | None:
    """Say what a folder waits for that no eviction is at; None: one may be."""
    name = AsideName.read(found.path.name)
    if name is None:
        return None
    if time.is_distant(name.until):
        return (
            f'no eviction lasts until {_write_moment(name.until)}, as its '
            f'name says: give it a time there that is over'
        )
    claims = Marks.read(found.labels).claims.values()
    waiting = [end for end in claims if not time.is_over(end)]
    if waiting and time.is_over(name.until):
        return f'it bears a claim until {_write_moment(max(waiting))}'
    return None


def _write_moment(moment: datetime.datetime) -> str:
    return f'{moment:%Y-%m-%d %H:%M} UTC'


def find_filled(found: ImageFolder, folders: Iterable[Folder]) -> set[str]:
    """Name the folders in an image's folder in which something lies."""
    begin = len(found.path.path) + 1
    return {
        one.path.path[begin:].partition('/')[0]
        for one in folders
        if one.path != found.path
        and is_below(one.path.path, found.path.path)
        and (one.files or one.folders)
    }


def why_kept(
    left: Leftover, users: Users, named: frozenset[str], is_over: IsOver
) -> str | None:
    """Say why what lies aside must not be deleted.

    ``named`` are the machines that use it by either of its paths.
    """
    foreign = (*left.image.foreign, *left.filled)
    if named:
        return f'used by {", ".join(sorted(named))}'
    if not left.image.folder.files and not left.image.folder.folders:
        return None
    if foreign:
        return f'{foreign[0]!r} in it is not of the image'
    if users.why_unknown:
        return users.why_unknown
    return _why_marked(left, is_over)


def _why_marked(left: Leftover, is_over: IsOver) -> str | None:
    """Say what on it keeps it; an eviction deletes nothing unclaimed."""
    marks = Marks.read(left.image.labels)
    # A pin that came as the last file went was never granted.
    if left.image.folder.files:
        if why := why_granted(marks, is_over):
            return why
        if _is_shielded(left):
            return 'it is shielded'
    return None if marks.claims else 'it bears no claim'


def _is_shielded(left: Leftover) -> bool:
    """A shield promises nobody anything: it only keeps Nova off.

    What was fetched anew cannot be put back to where Nova could find it.
    """
    return SHIELD_FOLDER in left.image.folder.folders and not left.is_replaced


def why_granted(marks: Marks, is_over: IsOver) -> str | None:
    """Say what somebody was granted that keeps it: a pin or a lease."""
    pins, leases = marks.labels_of('pin'), marks.labels_of('lease')
    ends = {*marks.pins.values(), *marks.leases.values()}
    if (pins | leases) & marks.malformed:
        return 'it bears a pin or a lease that cannot be read'
    if any(end is None or not is_over(end) for end in ends):
        return 'it is pinned or held'
    return None
