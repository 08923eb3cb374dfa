"""Evicting: an image is judged anew before each try, and within its claim."""

import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.model import CachedImage
from imagecache_handlers_xenapi.destroying import LONGEST
from imagecache_handlers_xenapi.destroying import Removals
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.looks import Looks
from imagecache_handlers_xenapi.pending_space import Releasing
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import CallError
from imagecache_handlers_xenapi.port.errors import PASSING
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.survey import Survey

# Seconds between tries of what xapi refuses for the moment; what took longer
# was no passing trouble.
_PAUSES = (1.0, 2.0, 4.0)
_IN_TIME = 8.0
# A destroy is asked for only while the claim is good for so much longer:
# the request has to arrive before others may disregard the claim.  It leaves
# within a minute (``session.PROMPT``), and may be two on its way.
_TO_SPARE = datetime.timedelta(minutes=4)
# So much has to be left as it leaves: this process may have stood still.
_TO_ARRIVE = datetime.timedelta(minutes=3)


class Evicting:
    """Removes images, unless something speaks against it at the last."""

    def __init__(
        self,
        looks: Looks,
        removals: Removals,
        releasing: Releasing,
        clocks: Clocks,
    ) -> None:
        self._looks = looks
        self._removals = removals
        self._releasing = releasing
        self._clocks = clocks

    def evict(self, image: CachedImage, alive: Alive) -> int | None:
        began = self._clocks.monotonic()
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._try_once(image, alive, began + LONGEST)
            except CallError as error:
                pause = next(pauses, None)
                if pause is None or not self._passes_in_time(error, began):
                    raise errors.of_removal(
                        image.image_id, image.store, error
                    ) from error
            self._clocks.sleep(pause)

    def _passes_in_time(self, error: CallError, began: float) -> bool:
        late = self._clocks.monotonic() - began > _IN_TIME
        return (
            isinstance(error, XapiFailure)
            and error.code in PASSING
            and not late
        )

    def _try_once(
        self, image: CachedImage, alive: Alive, end: float
    ) -> int | None:
        disk = self._judge_disk(image, alive)
        if disk is None:
            return 0
        try:
            self._removals.destroy(
                disk, end, lambda: self._hold_back_if_late(image, alive)
            )
        except XapiFailure as error:
            if errors.is_gone(error, disk.ref, disk.uuid):
                return 0
            raise
        self._releasing.note(image.store, image.frees or 0)
        # A base copy is the collector's, which comes later.
        return None if disk.parent else disk.size or None

    def _hold_back_if_late(self, image: CachedImage, alive: Alive) -> None:
        """Keep a request back that would leave too late.

        It is one with nothing: whoever is granted the image since the disk
        was read, was so because nobody heeds the claim any more.
        """
        self._check_time(image, _TO_ARRIVE)
        check_claimed(image, image.marks.labels, alive)

    def _check_time(
        self, image: CachedImage, spare: datetime.timedelta
    ) -> None:
        # However long earlier tries took: without a claim nobody waits for
        # us.  Of those seen by the look that allowed this, ours is the last
        # to end.
        now = self._clocks.now()
        claims = image.marks.claims.values()
        if claims and max(claims) < now + spare:
            raise ImageBusy(image.image_id, 'its claim ran out of time')

    def _judge_disk(self, image: CachedImage, alive: Alive) -> Disk | None:
        """Give a disk as last read, sure that it may go; None: it is gone.

        That disk is read last: its mark, its name and its VBDs decide about
        somebody's data.  Who comes to share its bytes a moment before keeps
        them in the base copy.

        :raises ImageInUse: when somebody has it.
        :raises ImageBusy: when its labels forbid it, or it cannot be judged.
        """
        parent = self._looks.parent(image)
        survey = self._looks.latest(image)
        sleepers = self._sleepers(image, survey)
        disk = self._looks.find(image)
        if disk is None:
            return None
        if survey is None or not survey.hangs(disk):
            survey = self._looks.anew(image.store)
            disk = _find_again(survey, image, parent or disk.parent)
            if disk is None:
                return None
        fresh = survey.image(disk)
        if users := sleepers.union(fresh.users or ()):
            raise ImageInUse(image.image_id, users)
        check_claimed(image, disk.labels, alive)
        self._check_time(image, _TO_SPARE)
        if why := fresh.busy or fresh.unknown:
            raise ImageBusy(image.image_id, why)
        return disk

    def _sleepers(
        self, image: CachedImage, survey: Survey | None
    ) -> frozenset[str]:
        """Give who sleeps on it by now; a look at all disks tells itself."""
        disk = None if survey is None else survey.disk(image.location)
        if disk is None:
            return frozenset()
        return frozenset(self._looks.sleepers(image, disk.ref))


def _find_again(
    survey: Survey, image: CachedImage, parent: str | None
) -> Disk | None:
    """Give a disk, which had that parent, as it is in a look at all others."""
    disk = survey.disk(image.location)
    if disk is None or disk.image_id != image.image_id:
        return None
    # The collector takes the parent off a disk before it writes another, and
    # for that moment nobody seems to share it.
    if parent and not disk.parent:
        raise ImageBusy(image.image_id, 'its chain is changing')
    return disk
