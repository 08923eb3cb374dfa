"""Evictions that somebody asked for: one outcome for each copy."""

from collections.abc import Collection
import dataclasses
import datetime

from imagecache_handlers import blocking
from imagecache_handlers.eviction import Evictor
from imagecache_handlers import forcing
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers import policy
from imagecache_handlers.rules import Rules
from imagecache_handlers.verdicts import Blocker
from imagecache_handlers.verdicts import Did
from imagecache_handlers.verdicts import Outcome
from imagecache_handlers.verdicts import Reason
from imagecache_handlers.verdicts import Verdict


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
        (one, tuple(blocking.blockers(one, evidence, now, rules)))
        for one in copies
    ]
    if force:
        may_pass = forcing.forced(copies)
        evictor = dataclasses.replace(evictor, may_pass=may_pass)
    return [
        outcome
        for image, why in found
        for outcome in _evict_one(evictor, image, why)
    ]


def _evict_one(
    evictor: Evictor, image: CachedImage, why: tuple[Blocker, ...]
) -> list[Outcome]:
    if not all(evictor.may_pass(image, one) for one in why):
        verdict = policy.blocked(image, why)
        return [Outcome(verdict=verdict, did=Did.KEPT)]
    verdict = Verdict(image=image, evict=True, reason=Reason.ASKED, rank=0)
    return [
        outcome
        if outcome.did is Did.KEPT
        else dataclasses.replace(outcome, passed=why)
        for outcome in evictor.evict(image.store, [verdict]).outcomes
    ]
