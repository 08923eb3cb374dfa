"""Handling: the handler itself, its stores and its names."""

import contextlib
import io

from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance import refusing
from imagecache_handlers.testing.conformance.samples import ABILITIES
from imagecache_handlers.testing.conformance.samples import at_once
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import MIXED
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import TWO


class Handling(Examining):
    """Handling: the handler itself, its stores and its names."""

    @promise('handler')
    def test_a_handler_is_truthy(self) -> None:
        self.assertTrue(self._connect(), 'loaders take it for missing')

    @promise('handler')
    def test_closing_twice_closes_nobody_else(self) -> None:
        location = self.seed(ONE)
        other = self._connect()
        handler = self.connect()
        handler.close()
        handler.close()
        listed = other.enumerate(self.store())
        self.assertEqual([location], [image.location for image in listed])

    @promise('handler')
    def test_parallel_and_batch_are_counts(self) -> None:
        handler = self._connect()
        self.assertGreaterEqual(handler.parallel, 1)
        self.assertGreaterEqual(handler.batch, 1)

    @promise('handler', since=2)
    def test_what_it_says_of_itself_is_of_its_type(self) -> None:
        handler = self._connect()
        for count in handler.parallel, handler.batch, handler.contract:
            self.assertIs(int, type(count))
        for wish in handler.wants_seen, handler.wants_shield:
            self.assertIs(bool, type(wish))
        self.assertGreaterEqual(handler.contract, 1)

    @promise('handler', since=2)
    def test_nothing_is_written_to_stdout(self) -> None:
        said = io.StringIO()
        image = self._seeded()
        with contextlib.redirect_stdout(said):
            handler, store = self._connect(), self.store()
            handler.enumerate(store, [handler.key(ONE)])
            handler.mark(image, {'site.a'})
            list(handler.stores())
            list(handler.remarks(store))
            list(handler.altered(store))
            handler.recover(store)
            for ability in ABILITIES:
                if declares(handler, ability):
                    self._call_declared(handler, ability)
            handler.evict(self._again(image))
        self.assertEqual('', said.getvalue(), "stdout is the caller's")

    def _call_declared(self, handler: CacheHandler, ability: str) -> None:
        """Call an ability, on what is not there where it changes things."""
        meta, data = self.offer(TWO)
        refusing.CALLS[ability](handler, self.store(), meta, data)

    @promise('handler')
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

    @promise('stores')
    def test_stores_have_names_of_their_own(self) -> None:
        names = [store.name for store in self._connect().stores()]
        self.assertTrue(names)
        self.assertCountEqual(set(names), names)

    @promise('stores')
    def test_a_store_has_no_more_free_than_it_has(self) -> None:
        for store in self._connect().stores():
            with self._step(store=store.name):
                free, total = store.free, store.total
                if free is not None and total is not None:
                    self.assertLessEqual(free, total)

    @promise('key')
    def test_a_key_is_the_id_that_is_listed(self) -> None:
        for image_id in ONE, TWO, KIN:
            with self._case(image=image_id):
                self.assertEqual(
                    self._key(image_id), self._seeded(image_id).image_id
                )

    @promise('key', since=2)
    def test_a_key_keeps_the_case_of_its_id(self) -> None:
        image = self._seeded(MIXED)
        self.assertEqual(self._key(MIXED), image.image_id)
        self.assertNotEqual(self._key(MIXED.lower()), image.image_id)
        self.assertEqual([image], self._list(self._key(MIXED)))

    @promise('key')
    def test_a_key_is_stable(self) -> None:
        key = self._key(ONE)
        self.assertEqual(key, self._key(ONE))
        self.assertEqual(key, self._key(key), 'a listed id is its own key')

    @promise('handler')
    def test_an_ability_that_is_not_declared_is_not_supported(self) -> None:
        handler = self._connect()
        for ability in ABILITIES:
            if not declares(handler, ability):
                with self._step(ability=ability):
                    self._refuses(ability)
