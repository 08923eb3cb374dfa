"""Mistakes of an author in a hurry: 50 kinds, each caught by the kit.

Whoever begins with the handler of ``imagecache new-handler`` makes them in
its place; those that need users or an ``add`` are made elsewhere.
"""

# They break the contract on purpose, its types too.
# mypy: ignore-errors

import contextlib
import dataclasses
import datetime
import json
import pathlib
import shutil
import tempfile
import threading
import time

from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.template.handler import ShelfHandler
from tests.kit.cellar import CellarHandler
from tests.kit import mutants

replace = dataclasses.replace
LOCK = threading.Lock()


def listed_as(change):
    """Make a handler that lists each image with a change."""

    def enumerate(self, store, image_ids=None):
        found = ShelfHandler.enumerate(self, store, image_ids)
        return [replace(image, **change(image)) for image in found]

    return enumerate


# enumerate


class GibibytesForBytes(ShelfHandler):
    """Sizes are GiB, as its backend tells them."""

    enumerate = listed_as(lambda image: {'size': image.size // 2**30})


class LowersIds(ShelfHandler):
    """It lists ids in lower case: one in use would look unused."""

    enumerate = listed_as(lambda image: {'image_id': image.image_id.lower()})


class SkipsUnreadable(ShelfHandler):
    """What it cannot read it leaves out."""

    def _read(self, name):
        try:
            return super()._read(name)
        except OSError:
            return None


class Prints(ShelfHandler):
    """It prints what it does."""

    def mark(self, image, add=(), remove=()):
        add, remove = list(add), list(remove)
        print('mark', image.image_id, add, remove)
        super().mark(image, add, remove)


class ListsEveryFolder(ShelfHandler):
    """Every folder is an image, whatever is in it."""

    def _read(self, name):
        found = super()._read(name)
        if found or not (self.shelf / name).is_dir():
            return found
        return CachedImage(
            image_id=name, store='default', location=name, size=1
        )


class OutageIsAnEmptyShelf(ShelfHandler):
    """A folder that is not mounted is an empty one."""

    def enumerate(self, store, image_ids=None):
        if not self.shelf.exists():
            return []
        return super().enumerate(store, image_ids)


class AnyStoreWillDo(ShelfHandler):
    """It has one store, and takes every name for it."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate('default', image_ids)


class ListsAllAlways(ShelfHandler):
    """It does not heed which ids it is asked for."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate(store)


class NoIdsAreAll(ShelfHandler):
    """No ids are taken for no restriction."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate(store, image_ids or None)


class GlobsIds(ShelfHandler):
    """An id is a pattern of a path."""

    def enumerate(self, store, image_ids=None):
        if image_ids is None:
            return super().enumerate(store)
        names = {
            path.name
            for image_id in image_ids
            for path in self.shelf.glob(image_id.replace('/', '') or '-')
        }
        return super().enumerate(store, names)


class CachesTheList(ShelfHandler):
    """It keeps its first list."""

    def enumerate(self, store, image_ids=None):
        found = self.__dict__.setdefault('found', super().enumerate(store))
        return [
            one
            for one in found
            if image_ids is None or one.image_id in image_ids
        ]


class YieldsImages(ShelfHandler):
    """It is a generator: what is wrong with a store comes too late."""

    def enumerate(self, store, image_ids=None):
        yield from super().enumerate(store, image_ids)


class BreaksOnHostileNames(ShelfHandler):
    """It does not look if a name can be an id."""

    def _read(self, name):
        if not (self.shelf / name / 'disk').exists():
            return None
        return CachedImage(
            image_id=name, store='default', location=name, size=2**20
        )


class SaysNobodyUsesIt(ShelfHandler):
    """Blind to users, it lists an empty set of them."""

    enumerate = listed_as(lambda image: {'users': frozenset()})


class SaysUnknown(ShelfHandler):
    """It tells of every image that it could not tell."""

    enumerate = listed_as(lambda image: {'unknown': 'not implemented'})


class LocalTimes(ShelfHandler):
    """Times are those of the wall, without their zone."""

    enumerate = listed_as(
        lambda image: {'cached_at': datetime.datetime(2026, 11, 1, 12)}
    )


class CountsFoldersOnly(ShelfHandler):
    """It takes the size of the folder for that of the image."""

    enumerate = listed_as(lambda image: {'size': 4096})


class TripsOverWhatGoes(ShelfHandler):
    """It opens each image that it has seen in the folder a moment ago."""

    def _read(self, name):
        found = super()._read(name)
        if found:
            time.sleep(0.001)
            (self.shelf / name / 'disk').stat()
        return found


class FreesMoreThanItHolds(ShelfHandler):
    """It expects to free the folder as well as the image."""

    enumerate = listed_as(lambda image: {'frees': image.size + 4096})


# evict


class ReturnsTrue(ShelfHandler):
    """It says True where it removed the image."""

    def evict(self, image, alive=always):
        return super().evict(image, alive) != 0 or 0


class ReturnsText(ShelfHandler):
    """It tells the bytes as its backend does: a text."""

    def evict(self, image, alive=always):
        return str(super().evict(image, alive))


class FreesKibibytes(ShelfHandler):
    """What it freed is told in KiB."""

    def evict(self, image, alive=always):
        return super().evict(image, alive) // 1024


def checked(self, image, alive):
    """Give an image that may go; None: it is gone."""
    if (found := self._find(image)) is not None:
        check_claimed(image, found.marks.labels, alive)
    return found


class IgnoresFailures(ShelfHandler):
    """A removal that failed is told as one that was done."""

    def evict(self, image, alive=always):
        if (found := checked(self, image, alive)) is None:
            return 0
        shutil.rmtree(self.shelf / found.location, ignore_errors=True)
        return found.size


class RemovesPieceByPiece(ShelfHandler):
    """It removes the labels, then the disk, then the folder."""

    def evict(self, image, alive=always):
        if (found := checked(self, image, alive)) is None:
            return 0
        folder = self.shelf / found.location
        with contextlib.suppress(FileNotFoundError):
            for label in folder.glob('*.label'):
                label.unlink()
            (folder / 'disk').unlink()
            folder.rmdir()
        return found.size


class LeavesErrorsRaw(ShelfHandler):
    """What the system raises goes through to the caller."""

    def evict(self, image, alive=always):
        if (found := checked(self, image, alive)) is None:
            return 0
        gone = self.shelf / f'.{image.image_id}'
        (self.shelf / found.location).rename(gone)
        shutil.rmtree(gone)
        return found.size


class SaysNothingChanged(ShelfHandler):
    """Whatever fails is ``StoreUnavailable``, though it may be done."""

    def evict(self, image, alive=always):
        try:
            return super().evict(image, alive)
        except exceptions.Uncertain as error:
            raise exceptions.StoreUnavailable('default', str(error)) from error


class TrustsItsHandle(ShelfHandler):
    """It looks at neither labels nor claim again."""

    def evict(self, image, alive=always):
        return super().evict(replace(image, marks=Marks()))


class NeverAsksAgain(ShelfHandler):
    """It does not ask if the claim still counts."""

    def evict(self, image, alive=always):
        return super().evict(image)


class AsksAtTheBeginning(ShelfHandler):
    """It asks for the claim before it begins."""

    def evict(self, image, alive=always):
        so_far = alive()
        return super().evict(image, lambda: so_far)


class GoneIsNotFound(ShelfHandler):
    """What is gone already is an error."""

    def evict(self, image, alive=always):
        if not (self.shelf / image.location).exists():
            raise exceptions.ImageNotFound(image.image_id)
        return super().evict(image, alive)


class GoneIsFreed(ShelfHandler):
    """It tells the bytes that it was to free."""

    def evict(self, image, alive=always):
        super().evict(image, alive)
        return image.size


class RemovesWhatItIsTold(ShelfHandler):
    """It removes whatever has that name."""

    def evict(self, image, alive=always):
        if self._find(image) is None:
            shutil.rmtree(self.shelf / image.location, ignore_errors=True)
            return 0
        return super().evict(image, alive)


class KeepsPins(ShelfHandler):
    """A pin keeps the image, whoever says that it goes."""

    def evict(self, image, alive=always):
        if image.marks.pins:
            raise exceptions.ImageBusy(image.image_id, 'pinned')
        return super().evict(image, alive)


class UsedBetweenLookAndRemoval(MemoryHandler):
    """It looks for users first, then takes the lock and removes."""

    def evict(self, image, alive=always):
        entry = self.shelf.entries.get(image.location)
        if entry and entry.users:
            raise exceptions.ImageInUse(image.image_id, entry.users)
        with self.shelf.lock:
            if (entry := self._find(image)) is None:
                return 0
            check_claimed(image, entry.labels, alive)
            return self.shelf.entries.pop(image.location).size


class LabelsOfBefore(ShelfHandler):
    """The labels that it checks are those of a look before it stood still."""

    def evict(self, image, alive=always):
        if (found := self._find(image)) is None:
            return 0
        with tempfile.TemporaryDirectory('', '.', self.shelf) as hidden:
            check_claimed(image, found.marks.labels, alive)
            (self.shelf / image.location).rename(f'{hidden}/image')
        return found.size


# mark


class SwallowsErrors(ShelfHandler):
    """Errors of a label are swallowed, for labels are not important."""

    def mark(self, image, add=(), remove=()):
        with contextlib.suppress(exceptions.Uncertain):
            super().mark(image, add, remove)


class LabelsInOneFile(ShelfHandler):
    """Labels are one file, that begins empty each time it is written."""

    def labels(self, folder):
        with contextlib.suppress(FileNotFoundError):
            return set(json.loads((folder / 'labels').read_text()))
        return set()

    def _read(self, name):
        if (found := super()._read(name)) is None:
            return None
        try:
            labels = self.labels(self.shelf / name)
        except ValueError:
            labels = ()
        return replace(found, marks=Marks.read(labels))


class TruncatesThenWrites(LabelsInOneFile):
    """It opens the labels for writing, which empties them, then writes."""

    def mark(self, image, add=(), remove=()):
        if self._find(image) is None:
            raise exceptions.ImageNotFound(image.image_id)
        file = self.shelf / image.location / 'labels'
        with LOCK:
            labels = self.labels(file.parent).union(add).difference(remove)
            try:
                file.write_text(json.dumps(sorted(labels)))
            except OSError as error:
                raise exceptions.Uncertain(image.image_id) from error


class ReadsThenWrites(LabelsInOneFile):
    """It reads all labels, and writes them without a lock."""

    def mark(self, image, add=(), remove=()):
        if self._find(image) is None:
            raise exceptions.ImageNotFound(image.image_id)
        file = self.shelf / image.location / 'labels'
        labels = self.labels(file.parent).union(add).difference(remove)
        time.sleep(0.001)
        new = pathlib.Path(f'{file}.{time.monotonic_ns()}')
        try:
            new.write_text(json.dumps(sorted(labels)))
            new.rename(file)
        except OSError as error:
            raise exceptions.Uncertain(image.image_id) from error


class RemovesThenAdds(ShelfHandler):
    """It removes labels before it adds others."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, (), remove)
        super().mark(image, add)


class MakesTheFolder(ShelfHandler):
    """It makes the folder for the labels if that is gone."""

    def mark(self, image, add=(), remove=()):
        if self._find(image) is None:
            for label in add:
                folder = self.shelf / image.location
                if not folder.exists():
                    folder.mkdir()
                (folder / f'{label}.label').touch()
            return
        super().mark(image, add, remove)


class RunsThroughTwice(ShelfHandler):
    """It counts the labels first, and an iterator is empty then."""

    def mark(self, image, add=(), remove=()):
        if any(add) or any(remove):
            super().mark(image, add, remove)


class ReplacesTheDots(ShelfHandler):
    """A label becomes what its backend likes as a name."""

    def mark(self, image, add=(), remove=()):
        super().mark(
            image,
            [label.replace('.', '_') for label in add],
            [label.replace('.', '_') for label in remove],
        )


class LabelsBesideTheImage(ShelfHandler):
    """Labels lie beside the images by name, and outlive them."""

    def _read(self, name):
        if (found := super()._read(name)) is None:
            return None
        files = (self.shelf.parent / 'labels').glob(f'{name}:*')
        return replace(
            found, marks=Marks.read(file.name.split(':')[1] for file in files)
        )

    def mark(self, image, add=(), remove=()):
        if self._find(image) is None:
            raise exceptions.ImageNotFound(image.image_id)
        folder = self.shelf.parent / 'labels'
        folder.mkdir(exist_ok=True)
        for label in add:
            (folder / f'{image.image_id}:{label}').touch()
        for label in remove:
            (folder / f'{image.image_id}:{label}').unlink(missing_ok=True)


# add


class AddsTruncated(CellarHandler):
    """It cuts what it writes at the size of its buffer."""

    def fill(self, content, store, location):
        while part := content.read(2**16):
            with self.cellar as stores:
                stores[store][location].size = len(part)


OWN = [
    mistake
    for mistake in list(globals().values())
    if isinstance(mistake, type)
    and mistake.__module__ == __name__
    and mistake is not LabelsInOneFile
]
# What the mutants have already.
MISTAKES = [
    *OWN,
    mutants.MutableUsers,
    mutants.NobodyIsNone,
    mutants.ListsTwice,
    mutants.OutageIsGone,
    mutants.ListsHalf,
    mutants.LabelsAfterwards,
]
