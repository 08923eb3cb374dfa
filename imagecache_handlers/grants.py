"""Hold and pin: a label first, then a look; granted only if nobody claims.

The counterpart of ``eviction``: an evictor that looks after the label was
written sees it and withdraws, so what was granted is never overtaken.
"""

from collections.abc import Callable
import dataclasses
import datetime
import logging

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.guard import Guarded
from imagecache_handlers import marks
from imagecache_handlers.marks import Relabel
from imagecache_handlers.model import CachedImage
from imagecache_handlers.rules import Rules
from imagecache_handlers.timing import Clocks
from imagecache_handlers.timing import Timer

LOG = logging.getLogger(__name__)

# Seconds between two looks at an image that somebody claims.
POLL = 1.0


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

    handler: Guarded
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
            label = marks.lease_label(owner, now + ttl)
            return Wish(label=label, before=now + ttl / 2)

        petition = _Petition(self, store, image_id, lease)
        held = petition.grant(marks.taken)
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
        label = marks.pin_label(owner, until)
        now = self.clocks.now()
        before = None if until is None else now + (until - now) / 2
        wish = Wish(label=label, before=before)
        petition = _Petition(self, store, image_id, lambda: wish)
        pinned = petition.grant(lambda labels: marks.NO_CHANGE)
        for image in pinned:
            if image.marks.of('pin', owner) != {label}:
                self.handler.pin(image, owner, until)
        if petition.refused:
            raise ImageBusy(image_id, 'somebody is about to evict it')
        return pinned


class _Petition:
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
        self._wishes: dict[tuple[str, str], Wish] = {}
        self._written: set[str] = set()
        self.refused: list[CachedImage] = []

    def grant(
        self, first: Callable[[marks.Marks], Relabel]
    ) -> list[CachedImage]:
        """Write, look, and again until every copy is sure, or too late.

        What is given was sure in one and the same look.
        """
        copies = {
            image.identity: image
            for image in self._look()
            if self._write(image, first(image.marks))
        }
        while copies:
            # Others' labels are judged by a clock that was read before the
            # look: a reply may come long after it was true.
            now = self._for.clocks.now()
            copies = {
                image.identity: image
                for image in self._look()
                if image.identity in copies
            }
            sure = [one for one in copies.values() if self._sure(one, now)]
            self.refused = [one for one in copies.values() if one not in sure]
            if (
                not self.refused
                or self._for.timer.elapsed >= self._for.timeout
            ):
                break
            self._for.clocks.sleep(POLL)
            for image in list(copies.values()):
                if not self._write(image, marks.NO_CHANGE):
                    del copies[image.identity]
        for image in self.refused:
            self._withdraw(image)
        return sure if copies else []

    def _look(self) -> list[CachedImage]:
        return self._for.handler.enumerate(self._store, {self._image_id})

    def _write(self, image: CachedImage, relabel: Relabel) -> bool:
        """Write the label, in place of its earlier form; False: gone."""
        wish = self._wish()
        earlier = self._wishes.get(image.identity)
        self._wishes[image.identity] = wish
        if wish.label in image.marks.labels:
            return True
        self._written.add(wish.label)
        remove = {earlier.label} - {wish.label} if earlier else set()
        try:
            self._for.handler.mark(
                image, relabel.add | {wish.label}, relabel.remove | remove
            )
        except ImageNotFound:
            return False
        return True

    def _sure(self, image: CachedImage, now: datetime.datetime) -> bool:
        wish = self._wishes[image.identity]
        return (
            wish.label in image.marks.labels
            and wish.lasts(self._for.clocks.now())
            and not self._claimed(image, now)
        )

    def _claimed(self, image: CachedImage, now: datetime.datetime) -> bool:
        # An operation on a claimed image may be its removal, however old
        # the claim is.
        claims = image.marks.claims.values()
        return bool(claims and image.busy) or any(
            self._for.rules.live(expiry, now) for expiry in claims
        )

    def _withdraw(self, image: CachedImage) -> None:
        label = self._wishes[image.identity].label
        if label not in self._written:
            return  # a pin that stood there before
        try:
            self._for.handler.mark(image, (), {label})
        except CacheError as error:
            LOG.warning(
                'Image %s keeps label %s: %s', image.image_id, label, error
            )
