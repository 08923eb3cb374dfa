"""Together: what ``evict_many`` and ``mark_many`` promise."""

from collections.abc import Iterable
from collections.abc import Sequence

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import always
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import impostors
from imagecache_handlers.testing.conformance.samples import TWO

MANY = 5


class Together(Examining):
    """``evict_many`` and ``mark_many``: each image for itself, in order."""

    def _many(self) -> list[CachedImage]:
        """Seed some, in an order that is not that of their names."""
        numbers = sorted(range(MANY), key=lambda number: number % 2)
        return [
            self._marked(self._seeded(f'{number:08}-many'), 'site.a')
            for number in numbers
        ]

    def _evicted(
        self, images: Sequence[CachedImage]
    ) -> list[int | None | CacheError]:
        results = list(self._connect().evict_many(images, always))
        self.assertEqual(len(images), len(results), 'one result for each')
        return results

    def _was_freed(self, result: object) -> bool:
        self.assertNotIsInstance(result, Exception)
        self.assertTrue(result is None or type(result) is int, repr(result))
        return result != 0

    @promise('evict_many', since=2)
    def test_a_batch_removes_each_image_and_tells_its_bytes(self) -> None:
        other, images = self._seeded(TWO), self._many()
        with self._counted(f'evict_many of {MANY}'):
            results = self._evicted(images)
        self.assertTrue(all(map(self._was_freed, results)))
        self.assertEqual([other], self._list())
        self.assertEqual([0] * MANY, self._evicted(images))
        self.assertEqual([], self._evicted([]))

    @promise('evict_many', since=2)
    def test_a_batch_tells_of_each_image_in_its_place(self) -> None:
        gone, pinned, again, used, free = images = self._many()
        self.lose(gone)
        self._connect().mark(pinned, {'pin.ops'})
        self._connect().mark(again, (), {'site.a'})
        if self.sees_users:
            self.occupy(used, 'vm-1')
        results = self._evicted(images)
        self.assertEqual(0, results[0])
        self.assertIsInstance(results[1], ImageBusy)
        self.assertIsInstance(results[2], ImageBusy)
        if self.sees_users:
            self.assertIsInstance(results[3], ImageInUse)
        self.assertTrue(self._was_freed(results[4]))
        kept = [pinned, again] + [used] * self.sees_users
        left = [image.location for image in self._list()]
        self.assertCountEqual([one.location for one in kept], left)

    @promise('evict_many', since=2)
    def test_a_batch_begins_no_removal_once_time_is_over(self) -> None:
        for count in 0, 1, MANY - 1:
            with self._case(in_time=count):
                images = self._many()
                self._evict_in_time(images, count)

    def _evict_in_time(
        self, images: Sequence[CachedImage], count: int
    ) -> None:
        """Let a batch ask so often until its time is over."""
        left = iter(range(count))
        results = list(
            self._connect().evict_many(
                images, lambda: next(left, None) is not None
            )
        )
        self.assertEqual(len(images), len(results), 'one result for each')
        there = {image.location for image in self._list()}
        removed = 0
        for image, result in zip(images, results, strict=True):
            is_there = image.location in there
            self.assertEqual(is_there, isinstance(result, ImageBusy))
            removed += not is_there
        self.assertLessEqual(removed, count)

    @promise('evict_many', since=2)
    def test_a_batch_never_removes_a_foreign_object(self) -> None:
        image = self._seeded()
        names = self.foreign()
        self._told_of_all(
            self._connect().evict_many(list(impostors(image, names)), always)
        )
        self.assertCountEqual(names, self.foreign_left())
        self.assertEqual([image], self._list())

    def _told_of_all(self, results: Iterable[object]) -> None:
        for result in results:
            told = result in (0, None) or isinstance(result, CacheError)
            self.assertTrue(told, repr(result))

    @promise('evict_many', since=2)
    def test_a_batch_in_an_outage_is_no_success(self) -> None:
        if self._supplies('outages'):
            images = self._many()
            for outage in self._outages_of_all():
                with outage:
                    self._fails_for_each(images)
                self.assertCountEqual(images, self._list())

    def _fails_for_each(self, images: Sequence[CachedImage]) -> None:
        try:
            results = list(self._connect().evict_many(images, always))
        except (StoreUnavailable, Uncertain):
            return
        for result in results:
            self.assertIsInstance(result, (StoreUnavailable, Uncertain))

    @promise('mark_many', since=2)
    def test_labels_of_many_are_added_then_removed(self) -> None:
        other, images = self._seeded(TWO), self._many()
        add, remove = iter(['site.b', 'site.c']), iter(['site.a', 'site.c'])
        handler = self._connect()
        with self._counted(f'mark_many of {MANY}'):
            results = list(handler.mark_many(images, add, remove))
        self.assertEqual([None] * MANY, results)
        for image in images:
            wanted = image.marks.labels - {'site.a'} | {'site.b'}
            self.assertEqual(wanted, self._again(image).marks.labels)
        self.assertEqual(other, self._again(other))
        self.assertEqual([], list(handler.mark_many([], {'site.a'})))

    @promise('mark_many', since=2)
    def test_labelling_many_tells_of_what_is_gone_in_its_place(self) -> None:
        images = self._many()
        self.lose(images[1])
        results = list(self._connect().mark_many(images, {'site.b'}))
        self.assertEqual(len(images), len(results), 'one result for each')
        for image, result in zip(images, results, strict=True):
            if image is images[1]:
                self.assertIsInstance(result, ImageNotFound)
            else:
                self.assertIsNone(result)
                labels = self._again(image).marks.labels
                self.assertIn('site.b', labels)

    @promise('mark_many', since=2)
    def test_labelling_many_that_is_closed_early_holds_nothing(self) -> None:
        images = self._many()
        results = iter(self._connect().mark_many(images, {'site.b'}))
        self.assertIsNone(next(results))
        if close := getattr(results, 'close', None):
            with self._step(call='close() after the first result'):
                close()
        self.assertIn('site.b', self._again(images[0]).marks.labels)
        # Of the others nobody knows, and whoever comes may change each.
        again = list(self._connect().mark_many(images, (), {'site.b'}))
        self.assertEqual([None] * MANY, again)
        self.assertCountEqual(images, self._list())

    @promise('mark_many', since=2)
    def test_labelling_many_makes_no_foreign_object_ours(self) -> None:
        image = self._seeded()
        names = self.foreign()
        given = list(impostors(image, names))
        for result in self._connect().mark_many(given, {'site.a'}):
            told = result is None or isinstance(result, CacheError)
            self.assertTrue(told, repr(result))
        self.assertCountEqual(names, self.foreign_left())
        self.assertEqual([image], self._list())
