"""Verdicts: what is decided, as the values of a plan."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import datetime
import enum

from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Retired
from imagecache_handlers.model import Store
from imagecache_handlers.planning.warned import Warned


class Reason(enum.StrEnum):
    """Why an image stays or goes, hardest first."""

    IN_USE = 'in-use'  # the backend or the control plane names a user
    BUSY = 'busy'  # an operation or somebody's claim is on it
    UNKNOWN = 'unknown'  # nobody can tell whether it is used
    LEASED = 'leased'  # somebody is about to use it
    UNDELETABLE = 'undeletable'  # the backend is known to refuse
    # From here on an explicit, forced evict may overrule.
    PINNED = 'pinned'
    PROTECTED = 'protected'  # by a pattern in the configuration
    DISABLED = 'disabled'  # removal is switched off
    TOO_YOUNG = 'too-young'
    # Grounds to evict.
    DUPLICATE = 'duplicate'  # another copy in the same store serves
    EXPIRED = 'expired'
    SPACE = 'space'
    ASKED = 'asked'  # somebody asked for this very image
    # No ground.
    NOT_NEEDED = 'not-needed'


FORCEABLE = frozenset(
    {Reason.PINNED, Reason.PROTECTED, Reason.DISABLED, Reason.TOO_YOUNG}
)

# Why an image goes.
GROUNDS = frozenset(
    {Reason.DUPLICATE, Reason.EXPIRED, Reason.SPACE, Reason.ASKED}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason to keep an image.

    ``who`` names the users, owners or tokens behind it, ``detail`` what the
    backend or a pattern says, ``until`` when it ends by itself (None: it
    does not).
    """

    reason: Reason
    who: Collection[str] = ()
    detail: str = ''
    until: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a plan says of one image.

    ``reason`` is the hardest blocker, else the ground.  ``rank`` is the
    place in the policy's order, 0 goes first; None: blocked.  ``retired``
    tells that the image service gives it out no more, whatever was decided.
    A verdict to evict a blocked image cannot be made.
    """

    image: CachedImage
    evict: bool
    reason: Reason
    blockers: tuple[Blocker, ...] = ()
    rank: int | None = None
    retired: Retired | None = None

    def __post_init__(self) -> None:
        if self.blockers:
            possible = (
                not self.evict
                and self.rank is None
                and self.reason is self.blockers[0].reason
            )
        elif self.evict:
            possible = self.rank is not None and self.reason in GROUNDS
        else:
            possible = (
                self.rank is not None and self.reason is Reason.NOT_NEEDED
            )
        if not possible:
            raise ValueError(
                f'image {self.image.image_id!r} cannot be judged so: '
                f'evict {self.evict}, {self.reason.value}, rank {self.rank}, '
                f'{len(self.blockers)} blockers'
            )

    @property
    def until(self) -> datetime.datetime | None:
        """When nothing will block it, if every blocker is timed."""
        ends = [blocker.until for blocker in self.blockers]
        timed = [end for end in ends if end is not None]
        return max(timed) if timed and len(timed) == len(ends) else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an apply will do to the labels of one image.

    Either an ageing, by ``age`` and as of then: ``used`` True, the image was
    found in use; False, without users.  Or, with ``used`` None, a
    relabelling: each of ``add`` is written, then each of ``remove`` taken
    off.
    """

    image: CachedImage
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    used: bool | None = None

    def __post_init__(self) -> None:
        if (self.used is None) != bool(self.add or self.remove):
            raise ValueError(
                f'a change of image {self.image.image_id!r} must be either '
                f'an ageing or a relabelling'
            )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Bytes of one pool that one reason keeps from being freed."""

    reason: Reason
    size: int
    who: frozenset[str] = frozenset()
    first: datetime.datetime | None = None  # when the first of them may go


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What one pool wants freed, what is planned, what blocks the rest."""

    pool: str
    wanted: int
    planned: int
    blocked: tuple[Blocked, ...] = ()

    @property
    def short(self) -> int:
        return max(0, self.wanted - self.planned)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a sweep would do now, and why; making it writes nothing.

    ``remarks`` says, store by store, what was looked at for users.
    """

    now: datetime.datetime
    stores: tuple[Store, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    spaces: tuple[Space, ...] = ()
    problems: Mapping[str, str] = dataclasses.field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    remarks: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    @property
    def evictions(self) -> list[Verdict]:
        """The verdicts to evict, in the policy's order."""
        chosen = [verdict for verdict in self.verdicts if verdict.evict]
        return sorted(chosen, key=lambda verdict: verdict.rank or 0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A store that was left for the rest of a sweep, and images with it."""

    store: str
    count: int
    why: str

    def __str__(self) -> str:
        return (
            f'store {self.store} {self.why}; '
            f'{self.count} left for the next sweep'
        )


def keep_blocked(
    image: CachedImage,
    why: tuple[Blocker, ...],
    retired: Retired | None = None,
) -> Verdict:
    """Keep an image for the hardest of its blockers."""
    return Verdict(
        image=image,
        evict=False,
        reason=why[0].reason,
        blockers=why,
        retired=retired,
    )
