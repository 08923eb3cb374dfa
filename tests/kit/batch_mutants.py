"""Handlers broken where they work on many images, or recover, or shield."""

# They break the contract on purpose, its types too.
# mypy: ignore-errors

import dataclasses
import time

from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from tests.kit.cellar import Cask
from tests.kit.cellar import CellarHandler


class SaysTwoOfItself(CellarHandler):
    """It gives the edition of the contract as a text."""

    contract = '2'
    batch = 2.0


class ShieldsForGood(CellarHandler):
    """What is shielded is said to be undeletable."""

    def image(self, store, location, cask):
        found = super().image(store, location, cask)
        if 'shield' not in cask.labels:
            return found
        return dataclasses.replace(found, undeletable='it is shielded')


# evict_many


class StopsAtTheFirst(CellarHandler):
    """One image that stays ends the batch."""

    def evict_many(self, images, in_time):
        for image in images:
            yield self.evict(image, in_time)


class TellsOfTheFree(CellarHandler):
    """It tells only of those that it removed."""

    def evict_many(self, images, in_time):
        for result in super().evict_many(images, in_time):
            if not isinstance(result, exceptions.CacheError):
                yield result


class TellsInAnyOrder(CellarHandler):
    """It tells of those that failed last."""

    def evict_many(self, images, in_time):
        found = list(super().evict_many(images, in_time))
        return sorted(found, key=lambda one: isinstance(one, Exception))


class ForgetsTheTime(CellarHandler):
    """It begins all removals, in time or not."""

    def evict_many(self, images, in_time):
        return super().evict_many(images, always)


class SilentOnceLate(CellarHandler):
    """Once its time is over it says no more."""

    def evict_many(self, images, in_time):
        for result in super().evict_many(images, in_time):
            if not in_time():
                return
            yield result


class TellsTextsOfMany(CellarHandler):
    """It tells what it freed together as texts."""

    def evict_many(self, images, in_time):
        for result in super().evict_many(images, in_time):
            yield 'done' if result is None else result


class BatchesForeign(CellarHandler):
    """Together it removes whatever it is told."""

    def evict_many(self, images, in_time):
        for image in images:
            self.shelf(self.cellar.stores, image.store).pop(
                image.location, None
            )
            yield None


class BatchInVain(CellarHandler):
    """A batch that it could not begin is told as done."""

    def evict_many(self, images, in_time):
        if self.cellar.down:
            return [0 for _ in images]
        return super().evict_many(images, in_time)


class LabelsGoFirst(CellarHandler):
    """Of a batch it removes all labels first, then image by image."""

    def evict_many(self, images, in_time):
        if in_time():
            with self.cellar as stores:
                for image in images:
                    cask = self.find(stores, image)
                    if (
                        cask
                        and not cask.users
                        and not cask.labels.isdisjoint(image.marks.labels)
                    ):
                        cask.labels -= {'site.a'}
        for image in images:
            if not in_time():
                yield exceptions.ImageBusy(image.image_id, 'late')
                continue
            with self.cellar as stores:
                stores[image.store].pop(image.location, None)
            yield None


# mark_many


class LabelsTheFirst(CellarHandler):
    """Labels that can be read once reach the first image only."""

    def mark_many(self, images, add=(), remove=()):
        return [self.marked(image, add, remove) for image in images]


class RaisesForTheGone(CellarHandler):
    """One image that is gone ends the labelling."""

    def mark_many(self, images, add=(), remove=()):
        add, remove = list(add), list(remove)
        return [self.mark(image, add, remove) for image in images]


class TellsOnWhenClosed(CellarHandler):
    """Whoever wants no more results is given the next one."""

    def mark_many(self, images, add=(), remove=()):
        add, remove = list(add), list(remove)
        for image in images:
            try:
                yield self.marked(image, add, remove)
            except BaseException as error:
                yield error


class LabelsForeignTogether(CellarHandler):
    """Whatever it labels together is an image from then on."""

    def mark_many(self, images, add=(), remove=()):
        with self.cellar as stores:
            for image in images:
                cask = stores[image.store].get(image.location)
                if cask and cask.kind == 'disk':
                    cask.kind = 'image'
        return super().mark_many(images, add, remove)


# recover


class RecoversByRemoving(CellarHandler):
    """It takes every image with a label for one that is to go."""

    def recover(self, store):
        for image in self.enumerate(store):
            if image.marks.labels:
                self.evict(image)


class RecoversAnywhere(CellarHandler):
    """It does not know a store, and says nothing."""

    def recover(self, store):
        if store in self.cellar.stores:
            super().recover(store)


class RecoversNothing(CellarHandler):
    """That it cannot look is no reason to say so."""

    def recover(self, store):
        if not self.cellar.down:
            super().recover(store)


class RecoversTheRunning(CellarHandler):
    """It puts back what another is at work on."""

    def remove(self, image):
        time.sleep(0.005)
        super().remove(image)
        time.sleep(0.005)

    def recover(self, store):
        with self.cellar as stores:
            for location, cask in self.shelf(stores, store).items():
                if cask.kind == 'leaving':
                    cask.kind = 'image'
                    self.put_back = store, location, cask
        if found := getattr(self, 'put_back', None):
            store, location, cask = found
            self.cellar.stores[store].setdefault(location, cask)


class RecoversHalf(CellarHandler):
    """It puts back an image without its labels."""

    def settle(self, shelf, location):
        cask = shelf[location]
        shelf[location] = Cask(cask.image_id, cask.size)


MUTANTS = [
    mutant
    for mutant in list(globals().values())
    if isinstance(mutant, type)
    and issubclass(mutant, CellarHandler)
    and mutant is not CellarHandler
]
