"""Dying: what a call leaves in which a process died, by ``doom``."""

from collections.abc import Callable
import itertools
import os
import traceback
from typing import NoReturn

from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream
from imagecache_handlers.testing.conformance.samples import TWO

DIED = 9


class Dying(HandlerHooks):
    """``mark``, ``evict`` and ``add`` by processes that die in them."""

    def test_a_mark_that_died_lost_no_label(self) -> None:
        other = self._marked(self._seeded(TWO), 'site.a')
        image = self._marked(self._seeded(), 'pin.ops', 'site.a')
        old = image.marks.labels
        new = old - {'site.a'} | {'site.b'}

        def mark() -> None:
            self.connect().mark(image, {'site.b'}, {'site.a'})

        def settle() -> None:
            left = self._again(image).marks.labels
            self.assertIn(left, (old, old | new, new))
            mark()
            self.assertEqual(new, self._again(image).marks.labels)
            self._connect().mark(image, {'site.a'}, {'site.b'})
            self._tidy(image, other)

        self._die_at_each_step(mark, settle)

    def test_an_evict_that_died_left_the_image_or_nothing(self) -> None:
        other = self._marked(self._seeded(TWO), 'site.a')
        key = self._key(ONE)

        def evict() -> None:
            [image] = self._list(key)
            self.connect().evict(image)

        def settle() -> None:
            for image in self._list(key):
                self.assertTrue(self.whole(image), 'half an image is listed')
                self.assertIn('site.a', image.marks.labels)
                self._connect().evict(image)
            self._tidy(other)
            image = self._seeded()
            self.assertNotIn('site.a', image.marks.labels)
            self._marked(image, 'site.a')

        self._marked(self._seeded(), 'site.a')
        self._die_at_each_step(evict, settle)

    def test_an_add_that_died_left_the_image_or_nothing(self) -> None:
        if not declares(self._connect(), 'add'):
            return
        other = self._marked(self._seeded(TWO), 'site.a')

        def settle() -> None:
            listed = self._list(self._key(ONE)) or [self._add_one()]
            for image in listed:
                self.assertTrue(self.whole(image), 'half an image is listed')
                self.assertIn('site.a', image.marks.labels)
                self._connect().evict(image)
            self._tidy(other)

        self._die_at_each_step(self._add_one, settle)

    def _add_one(self) -> CachedImage:
        meta, data = self.offer(ONE)
        content = stream(data, lambda size: None)
        return self.connect().add(meta, content, self.store(), ['site.a'])

    def _tidy(self, *images: CachedImage) -> None:
        """Clean as a later sweep would; just these images are left then."""
        handler, store = self._connect(), self.store()
        if declares(handler, 'debris') and declares(handler, 'clean'):
            for piece in list(handler.debris(store)):
                handler.clean(piece)
            self.assertEqual([], list(handler.debris(store)))
        self.assertCountEqual(images, self._list())

    def _die_at_each_step(
        self, act: Callable[[], object], settle: Callable[[], None]
    ) -> None:
        """Have a process act that dies at a step; the last one survives."""
        if type(self).doom is HandlerHooks.doom:
            return
        for step in itertools.count(1):
            with self.subTest(step=step):
                ended = True
                survived = self._survives(act, step)
                if survived and step == 1:
                    self.fail('doom() has its step called nowhere')
                settle()
                ended = survived
            # What follows a failure would only repeat it.
            if ended:
                break

    def _survives(self, act: Callable[[], object], step: int) -> bool:
        """Act in a process of its own; tell if it came to the end."""
        child = os.fork()
        if child == 0:
            self._act(act, step)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        self.assertIn(code, (0, DIED), 'the call failed before it died')
        return code == 0

    def _act(self, act: Callable[[], object], step: int) -> NoReturn:
        left = iter(range(step - 1))

        def die() -> None:
            if next(left, None) is None:
                os._exit(DIED)

        try:
            self.doom(die)
            act()
            os._exit(0)
        finally:
            # Whatever it was, the test must not go on in this process.
            traceback.print_exc()
            os._exit(1)
