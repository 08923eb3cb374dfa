"""Handlers that are each broken in one way; the kit must catch every one.

Those of ``CellarHandler`` break what the handler ``memory`` does not have.
"""

# They break the contract on purpose, its types too.
# mypy: ignore-errors

import dataclasses
import datetime
import io
import itertools
import time

from imagecache_handlers import exceptions
from imagecache_handlers.handler import always
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import check_label
from imagecache_handlers.labels import hits_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers.model import Store
from imagecache_handlers.testing.memory import MemoryHandler
from tests.kit.cellar import Cask
from tests.kit.cellar import CellarHandler

replace = dataclasses.replace


def listed_as(change):
    """Make a handler that lists each image with a change."""

    def enumerate(self, store, image_ids=None):
        found = MemoryHandler.enumerate(self, store, image_ids)
        return [replace(image, **change(image)) for image in found]

    return enumerate


# The handler itself, its stores and its names.


class Falsy(MemoryHandler):
    """It counts as false while its cache is empty."""

    def __len__(self):
        return len(self.shelf.entries)


class ClosesOnce(MemoryHandler):
    """Closing it twice fails."""

    def close(self):
        del self.shelf


class ClosesOthers(MemoryHandler):
    """Closing it closes the connections of everybody."""

    def close(self):
        self.shelf.closed = True

    def enumerate(self, store, image_ids=None):
        if hasattr(self.shelf, 'closed'):
            raise exceptions.StoreUnavailable(store, 'closed')
        return super().enumerate(store, image_ids)


class NoThreads(MemoryHandler):
    """It lets no thread call it."""

    parallel = 0


class NoBatch(MemoryHandler):
    """Its batches are empty."""

    batch = 0


class SharesScratch(CellarHandler):
    """Its threads share the note of the store that they are in."""

    def enumerate(self, store, image_ids=None):
        self.store = store
        time.sleep(0.002)
        return super().enumerate(self.store, image_ids)


class NoStores(MemoryHandler):
    """It has no store."""

    def stores(self):
        return []


class TwinStores(CellarHandler):
    """Two stores have one name."""

    def stores(self):
        return [Store(name='north'), Store(name='north')]


class FreesMoreThanAll(MemoryHandler):
    """More is free than there is."""

    def stores(self):
        return [replace(store, free=2**41) for store in super().stores()]


class RandomKey(MemoryHandler):
    """Its key of an id is another one on each connection."""

    def key(self, image_id):
        return f'{image_id}-{id(self):x}-{time.monotonic_ns()}'


class KeysTwice(CellarHandler):
    """A listed id has a key other than itself."""

    def key(self, image_id):
        return super().key(f'{image_id}')[::-1]


class OtherKey(CellarHandler):
    """Its key is not the id that it lists."""

    def key(self, image_id):
        return image_id


class SecretAbility(MemoryHandler):
    """It cleans without declaring that it can."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.clean = lambda debris: 0


class SecretAdd(MemoryHandler):
    """It adds without declaring that it can."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.add = self.room = lambda *args: None


class SilentAbility(MemoryHandler):
    """It declares debris, but cannot find any."""

    def debris(self, store):
        raise exceptions.NotSupported('find debris')


# enumerate


class ForgetsStore(MemoryHandler):
    """Its images say that they are in another store."""

    enumerate = listed_as(lambda image: {'store': 'default'})


class NaiveTime(MemoryHandler):
    """Its times have no zone."""

    enumerate = listed_as(
        lambda image: {'cached_at': datetime.datetime(2026, 11, 1)}
    )


class AlwaysNew(MemoryHandler):
    """Every image was cached just now, so none ever ages."""

    enumerate = listed_as(
        lambda image: {'cached_at': datetime.datetime.now(datetime.UTC)}
    )


class AlwaysUnknown(MemoryHandler):
    """It can never tell anything of an image."""

    enumerate = listed_as(lambda image: {'unknown': 'who knows'})


class SaysNobody(MemoryHandler):
    """It cannot see users, and says that there are none."""

    sees_users = False
    enumerate = listed_as(lambda image: {'users': frozenset()})


class NobodyIsNone(MemoryHandler):
    """It sees users, but takes nobody for not being able to see."""

    enumerate = listed_as(lambda image: {'users': image.users or None})


class UsersOfAll(MemoryHandler):
    """A user of one image is listed as a user of each."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        users = frozenset().union(*(image.users for image in found))
        return [replace(image, users=users) for image in found]


class OneUserAtMost(MemoryHandler):
    """When one user goes, the others are overlooked."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        return [
            replace(image, users=image.users - {'vm-2'}) for image in found
        ]


class UsersOnlyInFull(MemoryHandler):
    """Asked for some images, it does not look for users."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        if image_ids is None:
            return found
        return [replace(image, users=frozenset()) for image in found]


class MutableUsers(MemoryHandler):
    """Its users are a set that anybody can change."""

    enumerate = listed_as(lambda image: {'users': set(image.users)})


class NoSize(MemoryHandler):
    """It does not know what an image holds."""

    enumerate = listed_as(lambda image: {'size': 0})


class OneSize(MemoryHandler):
    """It takes every image for one of the same size."""

    enumerate = listed_as(lambda image: {'size': 2**20})


class ListsTwice(MemoryHandler):
    """An image on two pages is listed twice."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        return [*found, *found[:1]]


class DropsKin(MemoryHandler):
    """An image hides those whose ids begin with its own."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        names = {f'{image.image_id}_' for image in found}
        return [
            image
            for image in found
            if not image.image_id.startswith(tuple(names))
        ]


class FirstPage(MemoryHandler):
    """It reads the first page of 32."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate(store, image_ids)[:32]


class OnlyOnce(MemoryHandler):
    """Its list can be read once only."""

    def enumerate(self, store, image_ids=None):
        return iter(super().enumerate(store, image_ids))


class ListsForeign(MemoryHandler):
    """It takes every object of a valid name for an image."""

    def enumerate(self, store, image_ids=None):
        for location, entry in self.shelf.entries.items():
            if entry.image_id is None and image_ids is None:
                entry.image_id = location
        return super().enumerate(store, image_ids)


class ChokesOnHostile(MemoryHandler):
    """One hostile id makes the whole list fail."""

    def enumerate(self, store, image_ids=None):
        for entry in self.shelf.entries.values():
            if entry.image_id is not None:
                self._image('location', entry.image_id, entry)
        return super().enumerate(store, image_ids)


class IgnoresIds(MemoryHandler):
    """It lists everything, whatever it is asked for."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate(store)


class EmptyIsAll(MemoryHandler):
    """No ids mean all images."""

    def enumerate(self, store, image_ids=None):
        return super().enumerate(store, image_ids or None)


class OneOfEach(MemoryHandler):
    """Of several copies it gives one."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        if image_ids is None:
            return found
        return list({image.image_id: image for image in found}.values())


class FirstIdOnly(MemoryHandler):
    """Of several ids it looks for the first."""

    def enumerate(self, store, image_ids=None):
        if image_ids:
            image_ids = list(image_ids)[:1]
        return super().enumerate(store, image_ids)


class LooksUpEach(MemoryHandler):
    """It looks each id up, and so lists an image as often as it is asked."""

    def enumerate(self, store, image_ids=None):
        if image_ids is None:
            return super().enumerate(store)
        found = [
            super(LooksUpEach, self).enumerate(store, [image_id])
            for image_id in image_ids
        ]
        return list(itertools.chain(*found))


class IdsArePrefixes(MemoryHandler):
    """An id also gives the images that begin with it."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store)
        if image_ids is None:
            return found
        return [
            image
            for image in found
            if image.image_id.startswith(tuple(image_ids))
        ]


class IdsArePatterns(MemoryHandler):
    """An id may hold wildcards."""

    def enumerate(self, store, image_ids=None):
        if image_ids and '*' in image_ids:
            image_ids = None
        return super().enumerate(store, image_ids)


class UnknownStoreIsEmpty(MemoryHandler):
    """A store that it cannot find is an empty one."""

    def enumerate(self, store, image_ids=None):
        try:
            return super().enumerate(store, image_ids)
        except exceptions.StoreUnavailable:
            return []


class OutageIsEmpty(CellarHandler):
    """A store that it cannot read now is an empty one."""

    def enumerate(self, store, image_ids=None):
        return [] if self.cellar.down else super().enumerate(store, image_ids)


class OutageIsGone(CellarHandler):
    """An image that it cannot reach now is gone."""

    def evict(self, image, alive=always):
        return 0 if self.cellar.down else super().evict(image, alive)


class MarksInVain(CellarHandler):
    """A label that it could not write is no error."""

    def mark(self, image, add=(), remove=()):
        if not self.cellar.down:
            super().mark(image, add, remove)


class NoIdsNoLook(MemoryHandler):
    """It does not even look for a store if it is asked for no image."""

    def enumerate(self, store, image_ids=None):
        if image_ids is not None and not image_ids:
            return []
        return super().enumerate(store, image_ids)


class TripsOverTheGone(MemoryHandler):
    """An image that goes while it lists is an error."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        time.sleep(0.005)
        for image in found:
            assert self.shelf.entries[image.location]
        return found


class StopsAtTheGone(MemoryHandler):
    """Its list ends at an image that goes while it lists."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)[::-1]
        time.sleep(0.005)
        there = self.shelf.entries
        return list(
            itertools.takewhile(lambda image: image.location in there, found)
        )


class OneForAllStores(CellarHandler):
    """It lists the images of one store in each."""

    def enumerate(self, store, image_ids=None):
        self.shelf(self.cellar.stores, store)
        found = super().enumerate('north', image_ids)
        return [replace(image, store=store) for image in found]


class Remembers(MemoryHandler):
    """It remembers what it listed."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.known = {}

    def enumerate(self, store, image_ids=None):
        key = store, None if image_ids is None else tuple(image_ids)
        if key not in self.known:
            self.known[key] = super().enumerate(store, image_ids)
        return self.known[key]


class RemembersSome(MemoryHandler):
    """Asked for some images, it answers from its last full list."""

    def __init__(self, shelf):
        super().__init__(shelf)
        self.known = None

    def enumerate(self, store, image_ids=None):
        if image_ids is None or self.known is None:
            self.known = super().enumerate(store)
        return [
            image
            for image in self.known
            if image_ids is None or image.image_id in image_ids
        ]


class KnownLabelsOnly(MemoryHandler):
    """It drops the labels that mean nothing to it."""

    enumerate = listed_as(
        lambda image: {
            'marks': Marks.read(
                label
                for label in image.marks.labels
                if label.split('.')[0] in ('unused', 'pin', 'claim', 'hits')
            )
        }
    )


class LabelsOnlyInFull(MemoryHandler):
    """Asked for some images, it does not read their labels."""

    def enumerate(self, store, image_ids=None):
        found = super().enumerate(store, image_ids)
        if image_ids is None:
            return found
        return [replace(image, marks=Marks()) for image in found]


# mark


class MarksLater(MemoryHandler):
    """What it writes is seen by others only after its next call."""

    def mark(self, image, add=(), remove=()):
        later = getattr(self.shelf, 'later', None)
        if later:
            super().mark(*later)
        self.shelf.later = image, list(add), list(remove)


class RemovesFirst(MemoryHandler):
    """It removes, then adds."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, (), remove)
        super().mark(image, add)


class CutsLabels(MemoryHandler):
    """A label is cut after 63 characters."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, [label[:63] for label in add], remove)


class FlattensLabels(MemoryHandler):
    """It writes a dot as a dash."""

    def mark(self, image, add=(), remove=()):
        def flat(labels):
            return [label.replace('.', '-') for label in labels]

        super().mark(image, flat(add), flat(remove))


class RemovesAlike(MemoryHandler):
    """With a label it removes those that begin like it."""

    def mark(self, image, add=(), remove=()):
        remove = list(remove)
        entry = self._find(image)
        labels = entry.labels if entry else ()
        alike = [label for label in labels if label.startswith(tuple(remove))]
        super().mark(image, add, [*remove, *alike])


class OncePerLabel(MemoryHandler):
    """Adding what is there fails."""

    def mark(self, image, add=(), remove=()):
        add = set(add)
        entry = self._find(image)
        if entry and add & entry.labels:
            raise exceptions.ImageExists(image.image_id, 'label')
        super().mark(image, add, remove)


class RemovesOnlyWhatIs(MemoryHandler):
    """Removing what is not there fails."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, add)
        entry = self.shelf.entries[image.location]
        for label in remove:
            entry.labels.remove(label)


class WritesItsHandle(MemoryHandler):
    """It writes all labels as its handle has them."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, image.marks.labels.union(add), remove)


class OverwritesOthers(MemoryHandler):
    """It removes what its handle does not have."""

    def mark(self, image, add=(), remove=()):
        wanted = image.marks.labels.union(add).difference(remove)
        entry = self._find(image)
        super().mark(image, wanted, entry.labels - wanted if entry else ())


class ReadsTwice(MemoryHandler):
    """It runs through the labels twice, and an iterator is empty then."""

    def mark(self, image, add=(), remove=()):
        for label in itertools.chain(add, remove):
            check_label(label)
        super().mark(image, add, remove)


class MarksSomething(MemoryHandler):
    """It fails if it is told to change nothing."""

    def mark(self, image, add=(), remove=()):
        add, remove = list(add), list(remove)
        if not add and not remove:
            raise ValueError('nothing to mark')
        super().mark(image, add, remove)


class MarksCopies(MemoryHandler):
    """It marks every copy of the image."""

    def mark(self, image, add=(), remove=()):
        add, remove = list(add), list(remove)
        super().mark(image, add, remove)
        for copy in self.enumerate(image.store, [image.image_id]):
            super().mark(copy, add, remove)


class MarksAnyStore(MemoryHandler):
    """It marks whatever has that location in any store."""

    def mark(self, image, add=(), remove=()):
        super().mark(replace(image, store='shelf'), add, remove)


class MarksNothing(MemoryHandler):
    """Marking what is gone is no error."""

    def mark(self, image, add=(), remove=()):
        if self._find(image):
            super().mark(image, add, remove)


class UnmarksNothing(MemoryHandler):
    """Removing a label of what is gone is no error."""

    def mark(self, image, add=(), remove=()):
        if add or self._find(image):
            super().mark(image, add, remove)


class RacesWithOthers(MemoryHandler):
    """It reads the labels, and writes all of them later."""

    def mark(self, image, add=(), remove=()):
        entry = self._find(image)
        if entry is None:
            raise exceptions.ImageNotFound(image.image_id)
        labels = entry.labels.union(add).difference(remove)
        time.sleep(0.0005)
        entry.labels = labels


class LabelsByName(MemoryHandler):
    """It keeps labels by the name of the image, and finds them again."""

    def mark(self, image, add=(), remove=()):
        super().mark(image, add, remove)
        kept = self.shelf.__dict__.setdefault('kept', {})
        kept[image.image_id] = self.shelf.entries[image.location].labels

    def enumerate(self, store, image_ids=None):
        kept = getattr(self.shelf, 'kept', {})
        for entry in self.shelf.entries.values():
            if entry.image_id in kept:
                entry.labels = kept[entry.image_id]
        return super().enumerate(store, image_ids)


class LeavesSidecar(LabelsByName):
    """It removes the labels with an image, but only if it removes it."""

    def evict(self, image, alive=always):
        freed = super().evict(image, alive)
        getattr(self.shelf, 'kept', {}).pop(image.image_id, None)
        return freed


class AdoptsByMark(MemoryHandler):
    """Whatever it marks is ours from then on."""

    def mark(self, image, add=(), remove=()):
        if image.location in self.shelf.entries:
            self.shelf.entries[image.location].image_id = image.image_id
        super().mark(image, add, remove)


# age, pin, unpin: given and final, so that only a rebel overrides them.


class RestartsAge(MemoryHandler):
    """Every pass restarts the age of an idle image."""

    def age(self, image, *, used, now):
        if not used:
            unused = image.marks.labels_of('unused')
            self.mark(image, {unused_label(now)}, unused)
        else:
            super().age(image, used=used, now=now)


class NeverAges(MemoryHandler):
    """It does not note that an image is idle."""

    def age(self, image, *, used, now):
        if used:
            super().age(image, used=used, now=now)


class CountsNoHits(MemoryHandler):
    """It ends an age without counting the hit."""

    def age(self, image, *, used, now):
        if used and image.marks.labels_of('unused'):
            self.mark(image, (), image.marks.labels_of('unused'))
        else:
            super().age(image, used=used, now=now)


class CountsEachPass(MemoryHandler):
    """It counts a hit for each pass that finds the image in use."""

    def age(self, image, *, used, now):
        if used:
            hits = hits_label(image.marks.hits + 1)
            gone = image.marks.labels_of('unused') | image.marks.labels_of(
                'hits'
            )
            self.mark(image, {hits}, gone)
        else:
            super().age(image, used=used, now=now)


class PinsTwice(MemoryHandler):
    """A pin is two marks, and a crash between them leaves none."""

    def pin(self, image, owner, until=None):
        self.mark(image, (), image.marks.labels_of('pin', owner))
        self.mark(image, {pin_label(owner, until)})


class OnePinPerImage(MemoryHandler):
    """A pin replaces those of others."""

    def pin(self, image, owner, until=None):
        label = pin_label(owner, until)
        self.mark(image, {label}, image.marks.labels_of('pin') - {label})


class TogglesPin(MemoryHandler):
    """Pinning again unpins."""

    def pin(self, image, owner, until=None):
        label = pin_label(owner, until)
        self.mark(image, {label}, image.marks.labels_of('pin', owner))


class UnpinsAll(MemoryHandler):
    """Unpinning removes the pins of everybody."""

    def unpin(self, image, owner):
        self.mark(image, (), image.marks.labels_of('pin'))


class UnpinsAlike(MemoryHandler):
    """Unpinning removes the pins of owners that begin alike."""

    def unpin(self, image, owner):
        pins = image.marks.labels
        self.mark(
            image, (), [pin for pin in pins if pin.startswith(f'pin.{owner}')]
        )


class UnpinAlwaysWrites(MemoryHandler):
    """Unpinning writes, though there is nothing to remove."""

    def unpin(self, image, owner):
        self.mark(image, (), image.marks.labels_of('pin', owner))


# evict


class EvictsNothing(MemoryHandler):
    """It says that it removed the image."""

    def evict(self, image, alive=always):
        entry = self._find(image)
        return entry.size if entry else 0


class EvictsCopies(MemoryHandler):
    """It removes every copy of the image."""

    def evict(self, image, alive=always):
        freed = super().evict(image, alive)
        for copy in self.enumerate('shelf', [image.image_id]):
            freed += super().evict(copy, alive)
        return freed


class EvictsKin(MemoryHandler):
    """It removes whatever begins with the id of the image."""

    def evict(self, image, alive=always):
        freed = super().evict(image, alive)
        for other in self.enumerate('shelf'):
            if other.image_id.startswith(image.image_id):
                freed += super().evict(other, alive)
        return freed


class OweBytes(MemoryHandler):
    """It tells the bytes as a negative number."""

    def evict(self, image, alive=always):
        return -super().evict(image, alive)


class TellsText(MemoryHandler):
    """It tells the bytes as a text."""

    def evict(self, image, alive=always):
        return f'{super().evict(image, alive)} bytes'


class GoneIsAnError(MemoryHandler):
    """It fails for an image that is gone already."""

    def evict(self, image, alive=always):
        if image.location not in self.shelf.entries:
            raise exceptions.ImageNotFound(image.image_id)
        return super().evict(image, alive)


class GoneFreesBytes(MemoryHandler):
    """It tells the bytes of an image that somebody else removed."""

    def evict(self, image, alive=always):
        return super().evict(image, alive) or image.size


class EvictsInUse(MemoryHandler):
    """It does not look for users."""

    def evict(self, image, alive=always):
        entry = self._find(image)
        if entry:
            entry.users.clear()
        return super().evict(image, alive)


class TrustsTheLook(MemoryHandler):
    """It takes the users from its handle."""

    def evict(self, image, alive=always):
        entry = self._find(image)
        if entry:
            entry.users = set(image.users)
        return super().evict(image, alive)


class BelievesOldUsers(MemoryHandler):
    """It keeps an image whose last user went after the look."""

    def evict(self, image, alive=always):
        if image.users:
            raise exceptions.ImageInUse(image.image_id, image.users)
        return super().evict(image, alive)


class IgnoresClaims(MemoryHandler):
    """It does not look if its claim is still there."""

    def evict(self, image, alive=always):
        return super().evict(replace(image, marks=Marks()), alive)


class ChecksClaimsOnly(MemoryHandler):
    """Of the labels that it was shown it looks for the claims only."""

    def evict(self, image, alive=always):
        claims = image.marks.labels_of('claim')
        return super().evict(replace(image, marks=Marks.read(claims)), alive)


class NeverAsks(MemoryHandler):
    """It does not ask if the claim is still alive."""

    def evict(self, image, alive=always):
        return super().evict(image)


class AsksTooEarly(MemoryHandler):
    """It asks for the claim first, and takes its time then."""

    def evict(self, image, alive=always):
        so_far = alive()
        return super().evict(image, lambda: so_far)


def with_what_came(handler, image, *kinds):
    """Give an image as if what came since had been there at the look."""
    entry = handler._find_file(image)
    now = Marks.read(entry.labels if entry else ())
    came = [now.labels_of(kind) for kind in kinds]
    labels = image.marks.labels.union(*came)
    return replace(image, marks=Marks.read(labels))


class PinsMayCome(MemoryHandler):
    """It does not see that somebody pinned the image meanwhile."""

    def evict(self, image, alive=always):
        return super().evict(with_what_came(self, image, 'pin'), alive)


class LeasesMayCome(MemoryHandler):
    """It does not see that somebody holds the image meanwhile."""

    def evict(self, image, alive=always):
        return super().evict(with_what_came(self, image, 'lease'), alive)


class IsOvertaking(MemoryHandler):
    """It removes what it was told to, whatever came since."""

    def evict(self, image, alive=always):
        with self.shelf.lock:
            image = with_what_came(self, image, 'pin', 'lease')
            if (entry := self._find(image)) is None:
                return 0
            if self.shelf.sees_users and entry.users:
                raise exceptions.ImageInUse(image.image_id, entry.users)
            check_claimed(image, entry.labels)
            return self.shelf.entries.pop(image.location).size


class KeepsThePinned(MemoryHandler):
    """It decides by itself that what is pinned stays."""

    def evict(self, image, alive=always):
        if image.marks.pins:
            raise exceptions.ImageBusy(image.image_id, 'it is pinned')
        return super().evict(image, alive)


class HeedsEveryLabel(MemoryHandler):
    """Any label that came keeps the image, a rival's claim too."""

    def evict(self, image, alive=always):
        entry = self._find(image)
        if entry and entry.labels - image.marks.labels:
            raise exceptions.ImageBusy(image.image_id, 'it has more labels')
        return super().evict(image, alive)


class EvictsTwice(MemoryHandler):
    """Two that evict at once both tell the bytes."""

    def evict(self, image, alive=always):
        entry = self._find(image)
        time.sleep(0.01)
        freed = super().evict(image, alive)
        return freed or (entry.size if entry else 0)


class LostLabelIsGone(MemoryHandler):
    """It takes an image that lost a label for one that is gone."""

    def evict(self, image, alive=always):
        try:
            return super().evict(image, alive)
        except exceptions.ImageBusy:
            return 0


class EvictsByName(MemoryHandler):
    """It removes what has that name now, wherever it is."""

    def evict(self, image, alive=always):
        if self._find(image) is None:
            for copy in self.enumerate('shelf', [image.image_id]):
                return super().evict(copy, alive)
        return super().evict(image, alive)


class EvictsAnyImage(MemoryHandler):
    """It does not look which image is at that location."""

    def evict(self, image, alive=always):
        entry = self.shelf.entries.get(image.location)
        if entry and IMAGE_ID.fullmatch(entry.image_id or ''):
            image = replace(image, image_id=entry.image_id)
        return super().evict(image, alive)


class EvictsAnyStore(MemoryHandler):
    """It removes what has that location in any store."""

    def evict(self, image, alive=always):
        return super().evict(replace(image, store='shelf'), alive)


class EvictsForeign(MemoryHandler):
    """It removes what it is told, ours or not."""

    def evict(self, image, alive=always):
        entry = self.shelf.entries.get(image.location)
        if entry and not entry.image_id:
            return self.shelf.entries.pop(image.location).size
        return super().evict(image, alive)


class EvictsNeighbours(MemoryHandler):
    """With an image it removes the object that is called like it."""

    def evict(self, image, alive=always):
        self.shelf.entries.pop(image.image_id, None)
        return super().evict(image, alive)


# room and add


class NoRoom(CellarHandler):
    """It says how many bytes are sent, not how many are taken."""

    def room(self, meta, store):
        return meta.size // 2


class OwesRoom(CellarHandler):
    """It takes a negative number of bytes."""

    def room(self, meta, store):
        return -1


class AddsOther(CellarHandler):
    """It gives the image without what the store says of it."""

    def add(self, meta, content, store, labels=()):
        added = super().add(meta, content, store, labels)
        return replace(added, cached_at=None)


class AddsByRawId(CellarHandler):
    """It gives the image by the id that it was called with."""

    def add(self, meta, content, store, labels=()):
        added = super().add(meta, content, store, labels)
        return replace(added, image_id=meta.image_id)


class DropsLabels(CellarHandler):
    """It adds without the labels."""

    def add(self, meta, content, store, labels=()):
        return super().add(meta, content, store)


class AddsFirstPart(CellarHandler):
    """It takes one part of the content for the whole."""

    def fill(self, content, store, location):
        part = io.BytesIO(content.read(4096))
        super().fill(part, store, location)


class ListsHalf(CellarHandler):
    """An image is listed while its bytes arrive."""

    def stage(self, meta, store, labels):
        location = super().stage(meta, store, labels)
        self.publish(store, location)
        return location


class LabelsAfterwards(CellarHandler):
    """An image is listed before it has its labels."""

    def add(self, meta, content, store, labels=()):
        added = super().add(meta, content, store)
        time.sleep(0.05)
        self.mark(added, labels)
        with self.cellar as stores:
            cask = stores[store][added.location]
            return self.image(store, added.location, cask)


class AddsAgain(CellarHandler):
    """It adds an image that the store holds already."""

    def refuse_second(self, meta, store):
        pass


class ReplacesFirst(CellarHandler):
    """It removes the image that is there, then says that it exists."""

    def refuse_second(self, meta, store):
        for image in self.enumerate(store, [self.key(meta.image_id)]):
            self.evict(image)
            raise exceptions.ImageExists(meta.image_id)


class PublishesBroken(CellarHandler):
    """What arrived before the stream broke is listed."""

    def abandon(self, store, location):
        self.publish(store, location)


class SwallowsBroken(CellarHandler):
    """A broken stream is taken for a short one."""

    def fill(self, content, store, location):
        try:
            super().fill(content, store, location)
        except OSError:
            return


class LocksForEver(CellarHandler):
    """After a broken stream the image can never be added again."""

    def refuse_second(self, meta, store):
        with self.cellar as stores:
            casks = self.shelf(stores, store).values()
            if any(cask.image_id == meta.image_id for cask in casks):
                raise exceptions.ImageExists(meta.image_id)


class ResumesLabels(CellarHandler):
    """A second try takes over the labels of the first, broken one."""

    def stage(self, meta, store, labels):
        with self.cellar as stores:
            old = [
                cask.labels
                for cask in self.shelf(stores, store).values()
                if cask.image_id == meta.image_id
            ]
        return super().stage(meta, store, set(labels).union(*old))


class AddsOldLabels(CellarHandler):
    """An image that is added again has its old labels."""

    def add(self, meta, content, store, labels=()):
        kept = self.cellar.__dict__.setdefault('kept', {})
        labels = kept[meta.image_id] = {
            *labels,
            *kept.get(meta.image_id, ()),
        }
        return super().add(meta, content, store, labels)


class FailsOnLongNames(CellarHandler):
    """An id that does not fit is an error of the system."""

    def add(self, meta, content, store, labels=()):
        if len(meta.image_id) > 200:
            raise OSError('file name too long')
        return super().add(meta, content, store, labels)


class CollidesWithItself(CellarHandler):
    """It takes an image for its own file of the same name."""

    def ours(self, cask):
        return super().ours(cask) and not cask.image_id.endswith('.tmp')


class OverwritesForeign(CellarHandler):
    """It adds over whatever has the name that it likes."""

    def stage(self, meta, store, labels):
        location = super().stage(meta, store, labels)
        with self.cellar as stores:
            stores[store].pop('a disk', None)
        return location


class AddsToFirst(CellarHandler):
    """It adds to its first store, whichever is named."""

    def add(self, meta, content, store, labels=()):
        if store in self.cellar.stores:
            store = 'north'
        return super().add(meta, content, store, labels)


class AddsAnywhere(CellarHandler):
    """It adds to its first store if it does not know the one named."""

    def add(self, meta, content, store, labels=()):
        if store not in self.cellar.stores:
            store = 'north'
        return super().add(meta, content, store, labels)


# debris and clean


class ListsImagesAsDebris(CellarHandler):
    """It takes an image for debris."""

    def is_debris(self, cask):
        return cask.kind in ('staged', 'image')


class ListsAddsAsDebris(CellarHandler):
    """It takes what somebody is adding for debris."""

    def is_debris(self, cask):
        return cask.kind in ('staged', 'filling')


class ListsForeignAsDebris(CellarHandler):
    """It takes everything that it does not list for debris."""

    def is_debris(self, cask):
        return cask.kind not in ('image', 'filling')


class FindsNoDebris(CellarHandler):
    """It never finds debris."""

    def debris(self, store):
        return []


class DebrisOfAllStores(CellarHandler):
    """It lists the debris of every store as that of one."""

    def debris(self, store):
        found = [
            super(DebrisOfAllStores, self).debris(one)
            for one in self.cellar.stores
        ]
        return [replace(piece, store=store) for piece in sum(found, [])]


class FirstDebrisOnly(CellarHandler):
    """It finds one piece of debris at a time."""

    def debris(self, store):
        return super().debris(store)[:1]


class CleansNothing(CellarHandler):
    """It says that it removed the debris."""

    def clean(self, debris):
        return debris.size


class CleansAll(CellarHandler):
    """It removes all debris when it is told of one piece."""

    def clean(self, debris):
        freed = super().clean(debris)
        for other in self.debris(debris.store):
            super().clean(other)
        return freed


class CleansGone(CellarHandler):
    """It tells the bytes of debris that is gone."""

    def clean(self, debris):
        return super().clean(debris) or debris.size


class CleanFailsOnGone(CellarHandler):
    """Debris that is gone is an error."""

    def clean(self, debris):
        if debris.location not in self.cellar.stores[debris.store]:
            raise exceptions.ImageNotFound('debris')
        return super().clean(debris)


class CleansImages(CellarHandler):
    """It removes an image if it is told that it is debris."""

    def clean(self, debris):
        shelf = self.cellar.stores[debris.store]
        cask = shelf.get(debris.location, Cask('', 0, 'none'))
        if cask.kind == 'image':
            return shelf.pop(debris.location).size
        return super().clean(debris)


class CleansForeign(CellarHandler):
    """It removes a foreign object if it is told that it is debris."""

    def clean(self, debris):
        shelf = self.cellar.stores[debris.store]
        cask = shelf.get(debris.location, Cask('', 0, 'none'))
        if cask.kind == 'disk':
            return shelf.pop(debris.location).size
        return super().clean(debris)


# Hosts.


class RecordsAgain(CellarHandler):
    """Each time it is on record under another name."""

    def record_host(self, store):
        self.cellar.hosts[store, f'host-{len(self.cellar.hosts)}'] = True


class RecordsEverywhere(CellarHandler):
    """It is on record in every store once it is in one."""

    def record_host(self, store):
        for name in 'north', 'south':
            super().record_host(name)


class ForgetsNobody(CellarHandler):
    """It says that a host is forgotten, and keeps it."""

    def forget_host(self, store, name):
        return (store, name) in self.cellar.hosts


class ForgetsEverybody(CellarHandler):
    """It forgets all of them, whoever was named."""

    def forget_host(self, store, name):
        there = super().forget_host(store, name)
        self.cellar.hosts.clear()
        return there


class AcceptsNothing(CellarHandler):
    """What is to be accepted blocks on."""

    def accept_host(self, store):
        self.cellar.hosts[store, 'this'] = True


# What a death inside a call leaves.


class MarksInTwo(CellarHandler):
    """It removes labels first, and adds in a second step."""

    def mark(self, image, add=(), remove=()):
        add = set(add)
        super().mark(image, (), set(remove) - add)
        super().mark(image, add, add.intersection(remove))


class EvictsInTwo(CellarHandler):
    """It takes the labels first, and the image in a second step."""

    def evict(self, image, alive=always):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask and not cask.users and image.marks.labels <= cask.labels:
                cask.labels.clear()
                image = replace(image, marks=Marks())
        return super().evict(image, alive)


class FreesBeforeItRemoves(CellarHandler):
    """It frees the bytes while the image is still listed."""

    def evict(self, image, alive=always):
        with self.cellar as stores:
            cask = self.find(stores, image)
            if cask and not cask.users and image.marks.labels <= cask.labels:
                cask.size = 0
        return super().evict(image, alive)


class AddsForEver(CellarHandler):
    """What it stages is for ever taken for an add that goes on."""

    def stage(self, meta, store, labels):
        with self.cellar as stores:
            for cask in self.shelf(stores, store).values():
                if cask.kind == 'filling' and cask.image_id == meta.image_id:
                    raise exceptions.ImageBusy(meta.image_id, 'being added')
        return super().stage(meta, store, labels)


MUTANTS = [
    mutant
    for mutant in list(globals().values())
    if isinstance(mutant, type)
    and issubclass(mutant, (MemoryHandler, CellarHandler))
    and mutant not in (MemoryHandler, CellarHandler)
]
