"""Following: what became of a removal whose end nobody has seen."""

import dataclasses
import enum
import logging

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.means import Means
from imagecache_handlers.clocks import POLL
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.model import CachedImage

LOG = logging.getLogger(__name__)


class End(enum.Enum):
    """What became of an image that was to be removed."""

    GONE = enum.auto()
    STAYED = enum.auto()
    PENDING = enum.auto()  # it may yet go


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Looks after removals of one's own, each under its claim.

    What is left stays claimed, for the removal may still come: nobody is to
    use the image until that claim has expired, and nobody does while the
    handler shows it as busy.
    """

    means: Means

    def follow_removal(
        self, image: CachedImage, claim: Claim, error: CacheError
    ) -> End:
        """Wait for the end, unless the handler has waited already."""
        waited = isinstance(error, Unfinished)
        try:
            return self._wait_for_the_end(image, claim, waited=waited)
        except CacheError as trouble:
            LOG.warning('Image %s cannot be seen: %s', image.image_id, trouble)
            return End.PENDING

    def _wait_for_the_end(
        self, image: CachedImage, claim: Claim, *, waited: bool
    ) -> End:
        timer = Timer(self.means.clocks)
        while True:
            left = self._find_again(image, claim)
            if left is None:
                return End.GONE
            if left.busy is None and not waited:
                return End.STAYED
            if not claim.in_time():
                claim = self._renew_claim(claim, left)
            if waited or timer.elapsed >= self.means.rules.deadline:
                return End.PENDING
            self.means.clocks.sleep(POLL)

    def _find_again(
        self, image: CachedImage, claim: Claim
    ) -> CachedImage | None:
        images = self.means.handler.enumerate(image.store, {image.image_id})
        for found in images:
            claimed = claim.token in found.marks.claims
            if found.identity == image.identity and claimed:
                return found
        return None

    def _renew_claim(self, claim: Claim, image: CachedImage) -> Claim:
        if not claim.alive():
            # Somebody may have been granted the image since.
            return claim
        renewed = claim.renewed()
        self.means.handler.mark(image, {renewed.label}, {claim.label})
        return renewed
