"""Holding and pinning: a label, then a look; granted if nobody claims.

The counterpart of ``evicting``: an evictor that looks after the label was
written sees it and withdraws, so what was granted is never overtaken.
"""

from collections.abc import Callable
import dataclasses
import datetime
import logging

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.clocks import later
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.labels import count_use
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import Relabel
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.rules import Rules

LOG = logging.getLogger(__name__)

# Seconds between two looks at an image that somebody claims.
POLL = 1.0

Identity = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The label of a lease or a pin, and until when a grant is worth it."""

    label: str
    before: datetime.datetime | None = None

    def lasts(self, now: datetime.datetime) -> bool:
        return self.before is None or now <= self.before


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Granter:
    """Grants leases and pins on every copy of an image in one store."""

    handler: GuardedHandler
    rules: Rules
    clocks: Clocks
    timeout: datetime.timedelta
    timer: Timer  # runs since the caller asked

    def hold(
        self,
        store: str,
        image_id: str,
        owner: str,
        ttl: datetime.timedelta,
    ) -> list[CachedImage]:
        """Lease the copies, counting a hit and restarting their age.

        :returns: the copies that are held, read after the lease was
            written; empty: not cached.
        :raises ImageBusy: when none could be held in time.
        """

        def lease() -> Wish:
            now = self.clocks.now()
            label = lease_label(owner, later(now, ttl))
            return Wish(label=label, before=later(now, ttl / 2))

        petition = _Request(self, store, image_id, lease)
        held = petition.grant(count_use)
        if petition.refused and not held:
            raise ImageBusy(image_id, 'somebody is about to evict it')
        return held

    def pin(
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
        label = pin_label(owner, until)
        now = self.clocks.now()
        before = None if until is None else now + (until - now) / 2
        wish = Wish(label=label, before=before)
        petition = _Request(self, store, image_id, lambda: wish)
        pinned = petition.grant(lambda labels: NO_CHANGE)
        pinned = [
            one
            for one in pinned
            if self._replace_earlier_pins(one, owner, until)
        ]
        if petition.refused:
            raise ImageBusy(image_id, 'somebody is about to evict it')
        return pinned

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
            self.handler.pin(image, owner, until)
        except ImageNotFound:
            return False
        return True


class _Request:
    """One request for a lease or a pin on the copies in one store."""

    def __init__(
        self,
        granter: Granter,
        store: str,
        image_id: str,
        wish: Callable[[], Wish],
    ) -> None:
        self._for = granter
        self._store = store
        self._image_id = image_id
        self._wish = wish
        self._wishes: dict[Identity, Wish] = {}
        self._written: dict[Identity, set[str]] = {}
        self.refused: list[CachedImage] = []

    def grant(self, first: Callable[[Marks], Relabel]) -> list[CachedImage]:
        """Write, look, and again until every copy is sure, or too late.

        What is given was sure in one and the same look.  Of what is not
        given, and of all when an error ends it, the labels are withdrawn.
        """
        copies: dict[Identity, CachedImage] = {}
        try:
            for image in self._look_at_copies():
                copies[image.identity] = image
                if not self._write_label(image, first(image.marks)):
                    del copies[image.identity]
            sure = self._wait_for_grant(copies)
        except CacheError as error:
            for image in copies.values():
                self._withdraw_label(image, error)
            raise
        for image in self.refused:
            self._withdraw_label(image)
        return sure

    def _wait_for_grant(
        self, copies: dict[Identity, CachedImage]
    ) -> list[CachedImage]:
        while True:
            # Others' labels are judged by a clock that was read before the
            # look: a reply may come long after it was true.
            now = self._for.clocks.now()
            fresh = {one.identity: one for one in self._look_at_copies()}
            for identity in list(copies):
                if identity in fresh:
                    copies[identity] = fresh[identity]
                else:
                    del copies[identity]
            sure = [
                one for one in copies.values() if self._is_granted(one, now)
            ]
            self.refused = [one for one in copies.values() if one not in sure]
            if (
                not self.refused
                or self._for.timer.elapsed >= self._for.timeout
            ):
                return sure
            self._for.clocks.sleep(POLL)
            for image in list(copies.values()):
                if not self._write_label(image, NO_CHANGE):
                    del copies[image.identity]

    def _look_at_copies(self) -> list[CachedImage]:
        return self._for.handler.enumerate(self._store, {self._image_id})

    def _write_label(self, image: CachedImage, relabel: Relabel) -> bool:
        """Write the label, in place of its earlier forms; False: gone."""
        wish = self._wishes[image.identity] = self._wish()
        if wish.label in image.marks.labels:
            return True
        written = self._written.setdefault(image.identity, set())
        earlier = written - {wish.label}
        written.add(wish.label)
        try:
            self._for.handler.mark(
                image, relabel.add | {wish.label}, relabel.remove | earlier
            )
        except ImageNotFound:
            return False
        return True

    def _is_granted(self, image: CachedImage, now: datetime.datetime) -> bool:
        wish = self._wishes[image.identity]
        return (
            wish.label in image.marks.labels
            and wish.lasts(self._for.clocks.now())
            and not self._is_claimed(image, now)
        )

    def _is_claimed(self, image: CachedImage, now: datetime.datetime) -> bool:
        # An operation on a claimed image may be its removal, however old
        # the claim is.
        claims = image.marks.claims.values()
        return bool(claims and image.busy is not None) or any(
            self._for.rules.is_live(expiry, now) for expiry in claims
        )

    def _withdraw_label(
        self, image: CachedImage, cause: CacheError | None = None
    ) -> None:
        """Take back what was written here; an earlier pin stays."""
        labels = self._written.get(image.identity)
        if not labels:
            return
        try:
            self._for.handler.mark(image, (), labels)
        except ImageNotFound:
            LOG.debug('Image %s is gone, and its labels', image.image_id)
        except CacheError as error:
            # The same again is on its way to the caller already.
            level = logging.WARNING
            if str(error) == str(cause):
                level = logging.INFO
            text = 'Image %s may keep labels %s: %s'
            LOG.log(level, text, image.image_id, labels, error)
