"""Blockers: why an image stays; pure, no I/O and no clock.

Silence is not absence: what nobody can tell is unknown, and unknown is never
unused.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Self

from imagecache_handlers.age import idle_since
from imagecache_handlers.clocks import add_span
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Reason

_NOBODY: frozenset[str] = frozenset()


def find_blockers(
    image: CachedImage,
    evidence: Evidence,
    now: datetime.datetime,
    rules: Rules,
    *,
    surplus: bool = False,
    own: Collection[str] = (),
) -> list[Blocker]:
    """Give every reason to keep an image, hardest first.

    ``surplus``: another copy serves, so only what the backend itself sees
    of this one counts as use.  ``own``: tokens of one's own claims.
    """
    judge = Judge.at(evidence, now, rules, own)
    return judge.find_blockers(image, surplus)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What holds for every image of one plan, worked out once."""

    evidence: Evidence
    now: datetime.datetime
    rules: Rules
    own: Collection[str]
    # Gives the pattern that protects an image; asked only if there is one.
    protects: bool
    protected: Callable[[str], str | None]
    # Why an image that the evidence does not name may have users all the
    # same; None: it has none.
    silence: str | None

    @classmethod
    def at(
        cls,
        evidence: Evidence,
        now: datetime.datetime,
        rules: Rules,
        own: Collection[str] = (),
    ) -> Self:
        """Work out what evidence, time and rules mean for every image."""
        proven = rules.proves_absence(evidence, now)
        return cls(
            evidence=evidence,
            now=now,
            rules=rules,
            own=own,
            protects=bool(rules.protected),
            protected=rules.protected.match,
            silence=None if proven else _explain_silence(evidence),
        )

    def find_blockers(
        self, image: CachedImage, surplus: bool
    ) -> list[Blocker]:
        """Give every reason to keep an image, hardest first."""
        found = self._find_hard_ones(image, surplus)
        found += self._find_forceable_ones(image)
        return found

    def _find_hard_ones(
        self, image: CachedImage, surplus: bool
    ) -> list[Blocker]:
        """Give those that nothing overrules."""
        found = []
        labels = image.marks
        users = image.users or _NOBODY
        named = None if surplus else self.evidence.users.get(image.image_id)
        if users or named:
            who = users | named if named else users
            found.append(Blocker(reason=Reason.IN_USE, who=who))
        if image.busy is not None:
            found.append(Blocker(reason=Reason.BUSY, detail=image.busy))
        if labels.claims:
            found += self._claim_blockers(labels.claims)
        if image.unknown is not None:
            found.append(Blocker(reason=Reason.UNKNOWN, detail=image.unknown))
        elif image.users is None and self.silence is not None:
            found.append(Blocker(reason=Reason.UNKNOWN, detail=self.silence))
        if labels.leases:
            found += self._lease_blockers(image)
        if image.undeletable is not None:
            why = image.undeletable
            found.append(Blocker(reason=Reason.UNDELETABLE, detail=why))
        return found

    def _find_forceable_ones(self, image: CachedImage) -> list[Blocker]:
        """Give those that ``evict`` overrules when it is forced."""
        found = []
        if image.marks.pins:
            found += self._pin_blockers(image.marks.pins)
        if self.protects and (pattern := self.protected(image.image_id)):
            found.append(Blocker(reason=Reason.PROTECTED, detail=pattern))
        if not self.rules.remove_unused:
            found.append(Blocker(reason=Reason.DISABLED))
        if (until := self._young_until(image)) is not None:
            found.append(Blocker(reason=Reason.TOO_YOUNG, until=until))
        return found

    def _claim_blockers(
        self, claims: Mapping[str, datetime.datetime]
    ) -> list[Blocker]:
        live = {
            token: expiry
            for token, expiry in claims.items()
            if token not in self.own and self.rules.is_live(expiry, self.now)
        }
        if not live:
            return []
        until = self.rules.counts_until(max(live.values()))
        return [
            Blocker(reason=Reason.BUSY, who=tuple(sorted(live)), until=until)
        ]

    def _lease_blockers(self, image: CachedImage) -> list[Blocker]:
        # Where only the control plane knows users, a lease lasts until that
        # was asked again: an older list cannot name who was made under it.
        asked = self.evidence.as_of if image.users is None else self.now
        live = {
            owner: expiry
            for owner, expiry in image.marks.leases.items()
            if self.rules.is_live(expiry, min(asked, self.now))
        }
        if not live:
            return []
        end = self.rules.counts_until(max(live.values()))
        return [
            Blocker(
                reason=Reason.LEASED,
                who=tuple(sorted(live)),
                until=end if end >= self.now else None,
            )
        ]

    def _pin_blockers(
        self, pins: Mapping[str, datetime.datetime | None]
    ) -> list[Blocker]:
        live = {
            owner: expiry
            for owner, expiry in pins.items()
            if expiry is None or self.rules.is_live(expiry, self.now)
        }
        if not live:
            return []
        ends = [expiry for expiry in live.values() if expiry is not None]
        until = (
            self.rules.counts_until(max(ends))
            if len(ends) == len(live)
            else None
        )
        return [
            Blocker(reason=Reason.PINNED, who=tuple(sorted(live)), until=until)
        ]

    def _young_until(self, image: CachedImage) -> datetime.datetime | None:
        started = image.marks.unused_since
        since = idle_since(image, self.now)
        min_age = self.rules.min_age_of(image)
        # Nothing goes in the sweep that first sees it unused, however young.
        if started is None or started > self.now or self.now - since < min_age:
            return add_span(since, min_age)
        return None


def _explain_silence(evidence: Evidence) -> str:
    if evidence.complete:
        return 'the list of users is out of date'
    if evidence.users:
        return 'the list of users is not complete'
    return 'nobody was asked for users, and the backend cannot see them'
