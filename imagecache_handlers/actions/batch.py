"""Batch: images that share one claim and one fresh look."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import datetime
from typing import NamedTuple

from imagecache_handlers.actions.batch_size import Cost
from imagecache_handlers.actions.claimed_images import ClaimedImages
from imagecache_handlers.actions.leaving_stores import Trouble
from imagecache_handlers.actions.removing import Passed
from imagecache_handlers.actions.removing import Remover
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.clocks import POLL
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Identity
from imagecache_handlers.planning import blockers
from imagecache_handlers.planning import duplicates
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import keep_blocked
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

_OUT_OF_TIME = 'its claim ran out of time'


class _Look(NamedTuple):
    """What a fresh look showed, and what it is judged by."""

    evidence: Evidence
    began: datetime.datetime
    images: Mapping[Identity, CachedImage]
    surplus: Collection[Identity]


class Batch:
    """Images of one store that share one claim and one fresh look."""

    def __init__(self, terms: Terms, store: str, trouble: Trouble) -> None:
        self._terms = terms
        self._means = terms.means
        self._store = store
        self._trouble = trouble
        self._claimed = ClaimedImages(terms, trouble)
        self._claim = self._claimed.claim
        self._shared = 0.0
        self._remover = Remover(terms.means, self._claimed, trouble)

    @property
    def cost(self) -> Cost:
        return Cost(
            batches=1,
            shared=self._shared,
            removals=self._remover.removals,
            removing=self._remover.seconds,
        )

    @property
    def outcomes(self) -> list[Outcome]:
        return self._claimed.outcomes

    def evict_images(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """Evict what may go; give back what could not begin in time."""
        with self._counting_seconds(self._means.handler.marks_many):
            self._claimed.claim_images(verdicts)
        while self._claimed.waiting and self._claim.in_time():
            look = self._look_again()
            if look is not None:
                self._remover.remove_images(self._pass_images(look))
            if self._claimed.waiting:
                self._means.clocks.sleep(POLL)
        for verdict in list(self._claimed.waiting.values()):
            self._claimed.keep_image(verdict, verdict.image, _OUT_OF_TIME)
        if self.outcomes or self._terms.should_stop():
            return self._claimed.late
        # A batch that ended nothing would fare no better if repeated.
        for verdict in self._claimed.late:
            self._claimed.end_image(verdict, Did.KEPT, _OUT_OF_TIME)
        return []

    @contextlib.contextmanager
    def _counting_seconds(self, counts: bool = True) -> Iterator[None]:
        """Count what all images of the batch share."""
        timer = Timer(self._means.clocks)
        yield
        if counts:
            self._shared += timer.elapsed.total_seconds()

    def _look_again(self) -> _Look | None:
        """Look at what is claimed; None: that failed, and ended them all."""
        waiting = list(self._claimed.waiting.values())
        ids = {one.image.image_id for one in waiting}
        evidence = self._terms.evidence.get()
        # Others' labels are judged by a clock that was read before the look:
        # what lived then may be long dead when an image's turn comes.
        now = self._means.clocks.now()
        try:
            with self._counting_seconds():
                found = self._means.handler.enumerate(self._store, ids)
        except CacheError as error:
            self._trouble.count_failure(error)
            for verdict in waiting:
                why = f'no fresh look: {error}'
                self._claimed.fail_image(verdict, verdict.image, why)
            return None
        # A copy that others claim may go: it replaces none of ours.
        sure = [image for image in found if not self._may_go(image, now)]
        return _Look(
            evidence=evidence,
            began=now,
            images={image.identity: image for image in found},
            surplus=duplicates.surplus_copies(sure),
        )

    def _may_go(self, image: CachedImage, now: datetime.datetime) -> bool:
        """Tell if others may remove a copy, or may be doing so."""
        others = [
            expiry
            for token, expiry in image.marks.claims.items()
            if token != self._claim.token
        ]
        return bool(others and image.busy is not None) or any(
            self._means.rules.is_live(expiry, now) for expiry in others
        )

    def _pass_images(self, look: _Look) -> Iterator[Passed]:
        """Give what may go, one by one, and end with what may not."""
        for identity, verdict in list(self._claimed.waiting.items()):
            image = look.images.get(identity)
            if image is None:
                self._claimed.withdraw_claim(verdict.image)
                self._claimed.end_image(verdict, Did.GONE)
            elif self._claimed.is_over():
                self._claimed.put_off(verdict)
            elif self._may_remove(verdict, image, look):
                yield verdict, image

    def _may_remove(
        self, verdict: Verdict, image: CachedImage, look: _Look
    ) -> bool:
        """Decide again; what is to stay, and need not wait, ends here."""
        if self._claim.token not in image.marks.claims:
            self._claimed.keep_image(verdict, image, 'its claim was lost')
            return False
        why = self._blockers_left(image, look)
        if not why:
            return True
        if not self._outlasts_claims(image, why):
            stays = keep_blocked(image, why, verdict.retired)
            self._claimed.keep_image(stays, image)
        return False

    def _blockers_left(
        self, image: CachedImage, look: _Look
    ) -> tuple[Blocker, ...]:
        found = blockers.find_blockers(
            image,
            look.evidence,
            look.began,
            self._means.rules,
            surplus=image.identity in look.surplus,
            own={self._claim.token},
        )
        return tuple(
            one for one in found if not self._terms.may_overrule(image, one)
        )

    def _outlasts_claims(
        self, image: CachedImage, why: Iterable[Blocker]
    ) -> bool:
        """Tell if only claims block that must yield to this one.

        Of several live claims the smallest token stays, so that sweepers
        in step do not keep each other from freeing space for ever.
        """
        return image.busy is None and all(
            one.reason is Reason.BUSY and self._claim.token < min(one.who)
            for one in why
        )
