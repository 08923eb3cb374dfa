"""Removing: what a fresh look let pass, and what became of it."""

from collections.abc import Iterable

from imagecache_handlers.actions.claimed_images import ClaimedImages
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.lost_removals import End
from imagecache_handlers.actions.lost_removals import Following
from imagecache_handlers.actions.lost_removals import Lost
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.results import Untold
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import TooLate
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Identity
from imagecache_handlers.planning.verdicts import Verdict

# An image that may go, as the fresh look shows it.
Passed = tuple[Verdict, CachedImage]


class InTime:
    """Tells if one more removal may begin; a no is its last word."""

    def __init__(self, claimed: ClaimedImages) -> None:
        self._claimed = claimed
        self.said_no = False

    def __call__(self) -> bool:
        if not self.said_no:
            over = self._claimed.is_over()
            # The clock last: whatever was asked before took its time.
            self.said_no = over or not self._claimed.claim.in_time()
        return not self.said_no


class Remover:
    """Removes images under their claim, and says what became of each."""

    def __init__(
        self, means: Means, claimed: ClaimedImages, trouble: Trouble
    ) -> None:
        self._means = means
        self._handler = means.handler
        self._claimed = claimed
        self._trouble = trouble
        self._lost: dict[Identity, tuple[Verdict, Lost]] = {}
        self.removals = 0
        self.seconds = 0.0

    def remove_images(self, passed: Iterable[Passed]) -> None:
        """Remove images, while there is time for it."""
        if self._handler.evicts_many:
            self._remove_together(list(passed))
        else:
            self._remove_one_by_one(passed)

    def _remove_one_by_one(self, passed: Iterable[Passed]) -> None:
        for verdict, image in passed:
            if self._claimed.claim.in_time():
                self._remove_image(verdict, image)
            else:
                # Its turn came late.
                self._claimed.put_off(verdict)

    def _remove_image(self, verdict: Verdict, image: CachedImage) -> None:
        timer = Timer(self._means.clocks)
        try:
            freed = self._handler.evict(image, self._claimed.claim.is_alive)
        except CacheError as error:
            self._count_time(timer, 1)
            self._end_refused(verdict, image, error)
            self._follow_lost()
        else:
            self._count_time(timer, 1)
            self._end_removed(verdict, image, freed)

    def _remove_together(self, passed: list[Passed]) -> None:
        in_time = InTime(self._claimed)
        if not passed or not in_time():
            for verdict, _ in passed:
                self._claimed.put_off(verdict)
            return
        timer = Timer(self._means.clocks)
        images = [image for _, image in passed]
        results = self._handler.evict_many(images, in_time)
        with self._claimed.withdraw_later():
            for (verdict, image), result in zip(passed, results, strict=True):
                self._end_with_result(verdict, image, result, in_time)
            self._count_time(timer, len(passed))
        self._follow_lost()

    def _end_with_result(
        self,
        verdict: Verdict,
        image: CachedImage,
        result: int | None | CacheError | Untold,
        in_time: InTime,
    ) -> None:
        if isinstance(result, Untold):
            again = not result.first
            self._end_refused(verdict, image, result.error, again=again)
        elif not isinstance(result, CacheError):
            self._end_removed(verdict, image, result)
        elif _is_late(result, in_time.said_no):
            self._claimed.put_off(verdict)
        else:
            self._end_refused(verdict, image, result)

    def _count_time(self, timer: Timer, removals: int) -> None:
        self.seconds += timer.elapsed.total_seconds()
        self.removals += removals

    def _end_removed(
        self, verdict: Verdict, image: CachedImage, freed: int | None
    ) -> None:
        self._trouble.count_removal()
        gone = freed == 0 and image.reclaimable
        did = Did.GONE if gone else Did.EVICTED
        self._claimed.end_image(verdict, did, freed=freed)

    def _end_refused(
        self,
        verdict: Verdict,
        image: CachedImage,
        error: CacheError,
        *,
        again: bool = False,
    ) -> None:
        """End with an image, unless its removal may have begun.

        ``again``: the same failure was counted for another image.
        """
        gone = isinstance(error, ImageNotFound)
        if not again:
            self._trouble.count_removal(None if gone else error)
        if gone:
            self._claimed.end_image(verdict, Did.GONE)
        elif isinstance(error, ImageBusy | ImageInUse | Undeletable):
            self._claimed.keep_image(verdict, image, str(error))
        elif isinstance(error, StoreUnavailable):
            self._claimed.fail_image(verdict, image, str(error))
        else:
            # No other error promises that nothing was begun.
            lost = Lost(image=image, error=error, again=again)
            self._lost[image.identity] = verdict, lost

    def _follow_lost(self) -> None:
        """Look what became of evictions whose replies were lost."""
        following = Following(self._means, self._claimed.claim)
        lost = [one for _, one in self._lost.values()]
        for identity, end in following.follow_removals(lost).items():
            verdict, one = self._lost.pop(identity)
            self._trouble.count_end(one, end)
            did = Did.GONE if end is End.GONE else Did.UNCERTAIN
            self._claimed.end_image(verdict, did, str(one.error), freed=None)


def _is_late(error: CacheError, said_no: bool) -> bool:
    """Tell if an image may be busy only because it was too late for it."""
    if isinstance(error, TooLate):
        return True
    busy = isinstance(error, ImageBusy) and not isinstance(error, StoreBusy)
    return said_no and busy
