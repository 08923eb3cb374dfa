"""Leaving stores: when one that does not do what it is told is let be."""

from imagecache_handlers.actions.lost_removals import End
from imagecache_handlers.actions.lost_removals import Lost
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Cancelled
from imagecache_handlers.exceptions import NotUnderstood
from imagecache_handlers.exceptions import StoreBusy
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.planning.verdicts import Left

# Removals of a store that did not end, in one sweep: each takes minutes.
UNFINISHED = 2
# In a row: what it refused as a whole, and what nobody can understand.
REFUSED = 5
NOT_UNDERSTOOD = 3


class Trouble:
    """What one store did not do in one sweep, whatever image it was about.

    Whatever is an image's own (its users, its labels, an operation on it)
    is not a trouble of its store, or a few such images would keep all others
    from their turn for ever.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._unfinished = 0
        self._refused = 0
        self._not_understood = 0

    def count_failure(self, error: CacheError) -> None:
        """Count what came in the way of a removal, before it was begun."""
        self._refused += _is_refusal(error)
        self._not_understood += isinstance(error, NotUnderstood)

    def count_unclaimed(self, error: CacheError) -> None:
        """Count a claim that was not written, as far as anybody knows."""
        self.count_failure(error)
        if is_silent(error) and not _is_refusal(error):
            self._refused += 1

    def count_removal(self, error: CacheError | None = None) -> None:
        """Count how a removal ended; None: as it was to."""
        if isinstance(error, Cancelled | Unfinished):
            self._unfinished += 1
        if not _is_refusal(error):
            self._refused = 0
        if not isinstance(error, NotUnderstood):
            self._not_understood = 0
        if error is not None:
            self.count_failure(error)

    def count_end(self, lost: Lost, end: End) -> None:
        """Count how a removal ended, now that it was followed."""
        if not lost.has_waited:
            self._unfinished += end in (End.PENDING, End.IN_VAIN)
        elif end is End.GONE and not lost.again:
            # It did end, while the handler waited.
            self._unfinished -= 1

    @property
    def why(self) -> str | None:
        """Why that store is to be left for this sweep; None: it is not."""
        if self._unfinished >= UNFINISHED:
            return 'does not finish removals'
        if self._refused >= REFUSED:
            return f'refused {self._refused} removals in a row'
        if self._not_understood >= NOT_UNDERSTOOD:
            count = self._not_understood
            return f'gave {count} answers in a row that nobody understands'
        return None

    def describe_left(self, count: int) -> Left | None:
        """Tell of what is left with that store; None: nothing is."""
        if not count or self.why is None:
            return None
        return Left(store=self._store, count=count, why=self.why)


def _is_refusal(error: CacheError | None) -> bool:
    refused = isinstance(error, StoreBusy | StoreUnavailable)
    # That it is full is why it is swept.
    return refused and not isinstance(error, StoreFull)


def is_silent(error: CacheError | None) -> bool:
    """Tell if the store may have no answer to any label, but a timeout."""
    return _is_refusal(error) or isinstance(error, Uncertain)
