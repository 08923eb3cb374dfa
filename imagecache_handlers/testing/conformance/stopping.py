"""Stopping: an evict that stands still at last, while others go on."""

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.labels import pin_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.reporting import State
from imagecache_handlers.testing.conformance.samples import claimed
from imagecache_handlers.testing.conformance.samples import in_a_thread


class StandingStill(Examining):
    """``evict``, stopped by ``last_step``: what came meanwhile is heeded."""

    @promise('evict')
    def test_an_evict_that_stands_still_at_last_keeps_the_image(self) -> None:
        if self._supplies('last_step'):
            for granted in False, True:
                with self._case(granted=granted):
                    image = self._marked(self._seeded(), claimed())
                    self._evict_stopped(image, granted=granted)

    def _evict_stopped(self, image: CachedImage, *, granted: bool) -> None:
        """Have an evict stop as its last look is over, longer than it may."""
        over: list[bool] = []

        def stop() -> None:
            if granted and not over:
                self._connect().mark(image, {pin_label('ops', None)})
            over.append(True)

        with self.last_step(stop), self.assertRaises(ImageBusy):
            self._connect().evict(image, lambda: not over)
        self.assertTrue(over, 'last_step() has its act called nowhere')
        kept = self._again(image)
        self.assertEqual(granted, 'ops' in kept.marks.pins)

    @promise('evict', since=2)
    def test_evict_keeps_an_image_that_is_pinned_at_last(self) -> None:
        if not self._supplies('last_step'):
            return
        if why := self.absent.get('pin_at_last'):
            self._leave(State.ABSENT, why)
            return
        image = self._marked(self._seeded(), claimed())
        ops = pin_label('ops', None)
        # The claim lives: only labels that are read after it tell of the pin.
        with (
            self.last_step(lambda: self._connect().mark(image, {ops})),
            self.assertRaises(ImageBusy),
        ):
            self._connect().evict(image)
        self.assertIn('ops', self._again(image).marks.pins)

    @promise('evict', since=2)
    def test_evict_keeps_an_image_that_is_taken_into_use_at_last(
        self,
    ) -> None:
        if not (self._sees_users() and self._supplies('last_step')):
            return
        if why := self.absent.get('use_at_last'):
            self._leave(State.ABSENT, why)
            return
        image = self._marked(self._seeded(), claimed())
        with (
            self.last_step(lambda: self._occupy_from_elsewhere(image)),
            self.assertRaises((ImageInUse, ImageBusy)),
        ):
            self._connect().evict(image)
        self.assertTrue(self._again(image).users)

    def _occupy_from_elsewhere(self, image: CachedImage) -> None:
        """Begin a use in a thread: whoever waits for a lock waits there."""
        if not self._again(image).users:
            in_a_thread(lambda: self.occupy(image, 'vm-1'))
