"""Leasing: every copy of an image in one store, for one owner or for all."""

from collections.abc import Callable
import dataclasses
import datetime
import logging
from typing import Self

from imagecache_handlers.actions.granting import GrantRequest
from imagecache_handlers.actions.granting import Patience
from imagecache_handlers.actions.granting import WantedLabel
from imagecache_handlers.actions.means import Means
from imagecache_handlers.age import count_use
from imagecache_handlers.clocks import add_span
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import Relabel
from imagecache_handlers.model import CachedImage

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Leaser:
    """Grants the leases that an owner asks for, each for a time to live."""

    means: Means
    patience: Patience
    owner: str
    ttl: datetime.timedelta

    @classmethod
    def start_now(
        cls,
        means: Means,
        owner: str,
        ttl: datetime.timedelta,
        timeout: datetime.timedelta,
    ) -> Self:
        """Grant what somebody asks for now, and waits so long for."""
        patience = Patience(timer=Timer(means.clocks), timeout=timeout)
        return cls(means=means, patience=patience, owner=owner, ttl=ttl)

    def hold_copies(self, store: str, image_id: str) -> list[CachedImage]:
        """Lease the copies, counting a hit and restarting their age.

        :returns: the copies that are held, read after the lease was
            written; empty: not cached.
        :raises ImageBusy: when none could be held in time.
        """
        request = self._request_lease(store, image_id)
        return _grant_lease(request, image_id, count_use)

    def share_lease(self, store: str, image_id: str) -> list[CachedImage]:
        """Lease the copies for all hosts that lease as that owner.

        Once it is granted the owner's shorter leases go, and not before.
        One that is not granted stays: another host may have written the
        very same, and may have been granted it.

        :returns: the copies that are leased; empty: not cached.
        :raises ImageBusy: when none could be leased in time.
        """
        request = self._request_lease(store, image_id, shared=True)
        leased = _grant_lease(request, image_id, lambda _: NO_CHANGE)
        return [
            one
            for one in leased
            if self._drop_shorter(one, request.label_on(one))
        ]

    def _request_lease(
        self, store: str, image_id: str, *, shared: bool = False
    ) -> GrantRequest:
        return GrantRequest(
            self.means,
            self.patience,
            store,
            image_id,
            self._make_lease,
            shared=shared,
        )

    def _make_lease(self) -> WantedLabel:
        now = self.means.clocks.now()
        label = lease_label(self.owner, add_span(now, self.ttl))
        return WantedLabel(label=label, before=add_span(now, self.ttl / 2))

    def _drop_shorter(self, image: CachedImage, granted: str) -> bool:
        """Take off what ends before what was granted; False: it is gone."""
        shorter = {
            label
            for label in image.marks.labels_of('lease', self.owner)
            if _ends_before(label, granted)
        }
        if not shorter:
            return True
        try:
            self.means.handler.mark(image, (), shorter)
        except ImageNotFound:
            return False
        except CacheError as error:
            # They end by themselves.
            text = 'Image %s keeps leases %s: %s'
            LOG.info(text, image.image_id, shorter, error)
        return True


def _grant_lease(
    request: GrantRequest, image_id: str, first: Callable[[Marks], Relabel]
) -> list[CachedImage]:
    held = request.grant_copies(first)
    if request.refused and not held:
        raise ImageBusy(image_id, 'somebody is about to evict it')
    return held


def _ends_before(label: str, other: str) -> bool:
    """Tell if one lease ends before another; a malformed one never does."""
    end = read_time(label.rpartition('.')[2])
    other_end = read_time(other.rpartition('.')[2])
    return end is not None and other_end is not None and end < other_end
