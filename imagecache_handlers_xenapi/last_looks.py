"""Last looks: images as they are just before they go, several at once.

Whoever comes after such a look nobody could have seen, so it is good for a
moment only.
"""

from collections.abc import Collection
from typing import NamedTuple

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.model import CachedImage
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.looks import Looks
from imagecache_handlers_xenapi.survey import Survey

# So many share a look, and for so many seconds since it began.
TOGETHER = 20
_FRESH = 1.0


class Seen(NamedTuple):
    """A disk as last read, the look at all others, and who sleeps on it."""

    disk: Disk
    survey: Survey
    sleepers: Collection[str]


class _Read(NamedTuple):
    disk: Disk | None
    parent: str | None
    sleepers: Collection[str] = ()


class LastLooks:
    """Looks at images of one store whose turn comes, one after another."""

    def __init__(self, looks: Looks, clocks: Clocks) -> None:
        self._looks = looks
        self._clocks = clocks
        self._survey: Survey | None = None
        self._read: dict[str, _Read] = {}
        self._at = 0.0

    def look(
        self, image: CachedImage, others: Collection[CachedImage]
    ) -> Seen | None:
        """Look at an image, and at those that come next; None: it is gone.

        That disk is read last: its mark, its name and its VBDs decide about
        somebody's data.  Who comes to share its bytes a moment before keeps
        them in the base copy.

        :raises ImageBusy: when it cannot be judged.
        """
        late = self._clocks.monotonic() - self._at > _FRESH
        if late or image.location not in self._read:
            self._look_together([image, *others])
        # Whoever tries once more looks once more.
        read = self._read.pop(image.location)
        if read.disk is None:
            return None
        survey = self._survey
        if survey is not None and survey.tells_users_of(read.disk):
            return Seen(read.disk, survey, read.sleepers)
        return self._look_at_all(image, read.parent or read.disk.parent)

    def _look_together(self, images: Collection[CachedImage]) -> None:
        self._read = {}
        [store] = {image.store for image in images}
        self._at = self._clocks.monotonic()
        parents = {one.location: self._looks.parent(one) for one in images}
        self._survey = self._looks.latest(store, list(parents))
        refs = self._refs_of(parents)
        asleep = self._looks.sleepers(store, list(refs.values()))
        found = self._looks.find_many(store, images)
        self._looks.note_attached(store, found.values())
        self._read = {
            uuid: _Read(
                found.get(uuid), parent, asleep.get(refs.get(uuid, ''), ())
            )
            for uuid, parent in parents.items()
        }

    def _refs_of(self, uuids: Collection[str]) -> dict[str, str]:
        """Give what they are called; a look at all disks tells by itself."""
        if self._survey is None:
            return {}
        disks = map(self._survey.disk, uuids)
        return {disk.uuid: disk.ref for disk in disks if disk is not None}

    def _look_at_all(
        self, image: CachedImage, parent: str | None
    ) -> Seen | None:
        # The others are read once more after that, as they are to be.
        self._read = {}
        survey = self._looks.anew(image.store)
        disk = survey.disk(image.location)
        if disk is None or disk.image_id != image.image_id:
            return None
        # The collector takes the parent off a disk before it writes another,
        # and for that moment nobody seems to share it.
        if parent and not disk.parent:
            raise ImageBusy(image.image_id, 'its chain is changing')
        return Seen(disk, survey, ())
