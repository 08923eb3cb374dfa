"""Granting: a label is written on each copy, then looked for until sure."""

from collections.abc import Callable
import dataclasses
import datetime
import logging

from imagecache_handlers.actions.means import Means
from imagecache_handlers.clocks import Timer
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import SHIELD
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Identity

LOG = logging.getLogger(__name__)

# Seconds between two looks at an image that somebody claims.
POLL = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WantedLabel:
    """The label of a lease or a pin, and until when a grant is worth it."""

    label: str
    before: datetime.datetime | None = None

    def is_in_time(self, now: datetime.datetime) -> bool:
        return self.before is None or now <= self.before


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long somebody waits, since they asked."""

    timer: Timer
    timeout: datetime.timedelta

    def is_over(self) -> bool:
        return self.timer.elapsed >= self.timeout


class GrantRequest:
    """One request for a lease or a pin on the copies in one store.

    ``shared``: others may write the very same label at the same time, so
    that none is withdrawn that was written.
    """

    def __init__(
        self,
        means: Means,
        patience: Patience,
        store: str,
        image_id: str,
        make_wanted: Callable[[], WantedLabel],
        *,
        shared: bool = False,
    ) -> None:
        self._means = means
        self._patience = patience
        self._store = store
        self._image_id = image_id
        self._make_wanted = make_wanted
        self._shared = shared
        self._wanted: dict[Identity, WantedLabel] = {}
        self._written: dict[Identity, set[str]] = {}
        self.refused: list[CachedImage] = []

    def grant_copies(
        self, first: Callable[[Marks], Relabel]
    ) -> list[CachedImage]:
        """Write, look, and again until every copy is sure, or too late.

        What is given was sure in one and the same look.  Of what is not
        given, and of all when an error ends it, the labels are withdrawn,
        unless they are shared.
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
            now = self._means.clocks.now()
            fresh = {one.identity: one for one in self._look_at_copies()}
            _renew_copies(copies, fresh)
            sure = [
                one for one in copies.values() if self._is_granted(one, now)
            ]
            self.refused = [one for one in copies.values() if one not in sure]
            if not self.refused or self._patience.is_over():
                return sure
            self._means.clocks.sleep(POLL)
            for image in list(copies.values()):
                if not self._write_label(image, NO_CHANGE):
                    del copies[image.identity]

    def label_on(self, image: CachedImage) -> str:
        """Tell which label was granted on a copy."""
        return self._wanted[image.identity].label

    def _look_at_copies(self) -> list[CachedImage]:
        return self._means.handler.enumerate(self._store, {self._image_id})

    def _write_label(self, image: CachedImage, relabel: Relabel) -> bool:
        """Write the label, in place of its earlier forms; False: gone."""
        wanted = self._wanted[image.identity] = self._make_wanted()
        labels = image.marks.labels
        # Other cleaners may have taken away what guards an earlier one.
        is_bare = SHIELD in relabel.add - labels
        if wanted.label in labels and not is_bare:
            return True
        written = self._written.setdefault(image.identity, set())
        earlier = written - {wanted.label}
        if wanted.label not in labels:
            written.add(wanted.label)
        try:
            self._means.handler.mark(
                image, relabel.add | {wanted.label}, relabel.remove | earlier
            )
        except ImageNotFound:
            return False
        return True

    def _is_granted(self, image: CachedImage, now: datetime.datetime) -> bool:
        wanted = self._wanted[image.identity]
        return (
            wanted.label in image.marks.labels
            and wanted.is_in_time(self._means.clocks.now())
            and not self._is_claimed(image, now)
        )

    def _is_claimed(self, image: CachedImage, now: datetime.datetime) -> bool:
        # An operation on a claimed image may be its removal, however old
        # the claim is.
        claims = image.marks.claims.values()
        return bool(claims and image.busy is not None) or any(
            self._means.rules.is_live(expiry, now) for expiry in claims
        )

    def _withdraw_label(
        self, image: CachedImage, cause: CacheError | None = None
    ) -> None:
        """Take back what was written here; an earlier pin stays."""
        labels = self._written.get(image.identity)
        # One that is shared may be what was granted to somebody else.
        if not labels or self._shared:
            return
        try:
            self._means.handler.mark(image, (), labels)
        except ImageNotFound:
            LOG.debug('Image %s is gone, and its labels', image.image_id)
        except CacheError as error:
            # The same again is on its way to the caller already.
            level = logging.WARNING
            if str(error) == str(cause):
                level = logging.INFO
            text = 'Image %s may keep labels %s: %s'
            LOG.log(level, text, image.image_id, labels, error)


def _renew_copies(
    copies: dict[Identity, CachedImage], fresh: dict[Identity, CachedImage]
) -> None:
    """Have copies as they are now; those that are gone are none any more."""
    for identity in list(copies):
        if identity in fresh:
            copies[identity] = fresh[identity]
        else:
            del copies[identity]
