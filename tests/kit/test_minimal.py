"""The least that keeps every promise: three methods, on two backends."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import tempfile
import threading
import unittest

from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers.testing import conformance

LOCK = threading.Lock()


class TableHandler(CacheHandler):
    """Sees users: objects of all kinds by their (store, location)."""

    def __init__(self, table):
        self.table = table

    def enumerate(self, store, image_ids=None):
        if store != 'default':
            raise exceptions.StoreUnavailable(store, 'there is no such store')
        images = [it for it in list(self.table.values()) if is_image(it)]
        return [
            it
            for it in images
            if image_ids is None or it.image_id in image_ids
        ]

    def evict(self, image, alive=always):
        with LOCK:
            found = self.table.get(image.identity)
            if not is_image(found) or found.image_id != image.image_id:
                return 0
            if found.users:
                raise exceptions.ImageInUse(image.image_id, found.users)
            check_claimed(image, found.marks.labels, alive)
            return self.table.pop(image.identity).size

    def mark(self, image, add=(), remove=()):
        with LOCK:
            found = self.table.get(image.identity)
            if not is_image(found):
                raise exceptions.ImageNotFound(image.image_id)
            labels = found.marks.labels.union(add).difference(remove)
            self.table[image.identity] = dataclasses.replace(
                found, marks=Marks.read(labels)
            )


def is_image(thing):
    return isinstance(thing, CachedImage)


class FolderHandler(CacheHandler):
    """Blind: an image is a folder with a disk, each label a file in it."""

    def __init__(self, root):
        self.root = root

    def enumerate(self, store, image_ids=None):
        if store != 'default':
            raise exceptions.StoreUnavailable(store, 'there is no such store')
        names = self.names()
        if image_ids is not None:
            names = [name for name in names if name in image_ids]
        return [image for image in map(self.read, names) if image]

    def names(self):
        try:
            return os.listdir(self.root)
        except OSError as error:
            raise exceptions.StoreUnavailable('default', str(error)) from error

    def read(self, name):
        folder = self.root / name
        if not IMAGE_ID.fullmatch(name) or not (folder / 'disk').is_file():
            return None
        try:
            size = (folder / 'disk').stat().st_size
            labels = [file.stem for file in folder.glob('*.label')]
        except FileNotFoundError:  # gone since we looked
            return None
        return CachedImage(
            image_id=name,
            store='default',
            location=name,
            size=size,
            marks=Marks.read(labels),
        )

    def find(self, image):
        # A cache that is not there now must not look like an empty one.
        found = image.location in self.names() and self.read(image.image_id)
        return found if found and found.identity == image.identity else None

    def evict(self, image, alive=always):
        if (found := self.find(image)) is None:
            return 0
        # One rename takes the image and its labels out of sight together.
        with tempfile.TemporaryDirectory(prefix='.', dir=self.root) as gone:
            check_claimed(image, found.marks.labels, alive)
            try:
                (self.root / found.location).rename(f'{gone}/image')
            except FileNotFoundError:
                return 0
        return found.size

    def mark(self, image, add=(), remove=()):
        if self.find(image) is None:
            raise exceptions.ImageNotFound(image.image_id)
        folder = self.root / image.location
        try:
            for label in add:
                (folder / f'{label}.label').touch()
        except FileNotFoundError as error:
            raise exceptions.ImageNotFound(image.image_id) from error
        for label in remove:
            (folder / f'{label}.label').unlink(missing_ok=True)


class TestTable(conformance.HandlerConformance, unittest.TestCase):
    sees_users = True
    outages = doom = None
    absent = dict.fromkeys(['outages', 'doom'], 'it is a dict')
    FOREIGN = ('a disk', '../..', conformance.ONE)

    def setUp(self):
        self.table = {}

    def connect(self):
        return TableHandler(self.table)

    def seed(self, image_id, *, size=2**20):
        location = f'image of {image_id}'
        image = CachedImage(
            image_id=image_id,
            store='default',
            location=location,
            size=size,
            users=frozenset(),
        )
        self.table[image.identity] = image
        return location

    def lose(self, image):
        del self.table[image.identity]

    def use(self, image, change):
        found = self.table[image.identity]
        users = change(found.users)
        self.table[image.identity] = dataclasses.replace(found, users=users)

    def occupy(self, image, user):
        self.use(image, lambda users: users | {user})

    def vacate(self, image, user):
        self.use(image, lambda users: users - {user})

    def foreign(self):
        self.table.update({('default', name): 'vm' for name in self.FOREIGN})
        return self.FOREIGN

    def foreign_left(self):
        return [at for (_, at), thing in self.table.items() if thing == 'vm']


class TestFolder(conformance.HandlerConformance, unittest.TestCase):
    sees_users = False
    doom = None
    absent = {'doom': 'the shelf, which is this one in full, has one'}

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name) / 'cache'
        self.root.mkdir()

    def connect(self):
        return FolderHandler(self.root)

    def seed(self, image_id, *, size=2**20):
        (self.root / image_id).mkdir()
        (self.root / image_id / 'disk').write_bytes(bytes(size))
        return image_id

    def lose(self, image):
        shutil.rmtree(self.root / image.location)

    def foreign(self):
        for name in 'no-disk', '-hostile', 'a\nb':
            (self.root / name).mkdir()
        (self.root / '-hostile' / 'disk').touch()
        (self.root / 'a\nb' / 'disk').touch()
        (self.root / 'a-file').touch()
        return self.foreign_left()

    def foreign_left(self):
        names = {'no-disk', '-hostile', 'a\nb', 'a-file'}
        return names & {at.name for at in self.root.iterdir()}

    def outages(self):
        return [self.unmounted()]

    @contextlib.contextmanager
    def unmounted(self):
        away = self.root.rename(self.root.with_name('away'))
        yield
        away.rename(self.root)
