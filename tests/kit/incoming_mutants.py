"""Handlers that break what is owed to images on their way in, and aside."""

# They break the contract on purpose, its types too.
# mypy: ignore-errors

import dataclasses
import io
import time

from imagecache_handlers import clocks
from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from tests.kit.cellar import CellarHandler

# Reservations.


class ReservesForItself(MemoryHandler):
    """What it reserves no other host can see."""

    def __init__(self, shelf=None):
        super().__init__(shelf)
        self.own = {}

    def reserve(self, reservation):
        self.own[reservation.token] = reservation

    def reservations(self, store):
        return list(self.own.values())


class ReservesAgain(MemoryHandler):
    """It keeps what a token reserved before."""

    def reserve(self, reservation):
        number = len(self.shelf.reservations)
        self.shelf.reservations[f'{reservation.token} {number}'] = reservation

    def unreserve(self, reservation):
        for key, one in list(self.shelf.reservations.items()):
            if one.token == reservation.token:
                del self.shelf.reservations[key]


class ListsReservations(MemoryHandler):
    """It lists an image as soon as there is room for it."""

    def reserve(self, reservation):
        super().reserve(reservation)
        name = reservation.image_id
        self.shelf.entries[f'for {name}'] = Entry(image_id=name, size=0)


class ReservesEverywhere(CellarHandler):
    """What is reserved in one store is seen in each."""

    def reservations(self, store):
        with self.cellar as stores:
            self.shelf(stores, store)
            return [
                dataclasses.replace(one, store=store)
                for one in self.cellar.reservations.values()
            ]


class HidesWhatIsOver(MemoryHandler):
    """A reservation that is over is seen no more."""

    def reservations(self, store):
        found = super().reservations(store)
        return [one for one in found if one.until > clocks.utc_now()]


class ReservesShortNames(MemoryHandler):
    """It cuts the name that room is reserved for."""

    def reserve(self, reservation):
        name = reservation.image_id[:100]
        super().reserve(dataclasses.replace(reservation, image_id=name))


class RewritesReservations(MemoryHandler):
    """It reads all reservations, and writes them back with its own."""

    def reserve(self, reservation):
        there = dict(self.shelf.reservations)
        time.sleep(0.01)
        there[reservation.token] = reservation
        self.shelf.reservations = there


class ReservesInTurn(MemoryHandler):
    """It reserves nothing while it adds an image."""

    adding = False

    def add(self, meta, content, store, labels=()):
        type(self).adding = True
        try:
            return super().add(meta, content, store, labels)
        finally:
            type(self).adding = False

    def reserve(self, reservation):
        if type(self).adding:
            raise exceptions.StoreUnavailable(reservation.store, 'at work')
        super().reserve(reservation)


class GivesAllBack(MemoryHandler):
    """It gives the room of everybody back."""

    def unreserve(self, reservation):
        self.shelf.reservations.clear()


class GivesNothingBack(MemoryHandler):
    """What was reserved stays so until it is over."""

    def unreserve(self, reservation):
        pass


class RecoversReservations(CellarHandler):
    """It takes what is on its way for what an eviction has left."""

    def recover(self, store):
        super().recover(store)
        self.cellar.reservations.clear()


class ReservesNothing(MemoryHandler):
    """It forgets how much is reserved."""

    def reserve(self, reservation):
        super().reserve(dataclasses.replace(reservation, size=0))


# What comes in.


class KeepsNoHash(MemoryHandler):
    """It adds images without the hash of their bytes."""

    def add(self, meta, content, store, labels=()):
        kept = {one for one in labels if not one.startswith('sha256.')}
        return super().add(meta, content, store, kept)


class LeasesNothing(MemoryHandler):
    """It writes no lease on what is there."""

    def mark(self, image, add=(), remove=()):
        kept = {one for one in add if not one.startswith('lease.prefetch')}
        super().mark(image, kept, remove)


# Content, and what is set aside.


class GivesHalf(MemoryHandler):
    """It gives an image without its last byte."""

    def content(self, image):
        return io.BytesIO(super().content(image).read()[:-1])


class GivesNothing(MemoryHandler):
    """It gives no byte of what is gone, and no error."""

    def content(self, image):
        try:
            return super().content(image)
        except exceptions.ImageNotFound:
            return io.BytesIO()


class KeepsAside(MemoryHandler):
    """It copies what is set aside."""

    def quarantine(self, image, alive=always):
        entry = self._find(image)
        place = super().quarantine(image, alive)
        self.shelf.entries[image.location] = entry
        return place


class TellsNoPlace(MemoryHandler):
    """Nobody knows where it has set an image aside."""

    def quarantine(self, image, alive=always):
        super().quarantine(image, alive)
        return ''


class AsideIsGone(MemoryHandler):
    """It has set aside what is gone."""

    def quarantine(self, image, alive=always):
        try:
            return super().quarantine(image, alive)
        except exceptions.ImageNotFound:
            return 'somewhere'


class AsideOfUsers(MemoryHandler):
    """It sets aside what somebody uses."""

    def _check_unused(self, image, entry):
        pass

    def evict(self, image, alive=always):
        entry = self._find(image)
        if entry and entry.users and self.shelf.sees_users:
            raise exceptions.ImageInUse(image.image_id, entry.users)
        return super().evict(image, alive)


class AsideOfLeases(MemoryHandler):
    """It sets aside what was granted meanwhile."""

    def quarantine(self, image, alive=always):
        entry = self._find(image)
        if entry is None:
            return super().quarantine(image, alive)
        if not alive():
            raise exceptions.ImageBusy(image.image_id, 'its claim is over')
        labels = image.marks.labels
        image = dataclasses.replace(
            image, marks=type(image.marks).read(labels & entry.labels)
        )
        entry.labels = set(image.marks.labels)
        return super().quarantine(image, alive)


class AsideTooLate(MemoryHandler):
    """It sets aside under a claim that is over."""

    def quarantine(self, image, alive=always):
        return super().quarantine(image, always)


class AsideAtOnce(CellarHandler):
    """It sets aside whatever bears the name."""

    def quarantine(self, image, alive=always):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask is None:
                raise exceptions.ImageNotFound(image.image_id)
            if cask.users:
                raise exceptions.ImageInUse(image.image_id, cask.users)
            if not image.marks.labels:
                check_claimed(image, cask.labels, alive)
            cask.kind = 'aside'
            return image.location


MUTANTS = [
    mutant
    for mutant in list(globals().values())
    if isinstance(mutant, type) and mutant.__module__ == __name__
]
