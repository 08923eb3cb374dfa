"""Prefetched: what became of images that were to come in, and on the way."""

from collections.abc import Callable
import dataclasses
import enum


class Got(enum.StrEnum):
    """What became of an image that was to be cached ahead of its use."""

    CACHED = 'cached'  # it was fetched, verified and added, with a lease
    EXISTING = 'existing'  # it was there, or came meanwhile; leased
    UNSUPPORTED = 'unsupported'  # this backend can never hold it
    REFUSED = 'refused'  # no room, or it is not what an image should be
    ERROR = 'error'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prefetched:
    """What became of one image in one store.

    ``why`` says it of all but what is there now, and of that why its hash
    was not compared.  ``size`` is how many bytes its source has, if these are
    here now: ``found`` of them were since an earlier run, the others came in
    ``tries`` attempts.  ``seconds`` is how long all of it took.  ``blind``:
    there may be room, once it is told who uses what is in its place.
    """

    image_id: str
    store: str
    did: Got
    why: str = ''
    size: int = 0
    found: int = 0
    seconds: float = 0.0
    tries: int = 0
    blind: bool = False

    @property
    def is_there(self) -> bool:
        """Tell if the image is in the store, with a lease on it."""
        return self.did in (Got.CACHED, Got.EXISTING)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody else has an image on its way, and is waited for.

    If they have died, that is for ``most`` seconds from now on.  ``here``:
    they are on this host, and may fetch it into another store.
    """

    image_id: str
    store: str
    most: float
    here: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """An image of ``size`` bytes begins to be fetched."""

    image_id: str
    store: str
    size: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``done`` of its ``size`` bytes are on this host."""

    image_id: str
    store: str
    done: int
    size: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An image has its result."""

    result: Prefetched


Event = Waiting | Began | Progress | Ended
Tell = Callable[[Event], object]


def tell_no_event(event: Event) -> None:
    """Tell nobody what happens on the way."""
