"""Evicting on request: one outcome for each copy of an image."""

from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime

from imagecache_handlers.actions.evicting import Evictor
from imagecache_handlers.actions.evicting import MayOverrule
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning import blockers
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import blocked
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import FORCEABLE
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict


def evict(
    evictor: Evictor,
    copies: Collection[CachedImage],
    evidence: Evidence,
    now: datetime.datetime,
    rules: Rules,
    *,
    force: bool,
) -> list[Outcome]:
    """Evict copies of an image, as far as what stands there now allows it."""
    found = [
        (one, tuple(blockers.blockers(one, evidence, now, rules)))
        for one in copies
    ]
    if force:
        may_overrule = overruling(copies)
        evictor = dataclasses.replace(evictor, may_overrule=may_overrule)
    return [
        outcome
        for image, why in found
        for outcome in _evict_one(evictor, image, why)
    ]


def _evict_one(
    evictor: Evictor, image: CachedImage, why: tuple[Blocker, ...]
) -> list[Outcome]:
    if not all(evictor.may_overrule(image, one) for one in why):
        verdict = blocked(image, why)
        return [Outcome(verdict=verdict, did=Did.KEPT)]
    verdict = Verdict(image=image, evict=True, reason=Reason.ASKED, rank=0)
    return [
        outcome
        if outcome.did is Did.KEPT
        else dataclasses.replace(outcome, overruled=why)
        for outcome in evictor.evict(image.store, [verdict]).outcomes
    ]


def overruling(first_look: Iterable[CachedImage]) -> MayOverrule:
    """Overrule what may be forced; of pins, only those of the first look."""
    known = {
        image.identity: image.marks.labels_of('pin') for image in first_look
    }

    def may_overrule(image: CachedImage, blocker: Blocker) -> bool:
        if blocker.reason is Reason.PINNED:
            return image.marks.labels_of('pin') <= known[image.identity]
        return blocker.reason in FORCEABLE

    return may_overrule
