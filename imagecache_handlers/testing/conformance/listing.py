"""Listing: what ``enumerate`` promises."""

from collections.abc import Callable
from collections.abc import Collection
import time

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.hooks import ReadsOnly
from imagecache_handlers.testing.conformance.samples import is_about
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import LABELS
from imagecache_handlers.testing.conformance.samples import LARGE
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import PAUSE
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import STRANGERS
from imagecache_handlers.testing.conformance.samples import TWO


class Listing(Examining):
    """``enumerate``, and what it says of an image."""

    @promise('enumerate')
    def test_a_cached_image_is_listed_whole(self) -> None:
        image = self._seeded()
        self.assertIsInstance(image, CachedImage)
        self.assertEqual(self.store(), image.store)
        at = image.cached_at
        self.assertTrue(at is None or at.utcoffset() is not None)
        quiet = (None, None, None)
        said = (image.unknown, image.busy, image.undeletable)
        self.assertEqual(quiet, said)

    @promise('enumerate')
    def test_an_untouched_image_is_listed_the_same_again(self) -> None:
        image = self._seeded()
        self.assertEqual(image, self._again(image))

    @promise('enumerate')
    def test_each_image_is_listed_once(self) -> None:
        seeded = [self.seed(image_id) for image_id in (ONE, TWO, KIN)]
        self.assertEqual(sorted(seeded), self._locations())

    @promise('enumerate')
    def test_a_list_can_be_read_twice(self) -> None:
        self.seed(ONE)
        for image_ids in None, [self._key(ONE)]:
            found = self._connect().enumerate(self.store(), image_ids)
            self.assertEqual(1, len(found))
            self.assertEqual(list(found), list(found))

    @promise('enumerate')
    def test_many_images_are_listed_and_calls_counted(self) -> None:
        seeded: list[str] = []
        for count in 1, 10, 50:
            new = range(len(seeded), count)
            seeded += [self.seed(f'{number:08}-many') for number in new]
            handler, store = self._connect(), self.store()
            with self._counted(f'enumerate of {count}'):
                images = handler.enumerate(store)
            found = sorted(image.location for image in images)
            self.assertEqual(sorted(seeded), found)

    @promise('enumerate')
    def test_a_larger_image_is_listed_as_larger(self) -> None:
        small, large = self.seed(ONE), self.seed(TWO, size=2**24)
        self.assertGreater(self._at(small).size, 0)
        self.assertGreater(self._at(large).size, self._at(small).size)

    @promise('enumerate', since=2)
    def test_a_size_is_told_in_bytes(self) -> None:
        image = self._at(self.seed(ONE, size=LARGE))
        self.assertIs(int, type(image.size))
        self.assertTrue(
            is_about(LARGE, image.size),
            f'size {image.size} of an image of {LARGE} bytes',
        )
        if image.frees:
            self.assertIs(int, type(image.frees))
            self.assertTrue(
                is_about(LARGE, image.frees),
                f'frees {image.frees} of an image of {LARGE} bytes',
            )
        self.assertLessEqual(image.frees or 0, image.size)

    @promise('enumerate', since=2)
    def test_what_cannot_be_read_is_not_left_out(self) -> None:
        if not self._supplies('unreadable'):
            return
        images = [self._seeded(), self._seeded(TWO)]
        handler = self._connect()
        for image_ids in None, [images[0].image_id]:
            with self.unreadable(images[0]):
                try:
                    found = list(handler.enumerate(self.store(), image_ids))
                except StoreUnavailable:
                    continue
            told = {image.location: image for image in found}
            self.assertIn(images[0].location, told)
            self.assertIsNotNone(
                told[images[0].location].unknown, 'what it could not read'
            )

    @promise('enumerate')
    def test_foreign_objects_are_never_listed(self) -> None:
        seeded = self.seed(ONE)
        names = self.foreign()
        self.assertTrue(names, 'foreign() must put something there')
        self.assertCountEqual(names, self.foreign_left())
        self.assertEqual([seeded], self._locations())
        self.assertEqual([seeded], self._locations(self._key(ONE)))

    @promise('enumerate')
    def test_ids_give_every_copy_and_nothing_else(self) -> None:
        copies = [self.seed(ONE) for _ in range(1 + self.holds_copies)]
        for image_id in TWO, KIN:
            self.seed(image_id)
        self.assertEqual(sorted(copies), self._locations(self._key(ONE)))

    @promise('enumerate')
    def test_several_ids_give_the_images_of_each(self) -> None:
        seeded = [self.seed(ONE), self.seed(KIN)]
        self.seed(TWO)
        keys = [self._key(ONE), self._key(KIN)]
        self.assertEqual(sorted(seeded), self._locations(*keys))

    @promise('enumerate')
    def test_an_id_asked_for_twice_is_listed_once(self) -> None:
        location = self.seed(ONE)
        key = self._key(ONE)
        self.assertEqual([location], self._locations(key, key))

    @promise('enumerate')
    def test_an_unknown_id_gives_nothing(self) -> None:
        location = self.seed(ONE)
        self.assertEqual([], self._locations(*STRANGERS))
        keys = [self._key(ONE), *STRANGERS]
        self.assertEqual([location], self._locations(*keys))

    @promise('enumerate')
    def test_no_ids_give_nothing(self) -> None:
        self.seed(ONE)
        handler = self._connect()
        none: tuple[Collection[str], ...] = ((), [], frozenset())
        for image_ids in none:
            found = handler.enumerate(self.store(), image_ids)
            self.assertEqual([], list(found))

    @promise('enumerate')
    def test_ids_give_what_the_whole_list_gives(self) -> None:
        image = self._marked(self._seeded(), *LABELS)
        self.assertEqual([image], self._list(image.image_id))

    @promise('enumerate')
    def test_an_unknown_store_is_unavailable(self) -> None:
        self.seed(ONE)
        for image_ids in None, [self._key(ONE)], []:
            with self.assertRaises(StoreUnavailable):
                self._connect().enumerate('no-such-store', image_ids)

    @promise('enumerate')
    def test_an_outage_is_never_taken_for_an_answer(self) -> None:
        if not self._supplies('outages'):
            return
        image = self._marked(self._seeded(), 'site.a')
        store, key = self.store(), [image.image_id]
        handler = self._connect()
        reads: list[Callable[[], object]] = [
            lambda: handler.enumerate(store),
            lambda: handler.enumerate(store, key),
        ]
        writes: list[Callable[[], object]] = [
            lambda: handler.mark(image, {'site.b'}),
            lambda: handler.evict(image),
        ]
        for outage in self.outages():
            only_reads = isinstance(outage, ReadsOnly)
            with outage:
                for call in reads if only_reads else reads + writes:
                    with self.assertRaises((StoreUnavailable, Uncertain)):
                        call()
            self.assertEqual([image], self._list())

    @promise('enumerate')
    def test_an_image_is_listed_in_its_own_store_only(self) -> None:
        location = self.seed(ONE)
        handler = self._connect()
        found = [
            image.identity
            for store in self._stores()
            for image in handler.enumerate(store)
        ]
        self.assertEqual([(self.store(), location)], found)

    @promise('enumerate')
    def test_every_answer_is_read_afresh(self) -> None:
        key = self._key(ONE)
        for image_ids in None, [key]:
            with self._case(image_ids=image_ids):
                handler = self._connect()
                before = handler.enumerate(self.store(), image_ids)
                self.assertEqual([], list(before))
                image = self._seeded()
                listed = handler.enumerate(self.store(), image_ids)
                self.assertEqual([image], list(listed))
                self.lose(image)
                after = handler.enumerate(self.store(), image_ids)
                self.assertEqual([], list(after))

    @promise('enumerate')
    def test_a_list_is_whole_while_others_go(self) -> None:
        kept = self.seed(ONE)
        going = [self._seeded(f'{n:08}-going') for n in range(ROUNDS)]
        handler = self._connect()
        lists: list[list[str]] = []
        with self._meanwhile(lambda: lists.append(self._locations())):
            for image in going:
                time.sleep(PAUSE)
                handler.evict(image)
        self.assertEqual({1}, {found.count(kept) for found in lists})
