"""Open book: what one process has reserved, given back when it cannot wait."""

from concurrent import futures
import dataclasses
import logging
import threading

from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import Reservation

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(slots=True)
class _Entry:
    """A reservation of this process, and whose turn it is to write it."""

    reservation: Reservation
    turn: threading.Lock = dataclasses.field(default_factory=threading.Lock)


class OpenBook:
    """A book that knows which reservations were written through it."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._entries: dict[str, _Entry] = {}
        self._is_closed = False

    def reserve(self, reservation: Reservation) -> None:
        """Write it, unless all was given back: then nothing is written.

        Nobody goes on without a look that shows it.
        """
        # Noted first, asked then; who closes the book closes it and looks
        # then.  One of the two sees the other.
        entry = self._note_entry(reservation)
        with entry.turn:
            if not self._is_closed:
                self._book.reserve(reservation)

    def reservations(self, store: str) -> list[Reservation]:
        return self._book.reservations(store)

    def unreserve(self, reservation: Reservation) -> None:
        entry = self._note_entry(reservation)
        with entry.turn:
            self._book.unreserve(reservation)
        self._entries.pop(reservation.token, None)

    def give_back(self) -> None:
        """Give all of it back at once, and let nothing more be written."""
        self._is_closed = True
        mine = [one.reservation for one in list(self._entries.values())]
        # At the same time: one that hangs keeps no other.
        with futures.ThreadPoolExecutor(len(mine) or 1) as pool:
            list(pool.map(self._give_back_one, mine))

    def _give_back_one(self, reservation: Reservation) -> None:
        try:
            self.unreserve(reservation)
        except CacheError as error:
            LOG.warning('Room stays reserved for a while: %s', error)

    def _note_entry(self, reservation: Reservation) -> _Entry:
        entry = self._entries.setdefault(
            reservation.token, _Entry(reservation)
        )
        entry.reservation = reservation
        return entry
