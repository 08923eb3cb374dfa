"""Removing: what a fresh look let pass, and what became of it."""

from collections.abc import Iterable
import datetime

from imagecache_handlers.actions.claimed_images import ClaimedImages
from imagecache_handlers.actions.following import End
from imagecache_handlers.actions.following import Following
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Did
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.verdicts import Verdict

# So long a wait for a removal that came to nothing does not pass by itself.
_LONG = datetime.timedelta(minutes=1)

# An image that may go, as the fresh look shows it.
Passed = tuple[Verdict, CachedImage]


class Remover:
    """Removes images under their claim, and says what became of each."""

    def __init__(
        self, means: Means, claimed: ClaimedImages, trouble: Trouble
    ) -> None:
        self._means = means
        self._handler = means.handler
        self._claimed = claimed
        self._trouble = trouble

    def remove_images(self, passed: Iterable[Passed]) -> None:
        """Remove each image, one after the other, while there is time."""
        for verdict, image in passed:
            if self._claimed.claim.in_time():
                self._remove_image(verdict, image)
            else:
                # Its turn came late.
                self._claimed.put_off(verdict)

    def _remove_image(self, verdict: Verdict, image: CachedImage) -> None:
        try:
            freed = self._handler.evict(image, self._claimed.claim.alive)
        except CacheError as error:
            self._end_refused(verdict, image, error)
        else:
            self._end_removed(verdict, image, freed)

    def _end_removed(
        self, verdict: Verdict, image: CachedImage, freed: int | None
    ) -> None:
        self._trouble.count_removal()
        gone = freed == 0 and image.reclaimable
        did = Did.GONE if gone else Did.EVICTED
        self._claimed.end_image(verdict, did, freed=freed)

    def _end_refused(
        self, verdict: Verdict, image: CachedImage, error: CacheError
    ) -> None:
        if isinstance(error, ImageBusy | ImageInUse | Undeletable):
            self._trouble.count_removal(error)
            self._claimed.keep_image(verdict, image, str(error))
        elif isinstance(error, StoreUnavailable):
            self._trouble.count_removal(error)
            self._claimed.fail_image(verdict, image, str(error))
        elif isinstance(error, ImageNotFound):
            self._trouble.count_removal()
            self._claimed.end_image(verdict, Did.GONE)
        else:
            # No other error promises that nothing was begun.
            self._follow_lost_reply(verdict, image, error)

    def _follow_lost_reply(
        self, verdict: Verdict, image: CachedImage, error: CacheError
    ) -> None:
        """Look what became of an eviction whose reply was lost."""
        timer = Timer(self._means.clocks)
        following = Following(means=self._means)
        end = following.follow_removal(image, self._claimed.claim, error)
        in_vain = end is End.STAYED and timer.elapsed >= _LONG
        pending = in_vain or end is End.PENDING
        self._trouble.count_removal(error, pending=pending)
        did = Did.GONE if end is End.GONE else Did.UNCERTAIN
        self._claimed.end_image(verdict, did, str(error), freed=None)
