"""What an eviction may pass: a sweep nothing, a forced evict a little."""

from collections.abc import Callable
from collections.abc import Iterable

from imagecache_handlers.model import CachedImage
from imagecache_handlers.verdicts import Blocker
from imagecache_handlers.verdicts import FORCEABLE
from imagecache_handlers.verdicts import Reason

Identity = tuple[str, str]
# Tells if the eviction of an image may pass one of its blockers.
MayPass = Callable[[CachedImage, Blocker], bool]


def nothing(image: CachedImage, blocker: Blocker) -> bool:
    return False


def forced(first_look: Iterable[CachedImage]) -> MayPass:
    """Pass what may be forced; of pins, only those of the first look."""
    known = {image.identity: image.marks.of('pin') for image in first_look}

    def may_pass(image: CachedImage, blocker: Blocker) -> bool:
        if blocker.reason is Reason.PINNED:
            return image.marks.of('pin') <= known[image.identity]
        return blocker.reason in FORCEABLE

    return may_pass
