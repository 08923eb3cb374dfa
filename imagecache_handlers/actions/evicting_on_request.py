"""Evicting on request: one outcome for each copy of an image."""

from collections.abc import Iterable
import dataclasses

from imagecache_handlers.actions.evicting import evict_images
from imagecache_handlers.actions.listing import find_copies
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.terms import make_terms
from imagecache_handlers.actions.terms import MayOverrule
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning import blockers
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import FORCEABLE
from imagecache_handlers.planning.verdicts import keep_blocked
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict


def evict_image(
    means: Means,
    image_id: str,
    evidence: Evidence,
    store: str | None,
    *,
    force: bool,
) -> list[Outcome]:
    """Evict the copies of an image, as far as what stands there allows."""
    now = means.clocks.now()
    copies = find_copies(means.handler, means.key_of(image_id), store)
    known = means.translate_evidence(evidence)
    found = [
        (one, tuple(blockers.find_blockers(one, known, now, means.rules)))
        for one in copies
    ]
    terms = make_terms(means, lambda: evidence, evidence)
    if force:
        may_overrule = overrule_known_pins(copies)
        terms = dataclasses.replace(terms, may_overrule=may_overrule)
    return [
        outcome
        for image, why in found
        for outcome in _evict_copy(terms, image, why)
    ]


def _evict_copy(
    terms: Terms, image: CachedImage, why: tuple[Blocker, ...]
) -> list[Outcome]:
    if not all(terms.may_overrule(image, one) for one in why):
        verdict = keep_blocked(image, why)
        return [Outcome(verdict=verdict, did=Did.KEPT)]
    verdict = Verdict(image=image, evict=True, reason=Reason.ASKED, rank=0)
    return [
        outcome
        if outcome.did is Did.KEPT
        else dataclasses.replace(outcome, overruled=why)
        for outcome in evict_images(terms, image.store, [verdict]).outcomes
    ]


def overrule_known_pins(first_look: Iterable[CachedImage]) -> MayOverrule:
    """Overrule what may be forced; of pins, only those of the first look."""
    known = {
        image.identity: image.marks.labels_of('pin') for image in first_look
    }

    def may_overrule(image: CachedImage, blocker: Blocker) -> bool:
        if blocker.reason is Reason.PINNED:
            return image.marks.labels_of('pin') <= known[image.identity]
        return blocker.reason in FORCEABLE

    return may_overrule
