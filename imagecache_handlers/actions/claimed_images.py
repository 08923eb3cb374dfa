"""Claimed images: those of one batch, each until it has its outcome."""

from collections.abc import Iterable
import logging
import secrets

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
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

    def is_over(self) -> bool:
        """Tell if no more images may have their turn."""
        return self._terms.should_stop() or self._trouble.why is not None

    def claim_images(self, verdicts: Iterable[Verdict]) -> None:
        """Write the claim on each, as long as they will find the time."""
        for verdict in verdicts:
            if self.claim.has_room() and not self.is_over():
                self._claim_image(verdict)
            else:
                self.late.append(verdict)

    def _claim_image(self, verdict: Verdict) -> None:
        image = verdict.image
        try:
            self._handler.mark(image, {self.claim.label})
        except ImageNotFound:
            self.end_image(verdict, Did.GONE)
        except CacheError as error:
            # Only this one promises that nothing was written.
            if not isinstance(error, StoreUnavailable):
                self.withdraw_claim(image)
            self._trouble.count_unclaimed(error)
            self.end_image(verdict, Did.FAILED, f'it was not claimed: {error}')
        else:
            self.waiting[image.identity] = verdict

    def put_off(self, verdict: Verdict) -> None:
        """Let an image go for now: it needs a new claim and a new look."""
        self.waiting.pop(verdict.image.identity)
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

    def withdraw_claim(self, image: CachedImage) -> None:
        """Take a claim off, unless the store takes off none at all."""
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
