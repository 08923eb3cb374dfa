"""Evicting: claim, look, remove, while others may want the image.

No lock is needed, only that a label which was written is seen by whoever
looks afterwards.  The evictor writes its claim first and looks then; who
holds or pins writes a label first and looks then.  Whichever of the two
looks last sees the other.
"""

import collections
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime
import logging
import secrets
from typing import NamedTuple

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.evidence import CurrentEvidence
from imagecache_handlers.actions.following import End
from imagecache_handlers.actions.following import Following
from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.trouble import Trouble
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.clocks import POLL
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Identity
from imagecache_handlers.planning import blockers
from imagecache_handlers.planning import duplicates
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import blocked
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Left
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

LOG = logging.getLogger(__name__)

_OUT_OF_TIME = 'its claim ran out of time'

# So long a wait for a removal that came to nothing is no passing trouble.
_LONG = datetime.timedelta(minutes=1)

# Labels in a row that a store did not take off: it will take off no more.
_SILENT = 2


# Tells if the eviction of an image may overrule one of its blockers.
MayOverrule = Callable[[CachedImage, Blocker], bool]


def overrule_nothing(image: CachedImage, blocker: Blocker) -> bool:
    return False


def ignore(outcome: Outcome) -> None:
    """Tell nobody what happened to an image."""


def go_on() -> bool:
    """Go on to the end."""
    return False


class Done(NamedTuple):
    """What became of images, and what was left with their store."""

    outcomes: list[Outcome]
    left: Left | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evictor:
    """Evicts images of one store, batch by batch, each under a claim.

    ``on_outcome`` is given each outcome at once, ``should_stop`` asked before
    each image; both in whatever thread works on the store.
    """

    handler: GuardedHandler
    rules: Rules
    clocks: Clocks
    witness: CurrentEvidence
    may_overrule: MayOverrule = overrule_nothing
    on_outcome: Callable[[Outcome], object] = ignore
    should_stop: Callable[[], bool] = go_on

    def evict(self, store: str, verdicts: Iterable[Verdict]) -> Done:
        """Evict images in their order, each with exactly one outcome.

        Once stopped, or left for its troubles, those whose turn has not
        come have none.
        """
        queue = collections.deque(verdicts)
        outcomes: list[Outcome] = []
        trouble = Trouble(store)
        size = largest = max(1, self.handler.batch)
        while queue and not self.should_stop() and not trouble.why:
            batch = _Batch(self, store, trouble)
            turn = [queue.popleft() for _ in range(min(size, len(queue)))]
            late = batch.run(turn)
            outcomes += batch.outcomes
            # What could not begin in time needs a new claim and a new look,
            # in a batch no larger than what just fitted in a claim's time.
            queue.extendleft(reversed(late))
            fitted = len(turn) - len(late)
            size = max(1, fitted) if late else min(largest, 2 * fitted)
        return Done(outcomes, trouble.left(len(queue)))


class _Look(NamedTuple):
    """What a fresh look is judged by."""

    evidence: Evidence
    began: datetime.datetime
    surplus: Collection[Identity]


class _Batch:
    """Images that share one claim and one fresh look."""

    def __init__(self, evictor: Evictor, store: str, trouble: Trouble) -> None:
        self._by = evictor
        self._handler = evictor.handler
        self._store = store
        self._trouble = trouble
        token = secrets.token_hex(8)
        self._claim = Claim(token, evictor.clocks, evictor.rules)
        self._claimed: dict[Identity, Verdict] = {}
        self._late: list[Verdict] = []
        self._not_withdrawn = 0
        self.outcomes: list[Outcome] = []

    def run(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """Evict what may go; give back what could not begin in time."""
        for verdict in verdicts:
            if self._claim.has_room() and not self._is_over():
                self._write_claim(verdict)
            else:
                self._late.append(verdict)
        while self._claimed and self._claim.in_time():
            self._look_and_act()
            if self._claimed:
                self._by.clocks.sleep(POLL)
        for verdict in list(self._claimed.values()):
            self._keep_image(verdict, verdict.image, why=_OUT_OF_TIME)
        if self.outcomes or self._by.should_stop():
            return self._late
        # A batch that ended nothing would fare no better if repeated.
        for verdict in self._late:
            self._end_with(verdict, Did.KEPT, _OUT_OF_TIME)
        return []

    def _is_over(self) -> bool:
        return self._by.should_stop() or self._trouble.why is not None

    def _write_claim(self, verdict: Verdict) -> None:
        image = verdict.image
        try:
            self._handler.mark(image, {self._claim.label})
        except ImageNotFound:
            self._end_with(verdict, Did.GONE)
        except CacheError as error:
            # Only this one promises that nothing was written.
            if not isinstance(error, StoreUnavailable):
                self._withdraw_claim(image)
            self._trouble.not_claimed(error)
            self._end_with(verdict, Did.FAILED, f'it was not claimed: {error}')
        else:
            self._claimed[image.identity] = verdict

    def _look_and_act(self) -> None:
        ids = {one.image.image_id for one in self._claimed.values()}
        evidence = self._by.witness.get()
        # Others' labels are judged by a clock that was read before the look:
        # what lived then may be long dead when an image's turn comes.
        now = self._by.clocks.now()
        try:
            found = self._handler.enumerate(self._store, ids)
        except CacheError as error:
            self._trouble.met(error)
            for verdict in list(self._claimed.values()):
                self._withdraw_claim(verdict.image)
                self._end_with(verdict, Did.FAILED, f'no fresh look: {error}')
            return
        fresh = {image.identity: image for image in found}
        # A copy that others claim may go: it replaces none of ours.
        sure = [image for image in found if not self._may_go(image, now)]
        look = _Look(evidence, now, duplicates.surplus_copies(sure))
        for identity, verdict in list(self._claimed.items()):
            image = fresh.get(identity)
            if image is None:
                self._withdraw_claim(verdict.image)
                self._end_with(verdict, Did.GONE)
            elif self._is_over():
                self._put_off(verdict)
            else:
                self._decide_again(verdict, image, look)

    def _may_go(self, image: CachedImage, now: datetime.datetime) -> bool:
        """Tell if others may remove a copy, or may be doing so."""
        others = [
            expiry
            for token, expiry in image.marks.claims.items()
            if token != self._claim.token
        ]
        return bool(others and image.busy is not None) or any(
            self._by.rules.is_live(expiry, now) for expiry in others
        )

    def _put_off(self, verdict: Verdict) -> None:
        self._claimed.pop(verdict.image.identity)
        self._withdraw_claim(verdict.image)
        self._late.append(verdict)

    def _decide_again(
        self, verdict: Verdict, image: CachedImage, look: '_Look'
    ) -> None:
        if self._claim.token not in image.marks.claims:
            self._keep_image(verdict, image, why='its claim was lost')
            return
        why = self._blockers_left(image, look)
        if not why:
            self._remove_image(verdict, image)
        elif not self._outlasts_claims(image, why):
            self._keep_image(blocked(image, why), image)

    def _blockers_left(
        self, image: CachedImage, look: '_Look'
    ) -> tuple[Blocker, ...]:
        found = blockers.blockers(
            image,
            look.evidence,
            look.began,
            self._by.rules,
            surplus=image.identity in look.surplus,
            own={self._claim.token},
        )
        return tuple(
            one for one in found if not self._by.may_overrule(image, one)
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

    def _remove_image(self, verdict: Verdict, image: CachedImage) -> None:
        if not self._claim.in_time():
            # Its turn came late: it needs a new claim and a new look.
            self._put_off(verdict)
            return
        try:
            freed = self._handler.evict(image, self._claim.alive)
        except (ImageBusy, ImageInUse) as error:
            self._trouble.ended(error)
            self._keep_image(verdict, image, why=str(error))
        except StoreUnavailable as error:
            self._trouble.ended(error)
            self._withdraw_claim(image)
            self._end_with(verdict, Did.FAILED, str(error))
        except ImageNotFound:
            self._trouble.ended()
            self._end_with(verdict, Did.GONE)
        except CacheError as error:
            # No other error promises that nothing was begun.
            self._follow_lost_reply(verdict, image, error)
        else:
            self._trouble.ended()
            gone = freed == 0 and image.reclaimable
            self._end_with(
                verdict, Did.GONE if gone else Did.EVICTED, freed=freed
            )

    def _follow_lost_reply(
        self, verdict: Verdict, image: CachedImage, error: CacheError
    ) -> None:
        """Look what became of an eviction whose reply was lost."""
        following = Following(
            handler=self._handler,
            rules=self._by.rules,
            clocks=self._by.clocks,
        )
        timer = Timer(self._by.clocks)
        end = following.follow(image, self._claim, error)
        in_vain = end is End.STAYED and timer.elapsed >= _LONG
        self._trouble.ended(error, pending=in_vain or end is End.PENDING)
        did = Did.GONE if end is End.GONE else Did.UNCERTAIN
        self._end_with(verdict, did, str(error), freed=None)

    def _keep_image(
        self, verdict: Verdict, image: CachedImage, why: str = ''
    ) -> None:
        self._withdraw_claim(image)
        self._end_with(verdict, Did.KEPT, why)

    def _withdraw_claim(self, image: CachedImage) -> None:
        """Take a claim off, unless the store takes off none at all."""
        if self._not_withdrawn >= _SILENT:
            self._warn_of_claim(image, 'others could not be taken off')
            return
        try:
            self._handler.mark(image, (), {self._claim.label})
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

    def _end_with(
        self,
        verdict: Verdict,
        did: Did,
        why: str = '',
        freed: int | None = 0,
    ) -> None:
        image = verdict.image
        self._claimed.pop(image.identity, None)
        LOG.info('%s %s: %s %s', image.identity, image.image_id, did, why)
        outcome = Outcome(verdict=verdict, did=did, freed=freed, why=why)
        self.outcomes.append(outcome)
        self._by.on_outcome(outcome)
