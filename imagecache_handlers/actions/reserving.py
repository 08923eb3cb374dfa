"""Reserving: room for an image on its way in, seen by all who share a store.

The counterpart of a claim: who wants to fetch an image writes first and
looks then, so that of several only one goes on, and each sees the room that
the others take.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging
import secrets
import threading
from typing import Protocol

from imagecache_handlers.actions.claim import Claim
from imagecache_handlers.actions.means import Means
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import Reservation

LOG = logging.getLogger(__name__)

# Seconds between two looks at what others have on its way, and how many of
# these are for those who came at the same moment.
POLL = 1.0
LOOKS = 5


class Book(Protocol):
    """Where reservations are written: a handler, or a ``Ledger``."""

    def reserve(self, reservation: Reservation) -> None: ...

    def reservations(self, store: str) -> list[Reservation]: ...

    def unreserve(self, reservation: Reservation) -> None: ...


class Ledger:
    """Reservations of one process, where its handler keeps none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, Reservation] = {}

    def reserve(self, reservation: Reservation) -> None:
        with self._lock:
            self._entries[reservation.token] = reservation

    def reservations(self, store: str) -> list[Reservation]:
        with self._lock:
            entries = list(self._entries.values())
        return [one for one in entries if one.store == store]

    def unreserve(self, reservation: Reservation) -> None:
        with self._lock:
            self._entries.pop(reservation.token, None)


def count_nothing() -> int:
    """Stand for what is staged elsewhere, if at all."""
    return 0


class Reserving:
    """One's own reservation of room for one image in one store.

    It has the time of a claim: others take it for live until its expiry and
    a skew, its owner for dead a skew before.  ``count_staged`` tells how many
    of its bytes take room in the store already.
    """

    def __init__(
        self,
        means: Means,
        book: Book,
        store: str,
        image_id: str,
        size: int,
        count_staged: Callable[[], int] = count_nothing,
    ) -> None:
        self._means = means
        self._book = book
        self._store = store
        self._image_id = image_id
        self._size = size
        self._count_staged = count_staged
        self._written: Reservation | None = None
        self._claim = Claim(secrets.token_hex(8), means.clocks, means.rules)
        self._lock = threading.Lock()

    @property
    def token(self) -> str:
        return self._claim.token

    @property
    def size(self) -> int:
        """Bytes that are still to come."""
        return max(0, self._size - self._count_staged())

    def is_alive(self) -> bool:
        """Tell if everybody else still respects it."""
        return self._written is not None and self._claim.is_alive()

    def write_record(self) -> None:
        """Put it on record, or renew it, with full time."""
        with self._lock:
            self._write_now()

    def _write_now(self) -> None:
        claim = self._claim.renew_claim()
        reservation = Reservation(
            image_id=self._image_id,
            store=self._store,
            token=claim.token,
            size=self.size,
            until=claim.expiry,
        )
        # Before it is known how that ended: it may be written all the same.
        self._written = reservation
        self._book.reserve(reservation)
        self._claim = claim

    def has_rivals(self) -> bool:
        """Tell if somebody else has that image on its way."""
        return bool(self._list_rivals(self._list_live()))

    def _list_live(
        self, stores: Iterable[str] | None = None
    ) -> list[Reservation]:
        """Give what counts there, or in these stores, and one's own."""
        # Read before the look: a reply may come long after it was true.
        now = self._means.clocks.now()
        return [
            one
            for store in stores or [self._store]
            for one in self._book.reservations(store)
            if one.token == self.token
            or self._means.rules.is_reserved(one.until, now)
        ]

    def is_alone(self, pause: Callable[[], object]) -> bool:
        """Look until no other reservation of the image is to be seen.

        Of those who came at the same moment the smallest token stays; who
        was there before has passed this already, and is not waited for.
        """
        for _ in range(LOOKS):
            rivals = self._look_for_rivals()
            if not rivals:
                return rivals is not None
            if self.token > min(rivals):
                return False
            pause()
        return False

    def _look_for_rivals(self) -> list[str] | None:
        """Give the tokens of others; None: its own is not seen, or is over."""
        seen = self._list_live()
        if not self.is_alive() or self.token not in {
            one.token for one in seen
        }:
            return None
        return self._list_rivals(seen)

    def _list_rivals(self, seen: Iterable[Reservation]) -> list[str]:
        return [
            one.token
            for one in seen
            if one.image_id == self._image_id and one.token != self.token
        ]

    def give_way(
        self, members: Iterable[str], pause: Callable[[], object]
    ) -> None:
        """Withdraw, unless it has the smallest token of all that are there.

        So that of those who want the same room one gets it: who withdrew
        waits for longer, and is not there when the other looks again.
        """
        tokens = [one.token for one in self._list_live(members)]
        if self.token > min(tokens, default=self.token):
            self.withdraw_record()
            pause()
        pause()

    def withdraw_record(self) -> None:
        """Give the room back; what cannot be given back ends by itself."""
        with self._lock:
            written, self._written = self._written, None
        if written is None:
            return
        try:
            self._book.unreserve(written)
        except CacheError as error:
            LOG.warning(
                'Room for image %s stays reserved in %s until %s: %s',
                self._image_id,
                self._store,
                written.until,
                error,
            )

    @contextlib.contextmanager
    def keep_renewed(self) -> Iterator[None]:
        """Renew it meanwhile, in a thread, long before others see it end."""
        end = threading.Event()
        thread = threading.Thread(
            target=self._renew_until, args=[end], daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _renew_until(self, end: threading.Event) -> None:
        pause = self._means.rules.claim_ttl.total_seconds() / 4
        while not end.wait(pause):
            self.renew_record()

    def renew_record(self) -> None:
        """Renew what lives: one that others may have taken over is lost."""
        try:
            with self._lock:
                if self.is_alive():
                    self._write_now()
        except CacheError as error:
            # There are more turns before it ends.
            LOG.warning(
                'Room for image %s in %s is not renewed: %s',
                self._image_id,
                self._store,
                error,
            )
