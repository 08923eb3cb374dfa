"""Memory: the least handler that sees users, with entries of a dict."""

from collections.abc import Collection
from collections.abc import Iterable

from imagecache_handlers import exceptions
from imagecache_handlers import handler
from imagecache_handlers.labels import Marks
from imagecache_handlers import model
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf


class MemoryHandler(handler.CacheHandler):
    """Cached images in memory, to try things out on."""

    contract = 2

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = shelf or Shelf()

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[model.CachedImage]:
        if store != 'shelf':
            raise exceptions.StoreUnavailable(store, 'there is only "shelf"')
        there = self.shelf.entries
        with self.shelf.lock:
            found = there.items() if image_ids is None else there.of(image_ids)
            return [
                self._image(location, entry.image_id, entry)
                for location, entry in found
                if entry.image_id and model.IMAGE_ID.fullmatch(entry.image_id)
            ]

    def evict(
        self, image: model.CachedImage, alive: handler.Alive = handler.always
    ) -> int | None:
        with self.shelf.lock:
            if (entry := self._find(image)) is None:
                return 0
            if self.shelf.sees_users and entry.users:
                raise exceptions.ImageInUse(image.image_id, entry.users)
            handler.check_claimed(image, entry.labels, alive)
            return self.shelf.entries.pop(image.location).size

    def mark(
        self,
        image: model.CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        with self.shelf.lock:
            if (entry := self._find(image)) is None:
                raise exceptions.ImageNotFound(image.image_id)
            entry.labels = entry.labels.union(add).difference(remove)

    def stores(self) -> Iterable[model.Store]:
        with self.shelf.lock:
            used = sum(entry.size for entry in self.shelf.entries.values())
        free = max(0, self.shelf.total - used)
        return [model.Store(name='shelf', total=self.shelf.total, free=free)]

    def _image(self, at: str, name: str, entry: Entry) -> model.CachedImage:
        return model.CachedImage(
            image_id=name,
            store='shelf',
            location=at,
            size=entry.size,
            cached_at=entry.cached_at,
            users=frozenset(entry.users) if self.shelf.sees_users else None,
            marks=Marks.read(entry.labels),
        )

    def _find(self, image: model.CachedImage) -> Entry | None:
        """Give that very object; None: it is gone, or another's by now."""
        entry = self.shelf.entries.get(image.location)
        asked = image.store, image.image_id
        return entry if entry and asked == ('shelf', entry.image_id) else None
