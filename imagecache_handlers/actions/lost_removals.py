"""Lost removals: what became of those whose end nobody has seen."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import enum
import logging

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.means import Means
from imagecache_handlers.clocks import POLL
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Identity

LOG = logging.getLogger(__name__)

# So long a wait for a removal that came to nothing does not pass by itself.
_LONG = datetime.timedelta(minutes=1)


class End(enum.Enum):
    """What became of an image that was to be removed."""

    GONE = enum.auto()
    STAYED = enum.auto()
    IN_VAIN = enum.auto()  # it stayed, and that was waited for
    PENDING = enum.auto()  # it may yet go


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An image whose removal was begun, with no word of how it ended."""

    image: CachedImage
    error: CacheError
    # Whether that error stands for another image as well, and was counted.
    again: bool = False

    @property
    def has_waited(self) -> bool:
        """Whether the handler has waited already, as long as is worth it."""
        return isinstance(self.error, Unfinished)


class Following:
    """Looks after removals of one store, all under one's own claim.

    What is left stays claimed, for the removal may still come: nobody is to
    use the image until that claim has expired, and nobody does while the
    handler shows it as busy.
    """

    def __init__(self, means: Means, claim: Claim) -> None:
        self._means = means
        self._claim = claim
        self._renewed: dict[Identity, Claim] = {}
        self._timer = Timer(means.clocks)

    def follow_removals(
        self, removals: Collection[Lost]
    ) -> dict[Identity, End]:
        """Wait for the end of each, all at once, and no longer than is due."""
        left = {one.image.identity: one for one in removals}
        ends: dict[Identity, End] = {}
        while left:
            ends |= self._look_at_ends(left)
            left = {key: one for key, one in left.items() if key not in ends}
            if left:
                self._means.clocks.sleep(POLL)
        return ends

    def _look_at_ends(
        self, left: Mapping[Identity, Lost]
    ) -> dict[Identity, End]:
        """Tell of those that have ended, or are followed no further."""
        try:
            found = self._look_again(left.values())
        except CacheError as trouble:
            LOG.warning('What was to be removed cannot be seen: %s', trouble)
            return dict.fromkeys(left, End.PENDING)
        ends = {
            identity: self._end_of(lost, found.get(identity))
            for identity, lost in left.items()
        }
        return {key: end for key, end in ends.items() if end is not None}

    def _look_again(
        self, removals: Iterable[Lost]
    ) -> dict[Identity, CachedImage]:
        """Give those images that still bear the claim."""
        images = [one.image for one in removals]
        ids = {one.image_id for one in images}
        return {
            found.identity: found
            for found in self._means.handler.enumerate(images[0].store, ids)
            if self._claim.token in found.marks.claims
        }

    def _end_of(self, lost: Lost, image: CachedImage | None) -> End | None:
        if image is None:
            return End.GONE
        if image.busy is None and not lost.has_waited:
            long = self._timer.elapsed >= _LONG
            return End.IN_VAIN if long else End.STAYED
        if not self._renew_claim(image):
            return End.PENDING
        is_late = self._timer.elapsed >= self._means.rules.deadline
        return End.PENDING if lost.has_waited or is_late else None

    def _renew_claim(self, image: CachedImage) -> bool:
        """Renew the claim if that is due; False: that failed."""
        claim = self._renewed.get(image.identity, self._claim)
        # Once it has died, somebody may have been granted the image.
        if claim.in_time() or not claim.is_alive():
            return True
        renewed = claim.renew_claim()
        try:
            self._means.handler.mark(image, {renewed.label}, {claim.label})
        except CacheError as trouble:
            LOG.warning('Image %s cannot be seen: %s', image.image_id, trouble)
            return False
        self._renewed[image.identity] = renewed
        return True
