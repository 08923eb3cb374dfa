"""Adding: what ``room`` and ``add`` promise, where they are declared."""

from collections.abc import Callable
from collections.abc import Iterable
import contextlib
import io

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import Cut
from imagecache_handlers.testing.conformance.samples import LABELS
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream
from imagecache_handlers.testing.conformance.samples import TRICKY
from imagecache_handlers.testing.conformance.samples import TWO


class Adding(Examining):
    """``room`` and ``add``."""

    def _add(
        self,
        image_id: str,
        labels: Iterable[str] = (),
        meet: Callable[[int], object] = lambda size: None,
    ) -> CachedImage:
        meta, data = self.offer(image_id)
        return self._connect().add(
            meta, stream(data, meet), self.store(), labels
        )

    @promise('room')
    def test_room_is_enough_for_what_is_added(self) -> None:
        meta, _ = self.offer(ONE)
        room = self._connect().room(meta, self.store())
        self.assertGreaterEqual(room, 0)
        if declares(self._connect(), 'add'):
            self.assertGreaterEqual(room, self._add(ONE).size)

    @promise('add')
    def test_add_gives_what_is_listed(self) -> None:
        added = self._add(ONE, iter(sorted(LABELS)))
        self.assertEqual(added, self._again(added))
        self.assertEqual(self._key(ONE), added.image_id)
        self.assertLessEqual(LABELS, added.marks.labels)

    @promise('add')
    def test_add_takes_all_of_the_content(self) -> None:
        meta, data = self.offer(ONE)
        taken: list[int] = []
        content = stream(data, taken.append)
        self._connect().add(meta, content, self.store())
        self.assertEqual(len(data), sum(taken))

    @promise('add', since=2)
    def test_what_was_added_is_whole(self) -> None:
        if self._supplies('whole'):
            self.assertTrue(self.whole(self._add(ONE)))

    @promise('add')
    def test_an_image_is_listed_only_once_whole(self) -> None:
        listed: list[CachedImage] = []
        self._add(ONE, LABELS, lambda _: listed.extend(self._list()))
        self.assertEqual([], listed)

    @promise('add')
    def test_an_image_is_listed_only_once_labelled(self) -> None:
        seen: list[CachedImage] = []
        with self._meanwhile(lambda: seen.extend(self._list())):
            self._add(ONE, LABELS)
        bare = [image for image in seen if LABELS - image.marks.labels]
        self.assertEqual([], bare)

    @promise('add')
    def test_adding_again_raises_image_exists(self) -> None:
        kept = [self._add(ONE, ['site.a']), self._seeded(TWO)]
        for image_id in ONE, TWO:
            with self.assertRaises(ImageExists):
                self._add(image_id, ['site.b'])
        self.assertCountEqual(kept, self._list())

    @promise('add')
    def test_a_broken_stream_leaves_nothing_listed(self) -> None:
        parts = iter(range(2))

        def cut(size: int) -> None:
            if next(parts, None) is None:
                raise Cut('the source broke off')

        with self.assertRaises((Cut, CacheError)):
            self._add(ONE, ['site.a'], cut)
        self.assertEqual([], self._list())
        added = self._add(ONE, ['site.b'])
        self.assertEqual([added], self._list())
        self.assertNotIn('site.a', added.marks.labels)

    @promise('add')
    def test_an_image_added_again_has_its_own_labels(self) -> None:
        self.lose(self._add(ONE, ['site.a']))
        self.assertNotIn('site.a', self._add(ONE).marks.labels)

    @promise('add')
    def test_an_image_is_added_to_the_store_that_is_named(self) -> None:
        handler = self._connect()
        for number, store in enumerate(self._stores()):
            meta, data = self.offer(f'{number:08}-added')
            added = handler.add(meta, io.BytesIO(data), store)
            self.assertEqual(store, added.store)
            self.assertEqual([added], list(handler.enumerate(store)))

    @promise('add')
    def test_add_holds_a_tricky_id_or_says_that_it_cannot(self) -> None:
        names = self.foreign()
        added = []
        for image_id in TRICKY:
            with contextlib.suppress(Unsupported):
                added.append(self._add(image_id))
        self.assertCountEqual(added, self._list())
        self.assertCountEqual(names, self.foreign_left())

    @promise('add')
    def test_add_to_an_unknown_store_is_refused(self) -> None:
        meta, data = self.offer(ONE)
        handler = self._connect()
        with self.assertRaises(StoreUnavailable):
            handler.add(meta, io.BytesIO(data), 'no-such-store')
        for store in self._stores():
            self.assertEqual([], list(handler.enumerate(store)))
