"""Dying: what a call leaves in which a process died."""

import contextlib

from imagecache_handlers.handler import always
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.doomed import Act
from imagecache_handlers.testing.conformance.doomed import Doomed
from imagecache_handlers.testing.conformance.doomed import Settle
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import TWO


class Dying(Doomed):
    """``mark``, ``evict`` and ``add`` by processes that die in them."""

    @promise('mark')
    def test_a_mark_that_died_lost_no_label(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            other = self._marked(self._seeded(TWO), 'site.a')
            image = self._marked(self._seeded(), 'pin.ops', 'site.a')
            old = image.marks.labels
            new = old - {'site.a'} | {'site.b'}

            def mark_image() -> None:
                with contextlib.closing(self.connect()) as handler:
                    handler.mark(image, {'site.b'}, {'site.a'})

            def settle_case(ended: int) -> None:
                left = self._again(image).marks.labels
                self.assertIn(left, (old, old | new, new))
                mark_image()
                self.assertEqual(new, self._again(image).marks.labels)
                self._tidy(self._again(image), other)

            return mark_image, settle_case

        self._end_at_each_step('mark', prepare_case, dies=True)

    @promise('evict')
    def test_an_evict_that_died_left_the_image_or_nothing(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            other = self._marked(self._seeded(TWO), 'site.a')
            image = self._marked(self._seeded(), 'site.a')
            return (
                lambda: self.connect().evict(image),
                lambda ended: self._settle_evicted(image, other),
            )

        self._end_at_each_step('evict', prepare_case, dies=True)

    def _settle_evicted(self, image: CachedImage, other: CachedImage) -> None:
        """What is left is whole, and goes; what comes then is new."""
        self._connect().recover(self.store())
        for left in self._list(image.image_id):
            self.assertTrue(self.whole(left), 'half an image is listed')
            self.assertIn('site.a', left.marks.labels)
            self._connect().evict(left)
        self._tidy(other)
        new = self._seeded()
        self.assertNotIn('site.a', new.marks.labels)

    @promise('evict_many', since=2)
    def test_a_batch_that_died_left_each_image_or_nothing(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            other = self._marked(self._seeded(TWO), 'site.a')
            images = [
                self._marked(self._seeded(one), 'site.a') for one in (KIN, ONE)
            ]

            def evict_images() -> None:
                list(self.connect().evict_many(images, always))

            def settle_case(ended: int) -> None:
                self._connect().recover(self.store())
                for image in images:
                    self._settle_whole(image)
                self._tidy(other)

            return evict_images, settle_case

        self._end_at_each_step('evict_many', prepare_case, dies=True)

    def _settle_whole(self, image: CachedImage) -> None:
        for left in self._list(image.image_id):
            self.assertTrue(self.whole(left), 'half an image is listed')
            self.assertEqual(image.marks.labels, left.marks.labels)
            self._connect().evict(left)

    @promise('add')
    def test_an_add_that_died_left_the_image_or_nothing(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            other = self._marked(self._seeded(TWO), 'site.a')
            return self._add_one, lambda ended: self._settle_added(other)

        self._end_at_each_step('add', prepare_case, dies=True)

    def _settle_added(self, other: CachedImage) -> None:
        for image in self._list(self._key(ONE)) or [self._add_one()]:
            self.assertTrue(self.whole(image), 'half an image is listed')
            self.assertIn('site.a', image.marks.labels)
            self._connect().evict(image)
        self._tidy(other)

    @promise('recover', since=2)
    def test_recover_settles_what_an_evict_that_died_left(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            other = self._marked(self._seeded(TWO), 'site.a')
            image = self._marked(self._seeded(), 'site.a')

            def settle_case(ended: int) -> None:
                self._connect().recover(self.store())
                settled = self._list()
                self.assertIn(other, settled)
                for left in self._list(image.image_id):
                    self.assertTrue(self.whole(left), 'half an image')
                    self.assertEqual(image, left)
                self._connect().recover(self.store())
                self.assertEqual(settled, self._list())

            return lambda: self.connect().evict(image), settle_case

        self._end_at_each_step('evict', prepare_case, dies=True)
