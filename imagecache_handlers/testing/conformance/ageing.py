"""Ageing: what ``age``, ``pin`` and ``unpin`` write."""

from collections.abc import Callable
from unittest import mock

from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import hits_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import LATER
from imagecache_handlers.testing.conformance.samples import NOW


class Ageing(Examining):
    """``age``, ``pin`` and ``unpin``: given, and to be left as they are."""

    def _writes(
        self, count: int, act: Callable[[CacheHandler], object]
    ) -> None:
        """Act on a handler, which may call its ``mark`` so often."""
        handler = self._connect()
        with mock.patch.object(handler, 'mark', wraps=handler.mark) as mark:
            act(handler)
        self.assertEqual(count, mark.call_count)

    def _age(self, image: CachedImage, *, used: bool, writes: int) -> Marks:
        at = LATER if image.marks.unused_since else NOW
        self._writes(writes, lambda it: it.age(image, used=used, now=at))
        return self._again(image).marks

    @promise('age')
    def test_an_idle_image_starts_to_age(self) -> None:
        seen = self._age(self._seeded(), used=False, writes=1)
        self.assertEqual(NOW, seen.unused_since)

    @promise('age')
    def test_an_idle_image_keeps_the_age_that_runs(self) -> None:
        image = self._marked(self._seeded(), unused_label(NOW))
        seen = self._age(image, used=False, writes=0)
        self.assertEqual(NOW, seen.unused_since)

    @promise('age')
    def test_use_ends_the_age_and_is_a_hit(self) -> None:
        image = self._marked(self._seeded(), unused_label(NOW), hits_label(2))
        seen = self._age(image, used=True, writes=1)
        self.assertIsNone(seen.unused_since)
        self.assertEqual(3, seen.hits)

    @promise('age')
    def test_use_of_an_image_that_does_not_age_writes_nothing(self) -> None:
        image = self._seeded()
        seen = self._age(image, used=True, writes=0)
        self.assertEqual(image.marks, seen)

    @promise('pin')
    def test_a_pin_replaces_its_owners_only(self) -> None:
        image = self._marked(
            self._seeded(), 'pin.ops', pin_label('dev', LATER)
        )
        self._writes(1, lambda handler: handler.pin(image, 'dev', NOW))
        pins = self._again(image).marks.pins
        self.assertEqual({'ops': None, 'dev': NOW}, dict(pins))

    @promise('pin')
    def test_pinning_again_keeps_the_pin(self) -> None:
        image = self._seeded()
        for _ in range(2):
            handler = self._connect()
            with self._counted('pin'):
                handler.pin(image, 'ops')
            image = self._again(image)
            self.assertEqual({'ops': None}, dict(image.marks.pins))

    @promise('unpin')
    def test_unpin_leaves_the_pins_of_others(self) -> None:
        image = self._marked(self._seeded(), 'pin.ops', 'pin.ops-2', 'pin.dev')
        self._writes(1, lambda handler: handler.unpin(image, 'ops'))
        pins = self._again(image).marks.pins
        self.assertEqual({'ops-2': None, 'dev': None}, dict(pins))

    @promise('unpin')
    def test_unpinning_what_is_not_pinned_writes_nothing(self) -> None:
        image = self._marked(self._seeded(), 'pin.ops')
        self._writes(0, lambda handler: handler.unpin(image, 'dev'))
        self.assertEqual(image, self._again(image))
