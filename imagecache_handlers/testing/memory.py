"""Memory: a handler that sees users, and keeps images in a dict."""

from collections.abc import Collection
from collections.abc import Iterable
import contextlib
import io
from typing import BinaryIO

from imagecache_handlers import clocks
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
        _check_store(store)
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
            self._check_unused(image, entry)
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
            free = self._count_free()
        return [model.Store(name='shelf', total=self.shelf.total, free=free)]

    def room(self, meta: model.ImageMeta, store: str) -> int:
        _check_store(store)
        return meta.size

    def add(
        self,
        meta: model.ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> model.CachedImage:
        _check_store(store)
        data = content.read()
        entry = Entry(
            image_id=meta.image_id,
            size=len(data),
            cached_at=clocks.utc_now(),
            labels=set(labels),
            content=data,
        )
        with self.shelf.lock:
            self._check_new(meta.image_id)
            if len(data) > self._count_free():
                raise exceptions.StoreFull(store, 'no room for its bytes')
            self.shelf.entries[meta.image_id] = entry
            return self._image(meta.image_id, meta.image_id, entry)

    def reserve(self, reservation: model.Reservation) -> None:
        _check_store(reservation.store)
        with self.shelf.lock:
            self.shelf.reservations[reservation.token] = reservation

    def reservations(self, store: str) -> Iterable[model.Reservation]:
        _check_store(store)
        with self.shelf.lock:
            return list(self.shelf.reservations.values())

    def unreserve(self, reservation: model.Reservation) -> None:
        with self.shelf.lock:
            self.shelf.reservations.pop(reservation.token, None)

    def content(
        self, image: model.CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        with self.shelf.lock:
            if (entry := self._find(image)) is None:
                raise exceptions.ImageNotFound(image.image_id)
            if entry.content is None:
                raise exceptions.Unsupported(image.image_id, 'it has no bytes')
            return io.BytesIO(entry.content)

    def quarantine(
        self, image: model.CachedImage, alive: handler.Alive = handler.always
    ) -> str:
        with self.shelf.lock:
            if (entry := self._find(image)) is None:
                raise exceptions.ImageNotFound(image.image_id)
            self._check_unused(image, entry)
            handler.check_claimed(image, entry.labels, alive)
            place = f'{image.location}-{len(self.shelf.aside)}'
            self.shelf.aside[place] = self.shelf.entries.pop(image.location)
            return place

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

    def _count_free(self) -> int:
        there = *self.shelf.entries.values(), *self.shelf.aside.values()
        return max(0, self.shelf.total - sum(one.size for one in there))

    def _check_new(self, image_id: str) -> None:
        if any(self.shelf.entries.of([image_id])):
            raise exceptions.ImageExists(image_id)
        if image_id in self.shelf.entries:
            why = 'as an object that is not ours'
            raise exceptions.ImageExists(image_id, why)

    def _check_unused(self, image: model.CachedImage, entry: Entry) -> None:
        if self.shelf.sees_users and entry.users:
            raise exceptions.ImageInUse(image.image_id, entry.users)

    def _find(self, image: model.CachedImage) -> Entry | None:
        """Give that very object; None: it is gone, or another's by now."""
        entry = self.shelf.entries.get(image.location)
        asked = image.store, image.image_id
        return entry if entry and asked == ('shelf', entry.image_id) else None


def _check_store(store: str) -> None:
    if store != 'shelf':
        raise exceptions.StoreUnavailable(store, 'there is only "shelf"')
