"""Prefetch way: what all images of one call have in common as they come."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import datetime

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.leasing import Leaser
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.terms import Terms
from imagecache_handlers.clocks import add_span
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.stage import Stages

OWNER = 'prefetch'
# How long a lease is waited for on an image that somebody may evict.
_PATIENCE = datetime.timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrefetchRequest:
    """What a caller wants: see ``ImageCache.prefetch``."""

    image_ids: Iterable[str]
    source: RangedSource
    ttl: datetime.timedelta
    store: str | None
    ask: Ask | None
    settings: PrefetchSettings
    tell: Tell
    should_stop: Callable[[], bool]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How images come into one store.

    ``staged_there``: what is on its way lies in the store itself;
    ``staged_beside``: in another folder on the disk of that, and is copied.
    """

    means: Means
    book: Book
    store: str
    members: tuple[str, ...]
    stages: Stages
    staged_there: bool
    staged_beside: bool
    source: RangedSource
    ttl: datetime.timedelta
    terms: Terms
    tell: Tell

    def should_stop(self) -> bool:
        return self.terms.should_stop()

    def end_of_lease(self) -> datetime.datetime:
        return add_span(self.means.clocks.now(), self.ttl)

    def lease_copies(self, key: str) -> bool:
        """Lease what is there already; False: the image is not.

        :raises ImageBusy: when somebody is about to evict it.
        """
        leaser = Leaser.start_now(self.means, OWNER, self.ttl, _PATIENCE)
        leased = leaser.share_lease(self.store, key)
        return any(not one.variant for one in leased)
