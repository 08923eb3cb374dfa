"""Holding and pinning: a label, then a look; granted if nobody claims.

The counterpart of ``evicting``: an evictor that looks after the label was
written sees it and withdraws, so what was granted is never overtaken.
"""

import dataclasses
import datetime
from typing import Self

from imagecache_handlers.actions.granting import GrantRequest
from imagecache_handlers.actions.granting import Patience
from imagecache_handlers.actions.granting import WantedLabel
from imagecache_handlers.actions.leasing import Leaser
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.stores import all_or_raise
from imagecache_handlers.actions.stores import any_or_raise
from imagecache_handlers.actions.stores import for_each_readable_store
from imagecache_handlers.checked_values import check_time
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.labels import check_owner
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import SHIELD
from imagecache_handlers.model import CachedImage


def hold_image(
    means: Means,
    image_id: str,
    owner: str,
    ttl: datetime.timedelta,
    store: str | None,
    timeout: datetime.timedelta,
) -> list[CachedImage]:
    """Lease the copies of an image, of one store or of all.

    :raises ValueError: when nobody could write that lease, or use it.
    :raises ImageBusy: when none could be held in time.
    """
    check_lease(owner, ttl, means.rules.clock_skew)
    leaser = Leaser.start_now(means, owner, ttl, timeout)
    key = means.key_of(image_id)
    return any_or_raise(
        for_each_readable_store(
            means.handler, store, lambda name: leaser.hold_copies(name, key)
        )
    )


def pin_image(
    means: Means,
    image_id: str,
    owner: str,
    until: datetime.datetime | None,
    store: str | None,
    timeout: datetime.timedelta,
) -> list[CachedImage]:
    """Pin the copies of an image, of one store or of all.

    :raises ValueError: when nobody could write that pin, or it is over.
    :raises ImageBusy: when one of them could not be pinned in time.
    """
    _check_pin(owner, until, means.clocks.now())
    granter = Granter.start_now(means, timeout)
    key = means.key_of(image_id)
    return all_or_raise(
        for_each_readable_store(
            means.handler,
            store,
            lambda name: granter.pin_copies(name, key, owner, until),
        )
    )


def check_lease(
    owner: str, ttl: datetime.timedelta, skew: datetime.timedelta
) -> None:
    """Refuse a lease that nobody could write, or use."""
    if ttl <= 2 * skew:
        raise ValueError(
            f'a lease of {ttl} leaves no time to use it: make it more '
            f'than twice the clock skew of {skew}'
        )
    check_owner(owner)


def _check_pin(
    owner: str, until: datetime.datetime | None, now: datetime.datetime
) -> None:
    check_owner(owner)
    check_time('until', until)
    if until is not None and until <= now:
        raise ValueError(f'a pin until {until} would be over already')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Granter:
    """Grants pins on every copy of an image in one store."""

    means: Means
    patience: Patience

    @classmethod
    def start_now(cls, means: Means, timeout: datetime.timedelta) -> Self:
        """Grant what somebody asks for now, and waits so long for."""
        timer = Timer(means.clocks)
        return cls(
            means=means, patience=Patience(timer=timer, timeout=timeout)
        )

    def pin_copies(
        self,
        store: str,
        image_id: str,
        owner: str,
        until: datetime.datetime | None,
    ) -> list[CachedImage]:
        """Pin the copies in place of the owner's earlier pins.

        :returns: the copies that are pinned; empty: not cached.
        :raises ImageBusy: when one of them could not be pinned in time.
        """
        now = self.means.clocks.now()
        wanted = WantedLabel(
            label=pin_label(owner, until),
            before=None if until is None else now + (until - now) / 2,
        )
        request = GrantRequest(
            self.means, self.patience, store, image_id, lambda: wanted
        )
        pinned = [
            one
            for one in request.grant_copies(lambda labels: self._shield_pin())
            if self._replace_earlier_pins(one, owner, until)
        ]
        if request.refused:
            raise ImageBusy(image_id, 'somebody is about to evict it')
        return pinned

    def _shield_pin(self) -> Relabel:
        """Have other cleaners heed a pin before the next sweep says so."""
        if not self.means.handler.wants_shield:
            return NO_CHANGE
        return Relabel(add=frozenset({SHIELD}))

    def _replace_earlier_pins(
        self,
        image: CachedImage,
        owner: str,
        until: datetime.datetime | None,
    ) -> bool:
        """Take the owner's earlier pins away; False: the copy is gone."""
        if image.marks.labels_of('pin', owner) == {pin_label(owner, until)}:
            return True
        try:
            self.means.handler.pin(image, owner, until)
        except ImageNotFound:
            return False
        return True
