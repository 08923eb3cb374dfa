"""Seen images: what is cached, by the last look and what happened since.

A look is a sweep, or that at the start.  Nothing here asks a backend.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections import Counter
import dataclasses
import datetime
import threading

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.frontends.fleet.digest import names_of
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store

GIB = 2**30
# An image that nobody has measured counts as one that is published.
_USUAL = 2 * GIB
_CLOCKS = Clocks()
_GONE = Did.EVICTED, Did.GONE, Did.UNCERTAIN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What there was: ``at`` is a time before it was read.

    ``problems`` names the stores that could not be read.
    """

    at: datetime.datetime
    stores: Collection[Store]
    images: Iterable[CachedImage]
    problems: Collection[str] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """An image that came ``at`` a time; ``store`` None: into each.

    The time is in seconds, by a clock that nobody sets.
    """

    image_id: str
    store: str | None
    at: float


class SeenImages:
    """Any thread may call any method."""

    def __init__(self, clocks: Clocks = _CLOCKS) -> None:
        self._clocks = clocks
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self._images: dict[tuple[str, str], CachedImage] = {}
        self._arrived: dict[str, _Arrival] = {}
        self._coming: Counter[str] = Counter()
        self.as_of: datetime.datetime | None = None
        self.stores: Collection[Store] = ()

    def learn_look(self, look: Look) -> None:
        """Take a look for all there is, but for what came since it began.

        One that could read no store teaches nothing: that is not empty.
        """
        stores = [one for one in look.stores if one.name not in look.problems]
        at = self._place_time(look.at)
        with self._lock:
            if (look.problems and not stores) or self._is_older(at):
                return
            self._looked_at = at
            self.as_of, self.stores = look.at, stores
            self._images = {one.identity: one for one in look.images}
            self._arrived = {
                name: one
                for name, one in self._arrived.items()
                if one.at >= at
            }

    def _is_older(self, at: float) -> bool:
        return self._looked_at is not None and at < self._looked_at

    def _place_time(self, at: datetime.datetime) -> float:
        """Give when that was, which is a while ago, by a clock nobody sets.

        Else a clock that was ahead would have each look of the next hours
        be older than that which was taken by it.
        """
        age = (self._clocks.now() - at).total_seconds()
        return self._clocks.monotonic() - max(0.0, age)

    def learn_outcome(self, outcome: Outcome) -> None:
        """Forget an image that goes, while others wait for their turn."""
        if not is_gone(outcome):
            return
        image = outcome.verdict.image
        with self._lock:
            self._images.pop(image.identity, None)
            for name in list(self._arrived):
                if image.image_id in names_of(name):
                    del self._arrived[name]

    def expect_images(self, image_ids: Iterable[str]) -> None:
        """Take images for coming, once more than before."""
        with self._lock:
            self._coming.update(image_ids)

    def learn_arrivals(
        self,
        image_ids: Iterable[str],
        store: str | None,
        at: datetime.datetime,
    ) -> None:
        """Take images for cached since then; ``store`` None: in each."""
        came = self._place_time(at)
        with self._lock:
            for name in image_ids:
                self._arrived[name] = _Arrival(
                    image_id=name, store=store, at=came
                )

    def end_expecting(self, image_ids: Iterable[str]) -> None:
        """Take images for coming no more, whether or not they came."""
        with self._lock:
            self._coming -= Counter(image_ids)

    def list_images(
        self, store: str | None
    ) -> tuple[list[CachedImage], list[str]]:
        """Give what is cached in a store, None: anywhere, and what comes."""
        with self._lock:
            seen = [
                one
                for one in self._images.values()
                if not one.variant and store in (None, one.store)
            ]
            came = [
                one.image_id
                for one in self._arrived.values()
                if store is None or one.store in (None, store)
            ]
            coming = list(self._coming)
        names = {one.image_id for one in seen}
        came = [one for one in came if names.isdisjoint(names_of(one))]
        names.update(came)
        coming = [one for one in coming if names.isdisjoint(names_of(one))]
        return [*seen, *map(_describe_arrived, came)], coming


def is_gone(outcome: Outcome) -> bool:
    """Tell if an image is there no more, or may not be."""
    return outcome.did in _GONE


def _describe_arrived(image_id: str) -> CachedImage:
    return CachedImage(
        image_id=image_id, store='-', location=image_id, size=_USUAL
    )


def choose_store(stores: Iterable[Store], total: int, free: int) -> str | None:
    """Name the store of that size; of several, the one nearest to ``free``.

    Both are in GiB, rounded down, as Nova reports them.  None: it was not
    there when it was looked last.
    """
    fitting = [
        one
        for one in stores
        if one.total is not None and one.total // GIB == total
    ]
    nearest = min(
        fitting,
        key=lambda one: (abs((one.free or 0) - free * GIB), one.name),
        default=None,
    )
    return nearest.name if nearest else None
