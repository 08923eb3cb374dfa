"""Handling: the handler itself, its stores and its names."""

from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance.samples import ABILITIES
from imagecache_handlers.testing.conformance.samples import at_once
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import TWO


class Handling(HandlerHooks):
    """Handling: the handler itself, its stores and its names."""

    def test_a_handler_is_truthy(self) -> None:
        self.assertTrue(self._connect(), 'loaders take it for missing')

    def test_closing_twice_closes_nobody_else(self) -> None:
        location = self.seed(ONE)
        other = self._connect()
        handler = self.connect()
        handler.close()
        handler.close()
        listed = other.enumerate(self.store())
        self.assertEqual([location], [image.location for image in listed])

    def test_parallel_and_batch_are_counts(self) -> None:
        handler = self._connect()
        self.assertGreaterEqual(handler.parallel, 1)
        self.assertGreaterEqual(handler.batch, 1)

    def test_threads_share_a_handler_each_in_its_own_store(self) -> None:
        seeded = self._seeded()
        handler = self._connect()

        def listed(store: str) -> list[CachedImage]:
            found = [handler.enumerate(store) for _ in range(ROUNDS)]
            return [image for images in found for image in images]

        names = self._stores()[: handler.parallel]
        first, *others = at_once(listed, names)
        self.assertEqual([seeded] * ROUNDS, first)
        self.assertEqual([[] for _ in others], others)

    def test_stores_have_names_of_their_own(self) -> None:
        names = [store.name for store in self._connect().stores()]
        self.assertTrue(names)
        self.assertCountEqual(set(names), names)

    def test_a_store_has_no_more_free_than_it_has(self) -> None:
        for store in self._connect().stores():
            with self.subTest(store=store.name):
                free, total = store.free, store.total
                if free is not None and total is not None:
                    self.assertLessEqual(free, total)

    def test_a_key_is_the_id_that_is_listed(self) -> None:
        for image_id in ONE, TWO, KIN:
            with self.subTest(image=image_id):
                self.assertEqual(
                    self._key(image_id), self._seeded(image_id).image_id
                )

    def test_a_key_is_stable(self) -> None:
        key = self._key(ONE)
        self.assertEqual(key, self._key(ONE))
        self.assertEqual(key, self._key(key), 'a listed id is its own key')

    def test_an_ability_that_is_not_declared_is_not_supported(self) -> None:
        handler = self._connect()
        for ability in ABILITIES:
            if not declares(handler, ability):
                with self.subTest(ability=ability):
                    self._refuses(ability)
