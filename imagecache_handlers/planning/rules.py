"""Rules: what the operator wants, free of contradictions."""

import dataclasses
import datetime
from typing import NoReturn

from imagecache_handlers.age import idle_since
from imagecache_handlers.clocks import add_span
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Order
from imagecache_handlers.model import Retired
from imagecache_handlers.planning.contradiction import Contradiction
from imagecache_handlers.planning.policies import age
from imagecache_handlers.planning.protected import Patterns

_NO_TIME = datetime.timedelta(0)
_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator wants; contradictions cannot be made.

    ``min_age`` (of variants: ``resized_min_age``) is how long an image
    stays unused at least; with ``expire_at_min_age`` it goes then, without
    it at ``max_age`` (None: only to make space).  Above ``high_watermark``
    percent usage images go in ``order`` until ``low_watermark`` is reached;
    100 turns that off.  ``remove_unused`` False keeps everything.
    With ``drop_deleted`` what the image service gives out no more goes at
    its minimum age, before all else.

    ``claim_ttl``, ``clock_skew`` and ``evidence_ttl`` are the protocol's
    times, see the page on safety; ``removal`` is how long the handler's
    ``evict`` may take before it shows the image as busy.
    """

    min_age: datetime.timedelta = datetime.timedelta(days=1)
    resized_min_age: datetime.timedelta = datetime.timedelta(hours=1)
    max_age: datetime.timedelta | None = None
    expire_at_min_age: bool = True
    remove_unused: bool = True
    drop_deleted: bool = False
    high_watermark: int = 100
    low_watermark: int = 80
    order: Order = age
    protected: Patterns = Patterns()
    evidence_ttl: datetime.timedelta = datetime.timedelta(minutes=5)
    claim_ttl: datetime.timedelta = datetime.timedelta(minutes=10)
    clock_skew: datetime.timedelta = datetime.timedelta(minutes=1)
    removal: datetime.timedelta = datetime.timedelta(minutes=3)

    def __post_init__(self) -> None:
        self._check_spans()
        self._check_watermarks()
        self._check_claim()

    def _check_spans(self) -> None:
        for name in ('min_age', 'resized_min_age', 'clock_skew', 'removal'):
            if getattr(self, name) < _NO_TIME:
                self._refuse(f'{{{name}.name}} must be 0 seconds or more')
        if self.evidence_ttl <= _NO_TIME:
            self._refuse('{evidence_ttl.name} must be more than 0 seconds')
        if self.max_age is not None and self.max_age < self.min_age:
            self._refuse(
                '{max_age} is below {min_age}, which keeps every image '
                'longer: raise {max_age.name}'
            )

    def _check_watermarks(self) -> None:
        if not 0 <= self.low_watermark <= self.high_watermark <= 100:
            self._refuse(
                'the watermarks must be 0 <= {low_watermark.name} <= '
                '{high_watermark.name} <= 100 percent, not {low_watermark} '
                'and {high_watermark}: set {low_watermark.name} no higher '
                'than {high_watermark.name}'
            )

    def _check_claim(self) -> None:
        if self.claim_ttl <= self.deadline + 2 * self.clock_skew:
            self._refuse(
                '{claim_ttl} must be more than four times {clock_skew}: half '
                'of it is the time to act, and two hosts may be two skews '
                'apart'
            )
        if self.claim_ttl - self.deadline < self.removal:
            self._refuse(
                '{claim_ttl} is too short: half of it must be at least the '
                '{removal.value} that a removal may take'
            )

    def _refuse(self, template: str) -> NoReturn:
        raise Contradiction(template, self)

    @property
    def deadline(self) -> datetime.timedelta:
        """How long after its claim an eviction may still begin."""
        return self.claim_ttl / 2

    def min_age_of(self, image: CachedImage) -> datetime.timedelta:
        return self.resized_min_age if image.variant else self.min_age

    def expires(self, image: CachedImage, now: datetime.datetime) -> bool:
        """Tell if an image past its minimum age goes for its age alone."""
        if self.max_age is None:
            return self.expire_at_min_age
        return (
            self.expire_at_min_age
            or now - idle_since(image, now) >= self.max_age
        )

    def drops(self, retired: Retired | None) -> bool:
        """Tell if an image goes before all else, if anything goes."""
        return self.drop_deleted and retired is not None

    def is_live(
        self, expiry: datetime.datetime, now: datetime.datetime
    ) -> bool:
        """Tell if another's claim, lease or pin may still count for it.

        It does at its very end as well: a list of users that was read at
        that moment may just miss who was made under it.
        """
        return now - expiry <= self.clock_skew

    def is_reserved(
        self, until: datetime.datetime, now: datetime.datetime
    ) -> bool:
        """Tell if another's reservation may still count for it.

        One from far ahead does not: whoever wrote it had no clock to go by,
        and nobody would ever see it end.
        """
        longest = max(self.claim_ttl, _DAY) + self.clock_skew
        return self.is_live(until, now) and until - now <= longest

    def is_forgotten(
        self, expiry: datetime.datetime, now: datetime.datetime
    ) -> bool:
        """Tell if no host and no evidence can still count that expiry."""
        return now - expiry > self.claim_ttl + self.evidence_ttl

    def counts_until(self, expiry: datetime.datetime) -> datetime.datetime:
        """Give the time after which an expiry counts for nothing."""
        return add_span(expiry, self.clock_skew)

    def is_fresh(self, evidence: Evidence, now: datetime.datetime) -> bool:
        """Tell if evidence is recent enough to prove anybody's absence."""
        age = now - evidence.as_of
        return -self.clock_skew <= age <= self.evidence_ttl

    def proves_absence(
        self, evidence: Evidence, now: datetime.datetime
    ) -> bool:
        """Tell if an image that this evidence does not name has no user."""
        return evidence.complete and self.is_fresh(evidence, now)
