"""Listing: what ``enumerate`` promises."""

from collections.abc import Callable
from collections.abc import Collection
import time

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import LABELS
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import PAUSE
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import STRANGERS
from imagecache_handlers.testing.conformance.samples import TWO


class Listing(HandlerHooks):
    """``enumerate``, and what it says of an image."""

    def test_a_cached_image_is_listed_whole(self) -> None:
        image = self._seeded()
        self.assertIsInstance(image, CachedImage)
        self.assertEqual(self.store(), image.store)
        at = image.cached_at
        self.assertTrue(at is None or at.utcoffset() is not None)
        quiet = (None, None, None)
        said = (image.unknown, image.busy, image.undeletable)
        self.assertEqual(quiet, said)

    def test_an_untouched_image_is_listed_the_same_again(self) -> None:
        image = self._seeded()
        self.assertEqual(image, self._again(image))

    def test_each_image_is_listed_once(self) -> None:
        seeded = [self.seed(image_id) for image_id in (ONE, TWO, KIN)]
        self.assertEqual(sorted(seeded), self._locations())

    def test_a_list_can_be_read_twice(self) -> None:
        self.seed(ONE)
        for image_ids in None, [self._key(ONE)]:
            found = self._connect().enumerate(self.store(), image_ids)
            self.assertEqual(1, len(found))
            self.assertEqual(list(found), list(found))

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

    def test_a_larger_image_is_listed_as_larger(self) -> None:
        small, large = self.seed(ONE), self.seed(TWO, size=2**24)
        self.assertGreater(self._at(small).size, 0)
        self.assertGreater(self._at(large).size, self._at(small).size)

    def test_foreign_objects_are_never_listed(self) -> None:
        seeded = self.seed(ONE)
        names = self.foreign()
        self.assertTrue(names, 'foreign() must put something there')
        self.assertCountEqual(names, self.foreign_left())
        self.assertEqual([seeded], self._locations())
        self.assertEqual([seeded], self._locations(self._key(ONE)))

    def test_ids_give_every_copy_and_nothing_else(self) -> None:
        copies = [self.seed(ONE) for _ in range(1 + self.holds_copies)]
        for image_id in TWO, KIN:
            self.seed(image_id)
        self.assertEqual(sorted(copies), self._locations(self._key(ONE)))

    def test_several_ids_give_the_images_of_each(self) -> None:
        seeded = [self.seed(ONE), self.seed(KIN)]
        self.seed(TWO)
        keys = [self._key(ONE), self._key(KIN)]
        self.assertEqual(sorted(seeded), self._locations(*keys))

    def test_an_id_asked_for_twice_is_listed_once(self) -> None:
        location = self.seed(ONE)
        key = self._key(ONE)
        self.assertEqual([location], self._locations(key, key))

    def test_an_unknown_id_gives_nothing(self) -> None:
        location = self.seed(ONE)
        self.assertEqual([], self._locations(*STRANGERS))
        keys = [self._key(ONE), *STRANGERS]
        self.assertEqual([location], self._locations(*keys))

    def test_no_ids_give_nothing(self) -> None:
        self.seed(ONE)
        handler = self._connect()
        none: tuple[Collection[str], ...] = ((), [], frozenset())
        for image_ids in none:
            found = handler.enumerate(self.store(), image_ids)
            self.assertEqual([], list(found))

    def test_ids_give_what_the_whole_list_gives(self) -> None:
        image = self._marked(self._seeded(), *LABELS)
        self.assertEqual([image], self._list(image.image_id))

    def test_an_unknown_store_is_unavailable(self) -> None:
        self.seed(ONE)
        for image_ids in None, [self._key(ONE)], []:
            with self.assertRaises(StoreUnavailable):
                self._connect().enumerate('no-such-store', image_ids)

    def test_an_outage_is_never_taken_for_an_answer(self) -> None:
        image = self._marked(self._seeded(), 'site.a')
        store, key = self.store(), [image.image_id]
        handler = self._connect()
        calls: list[Callable[[], object]] = [
            lambda: handler.enumerate(store),
            lambda: handler.enumerate(store, key),
            lambda: handler.mark(image, {'site.b'}),
            lambda: handler.evict(image),
        ]
        for outage in self.outages():
            with outage:
                for call in calls:
                    with self.assertRaises((StoreUnavailable, Uncertain)):
                        call()
            self.assertEqual([image], self._list())

    def test_an_image_is_listed_in_its_own_store_only(self) -> None:
        location = self.seed(ONE)
        handler = self._connect()
        found = [
            image.identity
            for store in self._stores()
            for image in handler.enumerate(store)
        ]
        self.assertEqual([(self.store(), location)], found)

    def test_every_answer_is_read_afresh(self) -> None:
        handler = self._connect()
        key = self._key(ONE)
        for image_ids in None, [key]:
            with self.subTest(image_ids=image_ids):
                before = handler.enumerate(self.store(), image_ids)
                self.assertEqual([], list(before))
                image = self._seeded()
                listed = handler.enumerate(self.store(), image_ids)
                self.assertEqual([image], list(listed))
                self.lose(image)
                after = handler.enumerate(self.store(), image_ids)
                self.assertEqual([], list(after))

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

    def test_users_are_seen_to_come_and_go(self) -> None:
        image = self._seeded()
        other = self._seeded(TWO)
        nobody = frozenset[str]() if self.sees_users else None
        self.assertEqual(nobody, image.users)
        if self.sees_users:
            self.assertIsInstance(image.users, frozenset)
            self.occupy(image, 'vm-1')
            self.assertIsInstance(self._again(image).users, frozenset)
            self.assertTrue(self._again(image).users)
            self.assertEqual(nobody, self._again(other).users)
            self.vacate(image, 'vm-1')
        self.assertEqual([nobody, nobody], [im.users for im in self._list()])
        [again] = self._list(image.image_id)
        self.assertEqual(nobody, again.users)

    def test_one_user_remains_when_another_goes(self) -> None:
        image = self._seeded()
        if not self.sees_users:
            self.assertIsNone(image.users)
            return
        self.occupy(image, 'vm-1')
        self.occupy(image, 'vm-2')
        self.vacate(image, 'vm-1')
        self.assertTrue(self._again(image).users)
        [again] = self._list(image.image_id)
        self.assertTrue(again.users)
