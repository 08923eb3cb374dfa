"""How an image goes: judged anew before each try, and within its claim."""

import datetime

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.marks import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi import failures
from imagecache_handlers_xenapi.failures import CallError
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.failures import PASSING
from imagecache_handlers_xenapi.looking import Looks
from imagecache_handlers_xenapi.removal import LONGEST
from imagecache_handlers_xenapi.removal import Removals
from imagecache_handlers_xenapi.survey import newborn
from imagecache_handlers_xenapi.timing import Clocks

# Seconds between tries of what xapi refuses for the moment; what took longer
# was no passing trouble.
_PAUSES = (1.0, 2.0, 4.0)
_IN_TIME = 8.0
# A destroy is asked for only while the claim is good for so much longer:
# the request has to arrive before others may disregard the claim.  Twice a
# minute may pass until it is sent, and it may be two on its way.
_TO_SPARE = datetime.timedelta(minutes=4)


class Evicting:
    """Removes images, unless something speaks against it at the last."""

    def __init__(
        self,
        looks: Looks,
        removals: Removals,
        grace: datetime.timedelta,
        clocks: Clocks,
    ) -> None:
        self._looks = looks
        self._removals = removals
        self._grace = grace
        self._clocks = clocks

    def evict(self, image: CachedImage) -> int | None:
        began = self._clocks.monotonic()
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._try(image, began + LONGEST)
            except CallError as error:
                pause = next(pauses, None)
                if pause is None or not self._passes(error, began):
                    raise failures.of_removal(
                        image.image_id, image.store, error
                    ) from error
            self._clocks.sleep(pause)

    def _passes(self, error: CallError, began: float) -> bool:
        late = self._clocks.monotonic() - began > _IN_TIME
        return isinstance(error, Failed) and error.code in PASSING and not late

    def _try(self, image: CachedImage, end: float) -> int | None:
        disk = self._looks.find(image)
        if disk is None:
            return 0
        if disk.parent:
            disk = self._unshared(image)
        self._refuse(disk, image)
        try:
            self._removals.destroy(disk, end)
        except Failed as error:
            if failures.is_gone(error, disk.ref, disk.uuid):
                return 0
            raise
        # A base copy is the collector's, which comes later.
        return None if disk.parent else disk.size or None

    def _unshared(self, image: CachedImage) -> Disk:
        """Give the disk as last read, once nobody shares its base copy.

        Only its SR as a whole tells who else hangs off that.
        """
        survey = self._looks.survey(image.store)
        disk = survey.disk(image.location)
        if disk is None or disk.image_id != image.image_id:
            raise ImageBusy(image.image_id, 'it is that image no longer')
        now = survey.image(disk)
        if now.users:
            raise ImageInUse(image.image_id, now.users)
        if why := now.unknown or now.busy:
            raise ImageBusy(image.image_id, why)
        return disk

    def _refuse(self, disk: Disk, image: CachedImage) -> None:
        """Make sure once more that an image may go.

        :raises ImageInUse: when somebody has it.
        :raises ImageBusy: when its labels forbid it, or it cannot be judged.
        """
        if disk.vbds:
            raise ImageInUse(image.image_id, disk.vbds)
        now = self._clocks.now()
        why = (
            _protected(disk, image, now)
            or disk.busy
            or chain.blind(self._looks.repository(image.store).kind)
            or disk.format_problem
            or newborn(disk, self._grace, now)
        )
        if why:
            raise ImageBusy(image.image_id, why)


def _protected(
    disk: Disk, image: CachedImage, now: datetime.datetime
) -> str | None:
    """Say which labels forbid a removal that earlier ones allowed."""
    if not image.marks.labels <= disk.labels:
        return 'it has lost a label'
    came = Marks.read(disk.labels - image.marks.labels)
    if came.of('pin') or came.of('lease'):
        return 'somebody asked for it meanwhile'
    # However long earlier tries took: without a claim nobody waits for us.
    # Of those seen by the look that allowed this, ours is the last to end.
    claims = image.marks.claims.values()
    if claims and max(claims) < now + _TO_SPARE:
        return 'its claim ran out of time'
    return None
