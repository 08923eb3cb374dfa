"""Cleaning: what ``debris`` and ``clean`` promise, where they are declared."""

from imagecache_handlers.handler import declares
from imagecache_handlers.model import Debris
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import as_debris
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream
from imagecache_handlers.testing.conformance.samples import tellable
from imagecache_handlers.testing.conformance.samples import TWO


class Cleaning(Examining):
    """``debris`` and ``clean``."""

    def _debris(self) -> list[Debris]:
        return list(self._connect().debris(self.store()))

    @promise('debris')
    def test_debris_is_what_we_left_and_nothing_else(self) -> None:
        self._marked(self._seeded(), 'site.a')
        self.foreign()
        self.assertEqual([], self._debris())
        left = self.litter()
        self.assertTrue(left, 'litter() must leave something')
        found = self._debris()
        self.assertCountEqual(left, [piece.location for piece in found])
        for piece in found:
            self.assertEqual(self.store(), piece.store)
            since = piece.since
            self.assertTrue(since is None or since.utcoffset() is not None)
            self.assertGreaterEqual(piece.size, 0)
        for store in self._stores()[1:]:
            self.assertEqual([], list(self._connect().debris(store)))

    @promise('debris')
    def test_an_add_that_goes_on_is_no_debris(self) -> None:
        found: list[Debris] = []
        if declares(self._connect(), 'add'):
            meta, data = self.offer(ONE)
            content = stream(data, lambda _: found.extend(self._debris()))
            self._connect().add(meta, content, self.store())
        self.assertEqual([], found + self._debris())

    @promise('clean')
    def test_clean_removes_debris_and_nothing_else(self) -> None:
        image = self._marked(self._seeded(), 'site.a')
        names = self.foreign()
        self.litter()
        pieces = self._debris()
        handler = self._connect()
        for count, piece in enumerate(pieces, 1):
            freed = handler.clean(piece)
            self.assertTrue(freed is None or freed >= 0)
            self.assertEqual(pieces[count:], self._debris())
        self.assertEqual([image], self._list())
        self.assertCountEqual(names, self.foreign_left())

    @promise('clean')
    def test_cleaning_what_is_gone_frees_nothing(self) -> None:
        self.litter()
        handler = self._connect()
        for piece in self._debris():
            handler.clean(piece)
            self.assertEqual(0, handler.clean(piece))

    @promise('clean')
    def test_clean_never_removes_a_listed_image(self) -> None:
        images = [self._seeded(), self._marked(self._seeded(TWO), 'site.a')]
        for image in images:
            piece = as_debris(image.store, image.location)
            self.assertEqual(0, self._connect().clean(piece))
        self.assertCountEqual(images, self._list())

    @promise('clean')
    def test_clean_never_removes_a_foreign_object(self) -> None:
        names = self.foreign()
        for name in tellable(names):
            piece = as_debris(self.store(), name)
            self.assertEqual(0, self._connect().clean(piece))
            self.assertCountEqual(names, self.foreign_left())
