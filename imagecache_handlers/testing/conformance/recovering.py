"""Recovering: what ``recover`` promises where nothing died."""

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import ROUNDS
from imagecache_handlers.testing.conformance.samples import TWO


class Recovering(Examining):
    """``recover``: it settles what died, and touches nothing else."""

    @promise('recover', since=2)
    def test_recover_leaves_what_is_whole(self) -> None:
        images = [self._seeded(), self._marked(self._seeded(TWO), 'site.a')]
        names = self.foreign()
        for _ in range(2):
            self._connect().recover(self.store())
            self.assertCountEqual(images, self._list())
            self.assertCountEqual(names, self.foreign_left())

    @promise('recover', since=2)
    def test_recover_in_an_unknown_store_is_unavailable(self) -> None:
        with self.assertRaises(StoreUnavailable):
            self._connect().recover('no-such-store')

    @promise('recover', since=2)
    def test_recover_in_an_outage_is_unavailable(self) -> None:
        if self._supplies('outages'):
            image, store = self._seeded(), self.store()
            for outage in self._outages_of_all():
                with outage, self.assertRaises(StoreUnavailable):
                    self._connect().recover(store)
                self.assertEqual([image], self._list())

    @promise('recover', since=2)
    def test_recover_leaves_an_evict_that_still_runs_to_it(self) -> None:
        images = [self._seeded(f'{n:08}-going') for n in range(ROUNDS)]
        handler, other = self._connect(), self._connect()
        with self._meanwhile(lambda: other.recover(self.store())):
            for image in images:
                handler.evict(image)
                self.assertNotIn(image.location, self._locations())
        self.assertEqual([], self._list())
