"""Report: what was done to each image, and the stores afterwards."""

import dataclasses
import enum

from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Left
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Verdict


class Did(enum.StrEnum):
    """What became of an image that was to be evicted or labelled."""

    EVICTED = 'evicted'
    GONE = 'gone'  # somebody else removed it, or a lost reply meant done
    KEPT = 'kept'  # the fresh look found a reason
    FAILED = 'failed'  # nothing was done to it
    UNCERTAIN = 'uncertain'  # it may be removed, or yet be removed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What happened to one image.

    ``verdict`` is the latest decision on it; ``freed`` is None where the
    backend releases the bytes later.  ``overruled`` is what a forced eviction
    went over.
    """

    verdict: Verdict
    did: Did
    freed: int | None = 0
    why: str = ''
    overruled: tuple[Blocker, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an apply did, image by image, and the stores afterwards.

    ``left`` names the stores that it gave up on.  ``stopped``: it was told
    to end, and left out whatever was to come.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    after: tuple[Store, ...] = ()
    left: tuple[Left, ...] = ()
    stopped: bool = False

    @property
    def before(self) -> tuple[Store, ...]:
        return self.plan.stores

    @property
    def freed(self) -> int:
        """Bytes known to be free by now."""
        return sum(outcome.freed or 0 for outcome in self.outcomes)
