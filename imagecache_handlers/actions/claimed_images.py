"""Claimed images: those of one batch, each until it has its outcome."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging
import secrets

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.results import Untold
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Identity
from imagecache_handlers.planning.verdicts import Verdict

LOG = logging.getLogger(__name__)

# Labels in a row that a store did not take off: it will take off no more.
_SILENT = 2


class ClaimedImages:
    """The images of one batch, under one claim of one's own.

    ``waiting`` has no outcome yet; ``late`` is put off to a batch with a new
    claim and a new look.
    """

    def __init__(self, terms: Terms, trouble: Trouble) -> None:
        self._terms = terms
        self._handler = terms.means.handler
        self._trouble = trouble
        token = secrets.token_hex(8)
        self.claim = Claim(token, terms.means.clocks, terms.means.rules)
        self.waiting: dict[Identity, Verdict] = {}
        self.late: list[Verdict] = []
        self.outcomes: list[Outcome] = []
        self._not_withdrawn = 0
        self._to_withdraw: list[CachedImage] | None = None

    def is_over(self) -> bool:
        """Tell if no more images may have their turn."""
        return self._terms.should_stop() or self._trouble.why is not None

    def claim_images(self, verdicts: Iterable[Verdict]) -> None:
        """Write the claim on each, as long as they will find the time."""
        if self._handler.marks_many:
            self._claim_together(list(verdicts))
            return
        for verdict in verdicts:
            if self._may_claim():
                self._end_claiming(verdict, self._claim_image(verdict.image))
            else:
                self.late.append(verdict)

    def _may_claim(self) -> bool:
        """Tell if one more image may be claimed."""
        return self.claim.has_room() and not self.is_over()

    def _claim_image(self, image: CachedImage) -> CacheError | None:
        try:
            self._handler.mark(image, {self.claim.label})
        except CacheError as error:
            return error
        return None

    def _claim_together(self, verdicts: list[Verdict]) -> None:
        untold = collections.deque(verdicts)
        images = [verdict.image for verdict in verdicts]
        results = self._handler.mark_many(images, {self.claim.label})
        with self.withdraw_later(), contextlib.closing(results):
            for result in results:
                verdict = untold.popleft()
                if isinstance(result, Untold):
                    # All that follow are as well: they take no time.
                    again = not result.first
                    self._end_claiming(verdict, result.error, again=again)
                    continue
                self._end_claiming(verdict, result)
                # What follows the last result is the handler's to finish.
                if untold and not self._may_claim():
                    break
        for verdict in untold:
            # Its claim may be written all the same.
            self.put_off(verdict)

    def _end_claiming(
        self,
        verdict: Verdict,
        error: CacheError | None,
        *,
        again: bool = False,
    ) -> None:
        """Wait for the look at what is claimed, end with what is not.

        ``again``: the same failure was counted for another image.
        """
        if error is None:
            self.waiting[verdict.image.identity] = verdict
        elif isinstance(error, ImageNotFound):
            self.end_image(verdict, Did.GONE)
        else:
            # Only this one promises that nothing was written.
            if not isinstance(error, StoreUnavailable):
                self.withdraw_claim(verdict.image)
            if not again:
                self._trouble.count_unclaimed(error)
            self.end_image(verdict, Did.FAILED, f'it was not claimed: {error}')

    def put_off(self, verdict: Verdict) -> None:
        """Let an image go for now: it needs a new claim and a new look."""
        self.waiting.pop(verdict.image.identity, None)
        self.withdraw_claim(verdict.image)
        self.late.append(verdict)

    def keep_image(
        self, verdict: Verdict, image: CachedImage, why: str = ''
    ) -> None:
        self.withdraw_claim(image)
        self.end_image(verdict, Did.KEPT, why)

    def fail_image(
        self, verdict: Verdict, image: CachedImage, why: str
    ) -> None:
        """End with an image to which nothing was done."""
        self.withdraw_claim(image)
        self.end_image(verdict, Did.FAILED, why)

    def end_image(
        self,
        verdict: Verdict,
        did: Did,
        why: str = '',
        freed: int | None = 0,
    ) -> None:
        image = verdict.image
        self.waiting.pop(image.identity, None)
        LOG.info('%s %s: %s %s', image.identity, image.image_id, did, why)
        outcome = Outcome(verdict=verdict, did=did, freed=freed, why=why)
        self.outcomes.append(outcome)
        self._terms.on_outcome(outcome)

    @contextlib.contextmanager
    def withdraw_later(self) -> Iterator[None]:
        """Take claims off only afterwards: the handler is at work."""
        images: list[CachedImage] = []
        self._to_withdraw = images
        yield
        self._to_withdraw = None
        for image in images:
            self.withdraw_claim(image)

    def withdraw_claim(self, image: CachedImage) -> None:
        """Take a claim off, unless the store takes off none at all."""
        if self._to_withdraw is not None:
            self._to_withdraw.append(image)
            return
        if self._not_withdrawn >= _SILENT:
            self._warn_of_claim(image, 'others could not be taken off')
            return
        try:
            self._handler.mark(image, (), {self.claim.label})
        except ImageNotFound:
            LOG.debug('Image %s is gone, and its claim', image.image_id)
        except CacheError as error:
            self._not_withdrawn += 1
            self._warn_of_claim(image, error)
            return
        self._not_withdrawn = 0

    def _warn_of_claim(self, image: CachedImage, why: object) -> None:
        LOG.warning(
            'Image %s stays claimed until the claim expires: %s',
            image.image_id,
            why,
        )
