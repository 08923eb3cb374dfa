"""What an eviction may pass: a sweep nothing, a forced evict a little."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping

from imagecache_handlers.model import CachedImage
from imagecache_handlers.verdicts import Blocker
from imagecache_handlers.verdicts import FORCEABLE
from imagecache_handlers.verdicts import Reason

Identity = tuple[str, str]
# Tells if the eviction of an image may pass one of its blockers.
MayPass = Callable[[CachedImage, Blocker], bool]


def nothing(image: CachedImage, blocker: Blocker) -> bool:
    return False


def forced(first_look: Mapping[Identity, Collection[Blocker]]) -> MayPass:
    """Pass what may be forced; of pins, only those of the first look."""
    known = {
        identity: frozenset(_owners(blockers))
        for identity, blockers in first_look.items()
    }

    def may_pass(image: CachedImage, blocker: Blocker) -> bool:
        if blocker.reason is Reason.PINNED:
            return known[image.identity].issuperset(blocker.who)
        return blocker.reason in FORCEABLE

    return may_pass


def _owners(blockers: Collection[Blocker]) -> list[str]:
    return [
        owner
        for blocker in blockers
        if blocker.reason is Reason.PINNED
        for owner in blocker.who
    ]
