"""A handler with every optional ability, for the mutants to break.

It has two stores, lists ids as hashes, as Nova's libvirt driver does, and
can hold several copies of an image in one store.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import io
import os
import pathlib
import pickle
import re
import secrets
import sys
import tempfile
import threading
from unittest import mock

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import Store
from imagecache_handlers.testing import conformance

CACHED_AT = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
BLOCK = 4096
PART = 2**16
NAME_MAX = 200


@dataclasses.dataclass
class Cask:
    """One object; ``kind`` is what the cellar keeps in it."""

    image_id: str
    size: int
    kind: str = 'image'
    users: set[str] = dataclasses.field(default_factory=set)
    labels: set[str] = dataclasses.field(default_factory=set)
    remover: int = 0
    readable: bool = True
    content: bytes = b''

    @property
    def key(self):
        return hashed(self.image_id)


def hashed(image_id):
    if re.fullmatch('[0-9a-f]{40}', image_id):
        return image_id
    return hashlib.sha1(image_id.encode(), usedforsecurity=False).hexdigest()


def new_location():
    return f'cask-{secrets.token_hex(4)}'


def is_running(process):
    return pathlib.Path('/proc', str(process)).exists()


class Cellar:
    """The backend: two stores, and how often it was called."""

    def __init__(self):
        self._stores: dict[str, dict[str, Cask]] = {'north': {}, 'south': {}}
        self.lock = threading.RLock()
        self.calls = 0
        # Those on record, by store and name; True: something blocks them.
        self.hosts: dict[tuple[str, str], bool] = {}
        self.reservations = {}
        self.down = False
        # Through this file a process that dies leaves what it has changed.
        self.legacy = pathlib.Path(
            tempfile.gettempdir(), f'cellar-{os.getpid()}-{id(self)}'
        )
        self.step = None

    @property
    def stores(self):
        if self.step is None and self.legacy.exists():
            self._stores = pickle.loads(self.legacy.read_bytes())  # noqa: S301
            self.legacy.unlink()
        return self._stores

    def __enter__(self):
        if self.down:
            raise StoreUnavailable('cellar', 'it is down')
        self.lock.acquire()
        self.calls += 1
        return self.stores

    def __exit__(self, *error):
        try:
            if self.step is not None:
                self._write_in_steps()
        finally:
            self.lock.release()

    def _write_in_steps(self):
        try:
            self.step()
            self.legacy.write_bytes(pickle.dumps(self._stores))
            self.step()
        except OSError as error:
            raise Uncertain('cellar', str(error)) from error


class CellarHandler(CacheHandler):
    """It declares everything."""

    parallel = 2
    contract = 2
    wants_shield = True

    def __init__(self, cellar):
        self.cellar = cellar

    def key(self, image_id):
        return hashed(image_id)

    def stores(self):
        with self.cellar as stores:
            return [
                Store(name=name, total=2**30, free=2**29) for name in stores
            ]

    def enumerate(self, store, image_ids=None):
        with self.cellar as stores:
            return [
                self.image(store, location, cask)
                for location, cask in self.shelf(stores, store).items()
                if self.ours(cask)
                and (image_ids is None or cask.key in image_ids)
                and self.read(store, cask)
            ]

    def read(self, store, cask):
        if not cask.readable:
            raise StoreUnavailable(store, 'a cask has no lid')
        return True

    def shelf(self, stores, store):
        if store not in stores:
            raise StoreUnavailable(store, 'there is north and south')
        return stores[store]

    def ours(self, cask):
        return cask.kind == 'image'

    def image(self, store, location, cask):
        return CachedImage(
            image_id=cask.key,
            store=store,
            location=location,
            size=cask.size,
            cached_at=CACHED_AT,
            users=frozenset(cask.users),
            marks=Marks.read(cask.labels),
        )

    def find(self, stores, image):
        cask = self.shelf(stores, image.store).get(image.location)
        if cask and self.ours(cask) and cask.key == image.image_id:
            return cask
        return None

    def evict(self, image, alive=always):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask is None:
                return 0
            if cask.users:
                raise ImageInUse(image.image_id, cask.users)
            check_claimed(image, cask.labels, alive)
            # Out of sight, and this process's to remove.
            cask.kind, cask.remover = 'leaving', os.getpid()
        return self.remove(image)

    def remove(self, image):
        with self.cellar as stores:
            stores[image.store].pop(image.location, None)

    def evict_many(self, images, in_time):
        for image in images:
            try:
                yield self.evict(image, in_time)
            except CacheError as error:
                yield error

    def mark_many(self, images, add=(), remove=()):
        add, remove = list(add), list(remove)
        return [self.marked(image, add, remove) for image in images]

    def marked(self, image, add, remove):
        try:
            return self.mark(image, add, remove)
        except CacheError as error:
            return error

    def recover(self, store):
        with self.cellar as stores:
            shelf = self.shelf(stores, store)
            for location, cask in list(shelf.items()):
                if cask.kind == 'leaving' and not is_running(cask.remover):
                    self.settle(shelf, location)

    def settle(self, shelf, location):
        del shelf[location]

    def mark(self, image, add=(), remove=()):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask is None:
                raise ImageNotFound(image.image_id)
            cask.labels.update(add)
            cask.labels.difference_update(remove)

    def room(self, meta, store):
        return -(-meta.size // BLOCK) * BLOCK

    def add(self, meta, content, store, labels=()):
        if len(meta.image_id) > NAME_MAX:
            raise Unsupported(meta.image_id, 'its name is too long')
        self.refuse_second(meta, store)
        location = self.stage(meta, store, labels)
        try:
            self.fill(content, store, location)
        except OSError:
            self.abandon(store, location)
            raise
        return self.publish(store, location)

    def refuse_second(self, meta, store):
        if self.enumerate(store, [self.key(meta.image_id)]):
            raise ImageExists(meta.image_id)

    def stage(self, meta, store, labels):
        with self.cellar as stores:
            location = new_location()
            self.shelf(stores, store)[location] = Cask(
                meta.image_id, 0, 'filling', labels=set(labels)
            )
        return location

    def fill(self, content, store, location):
        while part := content.read(PART):
            with self.cellar as stores:
                stores[store][location].size += len(part)
                stores[store][location].content += part

    def abandon(self, store, location):
        with self.cellar as stores:
            stores[store][location].kind = 'staged'

    def publish(self, store, location):
        with self.cellar as stores:
            cask = stores[store][location]
            cask.kind = 'image'
            return self.image(store, location, cask)

    def reserve(self, reservation):
        with self.cellar as stores:
            self.shelf(stores, reservation.store)
            self.cellar.reservations[reservation.token] = reservation

    def reservations(self, store):
        with self.cellar as stores:
            self.shelf(stores, store)
            made = self.cellar.reservations.values()
            return [one for one in made if one.store == store]

    def unreserve(self, reservation):
        with self.cellar:
            self.cellar.reservations.pop(reservation.token, None)

    def content(self, image):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask is None:
                raise ImageNotFound(image.image_id)
            return io.BytesIO(cask.content)

    def quarantine(self, image, alive=always):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask is None:
                raise ImageNotFound(image.image_id)
            if cask.users:
                raise ImageInUse(image.image_id, cask.users)
            check_claimed(image, cask.labels, alive)
            cask.kind = 'aside'
            return f'{image.store}/{image.location}'

    def debris(self, store):
        with self.cellar as stores:
            return [
                Debris(
                    store=store,
                    location=location,
                    size=cask.size,
                    since=CACHED_AT,
                    why='an add broke off',
                )
                for location, cask in self.shelf(stores, store).items()
                if self.is_debris(cask)
            ]

    def is_debris(self, cask):
        return cask.kind == 'staged'

    def clean(self, debris):
        with self.cellar as stores:
            shelf = self.shelf(stores, debris.store)
            cask = shelf.get(debris.location)
            if cask is None or not self.is_debris(cask):
                return 0
            return shelf.pop(debris.location).size

    def record_host(self, store):
        self.cellar.hosts.setdefault((store, 'this'), True)

    def hosts(self, store):
        return [
            Host(
                name=name,
                store=place,
                is_this=name == 'this',
                as_of=CACHED_AT,
                blocks='it sees half' if blocks else None,
            )
            for (place, name), blocks in self.cellar.hosts.items()
            if place == store
        ]

    def forget_host(self, store, name):
        return self.cellar.hosts.pop((store, name), None) is not None

    def accept_host(self, store):
        self.cellar.hosts[store, 'this'] = False


class CellarHooks(conformance.HandlerHooks):
    """What the kit asks of an author, for a cellar."""

    sees_users = True
    holds_copies = True
    handler = CellarHandler

    def setUp(self):
        self.cellar = Cellar()
        self.addCleanup(self.cellar.legacy.unlink, missing_ok=True)

    def connect(self):
        return self.handler(self.cellar)

    def put(self, cask, location=''):
        location = location or new_location()
        self.cellar.stores['north'][location] = cask
        return location

    def seed(self, image_id, *, size=2**20):
        return self.put(Cask(image_id, size))

    def cask(self, image):
        return self.cellar.stores[image.store][image.location]

    def lose(self, image):
        del self.cellar.stores[image.store][image.location]

    def occupy(self, image, user):
        self.cask(image).users.add(user)

    def vacate(self, image, user):
        self.cask(image).users.remove(user)

    def foreign(self):
        self.put(Cask(conformance.ONE, 1, 'disk'), 'a disk')
        self.put(Cask(conformance.TWO, 1, 'disk'), conformance.TWO)
        self.put(Cask('../..', 1, 'disk'), '../..')
        self.put(Cask('a', 1, 'disk'), 'a\nb')
        return self.foreign_left()

    def foreign_left(self):
        shelf = self.cellar.stores['north']
        return [at for at, cask in shelf.items() if cask.kind == 'disk']

    def litter(self):
        return [self.put(Cask(conformance.KIN, 7, 'staged')) for _ in range(2)]

    def doom(self, step):
        self.cellar.step = step

    @contextlib.contextmanager
    def last_step(self, act):
        enter = Cellar.__enter__

        def late(cellar):
            if sys._getframe(1).f_code.co_name == 'evict':
                act()
            return enter(cellar)

        with mock.patch.object(Cellar, '__enter__', late):
            yield

    def whole(self, image):
        cask = self.cask(image)
        offered, _ = self.offer(cask.image_id)
        return cask.size in (2**20, offered.size)

    @contextlib.contextmanager
    def unreadable(self, image):
        cask = self.cask(image)
        cask.readable = False
        yield
        cask.readable = True

    def outages(self):
        return [mock.patch.object(self.cellar, 'down', True)]

    def backend_calls(self):
        return self.cellar.calls
