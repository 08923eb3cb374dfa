"""Shelf: the backend of the handler ``memory``, which several hosts share."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import threading

from imagecache_handlers.model import Reservation


@dataclasses.dataclass(kw_only=True)
class Entry:
    """One object of the backend; a foreign one has no image id."""

    image_id: str | None
    size: int
    cached_at: datetime.datetime | None = None
    users: set[str] = dataclasses.field(default_factory=set)
    labels: set[str] = dataclasses.field(default_factory=set)
    content: bytes | None = None


class Entries(dict[str, Entry]):
    """Objects by location; those of an image are found without a search."""

    def __init__(self) -> None:
        self.places: dict[str | None, dict[str, Entry]] = {}

    def __setitem__(self, location: str, entry: Entry) -> None:
        super().__setitem__(location, entry)
        places = self.places.setdefault(entry.image_id, {})
        places[location] = entry

    def of(self, image_ids: Iterable[str]) -> Iterator[tuple[str, Entry]]:
        """Give those of these images; what has gone is forgotten here."""
        for image_id in set(image_ids):
            places = self.places.get(image_id, {})
            for location, entry in tuple(places.items()):
                if self.get(location) is not entry:
                    del places[location]
                elif entry.image_id == image_id:
                    yield location, entry


class Shelf:
    """The backend: what several hosts share."""

    def __init__(self, *, total: int = 2**40, sees_users: bool = True) -> None:
        self.total = total
        self.sees_users = sees_users
        self.entries = Entries()
        # Set aside, for people to look at.
        self.aside: dict[str, Entry] = {}
        self.reservations: dict[str, Reservation] = {}
        self.lock = threading.Lock()
