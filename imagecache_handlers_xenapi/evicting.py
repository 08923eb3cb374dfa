"""Evicting: an image is judged anew before each try, and within its claim."""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import TooLate
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.destroying import EndTask
from imagecache_handlers_xenapi.destroying import LONGEST
from imagecache_handlers_xenapi.destroying import Removals
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.last_looks import LastLooks
from imagecache_handlers_xenapi.last_looks import TOGETHER
from imagecache_handlers_xenapi.looks import Looks
from imagecache_handlers_xenapi.pending_space import Releasing
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import PASSING
from imagecache_handlers_xenapi.port.errors import XapiFailure

_OUT_OF_TIME = 'its claim ran out of time'

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
        return self._take_turns().evict(image, (), alive)

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Iterator[int | None | CacheError]:
        """Evict one after another: an SR works on one of its disks."""
        with self._removals.forgetting_beside() as end_task:
            turns = self._take_turns(end_task)
            for number, image in enumerate(images, 1):
                others = images[number : number + TOGETHER - 1]
                try:
                    if not in_time():
                        raise ImageBusy(image.image_id, _OUT_OF_TIME)
                    result = turns.evict(image, others, in_time)
                except CacheError as error:
                    yield error
                else:
                    yield result

    def _take_turns(self, end_task: EndTask | None = None) -> '_Turns':
        return _Turns(
            looks=LastLooks(self._looks, self._clocks),
            removals=self._removals,
            releasing=self._releasing,
            clocks=self._clocks,
            end_task=end_task,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Turns:
    """Images of one store whose turn comes, one after another."""

    looks: LastLooks
    removals: Removals
    releasing: Releasing
    clocks: Clocks
    end_task: EndTask | None

    def evict(
        self, image: CachedImage, others: Sequence[CachedImage], alive: Alive
    ) -> int | None:
        """Evict an image, before others that share its look."""
        began = self.clocks.monotonic()
        pauses = iter(_PAUSES)
        while True:
            try:
                disk = self._judge_disk(image, others, alive)
                return self._destroy_disk(disk, image, alive, began + LONGEST)
            except CallError as error:
                pause = next(pauses, None)
                if pause is None or not self._passes_in_time(error, began):
                    raise errors.of_removal(
                        image.image_id, image.store, error
                    ) from error
            self.clocks.sleep(pause)

    def _passes_in_time(self, error: CallError, began: float) -> bool:
        late = self.clocks.monotonic() - began > _IN_TIME
        return (
            isinstance(error, XapiFailure)
            and error.code in PASSING
            and not late
        )

    def _destroy_disk(
        self, disk: Disk | None, image: CachedImage, alive: Alive, end: float
    ) -> int | None:
        if disk is None:
            return 0
        try:
            self.removals.destroy(
                disk,
                end,
                lambda: self._hold_back_if_late(image, alive),
                self.end_task,
            )
        except XapiFailure as error:
            if errors.is_gone(error, disk.ref, disk.uuid):
                return 0
            raise
        self.releasing.note(image.store, image.frees or 0)
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
        now = self.clocks.now()
        claims = image.marks.claims.values()
        if claims and max(claims) < now + spare:
            raise TooLate(image.image_id, _OUT_OF_TIME)

    def _judge_disk(
        self, image: CachedImage, others: Sequence[CachedImage], alive: Alive
    ) -> Disk | None:
        """Give a disk as last read, sure that it may go; None: it is gone.

        :raises ImageInUse: when somebody has it.
        :raises ImageBusy: when its labels forbid it, or it cannot be judged.
        """
        seen = self.looks.look(image, others)
        if seen is None:
            return None
        fresh = seen.survey.image(seen.disk)
        if users := {*seen.sleepers, *(fresh.users or ())}:
            raise ImageInUse(image.image_id, users)
        check_claimed(image, seen.disk.labels, alive)
        self._check_time(image, _TO_SPARE)
        if why := fresh.busy or fresh.unknown:
            raise ImageBusy(image.image_id, why)
        return seen.disk
